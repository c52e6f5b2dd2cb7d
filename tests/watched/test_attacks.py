"""What somebody may try who is neither the client nor the server, and what the server's own documents may try."""

import json
from pathlib import Path

import httpx2
import pytest

from devgw.limits import Limits
from tests.outbound.upstream import Upstream, running_upstream
from tests.watched.bench import CALLBACK, Watching, query_of, sign_in, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient

STRANGER = "http://localhost:6666/stolen"
PAGE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}


def mcp(upstream: Upstream) -> str:
    return upstream.origin + upstream.mcp_path


async def registered(http: httpx2.AsyncClient, watched: Watching) -> RawClient:
    client = RawClient(http, watched.url)
    await client.discover()
    await client.register()
    return client


# --- whose code ---


async def test_a_code_goes_to_no_redirect_uri_that_the_client_did_not_register(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    upstream.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
    async with watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        for stolen in (STRANGER, CALLBACK + "/..", "http://evil.example/callback", CALLBACK.replace("http", "https")):
            led = await http.get(client.login_url(redirect_uri=stolen))
            sent = query_of(led.headers["location"])
            assert sent["redirect_uri"] == stolen, "the server sees the stranger's own URI, and judges it"
            assert sent["state"] == "s-1"


async def test_after_a_restart_a_code_still_goes_to_the_client_alone(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    upstream.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
    async with watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        port = watched.url
    async with watching(mcp(upstream), tmp_path, port=int(port.rpartition(":")[2].partition("/")[0])) as again:
        assert again.url == port
        ours = query_of((await http.get(client.login_url())).headers["location"])
        assert ours["redirect_uri"] == again.runtime.watched.callback
        stolen = query_of((await http.get(client.login_url(redirect_uri=STRANGER))).headers["location"])
        assert stolen["redirect_uri"] == STRANGER


@pytest.mark.parametrize("content", ["", "{", "[]", '{"clients": [{"client_id": 1}], "ports": 7, "legs": [[]]}'])
async def test_with_a_lost_list_of_clients_a_login_goes_on_unchanged(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, content: str
) -> None:
    upstream.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
    async with watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        port = int(watched.origin.rpartition(":")[2])
    (tmp_path / ".devgw" / "watched.json").write_text(content)
    async with watching(mcp(upstream), tmp_path, port=port):
        sent = query_of((await http.get(client.login_url(redirect_uri=STRANGER))).headers["location"])
        assert (sent["redirect_uri"], sent["state"]) == (STRANGER, "s-1")


async def test_an_answer_is_taken_once_and_leads_to_the_one_who_asked(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    upstream.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
    async with watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        word = query_of((await http.get(client.login_url())).headers["location"])["state"]
        answer = f"{watched.runtime.watched.callback}?code=c&state={word}"
        first, second = await http.get(answer), await http.get(answer)
        assert first.headers["location"] == f"{CALLBACK}?code=c&state=s-1"
        assert second.status_code == 400
        assert "location" not in second.headers
        guessed = await http.get(f"{watched.runtime.watched.callback}?code=c&state=w_guessed")
        assert guessed.status_code == 400


async def test_a_client_of_one_server_is_none_of_another_that_gives_the_same_id(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with running_upstream() as hostile:
        hostile.answers["/authorize"] = (200, {"content-type": "text/html"}, b"<form></form>")
        upstream.resource_metadata = {"authorization_servers": [upstream.issuer, hostile.issuer]}
        async with watching(mcp(upstream), tmp_path) as watched:
            client = await registered(http, watched)
            other = RawClient(http, watched.url)
            other.issuer = client.resource["authorization_servers"][1]
            other.server = (await http.get(f"{other.issuer}/.well-known/oauth-authorization-server")).json()
            other.client = client.client
            sent = query_of((await http.get(other.login_url())).headers["location"])
            assert sent["redirect_uri"] == CALLBACK, "unchanged: that server never registered it"


# --- who asks ---


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "127.0.0.1.nip.io"]
)
async def test_no_port_answers_under_another_name(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, host: str
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        await RawClient(http, watched.url).discover()
        before = len(upstream.asked)
        for path in ("/mcp", "/.well-known/oauth-authorization-server", "/authorize?x=1", "/__watch/callback"):
            port = watched.origin.rpartition(":")[2]
            answer = await http.get(watched.origin + path, headers={"host": host.format(port=port)})
            assert answer.status_code == 421, path
        assert len(upstream.asked) == before


@pytest.mark.parametrize("path", ["/register", "/token", "/mcp", "/revoke"])
@pytest.mark.parametrize(
    "headers",
    [PAGE, {"origin": "null"}, {"origin": "https://localhost.evil.example"}, {"sec-fetch-site": "cross-site"}],
    ids=["another site", "no origin", "a name that looks near", "without an origin"],
)
async def test_a_page_of_another_site_asks_in_vain(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        for sent in (HEADERS, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}):
            answer = await http.post(watched.origin + path, content=b"{}", headers=sent | headers)
            assert answer.status_code == 403
        assert upstream.asked == []


@pytest.mark.parametrize(("path", "name"), [("/register", "LIMIT-27"), ("/token", "REQ-05"), ("/mcp", "REQ-07")])
async def test_what_a_plain_form_of_a_page_could_send_is_not_taken_and_named_for_what_it_was_to_be(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, path: str, name: str
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        answer = await http.post(watched.origin + path, content=b"{}", headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.json()["diagnosis"]) == (415, name)
        assert upstream.asked == []


async def test_a_page_of_this_machine_may_call_and_its_origin_stays_its_own(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        for page, seen in (("http://localhost:6274", "http://localhost:6274"), (watched.origin, upstream.origin)):
            answer = await http.post(watched.url, json=INITIALIZE, headers=HEADERS | {"origin": page})
            assert answer.status_code == 401
            assert upstream.asked[-1].headers["origin"] == seen


# --- what the server's documents may do ---


@pytest.mark.parametrize(
    "named",
    [
        "http://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://[::1]:{port}",
        "http://2130706433:{port}",
        "http://169.254.169.254",
        "https://10.0.0.1",
        "https://[fe80::1]",
        "http://192.168.1.1",
    ],
)
async def test_a_public_server_opens_no_private_origin(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, named: str
) -> None:
    async with running_upstream() as inside:
        private = named.format(port=inside.origin.rpartition(":")[2])
        upstream.resource_metadata = {"authorization_servers": [private]}
        async with watching(mcp(upstream), tmp_path, is_local=False) as watched:
            found = await http.get(f"{watched.origin}/.well-known/oauth-protected-resource/mcp")
            assert found.json()["authorization_servers"] == [private], "left as it is"
            assert list(watched.runtime.watched.origins.ports) == [upstream.origin]
            assert inside.asked == []
            assert "Left as it is" in str(watched.traces()[-1].notes)


async def test_an_address_is_looked_at_once_more_when_it_is_connected(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with running_upstream() as inside, watching(mcp(upstream), tmp_path, is_local=False) as watched:
        origins = watched.runtime.watched.origins
        origins._open(inside.origin)  # as a name that led elsewhere when it was judged
        watched.runtime.watched.led_by = "mcp.example"  # the server of these tests is on this machine after all
        answer = await http.post(f"{origins.to_local(inside.origin)}/mcp", json=INITIALIZE, headers=HEADERS)
        assert answer.json()["reason"] == "address_forbidden"
        assert inside.asked == []


async def test_at_most_eight_origins_are_opened(upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path) -> None:
    named = [f"http://127.0.0.1:{port}" for port in range(20_001, 20_021)]
    upstream.resource_metadata = {"authorization_servers": named}
    async with watching(mcp(upstream), tmp_path) as watched:
        found = (await http.get(f"{watched.origin}/.well-known/oauth-protected-resource/mcp")).json()
        assert len(watched.runtime.watched.origins.ports) == Limits.WATCHED_ORIGINS
        kept = [each for each in found["authorization_servers"] if each in named]
        assert kept == named[Limits.WATCHED_ORIGINS - 1 :], "the others stay as they are"
        assert watched.traces()[-1].diagnosis_id == "LIMIT-07"


async def test_what_only_a_page_names_opens_nothing(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with running_upstream() as other, watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        await http.get(client.login_url(resource=f"{other.origin}/mcp", redirect_uri=f"{other.origin}/x"))
        await http.get(f"{watched.origin}/{other.origin}/mcp")
        await http.get(f"{watched.origin}//{other.origin.partition('//')[2]}/mcp")
        assert list(watched.runtime.watched.origins.ports) == [upstream.origin]
        assert other.asked == []


# --- secrets ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_bearer_goes_across_no_redirect(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path, status: int
) -> None:
    async with running_upstream() as other:
        upstream.resource_metadata = {"authorization_servers": [other.issuer]}
        async with watching(mcp(upstream), tmp_path) as watched:
            await RawClient(http, watched.url).discover()
            upstream.answers["/mcp"] = (status, {"location": f"{other.origin}/mcp"}, b"")
            sent = HEADERS | {"authorization": "Bearer meant-for-one"}
            answer = await http.post(watched.url, json=INITIALIZE, headers=sent)
            onward = answer.headers["location"]
            assert onward.startswith("http://localhost:")
            assert all("authorization" not in each.headers for each in other.asked), "it is not followed here"
            await http.post(onward, json=INITIALIZE, headers=sent)  # as a client does that sees one host in both
            assert other.asked_at("/mcp"), "the request itself goes on"
            assert all("authorization" not in each.headers for each in other.asked)


async def test_cookies_stop_here_in_both_directions(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        upstream.answers["/mcp"] = (200, {"set-cookie": "session=1"}, {"jsonrpc": "2.0", "id": 1, "result": {}})
        upstream.answers["/page"] = (
            200,
            {"set-cookie": "session=1", "content-type": "text/html"},
            b"<script>1</script>",
        )
        answer = await http.post(watched.url, json=INITIALIZE, headers=HEADERS | {"cookie": "other_port=secret"})
        page = await http.get(f"{watched.origin}/page", headers={"cookie": "other_port=secret"})
        assert "set-cookie" not in answer.headers | page.headers
        assert page.headers["content-security-policy"] == "sandbox", "its script would read the cookies of other ports"
        assert all("cookie" not in each.headers for each in upstream.asked)


async def test_no_secret_is_on_disk_or_in_what_is_shown(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        client = RawClient(http, watched.url)
        assert await client.go() == "passes"
        secrets = [
            client.tokens["access_token"],
            client.tokens["refresh_token"],
            "v" * 43,
            client.client["client_secret"],
        ]
        kept = (tmp_path / ".devgw" / "watched.json").read_text()
        told = json.dumps([repr(each.event) for each in watched.published])
        assert client.client["client_id"] in kept
        assert not [each for each in secrets if each in kept + told]


async def test_the_login_is_begun_without_the_browser_by_no_cookie(
    upstream: Upstream, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with watching(mcp(upstream), tmp_path) as watched:
        client = await registered(http, watched)
        await http.get(client.login_url(), headers={"cookie": "session=person", "accept": "text/html"})
        assert all("cookie" not in each.headers for each in upstream.asked_at("/authorize"))
        assert await sign_in(client.login_url()) != ""
