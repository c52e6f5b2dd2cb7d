"""`devgw doctor URL`: what is said of somebody's MCP server once it was asked."""

from collections.abc import Mapping
from dataclasses import replace

from devgw.clock import Clock
from devgw.diagnosis.verdicts import Answer
from devgw.diagnosis.verdicts.server import Examination, examination
from devgw.diagnosis.verdicts.server_seen import Endpoint, SeenServer
from devgw.oauth.discovery import without_query
from devgw.outbound.probes.asking import skew
from devgw.outbound.probes.http2 import speaks_http2
from devgw.outbound.probes.outward import THE_URL, outward_of
from devgw.outbound.probes.server import LOOPBACK_CALLBACKS, looked
from devgw.problems import Refused
from devgw.problems.proxy import UpstreamNotReached
from devgw.problems.server import MAY_BE_HTTP2, ServerSpeaksHttp2


async def examine_server(
    url: str, clock: Clock, headers: Mapping[str, str] | None = None, *, registers: bool = False
) -> Examination:
    """Return what is found at `url`; nothing is changed there unless a registration was asked for."""
    seen = await seen_at(url, clock, headers, registers=registers)
    return examination(seen, skew(seen.endpoint.legacy), LOOPBACK_CALLBACKS)


async def seen_at(
    url: str, clock: Clock, headers: Mapping[str, str] | None = None, *, registers: bool = False
) -> SeenServer:
    """Return what is seen of the server at `url`; where its name is not known, that."""
    try:
        outward = await outward_of(url, clock)
    except Refused as refused:
        problem = refused.problem
        if isinstance(problem, UpstreamNotReached):
            problem = replace(problem, written_in=THE_URL)
        nothing = Answer(url, failure=problem.explain().rstrip("."), problem=problem)
        return SeenServer(url, Endpoint(url, nothing, nothing, nothing, nothing))
    seen = await looked(outward, url, headers, registers=registers)
    cause = seen.endpoint.legacy.problem
    if isinstance(cause, MAY_BE_HTTP2) and await speaks_http2(url):
        problem = ServerSpeaksHttp2(without_query(url))
        answer = Answer(url, failure=problem.explain().rstrip("."), problem=problem)
        return replace(seen, endpoint=replace(seen.endpoint, legacy=answer))
    return seen
