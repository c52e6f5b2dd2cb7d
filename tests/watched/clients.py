"""MCP clients that nobody here wrote, each asked how connecting to a URL ends: `passes`, or its own error text."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fastmcp
import httpx2
from fastmcp.client.auth import OAuth
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from tests.stories.test_mcp1_client import python_with_mcp1
from tests.support.node import sdk_command
from tests.support.sdk_memory import Memory
from tests.watched.bench import CALLBACK, sign_in
from tests.watched.raw import RawClient

PROGRAMS = Path(__file__).parent.parent / "clients"
LIMIT = 40
Verdict = Callable[[str, Path], Awaitable[str]]


async def raw(url: str, _: Path) -> str:
    """The standard, step by step."""
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        try:
            return await RawClient(http, url).go()
        except httpx2.HTTPError as error:
            return _innermost(error)


class _PageInstead(Exception):  # noqa: N818  it reads as what happened
    """The browser ended on a page of refusal."""


async def python_2(url: str, _: Path) -> str:
    """The official Python SDK 2, in this process."""
    answered = ""

    async def open_browser(login: str) -> None:
        nonlocal answered
        try:
            answered = await sign_in(login)
        except AssertionError as error:
            raise _PageInstead(str(error).partition("\n")[0]) from None

    async def read_answer() -> AuthorizationCodeResult:
        answer = {name: values[0] for name, values in parse_qs(urlsplit(answered).query).items()}
        return AuthorizationCodeResult(code=answer.get("code", ""), state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(client_name="verdict", redirect_uris=[AnyUrl(CALLBACK)])
    auth = OAuthClientProvider(url, metadata, Memory(), open_browser, read_answer)
    try:
        async with (
            asyncio.timeout(LIMIT),
            httpx2.AsyncClient(auth=auth, timeout=10) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            await client.list_tools()
    except Exception as error:  # noqa: BLE001  whatever it says is its verdict
        return _innermost(error)
    return "passes"


class _Browsing(OAuth):  # type: ignore[misc]  # fastmcp is not followed by the type checker
    """FastMCP's OAuth with a browser of ours: it looks before it opens it, and its own listener takes the answer."""

    async def redirect_handler(self, authorization_url: str) -> None:
        async with httpx2.AsyncClient(follow_redirects=False) as http:
            looked = await http.get(authorization_url)
        if looked.status_code not in {200, 302, 303}:
            raise _PageInstead(f"{looked.status_code} {looked.text}")
        self.walk = asyncio.ensure_future(self._walk(authorization_url))

    async def _walk(self, url: str) -> None:
        await asyncio.sleep(0.2)
        answer = await sign_in(url, f"http://localhost:{self.redirect_port}/")
        async with httpx2.AsyncClient() as http:
            await http.get(answer)


async def fastmcp_4(url: str, _: Path) -> str:
    """FastMCP's client."""
    try:
        async with asyncio.timeout(LIMIT), fastmcp.Client(url, auth=_Browsing(mcp_url=url)) as client:
            await client.list_tools()
    except Exception as error:  # noqa: BLE001  whatever it says is its verdict
        return _innermost(error)
    return "passes"


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def python_1(url: str, _: Path) -> str:
    """The official Python SDK 1."""
    return await of_program([python_with_mcp1(), str(PROGRAMS / "verdict_mcp1.py"), url, CALLBACK])


async def typescript_2(url: str, folder: Path) -> str:
    """The official TypeScript SDK 2."""
    return await of_program([*sdk_command("client-2", "verdict.mjs", folder), url, CALLBACK])


async def typescript_1(url: str, folder: Path) -> str:
    """The official TypeScript SDK 1."""
    return await of_program([*sdk_command("sdk-1", "verdict.mjs", folder), url, CALLBACK])


async def of_program(
    command: list[str],
    environ: Mapping[str, str] = os.environ,
    sign_in: Callable[[str], Awaitable[str]] = sign_in,
) -> str:
    """Be the person of a program; return its verdict."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environ)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(LIMIT):
            while line := (await process.stdout.readline()).decode():
                word, _, rest = line.strip().partition(" ")
                if word == "VERDICT":
                    return rest
                if word == "AUTHORIZE":
                    process.stdin.write(f"{await sign_in(rest)}\n".encode())
        assert process.stderr is not None
        return f"ended: {(await process.stderr.read()).decode()[-500:]}"
    except AssertionError as error:
        return f"browser: {error}".partition("\n")[0]
    except TimeoutError:
        return "waits"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
