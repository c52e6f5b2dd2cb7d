"""One fault on the way of a client that nobody here wrote, and of one that sends plain HTTP, has one name."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT, Process, create_subprocess_exec
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from devgw.events.taxonomy import McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefused
from tests.diagnosis.stories.agent import ROOT, Agent
from tests.diagnosis.stories.conftest import Watched
from tests.stories.test_mcp1_client import python_with_mcp1
from tests.stories.test_python_clients import call_echo
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK
from tests.support.node import CLIENTS as PROGRAMS
from tests.support.node import node_command, sdk_command
from tests.support.sdk_memory import Memory

Change = Callable[[dict[str, str]], object]
LIMIT = 60


@dataclass(frozen=True)
class Fault:
    """What goes wrong between a client and its code."""

    name: str
    ids: tuple[str, ...]
    change: Change = lambda _asked: None
    """To the parameters of the authorization request."""
    answer: Change = lambda _answer: None
    """To those of the answer."""
    late: float = 0
    button: str = "Allow"
    is_forgotten: bool = False


FAULTS = (
    Fault("a slash more", ("RURI-03",), lambda asked: asked.update(redirect_uri=asked["redirect_uri"] + "/")),
    Fault("no challenge", ("PKCE-03",), lambda asked: asked.pop("code_challenge")),
    Fault("a plain challenge", ("PKCE-03",), lambda asked: asked.update(code_challenge_method="plain")),
    Fault("another resource", ("AUD-01",), lambda asked: asked.update(resource="https://mcp.example/mcp")),
    Fault("a forgotten client", ("REG-02",), is_forgotten=True),
    Fault("a token at once", ("REQ-02",), lambda asked: asked.update(response_type="token")),
    Fault("a late code", ("TOK-03",), late=700),
    Fault("another code", ("TOK-03",), answer=lambda answer: answer.update(code="code_" + "x" * 43)),
    Fault("a no", ("CONS-04",), button="Deny"),
    Fault("another verifier", ("PKCE-03",), lambda asked: asked.update(code_challenge="A" * 43)),
    Fault("no client", ("REQ-01",), lambda asked: asked.pop("client_id")),
    Fault("no response type", ("REQ-01",), lambda asked: asked.pop("response_type")),
    Fault("a foreign redirect", ("RURI-12",), lambda asked: asked.update(redirect_uri="https://app.example/cb")),
    Fault("no page wanted", ("REQ-01",), lambda asked: asked.update(prompt="none")),
    Fault("a padded challenge", ("PKCE-04",), lambda asked: asked.update(code_challenge="abc=")),
    Fault("an unknown scope", ("SCOPE-01",), lambda asked: asked.update(scope="admin")),
)


async def walked(gateway: Watched, browser: Browser, url: str, fault: Fault) -> dict[str, str] | None:
    """Do as a person does with the authorization URL; return the answer to the client, None where none came."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    browser.stops = (asked["redirect_uri"],)
    fault.change(asked)
    if fault.is_forgotten:
        revocation, clients = gateway.running.runtime.ground.revocation, gateway.running.runtime.ground.store.clients()
        for each in clients:
            revocation.end(revocation.of_client(each.id), "removed")
    await browser.open(parts._replace(query=urlencode(asked)).geturl())
    if browser.location is None and browser.page is not None and "Choose who you are" in browser.page.text:
        await browser.press("@")
    if browser.location is None and browser.page is not None and browser.page.forms:
        await browser.press(fault.button)
    if browser.location is None:
        return None
    answer = dict(parse_qsl(urlsplit(browser.location).query))
    fault.answer(answer)
    gateway.wait(fault.late)
    return answer


async def by_plain_http(gateway: Watched, browser: Browser, _tmp_path: Path, fault: Fault) -> None:
    agent = Agent(gateway)
    agent.browser = browser
    await agent.call(bare=True, status=401)
    await agent.http.get(f"{gateway.origin}{ROOT}")
    await agent.register()
    answer = await walked(gateway, browser, agent.url(), fault)
    if answer and "code" in answer:
        form = {"grant_type": "authorization_code", "code": answer["code"], "client_id": agent.client_id}
        form |= {"redirect_uri": CALLBACK, "code_verifier": agent.verifier, "resource": gateway.mcp_url}
        await agent.http.post(f"{gateway.origin}/oauth/token", data=form)


async def by_the_python_sdk(gateway: Watched, browser: Browser, _tmp_path: Path, fault: Fault) -> None:
    answers: list[dict[str, str] | None] = []

    async def open_browser(url: str) -> None:
        answers.append(await walked(gateway, browser, url, fault))

    async def read_answer() -> AuthorizationCodeResult:
        answer = answers[-1]
        if answer is None or "code" not in answer:
            raise PermissionError
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(client_name="python sdk", redirect_uris=[AnyUrl(CALLBACK)])
    auth = OAuthClientProvider(gateway.mcp_url, metadata, Memory(), open_browser, read_answer)
    with pytest.raises(BaseException):  # noqa: B017, PT011  each fault ends in an error of its own kind, in a group
        await call_echo(gateway.running, auth)


async def _by_program(gateway: Watched, browser: Browser, fault: Fault, *command: str) -> None:
    """Run a client that prints its authorization URL and reads the redirect."""
    process = await _started(*command)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        while line := (await process.stdout.readline()).decode():
            word, _, url = line.strip().partition(" ")
            answer = await walked(gateway, browser, url, fault) if word == "AUTHORIZE" else None
            if answer is None or "code" not in answer:
                break
            process.stdin.write(f"{CALLBACK}?{urlencode(answer)}\n".encode())
    finally:
        await _ended(process)


async def _started(*command: str, **environ: str) -> Process:
    return await create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, limit=1_000_000, env=os.environ | environ
    )


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def by_typescript_2(gateway: Watched, browser: Browser, tmp_path: Path, fault: Fault) -> None:
    program = sdk_command("client-2", "sdk.mjs", tmp_path)
    await _by_program(gateway, browser, fault, *program, gateway.mcp_url, CALLBACK)


async def by_typescript_1(gateway: Watched, browser: Browser, tmp_path: Path, fault: Fault) -> None:
    program = sdk_command("sdk-1", "sdk.mjs", tmp_path)
    await _by_program(gateway, browser, fault, *program, gateway.mcp_url, CALLBACK)


async def by_the_python_sdk_1(gateway: Watched, browser: Browser, _tmp_path: Path, fault: Fault) -> None:
    script = str(PROGRAMS / "mcp1_client.py")
    await _by_program(gateway, browser, fault, python_with_mcp1(), script, gateway.mcp_url, CALLBACK)


async def by_mcp_remote(gateway: Watched, browser: Browser, tmp_path: Path, fault: Fault) -> None:
    """It listens for its answer itself, and speaks over its standard input."""
    command = [*node_command("mcp-remote", "dist/proxy.js"), gateway.mcp_url]
    process = await _started(*command, MCP_REMOTE_CONFIG_DIR=str(tmp_path), BROWSER="true", PATH=str(tmp_path))
    assert process.stdout is not None
    try:
        while line := (await process.stdout.readline()).decode():
            found = re.search(r"https?://localhost:\d+/oauth/authorize\S*", line)
            if found is None or "code_challenge" not in found.group():
                continue
            answer = await walked(gateway, browser, found.group(), fault)
            if answer and "code" in answer:
                async with httpx2.AsyncClient() as http:
                    await http.get(f"{browser.stops[0]}?{urlencode(answer)}")
                await _redeemed(gateway)
            return
    finally:
        await _ended(process)


async def _redeemed(gateway: Watched) -> None:
    """Wait until the code was asked for, with whatever success."""
    events = gateway.running.events
    while not (events(McpAuthDownstreamTokenRefused) or events(McpAuthDownstreamTokenIssued)):
        await asyncio.sleep(0.05)


CLIENTS = (by_plain_http, by_the_python_sdk, by_the_python_sdk_1, by_typescript_2, by_typescript_1, by_mcp_remote)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__.replace("_", " "))
async def test_a_fault_has_the_same_name_whoever_has_it(
    gateway: Watched,
    browser: Browser,
    tmp_path: Path,
    client: Callable[[Watched, Browser, Path, Fault], Awaitable[None]],
    fault: Fault,
) -> None:
    async with asyncio.timeout(LIMIT):
        await client(gateway, browser, tmp_path, fault)
    gateway.wait(3)

    said = await gateway.said()
    assert tuple(each.id for each in said if each.certain) == fault.ids, [(each.id, each.cause) for each in said]
