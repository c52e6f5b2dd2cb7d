"""A real run with a secret of every origin in it: no face of the gateway shows one, and the live path has them all."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx2
import pytest

from devgw.cli.headless import as_ndjson
from devgw.control.client import ask_once, snapshot_once
from devgw.control.folder import control_folder
from devgw.control.messages import KINDS, TraceRow
from devgw.monitor.invisible import without_invisible
from devgw.monitor.lines import line_of
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.support.serving import serve

PLAIN = "correct horse/battery"
"""From the environment: without any shape, under a name that says nothing."""
WRITTEN = "Tr0ub4dor-in-a-query"
"""In a query, under a name that tells it."""
COPIES = ("curl", "url", "headers", "body")
NAMES = {"x-shop-thing": "$env(SHOP_THING)", "x-other": "$env(SHOP_THING)"}


def project(root: Path, upstream: str, *, connects: bool = False) -> Path:
    def policy(name: str, kind: str, export: str, **options: Any) -> dict[str, Any]:
        module = "$import(@zuplo/runtime/mcp-gateway)" if kind.startswith("mcp") else "$import(@zuplo/runtime)"
        return {"name": name, "policyType": kind, "handler": {"export": export, "module": module, "options": options}}

    login = policy(
        "dev",
        "mcp-oauth-inbound",
        "McpOAuthInboundPolicy",
        oidc={"issuer": "http://localhost:9000", "jwksUrl": "http://localhost:9000/jwks"},
        browserLogin={"url": "http://localhost:9000/oauth/dev-login"},
    )
    headers = [{"name": name, "value": value, "overwrite": True} for name, value in NAMES.items()]
    more = policy("more", "set-headers-inbound", "SetHeadersInboundPolicy", headers=headers)
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": upstream},
    }
    account = {"displayName": "Shop", "authMode": "user-oauth", "clientRegistration": {"mode": "auto"}}
    exchange = policy(
        "mcp-token-exchange-shop", "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", **account
    )
    inbound = ["dev", "more", *(["mcp-token-exchange-shop"] if connects else [])]
    route = {"operationId": "echo", "x-zuplo-route": {"handler": handler, "policies": {"inbound": inbound}}}
    return write_project(root, [login, more, exchange], {"/mcp/echo": {"post": route}})


async def signed_in(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> tuple[str, str]:
    """Return an access token for the route, and the code that brought it."""
    client = await gateway.register(http)
    verifier = "v" * 43
    await browser.open(gateway.authorize_url(client["client_id"], verifier))
    await browser.press("Sign in as")
    await browser.press("Allow")
    assert browser.location is not None
    code = dict(httpx2.URL(browser.location).params)["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": client["client_id"]}
    form |= {"redirect_uri": CALLBACK, "code_verifier": verifier}
    return (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()["access_token"], code


IN_A_PATH = "battery-staple-77"


@pytest.mark.parametrize("method", ["tools/call", ""])
async def test_what_a_client_is_told_of_an_upstream_leaves_the_secrets_of_its_url_out(
    tmp_path: Path, method: str
) -> None:
    """A model reads it, and whoever runs the model."""
    async with (
        running_gateway(
            project(tmp_path, "http://localhost:1/$env(SHOP_THING)/mcp"), environ={"SHOP_THING": IN_A_PATH}
        ) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        token, _ = await signed_in(gateway, http, browser)
        message = mcp_request(method, {"name": "x"}) if method else {"jsonrpc": "2.0", "method": "notifications/x"}
        answer = await http.post(gateway.mcp_url, json=message, headers={"authorization": f"Bearer {token}"})
        assert "upstream_refused_connection" in answer.text
        assert "http://localhost:1/…#" in answer.json().get("detail", "") + str(answer.json().get("error"))
        assert IN_A_PATH not in answer.text


async def test_the_pages_that_lead_to_an_upstream_leave_the_secrets_of_its_url_out(tmp_path: Path) -> None:
    """Whoever has the link reads them."""
    root = project(tmp_path, "http://localhost:1/$env(SHOP_THING)/mcp", connects=True)
    async with (
        running_gateway(root, environ={"SHOP_THING": IN_A_PATH}) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        client = await gateway.register(http)
        await browser.open(gateway.authorize_url(client["client_id"], "v" * 43))
        await browser.press("Sign in as")
        assert browser.page is not None
        link = next(href for href, label in browser.page.links if label == "Connect Shop")
        asked = await http.get(link, headers=browser.cookies | {"accept": "text/html"})
        failed = await http.get(link, headers=browser.cookies | {"accept": "text/html", "sec-fetch-site": "none"})
        told = await http.get(link, headers=browser.cookies | {"accept": "application/json", "sec-fetch-site": "none"})
        for page in (asked, failed, told):
            assert "http://localhost:1/" in page.text
            assert IN_A_PATH not in page.text


async def test_what_an_upstream_echoes_is_shown_by_no_face(tmp_path: Path) -> None:
    received: list[str] = []

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        asked = json.loads((await receive())["body"])
        got = dict(scope["headers"])[b"x-shop-thing"].decode()
        received.append(got)
        said = {"plain": got, "coded": b64encode(got.encode()).decode(), "key": "sk-proj-" + "aB3_" * 9}
        text = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"said": said, "text": json.dumps(said)}})
        headers = [(b"content-type", b"application/json"), (b"x-echo", got.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    lines: list[str] = []
    async with (
        serve(echo) as upstream,
        running_gateway(
            project(tmp_path, f"{upstream}/mcp"),
            environ={"SHOP_THING": PLAIN},
            settings=Settings(root=tmp_path, port=0),
        ) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        token, code = await signed_in(gateway, http, browser)
        headers = {"authorization": f"Bearer {token}"}
        answer = await http.post(f"{gateway.mcp_url}?key={WRITTEN}", json=mcp_request("x"), headers=headers)
        assert received == [PLAIN]
        assert answer.json()["result"]["said"]["plain"] == PLAIN, "the live path is never touched"
        hide = gateway.runtime.monitor.secrets.hide
        lines += [hide(as_ndjson(line_of(each))) for each in gateway.published]
        faces = await everything(gateway.runtime)
    told = "".join([*lines, *faces])
    coded = b64encode(PLAIN.encode()).decode()[:20]
    for secret in (PLAIN, "correct horse", "horse/battery", coded, WRITTEN, token, code):
        assert secret not in told, secret
    assert "x-echo" in told


TOKEN = "ghp_" + "a1B2" * 9
PARTED = [TOKEN, *(TOKEN[:12] + sign + TOKEN[12:] for sign in ("\u200b", "\u00ad", "\u202e", "\x00", "\x7f"))]


@pytest.mark.parametrize("written", PARTED, ids=ascii)
async def test_a_token_is_shown_in_no_place_into_which_a_client_may_put_it_by_mistake(
    tmp_path: Path, written: str
) -> None:
    quoted = quote(written)
    settings = Settings(root=project(tmp_path, "http://localhost:1/mcp"), port=0)
    faces: list[str] = []
    async with (
        running_gateway(settings.root, environ={"SHOP_THING": PLAIN}, settings=settings, ephemeral=False) as gateway,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        access, _ = await signed_in(gateway, http, browser)
        await gateway.register(http, client_name=f"Acme {written.isprintable() and written}", scope="mcp:tools")
        for asked in (
            {"redirect_uris": [f"http://localhost:1/cb?x={quoted}"]},
            {"redirect_uris": [f"{TOKEN.replace('_', '-')}://x", f"https://{quoted}.example/"]},
            {"token_endpoint_auth_method": written},
            {"grant_types": [written]},
            {written: written},
        ):
            document = {"client_name": "x", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
            await http.post(gateway.at("/oauth/register"), json=document | asked)
        client = (await gateway.register(http))["client_id"]
        for parameter in ("code_challenge_method", "response_type", "scope", "prompt", "resource", "state"):
            value = f"{gateway.mcp_url}/{written}" if parameter == "resource" else written
            await http.get(gateway.authorize_url(client, "v" * 43, **{parameter: value}))
        await http.get(gateway.authorize_url(f"http://localhost:1/{quoted}", "v" * 43))
        for path in (f"/auth/connections/{quoted}/callback?state=x&code=y", f"/mcp/{quoted}", f"/oauth/{quoted}"):
            await http.get(gateway.at(path))
        headers = {"authorization": f"Bearer {access}", "user-agent": f"agent {TOKEN}", "mcp-protocol-version": TOKEN}
        await http.post(
            gateway.mcp_url, json=mcp_request("x", {written: {"password": "x", written: 1}}), headers=headers
        )
        faces += await everything(gateway.runtime)
    async with running_gateway(
        settings.root, environ={"SHOP_THING": PLAIN}, settings=settings, ephemeral=False
    ) as gateway:
        faces += await everything(gateway.runtime)
    log = tmp_path / ".devgw" / "gateway.log"
    faces += [log.read_text(encoding="utf-8")] if log.exists() else []
    told = "".join(faces)
    for seen in (told, unquote(told), unquote(unquote(told)), told.encode().decode("unicode_escape", "replace")):
        parts = without_invisible(seen).split("a1B2a1B2a1B2a1B2a1B2")
        assert [each[-160:] for each in parts[:-1]] == []


async def everything(runtime: Any) -> list[str]:
    """Return whatever the control socket tells: the rows, each trace opened, and each form of it that is copied."""
    folder = control_folder(runtime.settings)
    rows = await snapshot_once(folder, list(KINDS))
    told = [repr(rows)]
    for kind in ("flow", "client", "session"):
        ids = [str(each.to_json()["id"]) for each in rows.rows[kind]]
        told += [repr(await ask_once(folder, "inspect", kind=kind, id=id_)) for id_ in ids]
    for row in rows.of("trace", TraceRow):
        told.append(repr(await ask_once(folder, "inspect", kind="trace", id=row.id)))
        told += [repr(await ask_once(folder, "copy", kind=kind, id=row.id)) for kind in COPIES]
    return told
