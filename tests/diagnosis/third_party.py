"""A stub server of somebody, the faults that are injected into it, and what is said of it by watching its client."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2

from devgw.events.taxonomy import DiagnosisMade, HttpExchanged, WatchedStepTaken
from tests.outbound.upstream import Asked, Upstream
from tests.watched.bench import Watching, query_of, watching
from tests.watched.raw import RawClient

HTML = {"content-type": "text/html"}
PAGE = (200, HTML, b"<title>Sign in to the portal</title>")
NOTHING = (404, {"content-type": "text/plain"}, b"Not found")
STEP_UP = 'Bearer error="insufficient_scope", scope="notes:write"'
METADATA = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource/mcp"


def refusing(error: str, status: int = 400, **more: str) -> tuple[int, dict[str, str], Any]:
    return status, {}, {"error": error, "error_description": "Zork says no", **more}


def jwt(**claims: Any) -> str:
    """Return what looks like a signed token."""
    parts = [{"alg": "RS256"}, claims]
    packed = [urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join([*packed, "c2lnbmF0dXJl"])


def issues(token: Callable[[Upstream], str]) -> Callable[[Upstream], None]:
    """Let the token endpoint issue a token that is not taken at the MCP endpoint."""

    def inject(upstream: Upstream) -> None:
        upstream.token_answer = lambda _asked, usual: (200, {}, usual | {"access_token": token(upstream)})

    return inject


def refuses_tokens(upstream: Upstream, answer: tuple[int, dict[str, str], Any]) -> None:
    """Let the MCP endpoint answer every token so."""
    usual = upstream._mcp

    def mcp(asked: Asked) -> tuple[int, dict[str, str], Any]:
        return answer if "authorization" in asked.headers else usual(asked)

    upstream._mcp = mcp  # type: ignore[method-assign]


def serves(upstream: Upstream, path: str, answer: Callable[[Asked], tuple[int, dict[str, str], Any]]) -> None:
    """Let it answer so at this path, whatever was there."""
    usual = upstream.answer
    upstream.answers.pop(path, None)
    upstream.answer = lambda asked: answer(asked) if asked.path == path else usual(asked)  # type: ignore[method-assign]


def asks_the_person(upstream: Upstream, buttons: Sequence[str] = ("Allow",)) -> None:
    """Let a page with these buttons stand before each answer to a login, as people meet it."""
    usual = upstream._authorize

    def page(asked: Asked) -> tuple[int, dict[str, str], Any]:
        fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.query.items())
        fields += "".join(f'<button type="submit" name="answer" value="{each}">{each}</button>' for each in buttons)
        return 200, HTML, f'<form method="post" action="/consent">{fields}</form>'.encode()

    def consented(asked: Asked) -> tuple[int, dict[str, str], Any]:
        if asked.form["answer"] == "Allow":
            return usual(Asked("GET", "/authorize", asked.form, {}, b""))
        back = urlencode({"error": "access_denied", "state": asked.form["state"], "iss": upstream.issuer})
        return 302, {"location": f"{asked.form['redirect_uri']}?{back}"}, b""

    serves(upstream, "/authorize", page)
    serves(upstream, "/consent", consented)


def sends_back(upstream: Upstream, query: str) -> None:
    """Let the login page send the browser back with this."""
    upstream._authorize = lambda asked: (  # type: ignore[method-assign]
        302,
        {"location": f"{asked.query['redirect_uri']}?{query}&state={asked.query['state']}"},
        b"",
    )


async def named(watched: Watching, diagnosis_id: str) -> DiagnosisMade:
    """Return the diagnosis once it is made."""
    async with asyncio.timeout(15):
        while True:
            for each in watched.events(DiagnosisMade):
                if each.diagnosis_id == diagnosis_id:
                    return each  # type: ignore[no-any-return]
            await asyncio.sleep(0.05)


def told(watched: Watching) -> list[str]:
    """Return every sentence that was shown of this server."""
    said = [
        text
        for each in watched.events(WatchedStepTaken) + watched.events(DiagnosisMade)
        for text in (each.explanation, each.hint)
    ]
    traces = [text for each in watched.events(HttpExchanged) for text in (each.trace.explanation, each.trace.hint)]
    return [each for each in said + traces if each]


async def go(watched: Watching) -> str:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        try:
            return await RawClient(http, watched.url).go()
        except (AssertionError, KeyError, httpx2.HTTPError) as stopped:
            return f"{type(stopped).__name__}: {stopped}"


@asynccontextmanager
async def watched_login(upstream: Upstream, folder: Path) -> AsyncIterator[tuple[Watching, httpx2.AsyncClient, str]]:
    """Begin a login, and give the word by which its answer is known."""
    async with (
        watching(f"{upstream.origin}/mcp", folder) as watched,
        httpx2.AsyncClient(headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        await client.discover()
        await client.register()
        word = query_of((await http.get(client.login_url())).headers["location"])["state"]
        yield watched, http, word
