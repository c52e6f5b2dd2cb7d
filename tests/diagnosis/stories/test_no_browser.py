"""Steps of the browser's way that no browser shows: a page's scripts, frames, programs; and preflights in vain."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.settings import Settings
from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import running_gateway
from tests.support.mending import mends, written

PAGE = "http://localhost:5173"
FETCHED = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "cross-site"}
FRAMED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe", "accept": "text/html"}


async def asked(gateway: Watched, headers: dict[str, str]) -> tuple[Agent, str]:
    """Register, and ask for the authorization with these headers; return the agent and the URL."""
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register()
    url = agent.url()
    async with httpx2.AsyncClient(timeout=20) as other:
        assert (await other.get(url, headers=headers)).status_code == 302
    return agent, url


async def open_as_printed(agent: Agent, url: str) -> None:
    """Do what is printed: let a browser open the very URL."""
    await agent.gateway.running.sign_in(agent.browser, url)
    await agent.gateway.running.allow(agent.browser)
    await agent.redeem()
    await agent.call()


@mends("SESS-12")
@pytest.mark.parametrize(
    ("headers", "says", "change"),
    [
        (FETCHED | {"origin": PAGE}, f"A page of {PAGE} asked for /oauth/authorize by a script", "location.assign()"),
        ({"origin": PAGE, "accept": "*/*"}, f"A page of {PAGE} asked for /oauth/authorize by a script", "by a link"),
        ({"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, "A page asked for /oauth/authorize", "a new window"),
    ],
)
async def test_an_authorization_that_a_script_asks_for_is_told_at_once_and_over_once_a_browser_opens_it(
    gateway: Watched, headers: dict[str, str], says: str, change: str
) -> None:
    """Fetch Metadata §2.1; Fetch §3.2: no navigation by GET has an Origin."""
    agent, url = await asked(gateway, headers)
    assert await gateway.names() == []  # it may look before it leads the browser there
    gateway.wait(2)

    found = await gateway.only("SESS-12")
    assert found.certain
    assert found.cause.startswith(says)
    assert change in found.fix
    gateway.wait(200)
    await gateway.only("SESS-12")  # and nobody waits for a browser that was never led away

    await open_as_printed(agent, url)
    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("headers", "seconds", "says"),
    [
        (FRAMED, 2, "opened in a frame of a page"),
        (FRAMED | {"sec-fetch-dest": "fencedframe"}, 2, "opened in a frame of a page"),
        ({"accept": "*/*", "user-agent": "python-requests/2.32"}, 12, "asked for by python-requests/2.32"),
        ({"accept": "application/json", "sec-fetch-mode": "cors", "user-agent": "node"}, 12, "asked for by node"),
    ],
)
async def test_what_only_seems_to_be_no_browser_is_suspected(
    gateway: Watched, headers: dict[str, str], seconds: float, says: str
) -> None:
    agent, url = await asked(gateway, headers)
    gateway.wait(seconds)
    found = await gateway.only("SESS-12")
    assert (found.certain, found.gone_when) == (False, "a browser opens it")
    assert says in found.cause

    await open_as_printed(agent, url)
    assert await gateway.names() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept": "text/html"},
        {"accept": "text/html,application/xhtml+xml"},
        {"sec-fetch-mode": "navigate"},
    ],
)
async def test_a_navigation_is_only_waited_for(gateway: Watched, headers: dict[str, str]) -> None:
    await asked(gateway, headers)
    gateway.wait(100)
    assert await gateway.names() == []
    gateway.wait(100)
    await gateway.only("SESS-09")


async def test_a_program_that_looks_before_it_opens_the_browser_is_accused_of_nothing(gateway: Watched) -> None:
    agent, url = await asked(gateway, {"accept": "*/*", "sec-fetch-mode": "cors", "user-agent": "node"})
    gateway.wait(5)
    assert await gateway.names() == []
    await open_as_printed(agent, url)
    gateway.wait(20)
    assert await gateway.names() == []


async def preflight(gateway: Watched, path: str, method: str, headers: str = "content-type") -> httpx2.Response:
    asks = {"origin": PAGE, "access-control-request-method": method, "access-control-request-headers": headers}
    async with httpx2.AsyncClient(timeout=20) as page:
        return await page.options(f"{gateway.origin}{path}", headers=asks)


@mends("CORS-08")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "patch"])
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/register", "/oauth/revoke"])
async def test_a_page_that_asks_by_another_method_than_the_endpoint_has_is_told_at_once(
    gateway: Watched, path: str, method: str
) -> None:
    """Fetch §4.8: the browser sends nothing, so that nobody else can tell."""
    answer = await preflight(gateway, path, method)
    assert (answer.status_code, method in answer.headers["access-control-allow-methods"]) == (204, False)
    found = await of_pages(gateway)
    assert [each.id for each in found] == ["CORS-08"]
    assert f"may send {method} to {path}" in found[0].cause

    assert await goes_through(gateway, path, written(found[0].fix, r"by (\w+), as"))
    assert await of_pages(gateway) == []


async def goes_through(gateway: Watched, path: str, method: str) -> bool:
    answer = await preflight(gateway, path, method)
    return method in answer.headers["access-control-allow-methods"]


async def of_pages(gateway: Watched) -> list[Any]:
    """Return what is said, each once: a preflight to some endpoints is a flow of its own."""
    told = {each.id: each for each in [*await gateway.said(), *await gateway.of_gateway()]}
    return list(told.values())


@pytest.mark.parametrize(
    ("path", "method", "named"),
    [
        ("{mcp}", "PUT", ["CORS-08"]),
        ("{mcp}", "DELETE", []),  # by which pages end a session that there may be
        ("{mcp}", "POST", []),
        ("/.well-known/oauth-protected-resource{mcp}", "GET", []),
        ("/.well-known/oauth-protected-resource{mcp}", "DELETE", ["CORS-08"]),
        ("/.well-known/oauth-authorization-server", "PUT", ["CORS-08"]),
        ("/oauth/token", "POST", []),
        ("/oauth/token", "GET", []),  # which a browser sends all the same, and is answered by name then
        ("/oauth/authorize", "POST", ["CORS-01"]),
        ("/oauth/setup", "PUT", ["CORS-01"]),
        ("/oauth/callback", "GET", ["CORS-01"]),
    ],
)
async def test_each_kind_of_endpoint_tells_which_preflight_leads_to_nothing(
    gateway: Watched, path: str, method: str, named: list[str]
) -> None:
    mcp = gateway.mcp_url.removeprefix(gateway.origin)
    await preflight(gateway, path.format(mcp=mcp), method)
    assert [each.id for each in await of_pages(gateway)] == named


@mends("CORS-03")
async def test_what_a_routes_own_policy_leaves_out_is_named_and_its_addition_lets_the_page_in(tmp_path: Path) -> None:
    policy: dict[str, Any] = {"name": "own", "allowedOrigins": [PAGE], "allowedMethods": ["GET"], "allowedHeaders": []}
    missing = await told_of_policy(tmp_path / "a", policy)
    assert [each.id for each in missing] == ["CORS-03"]
    assert missing[0].fix == "Add authorization, content-type to allowedHeaders of the corsPolicy own."
    policy["allowedHeaders"] = written(missing[0].fix, r"Add (.+) to allowedHeaders").split(", ")
    assert await told_of_policy(tmp_path / "b", policy) == []

    policy["allowedHeaders"] = ["*"]  # which is every header but this one
    starred = await told_of_policy(tmp_path / "c", policy)
    assert starred[0].fix == "Add authorization to allowedHeaders of the corsPolicy own."
    unmet = await told_of_policy(tmp_path / "d", policy, method="PUT")
    assert (unmet[0].id, unmet[0].fix) == ("CORS-08", "Add PUT to allowedMethods of the corsPolicy own.")


async def told_of_policy(root: Path, policy: dict[str, Any], method: str = "POST") -> list[Any]:
    """Return what is said of a page that calls the first route of the sample with this CORS policy."""
    shutil.copytree(sample_root(), root)
    policies, routes = root / "config" / "policies.json", root / "config" / "routes.oas.json"
    policies.write_text(json.dumps(json.loads(policies.read_text("utf-8")) | {"corsPolicies": [policy]}), "utf-8")
    routes.write_text(re.sub(r'"corsPolicy": *"[^"]*"', '"corsPolicy": "own"', routes.read_text("utf-8")), "utf-8")
    clock, settings = SystemClock(), Settings()
    settings = replace(settings, deployed=replace(settings.deployed, cors_policies=True))
    async with running_gateway(root, clock=clock, settings=settings) as running:
        gateway = Watched(running, clock)
        path = gateway.mcp_url.removeprefix(gateway.origin)
        await preflight(gateway, path, method, "authorization, content-type")
        return await of_pages(gateway)
