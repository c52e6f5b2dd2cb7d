"""How clients probe is no failure: it is told to those alone who asked for everything."""

import httpx2
import pytest

from devgw.events.flow import FlowState
from devgw.events.taxonomy import McpRequestRejected
from devgw.monitor.lines import is_detail, line_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import mcp_request


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_method_that_every_sdk_tries_once_is_quiet(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, method: str
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "text/event-stream"}
    assert (await http.request(method, gateway.mcp_url, headers=headers)).status_code == 405

    told = [each for each in gateway.running.published if isinstance(each.event, McpRequestRejected)]
    assert [each.event.status for each in told if isinstance(each.event, McpRequestRejected)] == [405]
    assert is_detail(told[0].event)
    assert line_of(told[0]).severity == ""
    (flow,) = await gateway.flows()
    assert (flow.failure, flow.state, flow.diagnoses) == (None, FlowState.ACTIVE, ())


@pytest.mark.parametrize(
    "path",
    ["/", "/oauth/token", "/oauth/register", "/oauth/revoke", "/oauth/authorize", "/oauth/callback", "/oauth/setup",
     "/mcp/sample", "/.well-known/oauth-protected-resource/mcp/sample"],
)  # fmt: skip
async def test_who_looks_whether_an_address_is_alive_is_no_client_that_fails(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    """RFC 9110 §9.3.2: monitors, link checkers and previews ask by HEAD."""
    await http.head(f"{gateway.origin}{path}", headers={"user-agent": "UptimeRobot/2.0"})
    gateway.wait(5)
    assert (await gateway.names(), await gateway.of_gateway()) == ([], [])
    assert [each.state for each in await gateway.flows() if each.state is FlowState.FAILED] == []


async def test_a_token_whose_time_is_over_is_told_without_alarm(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Each client meets it four times an hour, and refreshes."""
    tokens = await gateway.running.tokens(http, browser)
    gateway.wait(1_000)
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=headers)).status_code == 401
    told = [each for each in gateway.running.published if isinstance(each.event, McpRequestRejected)]
    assert [line_of(each).severity for each in told] == [""]
    assert not is_detail(told[0].event)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/register", "/oauth/authorize", "/oauth/setup", "/mcp/sample"])
async def test_asking_for_options_is_no_preflight_unless_a_browser_asks_for_a_method(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    """Fetch Standard §3.3: a preflight has Origin and Access-Control-Request-Method."""
    await http.options(f"{gateway.origin}{path}", headers={"origin": "http://localhost:6274"})
    gateway.wait(5)
    assert (await gateway.names(), await gateway.of_gateway()) == ([], [])
