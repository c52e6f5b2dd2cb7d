"""What is changed between a client and a watched server, and that nothing else is."""

import asyncio
import json
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from devgw.gateway.watched.documents import mend_server
from devgw.gateway.watched.origins import OriginMap
from devgw.gateway.watched.parameters import exchanged
from devgw.monitor.why import NEWEST, why_of
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.support.serving import serve
from tests.watched.bench import CALLBACK, Watching, query_of, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient, Stopped

PAGE: tuple[int, dict[str, str], Any] = (200, {"content-type": "text/html"}, b"<form></form>")


@pytest.fixture
async def client(watched: Watching, http: httpx2.AsyncClient) -> RawClient:
    found = RawClient(http, watched.url)
    await found.discover()
    await found.register()
    return found


# --- documents ---


async def test_members_that_nobody_knows_stay_and_what_cannot_pass_is_left_out_and_said(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    upstream.server_metadata = {
        "x_unknown": {"issuer": upstream.issuer},
        "service_documentation": f"{upstream.origin}/docs",
        "signed_metadata": "ey",
        "mtls_endpoint_aliases": {},
        "dpop_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "client_id_metadata_document_supported": True,
    }
    found = (await http.get(f"{watched.origin}/.well-known/oauth-authorization-server")).json()
    assert found["x_unknown"] == {"issuer": upstream.issuer}
    assert found["service_documentation"] == f"{upstream.origin}/docs"
    assert found["token_endpoint_auth_methods_supported"] == ["none"]
    assert found["client_id_metadata_document_supported"] is False
    assert not {"signed_metadata", "mtls_endpoint_aliases", "dpop_signing_alg_values_supported"} & set(found)
    notes = " ".join(watched.traces()[-1].notes)
    for said in ("signed_metadata", "mtls_endpoint_aliases", "dpop", "without JWT", "client_id_metadata_document"):
        assert said in notes


def test_without_registration_a_metadata_document_is_still_taken() -> None:
    mended = mend_server({"issuer": "https://a.example", "client_id_metadata_document_supported": True}, str)
    assert b'"client_id_metadata_document_supported": true' in mended.body
    assert mended.changes == ()


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (404, "text/plain", b"Not found"),
        (200, "text/html", b"<title>Sign in</title>"),
        (200, "application/json", b'{"issuer": "twice", "issuer": "twice"}'),
        (200, "application/json", b"{"),
        (500, "application/json", b'{"issuer": "http://127.0.0.1:1"}'),
        (200, "application/json", b"[]"),
    ],
)
async def test_what_is_no_document_is_given_letter_for_letter(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, status: int, kind: str, body: bytes
) -> None:
    upstream.answers["/.well-known/oauth-authorization-server"] = (status, {"content-type": kind}, body)
    answer = await http.get(f"{watched.origin}/.well-known/oauth-authorization-server")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (status, kind, body)


async def test_an_origin_that_is_spelt_otherwise_stays_spelt_otherwise() -> None:
    async def anywhere(_: str) -> None:
        return

    origins = OriginMap("https://mcp.example/mcp", anywhere, lambda _origin, _port: 9000, {})
    assert origins.to_local("https://mcp.example/mcp/") == "http://localhost:9000/mcp/"
    for odd in ("https://MCP.example/mcp", "HTTPS://mcp.example/mcp", "https://mcp.example:443/mcp"):
        local = origins.to_local(odd)
        assert local == "http://LOCALHOST:9000/mcp"
        assert origins.to_real(local) == "https://mcp.example/mcp"
    for other in (
        "http://mcp.example/mcp",
        "https://mcp.example:8443/mcp",
        "https://mcp.example.evil/",
        "//mcp.example",
    ):
        assert origins.to_local(other) == other
    assert origins.to_local("https://mcp.example") == "http://localhost:9000"
    assert origins.to_local("https://mcp.example?x=/") == "http://localhost:9000?x=/"
    assert origins.to_local("https://mcp.example/mcp", "[::1]") == "http://[::1]:9000/mcp"
    assert origins.to_real("http://[::1]:9000/mcp") == "https://mcp.example/mcp"
    assert origins.to_real("http://localhost:9001/mcp") == "http://localhost:9001/mcp"


async def test_the_client_is_given_the_loopback_name_under_which_it_asks(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    port = watched.origin.rpartition(":")[2]
    assert await RawClient(http, f"http://127.0.0.1:{port}/mcp").go() == "passes"


async def test_another_origin_gets_another_port_and_the_whole_way_leads_through_both(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    async with running_upstream() as server:
        server.access_tokens = upstream.access_tokens
        upstream.resource_metadata = {"authorization_servers": [server.issuer]}
        client = RawClient(http, watched.url)
        assert await client.go() == "passes"
        assert client.issuer != watched.origin
        assert client.issuer.startswith("http://localhost:")
        assert server.asked_at("/token")
        assert server.asked_at("/token")[-1].form["resource"] == f"{upstream.origin}/mcp"
        assert not upstream.asked_at("/token")


# --- registration and login ---


async def test_a_registration_that_our_callback_spoils_is_sent_once_more_as_it_was(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    def picky(asked: Asked) -> tuple[int, dict[str, str], Any]:
        return (400, {}, {"error": "invalid_redirect_uri"}) if asked.body.count(b"http://") > 1 else usual(asked)

    usual, upstream._register = upstream._register, picky  # type: ignore[method-assign]
    client = RawClient(http, watched.url)
    await client.discover()
    await client.register()
    assert upstream.asked_at("/register")[-1].body.count(b"__watch") == 0
    assert client.client["redirect_uris"] == [CALLBACK]
    upstream.answers["/authorize"] = PAGE
    sent = query_of((await http.get(client.login_url())).headers["location"])
    assert (sent["redirect_uri"], sent["state"]) == (CALLBACK, "s-1"), "the server would refuse ours"
    assert "refused our callback" in " ".join(note for each in watched.traces() for note in each.notes)


async def test_a_callback_that_was_registered_for_another_port_is_not_sent(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    upstream.answers["/authorize"] = PAGE
    async with watching(upstream.origin + upstream.mcp_path, tmp_path) as before:
        client = RawClient(http, before.url)
        await client.discover()
        await client.register()
    async with running_upstream() as taken, watching(upstream.origin + upstream.mcp_path, tmp_path) as after:
        assert after.origin not in {before.origin, taken.origin}
        client.server["authorization_endpoint"] = f"{after.origin}/authorize"
        sent = query_of((await http.get(client.login_url())).headers["location"])
        assert sent["redirect_uri"] == CALLBACK


@pytest.mark.parametrize(
    "more",
    [{"response_mode": "form_post"}, {"request_uri": "urn:x"}, {"request": "ey"}, {"client_id": "by-hand"}],
    ids=lambda each: next(iter(each)),
)
async def test_a_login_that_cannot_come_back_through_us_goes_on_unchanged(
    upstream: Upstream, client: RawClient, more: dict[str, str | None]
) -> None:
    upstream.answers["/authorize"] = PAGE
    before = len(upstream.asked_at("/authorize"))
    sent = query_of((await client.http.get(client.login_url(**more))).headers["location"])
    assert (sent["redirect_uri"], sent["state"]) == (CALLBACK, "s-1")
    looked = len(upstream.asked_at("/authorize")) - before
    assert looked == (0 if {"request_uri", "request"} & set(more) else 1), "what is taken once is not taken by us"


async def test_a_browser_sees_the_servers_own_refusal_and_a_program_gets_it_bare(
    upstream: Upstream, client: RawClient
) -> None:
    upstream.answers["/authorize"] = (400, {"content-type": "text/html"}, b"<h1>Unknown client</h1>")
    program = await client.http.get(client.login_url())
    assert (program.status_code, program.text) == (400, "<h1>Unknown client</h1>")
    browser = await client.http.get(client.login_url(), headers={"accept": "text/html"})
    assert browser.status_code == 302
    assert browser.headers["location"].startswith(f"{upstream.origin}/authorize?")
    assert query_of(browser.headers["location"])["redirect_uri"] == CALLBACK


async def test_a_foreign_iss_stays_foreign_and_an_absent_one_absent(
    upstream: Upstream, watched: Watching, client: RawClient
) -> None:
    upstream.answers["/authorize"] = PAGE
    for sent, seen in (
        (f"&iss={upstream.issuer}", f"&iss={watched.origin}"),
        ("&iss=https://other.example", "&iss=https://other.example"),
        ("", ""),
    ):
        word = query_of((await client.http.get(client.login_url())).headers["location"])["state"]
        back = await client.http.get(f"{watched.runtime.watched.callback}?code=c&state={word}{sent}")
        got = query_of(back.headers["location"])
        assert got == {"code": "c", "state": "s-1"} | query_of(f"http://x/?{seen}")


async def test_a_client_without_state_gets_none(upstream: Upstream, watched: Watching, client: RawClient) -> None:
    upstream.answers["/authorize"] = PAGE
    word = query_of((await client.http.get(client.login_url(state=None))).headers["location"])["state"]
    back = await client.http.get(f"{watched.runtime.watched.callback}?state={word}&error=access_denied")
    assert back.headers["location"] == f"{CALLBACK}?error=access_denied"


async def test_a_pushed_login_comes_back_through_us_too(
    upstream: Upstream, watched: Watching, client: RawClient
) -> None:
    upstream.server_metadata = {"pushed_authorization_request_endpoint": f"{upstream.origin}/par"}
    upstream.answers |= {"/par": (201, {}, {"request_uri": "urn:example:1", "expires_in": 60}), "/authorize": PAGE}
    await client.discover()
    form = dict(parse_qsl(urlsplit(client.login_url()).query))
    pushed = await client.http.post(client.server["pushed_authorization_request_endpoint"], data=form)
    assert pushed.json()["request_uri"] == "urn:example:1"
    sent = upstream.asked_at("/par")[-1].form
    assert sent["redirect_uri"] == watched.runtime.watched.callback
    assert sent["resource"] == f"{upstream.origin}/mcp"
    asked = {"client_id": client.client["client_id"], "request_uri": "urn:example:1"}
    led = await client.http.get(f"{watched.origin}/authorize", params=asked)
    assert query_of(led.headers["location"]) == asked
    assert upstream.asked_at("/authorize") == [], "a reference may be taken once, and not by us"
    back = await client.http.get(
        f"{watched.runtime.watched.callback}?code=c&state={sent['state']}&iss={upstream.issuer}"
    )
    assert query_of(back.headers["location"]) == {"code": "c", "state": "s-1", "iss": watched.origin}
    upstream.answers["/token"] = (200, {}, upstream.tokens())
    await client.redeem("c")
    assert upstream.asked_at("/token")[-1].form["redirect_uri"] == watched.runtime.watched.callback


async def test_a_pushed_login_of_a_redirect_uri_that_nobody_registered_goes_on_as_it_was(
    upstream: Upstream, watched: Watching, client: RawClient
) -> None:
    upstream.server_metadata = {"pushed_authorization_request_endpoint": f"{upstream.origin}/par"}
    upstream.answers["/par"] = (400, {}, {"error": "invalid_redirect_uri"})
    await client.discover()
    form = dict(parse_qsl(urlsplit(client.login_url(redirect_uri="http://localhost:6666/stolen")).query))
    await client.http.post(client.server["pushed_authorization_request_endpoint"], data=form)
    assert upstream.asked_at("/par")[-1].form["redirect_uri"] == "http://localhost:6666/stolen"
    assert watched.traces()[-1].diagnosis_id == "RURI-12"


def test_parameters_that_are_not_exchanged_stay_letter_for_letter() -> None:
    text = "a=%7e&b=x+y&empty=&flag&resource=http%3A%2F%2Flocalhost%3A1%2Fmcp&b=%C3%A9"
    real = exchanged(text, {"resource": {"http://localhost:1/mcp": "https://mcp.example/mcp"}})
    assert real == text.replace("http%3A%2F%2Flocalhost%3A1%2Fmcp", "https%3A%2F%2Fmcp.example%2Fmcp")
    assert exchanged("state=1&x=2", {"state": None}) == "x=2"
    assert exchanged("", {"state": "1"}) == ""


# --- calls ---


async def test_sessions_and_every_method_pass(upstream: Upstream, watched: Watching, http: httpx2.AsyncClient) -> None:
    for method in ("GET", "DELETE", "OPTIONS", "PUT"):
        await http.request(method, watched.url, headers={"mcp-session-id": "s1", "authorization": "Bearer x"})
        asked = upstream.asked[-1]
        assert (asked.method, asked.path, asked.headers["mcp-session-id"]) == (method, "/mcp", "s1")
        assert asked.headers["authorization"] == "Bearer x"
        assert asked.headers["accept-encoding"] == "identity"


async def test_a_stream_comes_as_it_is_sent_and_ends_when_the_client_leaves(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    ended = asyncio.Event()

    async def stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        kind = (b"content-type", b"text/event-stream")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    async with serve(stream) as origin, watching(f"{origin}/mcp", tmp_path) as watched:
        async with asyncio.timeout(10):
            async with http.stream("POST", watched.url, json=INITIALIZE, headers=HEADERS) as answer:
                assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
            await ended.wait()


async def test_a_server_that_is_gone_is_said_and_nothing_falls_over(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with running_upstream() as gone:
        url = f"{gone.origin}/mcp"
    async with watching(url, tmp_path / "other") as other:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.post(other.url, json=INITIALIZE, headers=HEADERS)
        assert other.traces()[-1].reason_code == "upstream_refused_connection"


@pytest.mark.parametrize(
    "place", ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp"]
)
async def test_a_mark_of_byte_order_stays_since_some_clients_read_no_document_that_begins_with_it(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, place: str
) -> None:
    usual = json.dumps(upstream.answer(Asked("GET", place, {}, {}, b""))[2]).encode()
    upstream.answers[place] = (200, {}, BOM_UTF8 + usual)
    given = (await http.get(f"{watched.origin}{place}")).content
    assert given.startswith(BOM_UTF8)
    assert watched.origin.encode() in given


async def test_a_mark_of_byte_order_stays_in_the_answer_to_a_registration(
    upstream: Upstream, client: RawClient, http: httpx2.AsyncClient, watched: Watching
) -> None:
    both = [CALLBACK, watched.runtime.watched.callback]
    upstream.answers["/register"] = (201, {}, BOM_UTF8 + json.dumps({"client_id": "c", "redirect_uris": both}).encode())
    given = (await http.post(f"{watched.origin}/register", json={"redirect_uris": [CALLBACK]})).content
    assert given == BOM_UTF8 + json.dumps({"client_id": "c", "redirect_uris": [CALLBACK]}).encode()


@pytest.mark.parametrize("promises", [True, None])
async def test_a_server_that_takes_no_second_redirect_uri_is_said_to_stop_clients_that_check_iss(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, promises: bool | None
) -> None:
    upstream.server_metadata["authorization_response_iss_parameter_supported"] = promises
    usual = upstream._register
    refusal: tuple[int, dict[str, str], Any] = (400, {}, {"error": "invalid_redirect_uri"})
    upstream._register = lambda asked: refusal if b"__watch" in asked.body else usual(asked)  # type: ignore[method-assign]
    verdict = await RawClient(http, watched.url).go()
    begun = next(each for each in watched.traces() if each.asked == "authorize")
    if not promises:
        assert verdict == "passes"
        assert begun.problem is None
        return
    assert verdict.startswith("iss is ")
    assert begun.diagnosis_id == "DISC-08"
    assert begun.problem is not None
    assert upstream.issuer in begun.problem.explain()
    assert "takes it without devgw" in begun.problem.explain()


async def test_a_client_whose_id_was_registered_by_hand_is_said_to_be_stopped_by_iss_and_how_it_is_not(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    """Its answer goes to it directly, and names the real server; `why` says so, and no fault of the server's."""
    upstream.server_metadata["authorization_response_iss_parameter_supported"] = True
    raw = RawClient(http, watched.url)
    await raw.discover()
    raw.client = {"client_id": "by-hand"}
    with pytest.raises(Stopped, match="iss is "):
        await raw.authorize()
    monitor = watched.runtime.monitor
    watched.runtime.bus.drain()
    monitor.tick()
    while not monitor.judging.is_idle:
        monitor.tick()
    told = why_of(monitor, NEWEST)
    assert told is not None
    (found,) = [each for case in told.cases for each in case.diagnoses]
    assert found.id == "DISC-08"
    assert "this client did not register through devgw" in found.cause
    assert "`devgw watch URL -- COMMAND`" in found.fix


@pytest.mark.parametrize("behind", ["/{tenantid}/v2.0", "/a b", "/<x>", "/%zz", '/"', "?a={b}"])
async def test_an_origin_is_swapped_whatever_stands_behind_it(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, behind: str
) -> None:
    upstream.server_metadata["issuer"] = f"{upstream.origin}{behind}"
    found = (await http.get(f"{watched.origin}/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == f"{watched.origin}{behind}"


@pytest.mark.parametrize("issuer", ["ORIGIN\\@other.example/x", "http://u@HOST/x", "//HOST/x", "HOST", "x://HOST/", ""])
async def test_what_has_no_origin_of_a_watched_server_stays(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, issuer: str
) -> None:
    said = issuer.replace("ORIGIN", upstream.origin).replace("HOST", urlsplit(upstream.origin).netloc)
    upstream.server_metadata["issuer"] = said
    found = (await http.get(f"{watched.origin}/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == said
