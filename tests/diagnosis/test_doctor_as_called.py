"""One failure has one name: what a client's call meets at an upstream, and a login at its provider, the doctor says."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.wiring.examining import examine_running
from tests.diagnosis.fixes.test_provider import World, in_front_of, there, world
from tests.diagnosis.fixes.test_upstream_connections import Server, server, try_to_connect
from tests.diagnosis.fixes.test_upstream_connections import in_front_of as in_front_of_server
from tests.diagnosis.fixes.upstream import GOOD, Upstream, result, signed_in, upstream
from tests.diagnosis.fixes.way import Client
from tests.diagnosis.stories.test_connecting_refused import told
from tests.support.bytes_upstream import response
from tests.support.oidc import Reply, oidc_provider
from tests.support.serving import listen, origin_of
from tests.support.tls_port import tls_port

__all__ = ["server", "there", "world"]
ERROR = json.dumps(
    {"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": "No session"}}
).encode()


async def checks(client: Client, name: str) -> list[Check]:
    """Return what the doctor says of everything whose name begins so, and that is not well."""
    found = await examine_running(client.gateway.running.runtime)
    bad = (Verdict.FAIL, Verdict.WARN)
    return [each for each in found if each.name.startswith(name) and each.verdict in bad]


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "PROXY-09"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "PROXY-09"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "PROXY-09"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "NET-09"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "NET-09"),
        (response(b""), "PROXY-21"),
        (response(b"", content_type="text/plain"), "PROXY-21"),
        (response(b"<h1>It works</h1>", content_type="text/html"), "NET-06"),
        (result(id=2, result={}), "PROXY-10"),
        (result(id="1", result={}), "PROXY-10"),
        (response(ERROR, status="404 Not Found"), "PROXY-20"),
        (response(b'{"detail":"Not Found"}', status="404 Not Found"), "PROXY-13"),
        (response(b"", status="405 Method Not Allowed", more="Allow: PUT\r\n"), "PROXY-15"),
        (response(b"nope", status="403 Forbidden"), "PROXY-18"),
        (response(b"nope", status="403 Forbidden", more='WWW-Authenticate: Bearer scope="x"\r\n'), "PROXY-18"),
        (response(b"", status="406 Not Acceptable"), "PROXY-20"),
        (response(b"Invalid Host", status="421 Misdirected Request"), "PROXY-16"),
        (response(b"", status="429 Too Many Requests", more="Retry-After: 9\r\n"), "PROXY-17"),
        (response(b"oops", status="500 Internal Server Error"), "PROXY-19"),
        (response(b"", status="503 Service Unavailable"), "PROXY-19"),
        (response(b"teapot", status="418 I'm a teapot"), "PROXY-20"),
        (response(b"", status="302 Found"), "PROXY-11"),
        (response(b"", status="307 Temporary Redirect"), "PROXY-11"),
        (response(b"<a>either</a>", status="300 Multiple Choices", content_type="text/html"), "PROXY-11"),
        (response(b"", status="302 Found", more="Location: http://[::bad\r\n"), "PROXY-11"),
        (response(b"", status="302 Found", more="Location: /login?next=/mcp\r\n"), "PROXY-22"),
        (response(b"{", content_type="application/json"), "NET-06"),
        (response(b'{"jsonrpc":"2.0","id":1,"result":7}'), "NET-06"),
    ],
)
async def test_what_a_call_meets_the_doctor_says_in_the_same_words(tmp_path: Path, answer: bytes, name: str) -> None:
    async with upstream(answer) as there_, signed_in(tmp_path, f"{there_.origin}/mcp") as client:
        await client.call()
        (of_call,) = await client.gateway.said()
        (of_doctor,) = await checks(client, "upstream.")
    assert (of_call.id, of_doctor.diagnosis_id) == (name, name), (of_call.cause, of_doctor.saw)
    assert of_doctor.saw == of_call.cause
    assert of_doctor.todo


async def test_an_upstream_that_closes_without_an_answer_is_the_same_to_both(tmp_path: Path) -> None:
    async with upstream(b"") as there_, signed_in(tmp_path, f"{there_.origin}/mcp") as client:
        there_.closes = True
        await client.call()
        (of_call,) = await client.gateway.said()
        (of_doctor,) = await checks(client, "upstream.")
    assert of_call.id == of_doctor.diagnosis_id == "NET-05"


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        result(result={"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {}}),
        response(
            b'event: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\r\n\r\n'
            b'data: {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}\r\n\r\n',
            content_type="text/event-stream",
        ),
    ],
)
async def test_an_upstream_that_answers_is_well(tmp_path: Path, answer: bytes) -> None:
    async with upstream(answer) as there_, signed_in(tmp_path, f"{there_.origin}/mcp") as client:
        await client.works()
        assert [each.saw for each in await checks(client, "upstream.") if each.diagnosis_id] == []


async def test_an_event_that_never_ends_holds_up_nobody_while_it_is_read(tmp_path: Path) -> None:
    """The gateway asks by itself, in the loop in which everybody is served."""
    endless = response(b'"result"' * 32_700, content_type="text/event-stream")
    async with upstream(endless) as there_, signed_in(tmp_path, f"{there_.origin}/mcp") as client:
        asking = asyncio.ensure_future(checks(client, "upstream."))
        longest = 0.0
        while not asking.done():
            began = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - began)
        assert await asking
    assert longest < 1


# --- the provider -----------------------------------------------------------------------------------------------------


async def test_plain_http_at_the_tls_port_of_a_provider_is_the_same_to_both(tmp_path: Path, there: Upstream) -> None:
    clock = SystemClock()
    async with (
        oidc_provider(clock) as provider,
        tls_port(tmp_path, b"<title>400</title>") as origin,
        in_front_of(tmp_path, provider, there, clock, tokenUrl=f"{origin}/token") as client,
    ):
        made = World(tmp_path, provider, client)
        await made.tries()
        (of_login,) = await client.gateway.said()
        found = {each.diagnosis_id for each in await checks(client, "provider.credentials")}
    assert ({of_login.id}, found) == ({"NET-08"}, {"NET-08"})


@pytest.mark.parametrize("world", [{"remoteTimeoutMs": 500}], indirect=True)
@pytest.mark.parametrize("which", ["token_reply", "keys_reply"])
async def test_a_provider_that_hangs_is_the_same_to_both(world: World, which: str) -> None:
    setattr(world.provider, which, Reply(200, b"", hangs=True))
    await world.tries()
    (of_login,) = await world.gateway.said()
    found = await checks(world.client, "provider.credentials" if which == "token_reply" else "provider.keys")
    assert [each.diagnosis_id for each in found] == [of_login.id]


async def test_keys_at_a_port_where_nothing_listens_are_the_same_to_both(tmp_path: Path, there: Upstream) -> None:
    with listen() as silent:
        dead = origin_of(silent)
    clock = SystemClock()
    async with oidc_provider(clock) as provider:
        provider_keys = provider
        async with in_front_of(tmp_path, provider_keys, there, clock, tokenUrl=f"{dead}/token") as client:
            await World(tmp_path, provider, client).tries()
            (of_login,) = await client.gateway.said()
            (of_doctor,) = await checks(client, "provider.credentials")
    assert of_login.id == of_doctor.diagnosis_id == "IDT-13"
    assert of_doctor.saw == of_login.cause


# --- an upstream's authorization server -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "path", "name"),
    [
        ("token_endpoint", "", "NET-01"),
        ("registration_endpoint", "", "NET-01"),
        ("token_endpoint", "/nowhere", "TOK-05"),
        ("token_endpoint", "/broken", "UPST-13"),
    ],
)
async def test_an_endpoint_at_which_nothing_is_is_the_same_to_both(
    tmp_path: Path, server: Server, member: str, path: str, name: str
) -> None:
    with listen() as silent:
        dead = origin_of(silent)
    server.answers["/broken"] = (503, {}, b"")
    server.server_metadata = {member: f"{server.origin}{path}" if path else f"{dead}/x"}
    async with in_front_of_server(server, tmp_path) as client:
        registered = len(server.clients)
        (of_doctor,) = await checks(client, "upstream.")
        assert len(server.clients) == registered
        await try_to_connect(client)
        (of_person,) = await told(client.gateway)
    assert (of_person.id, of_doctor.diagnosis_id) == (name, name), (of_person.cause, of_doctor.saw)


@pytest.mark.parametrize(
    "answer", [(400, {}, {"error": "invalid_grant"}), (401, {}, {"error": "invalid_client"}), (400, {}, {"error": "x"})]
)
async def test_a_token_endpoint_that_says_no_to_a_made_up_code_is_well(
    tmp_path: Path, server: Server, answer: Any
) -> None:
    server.answers["/token"] = answer
    async with in_front_of_server(server, tmp_path) as client:
        assert await checks(client, "upstream.") == []
