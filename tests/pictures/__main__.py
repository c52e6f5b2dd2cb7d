"""`python -m tests.pictures`: makes the README's pictures anew, from `devgw up` in a terminal and its consent page.

It needs tmux and chromium, and the ports of the sample.
"""

import asyncio
import io
import shlex
import subprocess
import tempfile
from pathlib import Path

import httpx2
from rich.console import Console
from rich.text import Text

from tests.support.browser import Browser
from tests.support.terminal import devgw
from tests.trust.client import ACCEPT, CALLBACK, Client

PICTURES = Path(__file__).parents[2] / ".pictures"
ORIGIN = "http://localhost:9000"
COLUMNS, ROWS = 140, 40
_PATIENCE = 30.0
_PAGE = """<!doctype html><meta charset="utf-8">
<style>body {{ margin: 1.6em 2em; background: #11151a; color: #dcdfe4 }}
pre {{ font: 17px/1.42 "DejaVu Sans Mono", monospace; margin: 0 }}</style><pre>{code}</pre>"""


def _tmux(*words: str) -> str:
    done = subprocess.run(["tmux", "-L", "pictures", *words], check=False, capture_output=True, text=True)
    return done.stdout


async def _until(shown: str) -> str:
    """Return what is on the screen, with its colours, once that is shown."""
    async with asyncio.timeout(_PATIENCE):
        while shown not in _tmux("capture-pane", "-p", "-t", "0"):
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return _tmux("capture-pane", "-e", "-p", "-t", "0")


async def _come(client: Client, name: str) -> None:
    """Come as clients do that know the route's URL alone."""
    await client.http.post(f"{ORIGIN}/mcp/sample", json={}, headers=ACCEPT)
    for document in ("oauth-protected-resource", "oauth-authorization-server"):
        await client.http.get(f"{ORIGIN}/.well-known/{document}/mcp/sample")
    client.id = await client.register(client_name=name)


async def _sign_in(browser: Browser) -> None:
    """Let three clients sign in, and a fourth name another address than it registered."""
    for name in ("Cursor", "VS Code", "MCP Inspector", "Claude Code"):
        async with httpx2.AsyncClient(timeout=20, headers={"user-agent": name}) as http:
            client = Client(ORIGIN, http, browser)
            await _come(client, name)
            if name != "Claude Code":
                await client.call(await client.log_in("/mcp/sample"))
                continue
            url = client.authorize_url("/mcp/sample", "v" * 43)
            await browser.open(url.replace("localhost%3A33418", "127.0.0.1%3A33418"))


async def _consent(browser: Browser) -> str:
    """Return the consent page of a route whose upstream wants an account, too."""
    async with httpx2.AsyncClient(timeout=20) as http:
        client = Client(ORIGIN, http, browser)
        await _come(client, "Claude Code")
        await browser.open(client.authorize_url("/mcp/notes", "v" * 43))
    assert browser.page is not None
    return browser.page.html


def _shoot(html: str, name: str, width: int, height: int, scale: float) -> None:
    """Make a picture of a page."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--force-device-scale-factor={scale:g}")
        words = (*options, f"--window-size={width},{height}", f"--screenshot={PICTURES / name}", page.as_uri())
        subprocess.run(["chromium", *words], check=True, capture_output=True)


async def main() -> None:
    """Make the pictures."""
    _tmux("kill-server")
    with tempfile.TemporaryDirectory() as folder:
        command = f"cd {shlex.quote(folder)} && env BROWSER=true COLORTERM=truecolor {shlex.join(devgw('up'))}"
        _tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), command)
        try:
            await _until("waiting for the first sign-in")
            async with Browser(CALLBACK) as browser:
                await _sign_in(browser)
                screen = await _until("RURI-02")
                _shoot(await _consent(browser), "consent.png", 720, 980, 1.5)
        finally:
            _tmux("send-keys", "-t", "0", "C-q")
            await asyncio.sleep(2)
            _tmux("kill-server")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(screen), end="")
    _shoot(console.export_html(code_format=_PAGE, inline_styles=True), "dashboard.png", 1490, 1010, 1.15)


if __name__ == "__main__":
    asyncio.run(main())
