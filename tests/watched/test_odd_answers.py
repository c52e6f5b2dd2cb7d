"""What a server may answer that no good one does: the client is given it, and nothing false or secret is said of it."""

import gzip
import json
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.events.flow import FlowState
from devgw.events.taxonomy import FaultMet, WatchedStepTaken
from devgw.settings import Settings, TraceSettings
from devgw.wiring.watched_runtime import build_watched
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.gateway import mcp_request
from tests.support.heard import Heard
from tests.support.serving import serve
from tests.watched.bench import CALLBACK, Watching, query_of, served, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient

SERVER = "/.well-known/oauth-authorization-server"
SECRETS = {name: f"Zz{name}9x" for name in ("code", "code_verifier", "client_secret", "refresh_token", "state")}
"""Too short to be known by their shape."""


def told(watched: Watching) -> str:
    return json.dumps([repr(each.event) for each in watched.published])


def packed(content: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-encoding": "gzip"}, gzip.compress(json.dumps(content).encode())


# --- packed ---


@pytest.mark.parametrize(
    ("size", "cut", "is_told"),
    [(800_000, 0, False), (1_040_000, 0, False), (1_100_000, 0, False), (1_900_000, 0, False), (800_000, 9, True)],
    ids=["sound", "nearly too long", "unpacks to more than is read", "longer than is read", "cut"],
)
async def test_a_packed_answer_of_which_all_was_kept_is_told_as_broken_only_where_it_is(
    tmp_path: Path, http: httpx2.AsyncClient, size: int, cut: int, *, is_told: bool
) -> None:
    """It comes in pieces of any size: how many there are says nothing of how much was read."""
    text = "".join(Random(1).choices(ascii_letters + digits, k=size))
    body = gzip.compress(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"content": text}}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    settings = Settings(root=tmp_path, port=0, traces=TraceSettings(body_limit=4_000_000))
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = (200, headers, body[: len(body) - cut])
        runtime = build_watched(f"{upstream.origin}/mcp", settings, SystemClock(), is_local=True)
        watched = Watching(runtime, Heard(runtime.bus))
        async with served(runtime):
            answer = await http.post(watched.url, json=mcp_request("tools/list"), headers={"accept-encoding": "br"})
            await answer.aread()
    (trace,) = watched.traces()
    assert (trace.diagnosis_id == "PROXY-23") is is_told, trace.explanation
    assert (trace.explanation is not None) is is_told, trace.explanation


async def test_a_document_that_is_packed_though_nobody_asked_leads_to_the_ports_too(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers[SERVER] = packed({"issuer": upstream.issuer, "token_endpoint": f"{upstream.origin}/token"})
    found = (await http.get(watched.origin + SERVER)).json()
    assert found == {"issuer": watched.origin, "token_endpoint": f"{watched.origin}/token"}


async def test_tokens_that_came_packed_are_said_to_be_issued(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers["/token"] = packed({"access_token": "a" * 30, "token_type": "bearer"})
    answer = await http.post(f"{watched.origin}/token", data={"grant_type": "authorization_code", "code": "c"})
    assert answer.json()["access_token"] == "a" * 30
    assert [each.step for each in watched.events(WatchedStepTaken)] == ["token_issued"]


async def test_a_document_that_unpacks_to_gigabytes_is_refused(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers[SERVER] = packed("x" * 50_000_000)
    assert (await http.get(watched.origin + SERVER)).status_code == 502
    assert watched.traces()[-1].reason_code == "answer_unpacks_too_long"


# --- words ---


@pytest.mark.parametrize("path", ["/token", "/register", "/authorize"])
async def test_words_that_no_encoding_has_reach_the_client_and_break_nothing(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, path: str
) -> None:
    body = b'{"error": "\\ud800", "error_description": "\\ud800 \\udfff", "access_token": "\\ud801"}'
    upstream.answers[path] = (400, {}, body)
    sent: dict[str, dict[str, Any]] = {
        "/token": {"data": {"grant_type": "authorization_code", "code": "c"}},
        "/register": {"json": {"redirect_uris": [CALLBACK], "client_name": "Raw"}},
        "/authorize": {},
    }
    method = "GET" if path == "/authorize" else "POST"
    answer = await http.request(method, watched.origin + path, **sent[path])
    assert (answer.status_code, answer.content) == (400, body)
    assert watched.events(FaultMet) == []


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_a_secret_that_the_server_quotes_is_not_repeated(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, kind: str
) -> None:
    said = " ".join(SECRETS.values())
    body = json.dumps({"error": "invalid_grant", "error_description": said}) if "json" in kind else f"<p>{said}"
    upstream.answers["/token"] = (400, {"content-type": kind}, body.encode())
    form = SECRETS | {"grant_type": "authorization_code", "client_id": "c1"}
    answer = await http.post(f"{watched.origin}/token", data=form, auth=("c1", "Zzbasic9x"))
    assert answer.content == body.encode()
    assert "answered 400" in (watched.traces()[-1].explanation or "")
    assert not [each for each in SECRETS.values() if each in told(watched)]


async def test_a_secret_that_comes_back_with_the_browser_is_not_repeated(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
    client = RawClient(http, watched.url)
    await client.discover()
    await client.register()
    word = query_of((await http.get(client.login_url())).headers["location"])["state"]
    said = f"no+state+{word}+of+{SECRETS['code']}"
    query = f"error=server_error&error_description={said}&code={SECRETS['code']}&state={word}"
    answer = await http.get(f"{watched.runtime.watched.callback}?{query}")
    assert answer.headers["location"].startswith(f"{CALLBACK}?error=server_error")
    explanation = watched.traces()[-1].explanation or ""
    assert "server_error: “no state" in explanation
    assert word not in explanation
    assert SECRETS["code"] not in explanation


async def test_the_id_of_a_client_is_not_kept_at_any_length(watched: Watching, http: httpx2.AsyncClient) -> None:
    await http.get(f"{watched.origin}/authorize?state=s&redirect_uri=http://localhost/&client_id={'x' * 9_000}")
    assert len(watched.traces()[-1].client_id or "") == 2_000


# --- what a browser makes of it ---


@pytest.mark.parametrize(
    "kinds",
    [
        ["text/html; charset=utf-8"],
        [],
        ["*/*"],
        ["application/json", "text/html"],
        ["application/mathml+xml"],
        ["application/vnd.x+xml"],
        ["Application/XHTML+xml"],
        ["image/svg+xml"],
        ["multipart/x-mixed-replace"],
    ],
)
async def test_no_answer_becomes_a_page_that_runs_under_the_name_of_this_machine(
    tmp_path: Path, http: httpx2.AsyncClient, kinds: list[str]
) -> None:
    async def page(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-type", each.encode()) for each in kinds]
        headers += [(b"clear-site-data", b'"*"'), (b"service-worker-allowed", b"/")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<script>1</script>"})

    async with serve(page) as origin, watching(f"{origin}/mcp", tmp_path) as watched:
        answer = await http.get(f"{watched.origin}/page")
        assert answer.headers["content-security-policy"] == "sandbox"
        assert not {"clear-site-data", "service-worker-allowed"} & set(answer.headers)


# --- what a client makes of it ---


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"location": "/login"}, b""),
        (307, {"location": "https://elsewhere.example/mcp"}, b""),
        (200, {"content-type": "text/html"}, b"<title>Sign in</title>"),
        (200, {"content-type": "text/plain"}, b"hello"),
    ],
    ids=["a redirect to a login", "a redirect elsewhere", "a page", "a text"],
)
async def test_a_client_has_not_arrived_where_its_call_was_answered_with_no_mcp(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, answer: tuple[int, dict[str, str], bytes]
) -> None:
    client = RawClient(http, watched.url)
    await client.discover()
    await client.register()
    await client.redeem(await client.authorize())
    upstream.answers["/mcp"] = answer
    bearer = {"authorization": f"Bearer {client.tokens['access_token']}"}
    await http.post(watched.url, json=INITIALIZE, headers=HEADERS | bearer)
    flow = watched.flows()[0]
    assert flow.state is not FlowState.DONE
    if answer[0] == 200:
        assert flow.failure is not None
        assert "where MCP has application/json or text/event-stream" in flow.failure.explanation


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
async def test_what_comes_to_our_callback_goes_to_no_server(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, method: str
) -> None:
    answer = await http.request(method, f"{watched.runtime.watched.callback}?code=c&state=w", content=b"code=c")
    assert answer.status_code == 400
    assert upstream.asked == []


async def test_a_key_in_the_url_is_in_no_origin(upstream: Upstream, tmp_path: Path) -> None:
    async with watching(f"{upstream.origin}/mcp?api_key=Zzkey9x", tmp_path) as watched:
        facts = watched.runtime.monitor.gateway
        assert facts is not None
        port = watched.runtime.watched.origins.ports[upstream.origin]
        assert facts.origin == f"http://localhost:{port}"


# --- where nothing answers ---


async def test_the_advice_names_the_url_that_was_given_and_no_file_of_a_project(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    async with running_upstream() as gone:
        url = f"{gone.origin}/mcp"
    async with watching(url, tmp_path) as watched:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.post(watched.url, json=INITIALIZE, headers=HEADERS)
        hint = watched.traces()[-1].hint or ""
        assert hint == "Start the server that should listen there, or correct the URL that you gave."


async def test_the_advice_for_an_origin_that_a_document_names_is_about_that_document(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    async with running_upstream() as gone:
        upstream.resource_metadata = {"authorization_servers": [gone.origin]}
    found = await http.get(f"{watched.origin}/.well-known/oauth-protected-resource/mcp")
    with pytest.raises(httpx2.RemoteProtocolError):
        await http.get(found.json()["authorization_servers"][0] + SERVER)
    assert (watched.traces()[-1].hint or "").endswith("or correct the document that names it.")


# --- nothing ---


@pytest.mark.parametrize(("method", "is_said"), [("tools/list", True), ("ping", True), ("notifications/x", False)])
async def test_an_empty_body_is_no_answer_to_a_request_and_one_to_a_notification(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, method: str, is_said: bool
) -> None:
    upstream.answers[upstream.mcp_path] = (200, {"content-type": "application/json", "content-length": "0"}, b"")
    identity = {} if method.startswith("notifications/") else {"id": 1}
    body = {"jsonrpc": "2.0", "method": method, **identity}
    await http.post(f"{watched.origin}{upstream.mcp_path}", json=body, headers=HEADERS)

    assert (
        f"answered 200 to {method} with an empty body: that is no response to {method}." in told(watched)
    ) == is_said
