"""`[deployed] strict = true` over real sockets: each point at which devgw departs, with the setting and without."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.config.settings_file import read_settings
from devgw.departure import STRICT
from devgw.emulators.upstream_auth import create_app
from devgw.entropy import token
from devgw.events.trace import Trace
from devgw.settings import ProxySettings, Settings, UpstreamSettings
from devgw.wiring.building import CannotStart
from devgw.wiring.config_view import config_view
from devgw.wiring.departures import DEPARTURES
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.support.serving import listen, origin_of, serve
from tests.web.test_connect import OAUTH
from tests.web.test_connect import project as with_exchange
from tests.web.test_register import published

BOTH = pytest.mark.parametrize("strict", [False, True], ids=["as usual", "strict"])
PLUGIN = "runtime.addPlugin(new McpGatewayPlugin());"


def settings(strict: bool, folder: Path, toml: str = "") -> Settings:
    """Return what `devgw.toml` says with the setting, or without."""
    (folder / "devgw.toml").write_text(f"{toml}\n{STRICT if strict else ''}\n", "utf-8")
    found, _ = read_settings(folder, {})
    return replace(found, root=folder)


@asynccontextmanager
async def running(strict: bool, folder: Path, toml: str = "", project: Path | None = None) -> AsyncIterator[Running]:
    """Run the sample, or `project`, with the setting or without."""
    async with running_gateway(project, settings=settings(strict, folder, toml)) as gateway:
        yield gateway


def buildable(root: Path) -> Path:
    """Give a project the two files without which nothing is deployed."""
    (root / "modules").mkdir(exist_ok=True)
    (root / "modules" / "zuplo.runtime.ts").write_text(PLUGIN, "utf-8")
    (root / "zuplo.jsonc").write_text('{"version": 1, "compatibilityDate": "2026-03-01"}', "utf-8")
    return root


def filtered(root: Path, upstream: str) -> Path:
    """Write a project with one route whose filter lists one tool."""
    policy = {
        "name": "filter",
        "policyType": "mcp-capability-filter-inbound",
        "handler": {
            "export": "McpCapabilityFilterInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": {"tools": ["echo"]},
        },
    }
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": f"{upstream}/mcp"},
    }
    inbound = {"handler": handler, "policies": {"inbound": ["login", "filter"]}}
    route = {"operationId": "tools", "x-zuplo-route": inbound}
    return buildable(write_project(root, [OAUTH, policy], {"/mcp/tools": {"post": route}}))


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    accept = "application/json, text/event-stream"
    return {"authorization": f"Bearer {tokens['access_token']}", "accept": accept, "mcp-protocol-version": "2025-11-25"}


async def trace_of(gateway: Running, is_meant: Callable[[Trace], bool]) -> Trace:
    """Return the trace that is meant, once it is written: that happens after the answer."""
    async with asyncio.timeout(10):
        while True:
            gateway.runtime.bus.drain()
            if found := [each for each in gateway.runtime.monitor.traces if is_meant(each)]:
                return found[0]
            await asyncio.sleep(0.01)


def test_each_point_that_a_setting_changes_has_its_proof_here() -> None:
    here = {name.removeprefix("test_") for name in dir(sys.modules[__name__])}

    assert {each.name.replace("-", "_") for each in DEPARTURES if each.setting} <= here


@BOTH
async def test_refresh_tokens(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        first = await gateway.tokens(http, browser)
        form = {"grant_type": "refresh_token", "client_id": first["client_id"], "resource": gateway.mcp_url}
        again = await http.post(f"{gateway.origin}/oauth/token", data=form | {"refresh_token": first["refresh_token"]})

        assert (again.json()["refresh_token"] == first["refresh_token"]) is strict


@BOTH
async def test_token_resource(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        code = await gateway.code(http, browser)
        answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form())

        assert answer.status_code == (400 if strict else 200), answer.text
        if strict:
            said = answer.json()
            assert (said["error"], said["reason"]) == ("invalid_target", "resource_not_sent")
            named = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
            assert named.status_code == 200, "the refusal spent nothing"
        else:
            trace = await trace_of(gateway, lambda each: each.path == "/oauth/token")
            assert any("the deployed gateway asks for it" in note for note in trace.notes)


@BOTH
async def test_token_resource_at_a_refresh(
    tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool
) -> None:
    async with running(strict, tmp_path) as gateway:
        tokens = await gateway.tokens(http, browser)
        form = {"grant_type": "refresh_token", "client_id": tokens["client_id"]}
        answer = await http.post(
            f"{gateway.origin}/oauth/token", data=form | {"refresh_token": tokens["refresh_token"]}
        )

        assert answer.status_code == (400 if strict else 200), answer.text


@BOTH
async def test_consent_memory(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        client = await gateway.register(http)
        for was_asked_before in (False, True):
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
            is_asked = browser.location is None
            assert is_asked is (strict or not was_asked_before)
            await gateway.allow(browser)
            assert browser.location is not None
            assert "code=" in browser.location


@BOTH
async def test_host_names(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        tokens = await gateway.tokens(http, browser)
        other = gateway.mcp_url.replace("localhost", "127.0.0.1")
        same = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer(tokens))
        answer = await http.post(other, json=mcp_request("ping"), headers=bearer(tokens))

        assert same.status_code == 200, same.text
        assert answer.status_code == (401 if strict else 200), answer.text
        if strict:
            assert answer.json()["reason"] == "invalid_audience"
        form = {"grant_type": "refresh_token", "client_id": tokens["client_id"], "resource": other}
        redeemed = await http.post(
            f"{gateway.origin}/oauth/token", data=form | {"refresh_token": tokens["refresh_token"]}
        )
        assert redeemed.status_code == (400 if strict else 200), redeemed.text


@pytest.mark.parametrize(
    ("deployed", "status"),
    [("", 302), ("client_documents = true", 400), ("strict = true", 400)],
    ids=["as usual", "the setting of its own", "strict"],
)
async def test_kept_documents(tmp_path: Path, http: httpx2.AsyncClient, deployed: str, status: int) -> None:
    url = "https://client.invalid/client.json"
    copy = {"client_id": url, "client_name": "kept", "redirect_uris": [CALLBACK]}
    (tmp_path / "copy.json").write_text(json.dumps(copy), "utf-8")
    toml = f'[deployed]\n{deployed}\n[client_documents]\n"{url}" = "copy.json"\n'
    async with running(False, tmp_path, toml) as gateway:
        answer = await http.get(gateway.authorize_url(url, token("")))

        assert answer.status_code == status, answer.text


@BOTH
async def test_local_documents(tmp_path: Path, http: httpx2.AsyncClient, strict: bool) -> None:
    async with (
        published({"client_name": "local", "redirect_uris": [CALLBACK]}) as client_id,
        running(strict, tmp_path) as gateway,
    ):
        answer = await http.get(gateway.authorize_url(client_id, token("")))

        assert answer.status_code == (400 if strict else 302), answer.text
        assert ("where the deployed gateway cannot read it" in answer.text) is strict


@BOTH
async def test_endpoints(tmp_path: Path, http: httpx2.AsyncClient, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        at_home = [await http.post(f"{gateway.origin}{path}") for path in ("/oauth/token", "/oauth/revoke")]
        guessed = [await http.post(f"{gateway.origin}{path}") for path in ("/token", "/revoke", "/__zuplo/oauth/token")]
        metadata = await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server/mcp/sample")
        slash = await http.post(f"{gateway.mcp_url}/", json=mcp_request("ping"))

        assert slash.status_code == (404 if strict else 401)
        assert all(each.status_code in {400, 401} for each in at_home)
        assert {each.status_code == 404 for each in guessed} == {strict}
        assert metadata.status_code == 200
        if strict:
            assert guessed[0].json()["nearest"] == f"{gateway.origin}/oauth/token"


def with_cors(root: Path, upstream: str, name: str) -> Path:
    """Give the one route of a project a CORS policy."""
    filtered(root, upstream)
    for file, change in (("routes.oas.json", _name_policy(name)), ("policies.json", _declare_policy)):
        path = root / "config" / file
        document = json.loads(path.read_text("utf-8"))
        change(document)
        path.write_text(json.dumps(document), "utf-8")
    return root


def _name_policy(name: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["paths"]["/mcp/tools"]["post"]["x-zuplo-route"]["corsPolicy"] = name

    return change


def _declare_policy(document: Any) -> None:
    own = {"name": "ours", "allowedOrigins": "https://nowhere.example, http://*.localhost:5173"}
    more = {"allowedMethods": ["POST"], "allowedHeaders": ["content-type"], "exposeHeaders": ["x-a"], "maxAge": 60}
    document["corsPolicies"] = [own | more]


@BOTH
@pytest.mark.parametrize(
    ("policy", "page", "may"),
    [
        ("none", "http://localhost:5173", False),
        ("anything-goes", "http://localhost:5173", True),
        ("ours", "http://app.localhost:5173", True),
        ("ours", "http://APP.localhost:5173", True),
        ("ours", "http://localhost:5173", False),
        ("ours", "http://a.b.localhost:5173", False),
    ],
)
async def test_cors_policies(
    tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool, policy: str, page: str, may: bool
) -> None:
    async with serve(list_as_stream) as upstream:
        root = with_cors(tmp_path, upstream, policy)
        async with running(strict, tmp_path, project=root) as gateway:
            asking = {"origin": page, "access-control-request-method": "POST"}
            asked = await http.options(gateway.mcp_url, headers=asking)
            headers = bearer(await gateway.tokens(http, browser)) | {"origin": page}
            called = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)

            assert called.status_code == 200
            allowed = called.headers.get("access-control-allow-origin")
            if not strict:
                assert (asked.status_code, allowed) == (204, "*")
            elif may:
                assert (asked.status_code, allowed) == (200, page)
                max_age = "60" if policy == "ours" else "600"
                assert asked.headers["access-control-max-age"] == max_age
                assert asked.headers["access-control-allow-methods"] == "POST"
                exposed = called.headers["access-control-expose-headers"]
                assert exposed == ("x-a" if policy == "ours" else "*")
            else:
                assert (asked.status_code, allowed) == (404, None)
                assert f'corsPolicy "{policy}"' in asked.json()["detail"]


@BOTH
async def test_base_path(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with serve(list_as_stream) as upstream:
        root = filtered(tmp_path, upstream)
        async with running(strict, tmp_path, project=root) as gateway:
            base = "/__zuplo" if strict else ""
            metadata = await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server")
            root_form = await http.post(f"{gateway.origin}/oauth/token")

            assert metadata.json()["token_endpoint"] == f"{gateway.origin}{base}/oauth/token"
            assert (root_form.status_code == 404) is strict
            tokens = await gateway.tokens(http, browser)
            assert tokens["access_token"].startswith("at_")


@BOTH
async def test_sessions(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with running(strict, tmp_path, "[proxy]\nstateful = true\n") as gateway:
        tokens = await gateway.tokens(http, browser)
        await http.delete(gateway.mcp_url, headers=bearer(tokens))

        trace = await trace_of(gateway, lambda each: each.method == "DELETE")
        assert (trace.upstream_url is None) is strict


async def list_as_stream(scope: Any, receive: Any, send: Any) -> None:
    """Answer each request with two tools, as an event stream."""
    if scope["type"] != "http":
        return
    asked = json.loads((await receive())["body"])
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "hidden")]
    event = f"data: {json.dumps({'jsonrpc': '2.0', 'id': asked['id'], 'result': {'tools': tools}})}\n\n"
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": event.encode()})


@BOTH
async def test_list_streams(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    async with serve(list_as_stream) as upstream:
        root = filtered(tmp_path, upstream)
        async with running(strict, tmp_path, project=root) as gateway:
            headers = bearer(await gateway.tokens(http, browser))
            listed = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
            called = await http.post(
                gateway.mcp_url, json=mcp_request("tools/call", {"name": "hidden"}), headers=headers
            )

            assert "echo" in listed.text
            assert ("hidden" in listed.text) is strict
            assert called.json()["error"]["code"] == -32601
            trace = await trace_of(gateway, lambda each: each.mcp_method == "tools/list")
            assert any(("was not filtered" in note) is strict for note in trace.notes if "event stream" in note)


@BOTH
async def test_connect_errors(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    """A client of 2025-06-18 does not know -32042; of a shared upstream nobody has a credential yet."""
    with listen() as socket:
        upstream = create_app(FrozenClock(), origin_of(socket, "localhost"))
        root = buildable(with_exchange(tmp_path, f"{upstream.metadata.issuer}/mcp"))
        async with serve(upstream, on=socket), running(strict, tmp_path, project=root) as gateway:
            client = await gateway.register(http)
            verifier = token("")
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], verifier))
            await gateway.allow(browser)
            assert browser.location
            code = httpx2.URL(browser.location).params["code"]
            form = {"grant_type": "authorization_code", "code": code, "client_id": client["client_id"]}
            form |= {"redirect_uri": CALLBACK, "code_verifier": verifier, "resource": gateway.mcp_url}
            tokens = (await http.post(gateway.at("/oauth/token"), data=form)).json()
            side = gateway.runtime.upstreams
            (connection,) = side.oauth.connections()
            await side.oauth.disconnect(connection.subject_id, connection.upstream_server_id)
            headers = bearer(tokens) | {"mcp-protocol-version": "2025-06-18"}
            call = mcp_request("tools/call", {"name": "whoami", "arguments": {}})
            answer = (await http.post(gateway.mcp_url, json=call, headers=headers)).json()

            assert ("error" in answer) is strict
            if strict:
                assert answer["error"]["code"] == -32042
                assert answer["error"]["data"]["authUrl"].startswith(gateway.origin)
            else:
                assert answer["result"]["isError"] is True


@BOTH
async def test_mended_documents(tmp_path: Path, http: httpx2.AsyncClient, browser: Browser, strict: bool) -> None:
    with listen() as socket:
        upstream = create_app(FrozenClock(), origin_of(socket, "localhost"))
        root = buildable(with_exchange(tmp_path, f"{upstream.metadata.issuer}/mcp"))
        mended = f"{upstream.metadata.issuer}/authorize?mended=yes"
        toml = f'[upstreams.notes.authorization_server_metadata]\nauthorization_endpoint = "{mended}"\n'
        browser.stops = (*browser.stops, f"{upstream.metadata.issuer}/authorize")
        async with serve(upstream, on=socket), running(strict, tmp_path, toml, root) as gateway:
            client = await gateway.register(http)
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
            await browser.press("Connect Notes")

            assert browser.location is not None
            assert ("mended=yes" in browser.location) is not strict


@BOTH
@pytest.mark.parametrize("missing", ["modules/zuplo.runtime.ts", "zuplo.jsonc"])
async def test_project_files(tmp_path: Path, strict: bool, missing: str) -> None:
    async with serve(list_as_stream) as upstream:
        root = filtered(tmp_path, upstream)
        (root / missing).write_text('{"compatibilityDate": "2025-02-06"}', "utf-8")
        if strict:
            with pytest.raises(CannotStart) as refused:
                async with running(strict, tmp_path, project=root):
                    pass
            errors = [each.code for each in refused.value.findings if each.severity == "error"]
            assert errors == ["plugin-missing" if missing.endswith(".ts") else "compatibility-date"]
        else:
            async with running(strict, tmp_path, project=root) as gateway:
                assert gateway.runtime.gateway.project.routes


@BOTH
async def test_config_and_health_say_which_holds(tmp_path: Path, strict: bool) -> None:
    async with running(strict, tmp_path) as gateway:
        monitor = gateway.runtime.monitor
        (check,) = [each for each in monitor.health.look().checks if each.name == "as deployed"]
        effective = config_view(gateway.runtime, []).effective

        assert check.state == "ok"
        assert check.text == effective["deployed"]
        assert check.text.startswith("strict, but for " if strict else "differs on purpose in refresh-tokens, ")
        assert effective["refreshTokens"].startswith("kept, as deployed" if strict else "rotated at each use")


def test_strict_holds_wherever_settings_are_made() -> None:
    """A flag, a test or a reload that builds settings by itself cannot forget what strict means."""
    given = Settings(proxy=ProxySettings(stateful=True), upstreams={"linear": UpstreamSettings()}, base_path="/dev")
    strict = replace(given, deployed=replace(given.deployed, strict=True))

    assert not any(each.is_made(strict) for each in DEPARTURES if each.setting)
    assert (strict.base_path, strict.proxy.stateful, dict(strict.upstreams)) == (None, False, {})
