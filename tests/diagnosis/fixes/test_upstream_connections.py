"""What is printed for an upstream that cannot be connected, or was, is done to the letter, and the call succeeds."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.settings_file import read_settings
from tests.diagnosis.fixes.upstream import change_route, save
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.outbound.upstream import Asked, Upstream
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway
from tests.support.mending import mends, written
from tests.support.serving import listen, origin_of, serve
from tests.web.test_connect import project

Given = tuple[int, dict[str, str], Any]
METADATA = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource/mcp"
OIDC = "/.well-known/openid-configuration"
PAGE: Given = (200, {"content-type": "text/html"}, b"<title>Log in</title>")
NOTHING: Given = (404, {"content-type": "text/plain"}, b"")


@dataclass
class Server(Upstream):
    """An upstream whose redirect and whose calls can be spoiled too."""

    redirect: Callable[[dict[str, str]], dict[str, str]] | None = None
    """What stands in the answer of the authorization endpoint instead."""
    call: Given | None = None
    """What a call with a good token is answered."""

    def _authorize(self, asked: Asked) -> Given:
        status, headers, body = super()._authorize(asked)
        if self.redirect is None or "location" not in headers:
            return status, headers, body
        target, _, query = headers["location"].partition("?")
        return status, {"location": f"{target}?{urlencode(self.redirect(dict(parse_qsl(query))))}"}, body

    def _mcp(self, asked: Asked) -> Given:
        given = super()._mcp(asked)
        return self.call if self.call and given[0] == 200 else given


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    listener = listen()
    made = Server(origin=origin_of(listener))
    made.issuer = made.origin
    async with serve(made, on=listener):
        yield made


@asynccontextmanager
async def in_front_of(server: Server, root: Path, **options: Any) -> AsyncIterator[Client]:
    """Run a gateway whose only route needs a connection to `server`; yield a registered client."""
    clock = SystemClock()
    project(root, f"{server.origin}/mcp")
    set_options(root, **options)
    async with (
        running_gateway(root, clock=clock, settings=read_settings(root, {})[0]) as running,
        httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as http,
    ):
        client = Client(Watched(running, clock), http)
        await client.register()
        yield client


def set_options(root: Path, **options: Any) -> None:
    """Write options of the token exchange."""
    file = root / "config" / "policies.json"
    document = json.loads(file.read_text())
    document["policies"][1]["handler"]["options"] |= options
    file.write_text(json.dumps(document))


async def try_to_connect(client: Client) -> str:
    """Sign in and press Connect; return the text of the page at which that ends."""
    async with Browser(CALLBACK) as browser:
        await client.gateway.running.sign_in(browser, client.url())
        await browser.press("Connect Notes")
        assert browser.page is not None
        return browser.page.text


def lines_of(fix: str, value: str = "") -> str:
    """Return what is to be written into devgw.toml; where it says `<its URL>`, that is `value`."""
    table = written(fix, r"into devgw\.toml (\[.+?\]) and below it")
    return f"{table}\n{written(fix, r'and below it (.+?) and start devgw again')}\n".replace("<its URL>", value)


@mends("CONF-11")
async def test_a_policy_that_has_nothing_to_get_is_taken_off_as_printed(tmp_path: Path, server: Server) -> None:
    server.answers = dict.fromkeys((RESOURCE, "/.well-known/oauth-protected-resource", METADATA, OIDC), NOTHING)
    server.answers["/mcp"] = (200, {}, {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}})
    async with in_front_of(server, tmp_path) as client:
        assert "has nothing to get" in await try_to_connect(client)
        policy = written((await said(client.gateway, "CONF-11")).fix, r"Take (\S+) out of policies\.inbound")
        change_route(tmp_path, lambda route: route["policies"]["inbound"].remove(policy))
        await save(client)

        await client.whole_way()
        assert "CONF-11" not in await left(client.gateway)


@mends("DISC-02", "DISC-05", "DISC-07", "DISC-08", "DISC-09", "AUD-07", "UPST-13", "UPST-16", "UPST-17", "SESS-01")
@mends("DISC-20")
@mends("TOK-04", "TOK-05", "TOK-08", "CONS-04", "UPST-10", "UPST-15", "UPST-21", "UPST-22", "UPST-27")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        ({"answers": {METADATA: NOTHING, OIDC: NOTHING}}, "DISC-02", f"{METADATA}; a path of the issuer stands"),
        ({"answers": {METADATA: (403, {}, b""), OIDC: NOTHING}}, "DISC-20", f"{METADATA}, or answer 404 there"),
        (
            {"answers": {METADATA: (401, {"www-authenticate": "Bearer"}, b""), OIDC: NOTHING}},
            "DISC-20",
            "Let everybody",
        ),
        ({"answers": {METADATA: PAGE, OIDC: PAGE}}, "DISC-05", "Let /.well-known/* past the login page"),
        (
            {
                "server_metadata": {"authorization_response_iss_parameter_supported": True},
                "redirect": lambda sent: {key: sent[key] for key in ("code", "state")},
            },
            "DISC-07",
            "must add `iss` to its redirects",
        ),
        ({"redirect": lambda sent: sent | {"iss": "http://other.test"}}, "DISC-08", "strings must be identical"),
        (
            {"challenge": "Bearer", "answers": dict.fromkeys((RESOURCE, METADATA, OIDC, "/register"), NOTHING)},
            "DISC-09",
            "Publish protected resource metadata with `authorization_servers`",
        ),
        ({"challenge": 'Bearer resource_metadata="http://203.0.113.5/x"'}, "UPST-10", "a public host by https"),
        (
            {"redirect": lambda sent: {"state": sent["state"], "error": "invalid_target"}},
            "AUD-07",
            "Let that authorization server take the `resource`",
        ),
        ({"answers": {"/token": (400, {}, {"error": "invalid_target"})}}, "AUD-07", "take the `resource`"),
        ({"answers": {"/token": (503, {"retry-after": "5"}, {})}}, "UPST-13", "try again in 5 s"),
        ({"answers": {"/token": (429, {"retry-after": "7"}, {})}}, "UPST-13", "Ask it again in 7 s"),
        ({"answers": {"/token": (400, {}, {"error": "plan_expired"})}}, "UPST-16", "Look that error up"),
        (
            {"redirect": lambda sent: {"state": sent["state"], "error": "plan_expired"}},
            "UPST-16",
            "Look that error up",
        ),
        ({"answers": {"/token": (400, {}, {"error": "invalid_grant"})}}, "UPST-17", "Connect again"),
        (
            {
                "answers": {
                    "/token": (400, {}, {"error": "invalid_grant", "error_description": "Incorrect redirect_uri"})
                }
            },
            "UPST-27",
            "Add exactly http",
        ),
        (
            {"answers": {"/token": (400, {}, {"error": "redirect_uri_mismatch"})}},
            "UPST-27",
            "is registered anew by the link",
        ),
        (
            {
                "redirect": lambda sent: {
                    "state": sent["state"],
                    "error": "server_error",
                    "error_description": "AADSTS50011: The redirect URI does not match.",
                }
            },
            "UPST-27",
            "to the redirect URIs of the client",
        ),
        ({"redirect": lambda sent: sent | {"state": "another"}}, "SESS-01", "Begin the connection again"),
        ({"answers": {"/token": (200, {}, {"error": "bad_verification_code"})}}, "TOK-04", "Look that error up"),
        ({"answers": {"/token": PAGE}}, "TOK-05", "Correct token_endpoint in the provider's metadata"),
        ({"answers": {"/token": (200, {}, {"data": {"access_token": "x"}})}}, "TOK-08", "at the top of a JSON object"),
        (
            {"redirect": lambda sent: {"state": sent["state"], "error": "access_denied"}},
            "CONS-04",
            "Connect again, if that was a mistake",
        ),
        ({"answers": {"/token": (401, {}, {"error": "invalid_client"})}}, "UPST-15", "Connect again to register"),
        (
            {"server_metadata": {"require_pushed_authorization_requests": True}},
            "UPST-21",
            "say so in require_pushed_authorization_requests",
        ),
        ({"server_metadata": {"grant_types_supported": ["password"]}}, "UPST-21", "say so in grant_types_supported"),
        (
            {"redirect": lambda sent: {"state": sent["state"], "id_token": "x"}},
            "UPST-22",
            "answer by query parameters, with code and state",
        ),
    ],
)
async def test_a_server_that_does_what_is_printed_is_connected(
    tmp_path: Path, server: Server, spoil: dict[str, Any], name: str, words: str
) -> None:
    right = {switch: getattr(server, switch) for switch in spoil}
    async with in_front_of(server, tmp_path) as client:
        for switch, wrong in spoil.items():
            setattr(server, switch, wrong)
        assert name in await try_to_connect(client)
        assert words in (fix := (await said(client.gateway, name)).fix), fix

        for switch, value in right.items():
            setattr(server, switch, value)
        client.gateway.wait(31)
        await client.whole_way()
        assert name not in await left(client.gateway)


@mends("DISC-01", "DISC-11", "DISC-13", "PKCE-01", "AUD-01")
@pytest.mark.parametrize(
    ("spoil", "name", "value"),
    [
        ({"server_metadata": {"issuer": "http://other.test"}}, "DISC-01", ""),
        ({"server_metadata": {"token_endpoint": None}}, "DISC-11", "/token"),
        ({"server_metadata": {"authorization_endpoint": None}}, "DISC-11", "/authorize"),
        ({"server_metadata": {"token_endpoint": "ftp://other.test/token"}}, "DISC-13", "/token"),
        ({"server_metadata": {"authorization_endpoint": "/authorize"}}, "DISC-13", "/authorize"),
        ({"resource_metadata": {"authorization_servers": ["notes"]}}, "DISC-13", ""),
        ({"server_metadata": {"code_challenge_methods_supported": None}}, "PKCE-01", ""),
        ({"resource_metadata": {"resource": "http://127.0.0.1:1/mcp"}}, "AUD-01", ""),
    ],
)
async def test_what_is_printed_for_devgw_toml_is_written_and_the_broken_upstream_is_connected(
    tmp_path: Path, server: Server, spoil: dict[str, Any], name: str, value: str
) -> None:
    for switch, wrong in spoil.items():
        setattr(server, switch, wrong)
    async with in_front_of(server, tmp_path) as client:
        assert name in await try_to_connect(client)
        (tmp_path / "devgw.toml").write_text(lines_of((await said(client.gateway, name)).fix, server.origin + value))

    async with in_front_of(server, tmp_path) as client:
        await client.whole_way()
        assert await left(client.gateway) == []


@mends("REG-01", "UPST-09", "UPST-14", "REG-05")
@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        ({"server_metadata": {"registration_endpoint": None}}, "REG-01"),
        (
            {"server_metadata": {"registration_endpoint": None, "client_id_metadata_document_supported": True}},
            "UPST-09",
        ),
        ({"answers": {"/register": (403, {"content-type": "text/html"}, b"<h1>No</h1>")}}, "UPST-14"),
        ({"answers": {"/register": (201, {}, {"client_name": "x"})}}, "UPST-14"),
        ({"answers": {"/register": (400, {}, {"error": "invalid_redirect_uri"})}}, "REG-05"),
    ],
)
async def test_a_client_that_is_registered_by_hand_and_written_as_printed_is_connected(
    tmp_path: Path, server: Server, spoil: dict[str, Any], name: str
) -> None:
    server.knows_its_clients = True
    for switch, wrong in spoil.items():
        setattr(server, switch, wrong)
    async with in_front_of(server, tmp_path) as client:
        assert name in await try_to_connect(client)
        fix = (await said(client.gateway, name)).fix
        uri = written(fix, r"exactly the redirect URI (\S+), and write into the options of mcp-token-exchange-notes")
        options = json.loads("{" + written(fix, r'("clientRegistration": \{.+?\})') + "}")
        server.clients["by-hand"] = {"redirect_uris": [uri]}
        printed = json.dumps(options).replace("its id", "by-hand").replace("its secret", "s3cret")
        set_options(tmp_path, **json.loads(printed))
        await save(client)

        await client.whole_way()
        assert urlsplit(uri).path == urlsplit(server.asked_at("/authorize")[-1].query["redirect_uri"]).path
        assert name not in await left(client.gateway)


@mends("UPST-06", "DISC-09")
@pytest.mark.parametrize(
    ("name", "words", "options"),
    [
        ("UPST-06", "set `scopes` in the policy explicitly", {"scopes": ["notes:read"]}),
        (
            "DISC-09",
            "set protectedResourceMetadataUrl in the token exchange policy",
            {"protectedResourceMetadataUrl": ""},
        ),
    ],
)
async def test_the_option_that_is_printed_connects_it(
    tmp_path: Path, server: Server, name: str, words: str, options: dict[str, Any]
) -> None:
    if name == "UPST-06":
        server.resource_metadata = {"scopes_supported": ["everything"]}

        def strict(sent: dict[str, str]) -> dict[str, str]:
            asked = server.asked_at("/authorize")[-1].query.get("scope")
            return sent if asked == "notes:read" else {"state": sent["state"], "error": "invalid_scope"}

        server.redirect = strict
    else:
        server.challenge, tenant = "Bearer", f"{server.origin}/tenant"
        server.answers = dict.fromkeys((RESOURCE, METADATA, OIDC, "/register"), NOTHING)
        resource = {"resource": f"{server.origin}/mcp", "authorization_servers": [tenant]}
        document = server._metadata(Asked("GET", METADATA, {}, {}, b""))[2]
        document |= {"issuer": tenant, "registration_endpoint": f"{tenant}/register"}
        server.answers |= {"/odd.json": (200, {}, resource), f"{METADATA}/tenant": (200, {}, document)}
        server.answers["/tenant/register"] = 201, {}, {"client_id": "c1", "token_endpoint_auth_method": "none"}
        options = {"protectedResourceMetadataUrl": f"{server.origin}/odd.json"}
    async with in_front_of(server, tmp_path) as client:
        assert name in await try_to_connect(client)
        assert words in (fix := (await said(client.gateway, name)).fix), fix
        set_options(tmp_path, **options)
        await save(client)

        await client.whole_way()
        assert name not in await left(client.gateway)
