"""`devgw doctor URL --login`: a person signs in at the server itself, and what is said of the call after it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from devgw.cli import main
from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.wiring.drafting import Wanted
from devgw.wiring.one_login import log_in_once
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.browser import Browser


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.knows_its_clients = True
        yield served


async def logged_in(
    upstream: Upstream, walk: Callable[[str], Any] | None = None, seconds: float = 10
) -> dict[str, Check]:
    """Sign in with a browser that does what it is told, and return the checks by name."""
    async with asyncio.TaskGroup() as tasks:

        def open_page(url: str) -> None:
            tasks.create_task((walk or through)(url))

        wanted = Wanted((f"{upstream.origin}/mcp",))
        found = await log_in_once(wanted, {}, SystemClock(), open_page, seconds=seconds)
    return {each.name: each for each in found}


async def through(url: str) -> None:
    """Go on to the end, as a person does."""
    async with Browser() as browser:
        await browser.open(url)
        assert browser.page is not None
        assert "Back at devgw" in browser.page.text


async def test_a_login_and_a_call_pass_and_nothing_is_kept_here(upstream: Upstream) -> None:
    checks = await logged_in(upstream)

    assert checks["login"].verdict is checks["login.call"].verdict is Verdict.PASS
    assert "c1 stays registered" in checks["login.registration"].saw
    assert upstream.asked_at("/revoke") == []


async def test_what_was_registered_is_deleted_and_the_credential_taken_back(upstream: Upstream) -> None:
    given = {"client_id": "c7", "token_endpoint_auth_method": "none", "registration_access_token": "word"}
    given |= {"registration_client_uri": f"{upstream.origin}/register/c7"}
    upstream.answers = {"/register": (201, {}, given), "/register/c7": (204, {}, b"")}
    upstream.server_metadata = {"revocation_endpoint": f"{upstream.origin}/revoke"}
    upstream.knows_its_clients = False
    checks = await logged_in(upstream)

    assert checks["login.registration"].verdict is Verdict.PASS
    assert [each.method for each in upstream.asked_at("/register/c7")] == ["DELETE"]
    assert upstream.asked_at("/revoke") != []


@pytest.mark.parametrize(
    ("status", "name"), [(401, "BEAR-09"), (403, "SCOPE-06"), (500, "PROXY-19"), (307, "PROXY-01")]
)
async def test_a_good_token_that_is_refused_is_the_servers_fault(upstream: Upstream, status: int, name: str) -> None:
    async with running_upstream() as other:

        async def walk(url: str) -> None:
            upstream.answers = {"/mcp": (status, {"location": f"{other.origin}/mcp"}, {})}
            await through(url)

        checks = await logged_in(upstream, walk)
        assert other.asked == [], "a bearer crosses no redirect"

    assert (checks["login.call"].verdict, checks["login.call"].diagnosis_id) == (Verdict.FAIL, name)
    assert upstream.origin in checks["login.call"].fault


async def test_a_page_that_brings_another_state_is_not_taken_for_the_answer(upstream: Upstream) -> None:
    async def walk(url: str) -> None:
        back = httpx2.URL(url).params["redirect_uri"]
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{back}?code=stolen&state=st_other")).status_code == 404
            assert (await http.get(back)).status_code == 404
        await through(url)

    assert (await logged_in(upstream, walk))["login"].verdict is Verdict.PASS


async def test_a_person_who_does_not_come_back_is_no_fault_of_the_server(upstream: Upstream) -> None:
    async def walk(_: str) -> None:
        """Look at the page, and close it."""

    check = (await logged_in(upstream, walk, seconds=0.3))["login"]
    assert (check.verdict, check.is_certain, check.fault) == (Verdict.WARN, False, "")


@pytest.mark.parametrize(
    ("deletion", "said"),
    [(204, "and deleted it again"), (500, "answered 500 to it"), (302, "answered 302 to it"), (None, "offers no del")],
)
async def test_ctrl_c_amid_a_login_takes_back_what_was_registered_or_says_why_it_stays(
    upstream: Upstream, deletion: int | None, said: str
) -> None:
    given = {"client_id": "c7", "token_endpoint_auth_method": "none"}
    if deletion:
        given |= {"registration_client_uri": f"{upstream.origin}/register/c7", "registration_access_token": "word"}
    upstream.answers = {"/register": (201, {}, given), "/register/c7": (deletion or 404, {}, b"")}
    environ = {**os.environ, "BROWSER": "true", "PYTHONUNBUFFERED": "1"}
    words = (sys.executable, "-m", "devgw", "doctor", f"{upstream.origin}/mcp", "--login", "--all")
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE, env=environ)
    assert process.stderr is not None
    async with asyncio.timeout(20):
        assert (await process.stderr.readline()).startswith(b"Sign in here: ")
        process.send_signal(signal.SIGINT)
        told, failed = (each.decode() for each in await process.communicate())

    assert "login: you ended it before it was over" in told, failed
    assert said in " ".join(told.split()), told
    assert ("c7 stays registered" in told) is (deletion != 204)
    assert [each.method for each in upstream.asked_at("/register/c7")] == ["DELETE"] * bool(deletion)


async def test_a_refusal_of_the_persons_is_said_in_the_servers_words(upstream: Upstream) -> None:
    async def walk(url: str) -> None:
        asked = httpx2.URL(url).params
        async with httpx2.AsyncClient() as http:
            await http.get(f"{asked['redirect_uri']}?error=access_denied&state={asked['state']}")

    check = (await logged_in(upstream, walk))["login"]
    assert check.verdict is Verdict.FAIL
    assert "access_denied" in check.saw


async def test_the_command_opens_a_browser_and_says_what_came(upstream: Upstream) -> None:
    environ = {"BROWSER": "curl -sL -o /dev/null %s"}
    words = ["doctor", f"{upstream.origin}/mcp", "--login", "--all"]
    result = await asyncio.to_thread(CliRunner(env=environ).invoke, main, words)

    assert result.exit_code == 0, result.output
    assert f"Sign in here: {upstream.origin}/authorize?" in result.output
    assert "login.call: it was answered" in result.output


async def test_a_server_without_a_login_is_not_signed_in_to(upstream: Upstream) -> None:
    upstream.answers = {"/mcp": (200, {}, {"jsonrpc": "2.0", "id": 1, "result": {}})}
    assert (await logged_in(upstream))["login"].verdict is Verdict.NOT_APPLICABLE
