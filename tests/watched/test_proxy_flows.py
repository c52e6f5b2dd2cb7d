"""Clients whose authorization nobody sees, because the browser goes past the proxy: their flow is one all the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from devgw.events.flow import FlowState, Step, StepState
from devgw.events.taxonomy import DiagnosisMade
from devgw.oauth.pkce import challenge_of
from tests.support.serving import serve
from tests.watched.bench import CALLBACK, query_of, sign_in
from tests.watched.proxied import Proxied, proxied, tls_sample
from tests.watched.raw import HEADERS, INITIALIZE, RawClient


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    return tmp_path


async def log_in(client: RawClient) -> None:
    """Sign in with a browser that nobody watches, and with a verifier of its own."""
    verifier = client.client["client_id"].ljust(43, "v").replace(":", "-").replace("/", "-")
    answer = query_of(await sign_in(client.login_url(code_challenge=challenge_of(verifier))))
    await client.redeem(answer["code"], code_verifier=verifier)


async def test_a_client_that_was_registered_by_hand_logs_in_and_calls(folder: Path) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder / "state") as watched:
        async with httpx2.AsyncClient() as directly:
            by_hand = RawClient(directly, server.metadata.resource)
            await by_hand.discover()
            await by_hand.register()
        async with watched.http() as http:
            client = RawClient(http, server.metadata.resource)
            client.client = by_hand.client
            await client.discover()
            await log_in(client)
            assert await client.call() == "passes"
        flow, *others = watched.flows()
        assert not others
        assert (flow.state, flow.client_id) == (FlowState.DONE, client.client["client_id"])
        assert flow.mark(Step.REGISTER).state is StepState.SKIPPED


async def test_a_client_of_a_metadata_document_keeps_it_and_logs_in(folder: Path) -> None:
    async def document(scope: dict[str, Any], receive: Any, send: Any) -> None:
        host = dict(scope["headers"])[b"host"].decode()
        said = {"client_id": f"http://{host}/client.json", "client_name": "By document", "redirect_uris": [CALLBACK]}
        said["token_endpoint_auth_method"] = "none"
        kind = (b"content-type", b"application/json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    async with (
        serve(document) as origin,
        tls_sample(folder) as server,
        proxied(server.metadata.resource, folder / "state") as watched,
        watched.http() as http,
    ):
        client = RawClient(http, server.metadata.resource)
        client.client = {"client_id": f"{origin.replace('127.0.0.1', 'localhost')}/client.json"}
        await client.discover()
        assert client.server["client_id_metadata_document_supported"] is True, "nothing is taken out of documents"
        await log_in(client)
        assert await client.call() == "passes"
        (flow,) = watched.flows()
        assert (flow.state, flow.client_id) == (FlowState.DONE, client.client["client_id"])


async def test_the_dashboard_is_told_where_the_proxy_answers_and_of_no_url_to_give(folder: Path) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder / "state") as watched:
        facts = watched.runtime.monitor.gateway
        assert (facts.origin, facts.mcp_urls) == (f"http://127.0.0.1:{watched.port}", [])
        assert facts.watched_url == server.metadata.resource
        assert "Changed on the way: nothing but" in facts.notes[0]


async def test_two_clients_that_log_in_at_once_stay_two(folder: Path) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder / "state") as watched:
        async with watched.http() as one, watched.http() as two:
            two.headers["user-agent"] = "other/2"
            clients = [RawClient(each, server.metadata.resource) for each in (one, two)]
            for each in clients:
                await each.discover()
            for each in reversed(clients):
                await each.register(client_name=each.http.headers["user-agent"])
            for each in clients:
                await log_in(each)
                assert await each.call() == "passes"
        named = {(each.client_name, each.user_agent, each.state) for each in watched.flows()}
        assert named == {("raw/1", "raw/1", FlowState.DONE), ("other/2", "other/2", FlowState.DONE)}


@pytest.mark.parametrize(
    ("fault", "diagnosis_id"),
    [
        (SampleFault.ISSUER_SLASH, "DISC-01"),
        (SampleFault.PRM_WRONG_RESOURCE, "AUD-01"),
        (SampleFault.METADATA_HTML, "DISC-05"),
        (SampleFault.PLAIN_ONLY, "PKCE-01"),
    ],
    ids=str,
)
async def test_a_fault_of_the_server_is_named_as_by_the_ports(
    fault: SampleFault, diagnosis_id: str, folder: Path
) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder / "state") as watched:
        server.faults.set(fault)
        async with watched.http() as http:
            await RawClient(http, server.metadata.resource).go()
        async with asyncio.timeout(15):
            while not (made := watched.events(DiagnosisMade)):
                await asyncio.sleep(0.05)
        assert diagnosis_id in {each.diagnosis_id for each in made}


async def test_a_login_that_a_program_looks_at_itself_is_told(folder: Path) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder / "state") as watched:
        async with watched.http() as http:
            client = RawClient(http, server.metadata.resource)
            await client.discover()
            await client.register()
            page = await http.get(client.login_url())
            assert page.status_code == 200
            assert "content-security-policy" in page.headers, "the server's own headers stay"
            (flow,) = watched.flows()
            assert flow.mark(Step.AUTHORIZE).state is StepState.DONE
            refused = await http.get(client.login_url(redirect_uri="http://localhost:1/other"))
            assert refused.status_code == 400
        failed = next(each for each in watched.flows() if each.state is FlowState.FAILED)
        assert failed.failure is not None
        assert failed.failure.step is Step.AUTHORIZE


async def test_a_stream_comes_as_it_is_sent_and_ends_when_the_client_leaves(folder: Path) -> None:
    ended = asyncio.Event()

    async def stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-type", b"text/event-stream"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    async with serve(stream) as origin, proxied(f"{origin}/mcp", folder) as watched, watched.http() as http:
        async with asyncio.timeout(10):
            async with http.stream("POST", f"{origin}/mcp", json=INITIALIZE, headers=HEADERS) as answer:
                assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
                assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"], "cookies are the client's own matter"
            await ended.wait()


async def test_what_a_client_sends_reaches_the_server_as_it_was(watched_plain: tuple[Proxied, list[Any]]) -> None:
    watched, seen = watched_plain
    headers = {b"cookie": b"a=1", b"origin": b"https://page.example", b"dpop": b"proof", b"x-odd": b"\xe9"}
    async with watched.http() as http:
        url = f"{watched.runtime.watched.origins.origin}/odd%2Fpath?a=%7e&b=x+y"
        answer = await http.request("PATCH", url, content=b"body", headers=headers)
    assert answer.status_code == 200
    scope, body = seen[-1]
    got = dict(scope["headers"])
    assert (scope["method"], scope["raw_path"], scope["query_string"], body) == (
        "PATCH",
        b"/odd%2Fpath",
        b"a=%7e&b=x+y",
        b"body",
    )
    assert (got[b"cookie"], got[b"origin"], got[b"dpop"], got[b"x-odd"]) == (
        b"a=1",
        b"https://page.example",
        b"proof",
        b"\xe9",
    )
    assert got[b"accept-encoding"] == b"identity"


@pytest.mark.parametrize("path", ["/token", "/register", "/other"])
async def test_a_body_passes_letter_for_letter(path: str, watched_plain: tuple[Proxied, list[Any]]) -> None:
    watched, seen = watched_plain
    body = b"a=%7e&a=x+y&&resource=HTTP%3a%2F%2Fx&client_assertion=a.b.c&code=1&request=ey\xe9=&flag"
    async with watched.http() as http:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        await http.post(f"{watched.runtime.watched.origins.origin}{path}", content=body, headers=kind)
    assert seen[-1][1] == body


@pytest.fixture
async def watched_plain(folder: Path) -> AsyncIterator[tuple[Proxied, list[Any]]]:
    """A proxy before a server that keeps what it is sent."""
    seen: list[Any] = []

    async def keep(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        seen.append((scope, (await receive()).get("body")))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async with serve(keep) as origin, proxied(f"{origin}/mcp", folder) as watched:
        yield watched, seen
