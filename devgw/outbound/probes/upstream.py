"""The upstreams behind the routes, asked with what each route's policies send, and looked at as connecting would."""

import asyncio
from typing import Any

from devgw.config.project import Route
from devgw.diagnosis.verdicts import Answer, Check
from devgw.diagnosis.verdicts.check import refused, skipped
from devgw.diagnosis.verdicts.upstream import NOT_HERE, AskedUpstream, connectable, upstream
from devgw.events.trace import Headers
from devgw.gateway.forwarding import forwarding_of, headers_up
from devgw.outbound.probes.calling import Caller
from devgw.outbound.probes.connecting import Ways
from devgw.outbound.probes.routes import ACCEPT, ME, discover
from devgw.problems import Refused

MODERN_HEADERS = {"accept": ACCEPT, "mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover"}


async def examine_upstream(caller: Caller, route: Route, ways: Ways, *, is_stateful: bool = False) -> Check:
    """Ask an upstream for its revisions, in both eras; where a person connects it, also whether that would work."""
    try:
        return await _examine(caller, route, ways, is_stateful=is_stateful)
    finally:
        caller.close()


async def _examine(asker: Caller, route: Route, ways: Ways, *, is_stateful: bool) -> Check:
    try:
        modern, legacy = await asyncio.gather(
            asker.ask("POST", route.upstream_url, _sent(route, MODERN_HEADERS), discover()),
            asker.ask("POST", route.upstream_url, _sent(route, {"accept": ACCEPT}), initialize()),
        )
    except Refused as reason:
        return refused(f"upstream.{route.operation_id}", "put the route's headers together", reason.problem)
    without = 0 if is_stateful else await _asked_without_session(asker, route, legacy)
    await _leave(asker, route, legacy)
    exchange = route.token_exchange
    asked = AskedUpstream(
        str(route.operation_id),
        route.upstream_url,
        headers=tuple(name for edits in route.header_edits for name, _, _ in edits.set),
        exchange=exchange.name if exchange else "",
        policies=tuple(each.name for each in route.policies),
        without_session=without,
        ours=asker.told,
        offers_event_stream=legacy.status in NOT_HERE and await _offers_event_stream(asker, route),
    )
    check = upstream(asked, modern, legacy)
    if exchange is None or not asked.is_wanting(legacy):
        return check
    if exchange.auth_mode == "id-jag":
        return skipped(check.name, check.did, "cross-app access gets its credential with the first call")
    try:
        way = await ways.look(route)
    except Refused as reason:
        return refused(check.name, f"walked the way of connecting {route.upstream_url}", reason.problem)
    return connectable(asked, way.issuer, ways.connected(exchange))


def _sent(route: Route, headers: dict[str, str]) -> Headers:
    """Return headers as the proxy would send them on this route, without a person's credential."""
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    return headers_up(forwarding_of(route, is_stateful=True), given, ())


async def _asked_without_session(asker: Caller, route: Route, answer: Answer) -> int:
    """Return the status of a call without the session that `initialize` began; 0 where it began none."""
    if not answer.headers.get("mcp-session-id") or answer.status >= 300:
        return 0
    headers = _sent(route, {"accept": ACCEPT, "mcp-protocol-version": "2025-11-25"})
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    return (await asker.ask("POST", route.upstream_url, headers, ping)).status


async def _offers_event_stream(asker: Caller, route: Route) -> bool:
    """Tell whether an upstream that refused a POST gives an event stream to GET, as servers of 2024-11-05 do."""
    answer = await asker.ask("GET", route.upstream_url, _sent(route, {"accept": "text/event-stream"}))
    return answer.status == 200 and answer.media_type == "text/event-stream"


async def _leave(asker: Caller, route: Route, answer: Answer) -> None:
    """End the session that `initialize` began, where the upstream keeps sessions."""
    session = answer.headers.get("mcp-session-id")
    if session:
        await asker.ask("DELETE", route.upstream_url, _sent(route, {"mcp-session-id": session}))


def initialize() -> dict[str, Any]:
    """Return the request with which a session of the revisions up to 2025-11-25 begins."""
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": ME}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
