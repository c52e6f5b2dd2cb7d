"""The sign-in that asks nobody who they are: for this machine alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from devgw.entropy import token
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import Running, running_gateway, write_project
from tests.web.test_authorize import answer_of

TUNNEL = "tunnel.example"


def project(root: Path) -> Path:
    policy = {
        "name": "dev",
        "policyType": "mcp-oauth-inbound",
        "handler": {
            "export": "McpOAuthInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": {
                "oidc": {"issuer": "http://localhost:9000", "jwksUrl": "http://localhost:9000/jwks"},
                "browserLogin": {"url": "http://localhost:9000/oauth/dev-login"},
            },
        },
    }
    route = {
        "post": {
            "operationId": "sample",
            "x-zuplo-route": {
                "handler": {
                    "export": "McpProxyHandler",
                    "module": "$import(@zuplo/runtime/mcp-gateway)",
                    "options": {"rewritePattern": "http://localhost:9002/mcp"},
                },
                "policies": {"inbound": ["dev"]},
            },
        }
    }
    return write_project(root, [policy], {"/mcp/sample": route})


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_gateway(project(tmp_path), settings=Settings(allowed_hosts=(TUNNEL,))) as gateway:
        yield gateway


async def test_dev_login_signs_in_without_any_provider(
    local: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await browser.open(local.origin)
    assert browser.page is not None
    assert "identity provider" not in browser.page.text
    client = await local.register(http)
    await browser.open(local.authorize_url(client["client_id"], token("")))
    await browser.press("Sign in as")
    assert "Signed in as Development user" in browser.page.text
    await browser.press("Allow")
    assert browser.location is not None
    assert "code" in answer_of(browser.location)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "203.0.113.5"},
        {"x-forwarded-proto": "https"},
        {"x-real-ip": "203.0.113.5"},
        {"via": "1.1 tunnel"},
        {"forwarded": "for=203.0.113.5"},
        {"cf-connecting-ip": "203.0.113.5"},
        {"host": TUNNEL},
    ],
    ids=str,
)
async def test_whoever_comes_by_a_tunnel_is_not_signed_in_by_its_page_nor_without_it(
    local: Running, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """A tunnel on this machine connects from loopback; the callback needs no click on the page before it."""
    client = await local.register(http)
    begun = await http.get(local.authorize_url(client["client_id"], token("")), headers={"accept": "text/html"})
    shown = begun.headers["location"]
    assert shown.startswith(f"{local.origin}/oauth/dev-login?state=")
    cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
    callback = shown.replace("/dev-login", "/callback")
    for url in (shown, callback):
        answer = await http.get(url, headers=cookie | {"accept": "text/html"} | headers)
        assert (answer.status_code, "works on this machine only" in answer.text) == (403, True), url
        assert "HOST-09" in answer.text
        assert "devgw_session" not in answer.headers.get("set-cookie", "")
    own = await http.get(callback, headers=cookie | {"accept": "text/html"})
    assert own.status_code == 303
    assert "devgw_session" in own.headers["set-cookie"]
