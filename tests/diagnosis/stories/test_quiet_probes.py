"""How clients probe is no failure: it is told to those alone who asked for everything."""

import httpx2
import pytest

from devgw.events.flow import FlowState
from devgw.events.taxonomy import McpRequestRejected
from devgw.monitor.lines import is_detail, line_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser


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


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/register", "/oauth/authorize", "/oauth/setup", "/mcp/sample"])
async def test_asking_for_options_is_no_preflight_unless_a_browser_asks_for_a_method(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    """Fetch Standard §3.3: a preflight has Origin and Access-Control-Request-Method."""
    await http.options(f"{gateway.origin}{path}", headers={"origin": "http://localhost:6274"})
    gateway.wait(5)
    assert (await gateway.names(), await gateway.of_gateway()) == ([], [])
