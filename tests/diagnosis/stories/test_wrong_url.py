"""The wrong URL: whoever asks where nothing is served is told what is nearest, and every face has its name."""

from typing import Any

import httpx2
import pytest

from devgw.events.taxonomy import PathNotFound
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import mcp_request

NEAREST = "/mcp/sample"
AGENTS = ("node", "python-httpx2/2", "curl/8.5.0", "Mozilla/5.0")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/.well-known/oauth-protected-resource/mcp/smaple", ["DISC-14"]),
        ("/.well-known/oauth-authorization-server/mcp/smaple", ["DISC-14"]),
        ("/.well-known/openid-configurations", []),
        ("/mcp/sample/.well-known/oauth-authorization-server", []),
    ],
)
async def test_the_gateways_own_page_is_not_called_one_that_stands_before_its_metadata(
    gateway: Watched, path: str, names: list[str]
) -> None:
    """Who opens a document by hand asks for a page, and gets one that says what is wrong."""
    async with Browser() as browser:
        await browser.open(gateway.origin + path)
    assert browser.page is not None
    assert browser.page.headers["content-type"].startswith("text/html")
    assert await gateway.names() == names


@pytest.mark.parametrize(
    ("method", "path", "nearest"),
    [
        ("POST", "/", ""),
        ("POST", "/mcp", ""),
        ("POST", "/sse", ""),
        ("GET", "/sse", ""),
        ("POST", "/mcp/sampl", NEAREST),
        ("POST", "/mcp/Sample", NEAREST),
        ("POST", "/mcp/smaple", NEAREST),
        ("POST", "/mcp/sample/sse", NEAREST),
        ("POST", "/sample/mcp", NEAREST),
        ("POST", "/api/mcp/sample", NEAREST),
        ("POST", "//mcp/sample", NEAREST),
        ("POST", "/__zuplo/mcp/sample", NEAREST),
        ("GET", "/mcp/smaple", NEAREST),
        ("DELETE", "/mcp/smaple", NEAREST),
        ("OPTIONS", "/mcp/smaple", NEAREST),
        ("GET", "/.well-known/oauth-protected-resource/mcp/smaple", NEAREST),
        ("GET", "/.well-known/oauth-authorization-server/mcp/smaple", NEAREST),
        ("GET", "/mcp/smaple/.well-known/openid-configuration", NEAREST),
        ("POST", "/mcp/something-else", ""),
    ],
)
async def test_a_url_that_is_no_route(gateway: Watched, method: str, path: str, nearest: str) -> None:
    agent = AGENTS[(len(method) + len(path)) % len(AGENTS)]  # which client it is makes no difference
    body: dict[str, Any] = {"json": mcp_request("initialize")} if method == "POST" else {}
    async with httpx2.AsyncClient(headers={"user-agent": agent}) as http:
        answer = await http.request(method, gateway.origin + path, **body)

    assert answer.status_code == 404
    said = answer.json()
    assert "DISC-14" in said["error_description"]
    assert said.get("nearest", "") == (gateway.origin + nearest if nearest else "")
    assert gateway.mcp_url in said["routes"]
    found = await gateway.only("DISC-14")
    assert found.certain
    assert (gateway.origin + nearest) in found.fix
    assert found.cause in said["error_description"]
    (event,) = gateway.running.events(PathNotFound)
    assert event.explanation == found.cause
    gateway.wait(600)
    assert await gateway.names() == ["DISC-14"]
    assert await gateway.of_gateway() == []


async def test_a_person_gets_a_page_with_the_nearest_route(gateway: Watched, browser: Browser) -> None:
    async with httpx2.AsyncClient(headers={"accept": "text/html"}) as http:
        answer = await http.get(f"{gateway.origin}/mcp/smaple")

    assert answer.status_code == 404
    assert "DISC-14" in answer.text
    assert gateway.mcp_url in answer.text
    assert "<mark>" in answer.text


@pytest.mark.parametrize(
    ("path", "nearest"),
    [("/oauth2/token", "/oauth/token"), ("/oauth/tokens", "/oauth/token"), ("/oauth/v1/register", "/oauth/register")],
)
async def test_an_endpoint_at_a_path_that_is_none(
    gateway: Watched, http: httpx2.AsyncClient, path: str, nearest: str
) -> None:
    form = {"grant_type": "authorization_code", "code": "x"} if "token" in path else None
    answer = await http.post(gateway.origin + path, data=form)

    assert answer.status_code == 404
    assert answer.json()["nearest"] == gateway.origin + nearest
    assert gateway.origin + nearest in (await gateway.only("DISC-10")).fix


async def test_a_request_without_a_method_of_mcp_is_told_by_its_own_once(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    await http.post(f"{gateway.origin}/mcp/smaple", json={})

    (flow,) = await gateway.flows()
    assert flow.messages[0].label == "POST /mcp/smaple"


async def test_a_code_that_is_sent_to_no_token_endpoint(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.running.code(http, browser)
    await http.post(f"{gateway.origin}/oauth2/token", data=code.form(resource=gateway.mcp_url))
    gateway.wait(40)
    assert await gateway.names() == ["DISC-10"]

    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 200
    assert await gateway.names() == []


async def test_the_nearest_route_works_and_is_another_attempt(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    answer = await http.post(f"{gateway.origin}/mcp/smaple", json=mcp_request("tools/list"))
    url = answer.json()["nearest"]
    assert (await http.post(url, json=mcp_request("tools/list"))).status_code == 401
    tokens = await gateway.running.tokens(http, browser)
    bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    assert (await http.post(url, json=mcp_request("tools/list"), headers=bearer)).status_code == 200

    first, second = await gateway.flows()
    assert [each.id for each in first.diagnoses] == ["DISC-14"]
    assert second.diagnoses == ()
    assert str(second.state) == "done"


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/robots.txt", "/health", "/.well-known/appspecific/com.chrome.devtools.json", "/a/b"]
)
async def test_what_everybody_asks_of_habit_is_answered_and_not_talked_about(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    assert (await http.get(gateway.origin + path)).status_code == 404

    gateway.wait(600)
    assert await gateway.flows() == []
    assert await gateway.of_gateway() == []


@pytest.mark.parametrize("path", ["/mcp/smaple", "/mcp/sample/sse", "/api/mcp/sample", "/"])
@pytest.mark.parametrize("body", ['{"jsonrpc":"2.0","id":1,"method":"tools/list"}', "{}", ""])
async def test_what_curl_sends_as_a_form_looks_for_a_route_all_the_same(gateway: Watched, path: str, body: str) -> None:
    """`curl -d` calls it a form where nobody says that it is JSON."""
    headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "curl/8.5.0"}
    async with httpx2.AsyncClient(headers=headers) as curl:
        answer = await curl.post(f"{gateway.origin}{path}", content=body)
    assert "DISC-14" in answer.json()["error_description"]
    await gateway.only("DISC-14")


async def test_a_code_at_a_wrong_path_is_a_token_request(gateway: Watched, http: httpx2.AsyncClient) -> None:
    answer = await http.post(f"{gateway.origin}/login/access", data={"grant_type": "authorization_code", "code": "c"})
    assert answer.json()["nearest"] == f"{gateway.origin}/oauth/token"
    await gateway.only("DISC-10")
