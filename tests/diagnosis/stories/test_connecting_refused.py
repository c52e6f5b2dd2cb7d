"""Connecting an upstream comes to nothing in the person's browser: its page and `why` give one id and one text."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.conftest import Watched
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway
from tests.web.test_connect import project

METADATA = "/.well-known/oauth-authorization-server"
PAGE = {"content-type": "text/html"}
Change = Callable[[Upstream], None]


def says(**members: Any) -> Change:
    """Change members of the authorization server's metadata."""
    return lambda upstream: upstream.server_metadata.update(members)


def answers(path: str, status: int, content: Any, **headers: str) -> Change:
    """Answer something else at `path`."""
    return lambda upstream: upstream.answers.update({path: (status, headers, content)})


def sends_back(**query: str) -> Change:
    """Send the browser back with `query` in place of a code."""

    def change(upstream: Upstream) -> None:
        def authorize(asked: Asked) -> tuple[int, dict[str, str], Any]:
            told = urlencode({"state": asked.query["state"]} | query)
            return 302, {"location": f"{asked.query['redirect_uri']}?{told}"}, b""

        upstream._authorize = authorize  # type: ignore[method-assign]

    return change


def token_answer(status: int, content: Any) -> Change:
    """Answer something else at the token endpoint, once the code was good."""
    return lambda upstream: setattr(upstream, "token_answer", lambda _asked, _tokens: (status, {}, content))


@asynccontextmanager
async def connecting(root: Path, change: Change) -> AsyncIterator[tuple[Watched, Browser, Upstream]]:
    """Run a gateway before an upstream that was changed so, and press Connect."""
    clock = SystemClock()
    async with (
        running_upstream() as upstream,
        running_gateway(project(root, f"{upstream.origin}/mcp"), clock=clock) as running,
        httpx2.AsyncClient(timeout=20) as http,
        Browser(CALLBACK) as browser,
    ):
        change(upstream)
        client = await running.register(http)
        await running.sign_in(browser, running.authorize_url(client["client_id"], token("")))
        await browser.press("Connect Notes")
        yield Watched(running, clock), browser, upstream


async def told(gateway: Watched) -> list[Diagnosis]:
    """Return what `why` says first, which is no flow's; fail where it says nothing within ten seconds."""
    for _ in range(10):
        gateway.wait(1)  # the gateway as a whole is judged once a second
        of_gateway = await gateway.of_gateway()
        why = why_of(gateway.running.runtime.monitor, NEWEST)
        first = [each.id for case in why.cases for each in case.diagnoses][:1] if why is not None else []
        # A flow that waits is said as well, and the page may have left a moment before its exchange is published.
        if told := [each for each in of_gateway if each.id in first]:
            return told
    raise AssertionError("why says nothing first that is the gateway's")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (says(issuer="http://127.0.0.1/other"), "DISC-01"),
        (says(token_endpoint=None), "DISC-11"),
        (says(authorization_endpoint="/authorize"), "DISC-13"),
        (says(code_challenge_methods_supported=None), "PKCE-01"),
        (says(registration_endpoint=None), "REG-01"),
        (answers(METADATA, 200, b"<p>", **PAGE), "DISC-05"),
        (answers("/register", 500, b""), "UPST-13"),
        (answers("/register", 201, {}), "UPST-14"),
        (answers("/register", 400, {"error": "invalid_redirect_uri"}), "REG-05"),
        (sends_back(error="access_denied"), "CONS-04"),
        (sends_back(error="invalid_scope"), "UPST-06"),
        (sends_back(error="a_rule_of_ours"), "UPST-16"),
        (sends_back(code="c", iss="https://elsewhere.example"), "DISC-08"),
        (sends_back(code="made-up"), "UPST-17"),
        (sends_back(code="c", state="another"), "SESS-01"),
        (token_answer(401, {"error": "invalid_client"}), "UPST-15"),
        (token_answer(200, {"token_type": "Bearer"}), "TOK-08"),
        (token_answer(404, {}), "TOK-05"),
    ],
)
async def test_what_the_page_says_why_says(tmp_path: Path, change: Change, name: str) -> None:
    async with connecting(tmp_path, change) as (gateway, browser, _):
        (found,) = await told(gateway)
        assert browser.page is not None
        assert found.id == name
        assert f"devgw explain {name}" in browser.page.text
        assert " ".join(found.fix.split()) in browser.page.text
        assert found.certain


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (sends_back(error="unauthorized_client"), "UPST-15", "Connect again to register anew"),
        (sends_back(error="invalid_request"), "UPST-16", "the error is a standard's"),
        (sends_back(error="login_required"), "UPST-16", "the error is a standard's"),
        (sends_back(error="tenant_closed"), "UPST-16", "it is its own"),
        (token_answer(403, {"error": "access_denied"}), "UPST-16", "the error is a standard's"),
        (token_answer(400, {"error": "unsupported_grant_type"}), "UPST-16", "the error is a standard's"),
        (token_answer(400, {"error": "plan_expired"}), "UPST-16", "it is its own"),
    ],
)
async def test_an_error_of_the_standard_is_not_called_the_upstreams_own(
    tmp_path: Path, change: Change, name: str, words: str
) -> None:
    async with connecting(tmp_path, change) as (gateway, _, _):
        (found,) = await told(gateway)
        assert (found.id, words in found.fix) == (name, True), found.fix


async def test_a_token_endpoint_that_leads_elsewhere_is_told_with_where(tmp_path: Path) -> None:
    change = answers("/token", 302, b"", location="https://sso.example/login?next=%2Ftoken")
    async with connecting(tmp_path, change) as (gateway, browser, _):
        (found,) = await told(gateway)
        assert browser.page is not None
        assert "leads to https://sso.example/login: no token is asked for there" in browser.page.text
    assert (found.id, "past it" in found.fix) == ("TOK-05", True), found.fix


async def test_no_token_of_an_answer_that_is_not_taken_is_on_the_page_or_in_why(tmp_path: Path) -> None:
    tokens = {"access_token": "zq7-short", "refresh_token": "zq7-other", "token_type": "DPoP"}
    async with connecting(tmp_path, token_answer(200, tokens)) as (gateway, browser, _):
        (found,) = await told(gateway)
        assert browser.page is not None
        assert "zq7" not in f"{browser.page.text}{found.cause}{found.fix}"
        assert not [each for each in gateway.running.published if "zq7" in f"{each.event.explanation}"]
    assert "token_type dpop" in found.cause


async def test_it_is_said_for_a_quarter_of_an_hour_and_no_longer_once_it_is_connected(tmp_path: Path) -> None:
    async with connecting(tmp_path, token_answer(404, {})) as (gateway, browser, upstream):
        gateway.wait(600)
        assert [each.id for each in await told(gateway)] == ["TOK-05"]
        upstream.token_answer = None
        await browser.press("Register anew")
        assert "✓ connected" in browser.page.text if browser.page else False
        assert await gateway.of_gateway() == []


async def test_a_connection_that_comes_about_is_not_talked_about(tmp_path: Path) -> None:
    async with connecting(tmp_path, says()) as (gateway, _, _):
        assert await gateway.of_gateway() == []
        assert await gateway.names() == []
