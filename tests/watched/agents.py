"""Agents as they are installed, each asked how a login at a URL ends: `passes`, or what its terminal says of it.

Each is driven by its own commands, in a home of its own, without a model and without internet.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.agents.agent import Agent
from tests.agents.agents import ClaudeCode, Codex, GeminiCli, OpenCode
from tests.agents.connectors import Inspector, McpRemote
from tests.agents.home import Home, Terminal, _end
from tests.support.serving import listen
from tests.watched.bench import sign_in

SERVER = "probed"
PATIENCE = 40.0
"""Seconds for one login; who says nothing by then waits."""
WAITS = "waits"
TURNS = 3
"""Logins after which one that waits is believed to."""
_QUIET_AFTER = 12.0
"""Seconds after which a terminal that shows nothing new is taken to wait."""
_PRESSED_AGAIN = 4.0
"""Seconds after which an Enter that did nothing is pressed once more."""
_LOGIN = re.compile(r"https?://\S*(?:authorize|consent)\?\S+(?=\s)")
_PASSING = re.compile(r"[^\x20-\x7e]|\[\d+\]|WARNING: proceeding.*|(?:Starting|Waiting)[\w ]+(?:\.\.\.|\.)?")
"""What a terminal draws beside its words, the number of the process, and what it repeats while it waits."""
_SAYS = re.compile(r"(?i)error|fail|refus|denied|mismatch|not match|does not|not support|invalid|could not|unable")


@dataclass(frozen=True)
class Driven:
    """How an agent is asked to log in."""

    kind: type[Agent]
    command: str
    succeeds: str
    """What its terminal shows where the login went well."""
    typed: tuple[tuple[str, str], ...] = ()
    asks: str = "(?!)"
    """What it shows where it wants an Enter before it goes on."""
    fails: str = "(?!)"
    """What it shows where it went wrong, for one that does not end by itself."""
    settings: Callable[[Home, str], None] = lambda _home, _url: None
    first: str = ""
    """A command that tells it of the server."""
    prints: bool = False
    """Whether it prints the URL of the login in place of opening it."""


def _codex(home: Home, url: str) -> None:
    stored = 'mcp_oauth_credentials_store = "file"'
    home.write(".codex/config.toml", f'{stored}\n[mcp_servers.{SERVER}]\nurl = "{url}"\n')


def _gemini(home: Home, url: str) -> None:
    known = GeminiCli.SETTINGS | {"mcpServers": {SERVER: {"httpUrl": url}}}
    home.write(".gemini/settings.json", json.dumps(known))


def _opencode(home: Home, url: str) -> None:
    known = {"autoupdate": False, "mcp": {SERVER: {"type": "remote", "url": url}}}
    home.write("opencode.json", json.dumps(known))


def _inspector(home: Home, url: str) -> None:
    with listen() as spare:
        callback = f"http://127.0.0.1:{spare.getsockname()[1]}/oauth/callback"
    home.write("asked", f"--cli {url} --transport http --method tools/list --callback-url {callback}")


AGENTS = {
    "claude": Driven(
        ClaudeCode,
        f"claude mcp login {SERVER}",
        "Authenticated with",
        first=f"claude mcp add --transport http {SERVER} {{url}}",
    ),
    "codex": Driven(Codex, f"codex mcp login {SERVER}", "Successfully logged in", settings=_codex),
    "gemini": Driven(
        GeminiCli,
        "gemini",
        "Successfully authenticated",
        typed=(("for shortcuts", f"/mcp auth {SERVER}\r"), ("Starting OAuth|Failed to authenticate", "")),
        asks="want to continue",
        fails="Failed to authenticate",
        settings=_gemini,
    ),
    "opencode": Driven(
        OpenCode, f"opencode mcp auth {SERVER}", "successful|Successfully|authenticated", settings=_opencode
    ),
    "mcp-remote": Driven(McpRemote, "mcp-remote {url}", "Proxy established", fails="Fatal error", prints=True),
    "inspector": Driven(Inspector, "mcp-inspector $(cat asked)", '"tools"', settings=_inspector, prints=True),
}


async def verdict(name: str, url: str, folder: Path) -> str:
    """Return how a login of the agent `name` at a URL ends; who waits may have been slow, and is asked again."""
    for turn in range(TURNS):
        said = await _verdict(AGENTS[name], url, folder / str(turn))
        if said != WAITS:
            break
    return said


async def _verdict(driven: Driven, url: str, folder: Path) -> str:
    driven.kind.check_installed()
    home = driven.kind(folder, "http://127.0.0.1:9").home
    driven.settings(home, url)
    if driven.first:
        await home.say(driven.first.format(url=url))
    terminal = Terminal(
        await home._start(f"script -qfec 'stty cols 300 rows 50; {driven.command.format(url=url)}' /dev/null")
    )
    try:
        async with asyncio.timeout(PATIENCE):
            walked = await _through(driven, home, terminal)
    except TimeoutError:
        walked = ""
    except AssertionError as error:
        walked = f"page: {str(error).partition(chr(10))[0]}"
    finally:
        _end(terminal.process)
    screen = terminal.screen
    return "passes" if re.search(driven.succeeds, screen) else walked or _words(screen)


async def _through(driven: Driven, home: Home, terminal: Terminal) -> str:
    for shown, keys in driven.typed:
        await terminal.until(shown)
        await terminal.type(keys)
    walking: asyncio.Task[str] | None = None
    loop = asyncio.get_running_loop()
    quiet_since, seen, pressed_at = loop.time(), "", 0.0
    while await terminal.read(0.2):
        if terminal.screen != seen:
            quiet_since, seen = loop.time(), terminal.screen
        if walking is None and loop.time() - pressed_at > _PRESSED_AGAIN and re.search(driven.asks, seen):
            await terminal.type("\r")
            pressed_at = loop.time()
        if walking is None and (login := _login(driven, home, terminal)):
            walking = asyncio.ensure_future(_walk(login))
        if re.search(f"{driven.succeeds}|{driven.fails}", seen):
            await terminal.read(0.5)
            break
        if loop.time() - quiet_since > _QUIET_AFTER:
            break
    return await walking if walking is not None and walking.done() else ""


def _login(driven: Driven, home: Home, terminal: Terminal) -> str:
    opened = home._opened.read_text() if home._opened.exists() else ""
    found = _LOGIN.search(terminal.screen if driven.prints else opened)
    return found[0] if found else ""


async def _walk(url: str) -> str:
    """Sign in as a person does, and take the answer to the agent; return what a page said instead."""
    stop = re.search(r"redirect_uri=([^&]+)", url)
    assert stop is not None, url
    callback = httpx2.URL(f"http://x/?u={stop[1]}").params["u"]
    try:
        answer = await sign_in(url, callback)
    except AssertionError as error:
        return f"page: {str(error).partition(chr(10))[0]}"
    for _ in range(50):
        try:
            async with httpx2.AsyncClient(timeout=10) as http:
                await http.get(answer)
        except httpx2.ConnectError:
            await asyncio.sleep(0.1)
        else:
            break
    return ""


def _words(screen: str) -> str:
    """Return the lines of a terminal that say what went wrong, each once; that it waits where none does."""
    lines = (" ".join(_PASSING.sub(" ", each).split()) for each in screen.replace("\r", "\n").split("\n"))
    return " / ".join(dict.fromkeys(each for each in lines if _SAYS.search(each))) or WAITS
