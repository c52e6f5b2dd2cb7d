"""A home folder for one agent: its settings, its browser, its terminal, and what it is told of the world outside."""

import asyncio
import os
import re
import shlex
import shutil
import signal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.node import FOLDER

_QUIET = {
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "MCP_USE_ANONYMIZED_TELEMETRY": "false",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "IS_SANDBOX": "1",
    "NO_COLOR": "1",
    "TERM": "xterm",
}
_PATIENCE = 60.0
"""Seconds that an agent may take for one step on a busy machine."""
_SWALLOWED_AFTER = 4.0
"""Seconds after which a return that did nothing is typed again."""


class Home:
    """Where an agent lives; every page that it opens is written down, and walked through as a person would."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("script") is None:
            pytest.skip("needs the program script")
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._opened = folder / "opened"
        opener = folder / "xdg-open"
        opener.write_text(f'#!/bin/sh\necho "$1" >> {shlex.quote(str(self._opened))}\n')
        opener.chmod(0o700)
        path = f"{folder}:{FOLDER.absolute() / '.bin'}:{os.defpath}"
        self.environ = {"HOME": str(folder), "PATH": path, "BROWSER": str(opener), "DISPLAY": ":7", **_QUIET}

    def write(self, name: str, text: str) -> None:
        """Write a file of settings."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def files_with(self, pattern: str) -> list[str]:
        """Return the files below the home in which the pattern stands, but for those of a program's own parts."""
        kept = (each for each in self._folder.rglob("*") if ".cache" not in each.parts)
        files = (each for each in kept if each.is_file() and not each.is_symlink())
        found = (each for each in files if re.search(pattern.encode(), each.read_bytes()))
        return sorted(str(each.relative_to(self._folder)) for each in found)

    async def say(self, command: str, patience: float = _PATIENCE) -> str:
        """Run a command to its end and return what it printed."""
        process = await self._start(command, asyncio.subprocess.DEVNULL)
        try:
            output, _ = await asyncio.wait_for(process.communicate(), patience)
        finally:
            _end(process)
        return output.decode(errors="replace")

    async def sign_in(
        self,
        command: str,
        *typed: tuple[str, str],
        until: str = "",
        seconds_after: float | None = None,
        prints: bool = False,
    ) -> str:
        """Run a command that opens a browser, go its way as a person would, and return what it printed.

        Args:
            command: what is run in a terminal.
            typed: what the terminal shows, and what is typed then; one after another.
            until: what the terminal shows when it is done, for a program that does not end by itself.
            seconds_after: how long it is left alone then, where it neither ends nor shows that it is done.
            prints: whether it prints the URL in one line, in place of opening it.
        """
        asked = self._count_opened()
        terminal = Terminal(
            await self._start(f"script -qfec {shlex.quote(f'stty cols 150 rows 50; {command}')} /dev/null")
        )
        try:
            async with asyncio.timeout(_PATIENCE * 2):
                for shown, keys in typed:
                    await terminal.until(shown)
                    await terminal.type(keys)
                await self.walk(await self._asked(asked, terminal, prints=prints))
                await (terminal.until(until) if until else terminal.to_its_end(seconds_after))
        except TimeoutError:
            raise AssertionError(
                f"{command!r} went no further; its terminal shows:\n{terminal.screen[-3000:]}"
            ) from None
        finally:
            _end(terminal.process)
        return terminal.screen

    async def _start(self, command: str, stdin: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_shell(
            command,
            cwd=self._folder,
            env=self.environ,
            stdin=stdin,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )

    def _count_opened(self) -> int:
        return self._opened.read_text().count("\n") if self._opened.exists() else 0

    async def _asked(self, already: int, terminal: "Terminal", *, prints: bool) -> str:
        """Return the authorization URL that the agent opened, or printed."""
        while True:
            text = self._opened.read_text() if self._opened.exists() else ""
            lines = text.splitlines()[already:] if text.endswith("\n") else []
            shown = terminal.screen if prints else "\n".join([*lines, ""])
            found = re.search(r"https?://\S*authorize\S+(?=\s)", shown)
            if found:
                return found[0]
            assert await terminal.read(0.05), f"ended before it opened a page: {terminal.screen[-2000:]}"

    async def walk(self, url: str) -> None:
        """Go the way of a page that the agent opened, as a person does, and take the answer to the agent."""
        callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        async with Browser(callback) as browser:
            await browser.open(url)
            assert browser.page is not None
            if "Choose who you are" in browser.page.text:
                await browser.press("@")
            if any(text.startswith("Connect") for _, text in browser.page.links):
                await browser.press("Connect")
                await browser.press("Approve as")
            assert "Allow" in browser.page.text, browser.page.text
            await browser.press("Allow")
            assert browser.location is not None, browser.page
            await bring_back(browser.location)


async def bring_back(answer: str) -> None:
    """Take the answer to the agent, which may begin to listen only after it has shown where to sign in."""
    async with httpx2.AsyncClient(timeout=20) as http, asyncio.timeout(20):
        while True:
            try:
                await http.get(answer)
            except httpx2.ConnectError:
                await asyncio.sleep(0.1)
            else:
                return


class Terminal:
    """A program in a terminal: what it shows so far, without the codes that move a cursor."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._bytes = b""
        self._typed_at, self._returned = 0, False

    @property
    def screen(self) -> str:
        """Return everything it showed."""
        return _without_codes(self._bytes)

    async def read(self, seconds: float) -> bool:
        """Read for at most `seconds`; tell whether there will be more."""
        assert self.process.stdout is not None
        try:
            chunk = await asyncio.wait_for(self.process.stdout.read(65536), seconds)
        except TimeoutError:
            return True
        self._bytes += chunk
        return bool(chunk)

    async def until(self, pattern: str) -> None:
        """Return when the terminal has shown `pattern` since something was typed last.

        A return that was swallowed (by a list of suggestions, or while the program started) is typed again.
        """
        loop = asyncio.get_running_loop()
        again = loop.time() + _SWALLOWED_AFTER
        while not re.search(pattern, _without_codes(self._bytes[self._typed_at :])):
            assert await self.read(0.2), f"ended before {pattern!r}: {self.screen[-2000:]}"
            if self._returned and loop.time() > again:
                await self._press("\r")
                again = loop.time() + _SWALLOWED_AFTER

    async def type(self, keys: str) -> None:
        """Type a key at a time, as a person does, and look at what stands there before the return.

        A return right behind a letter is taken for a piece of a paste; and a program that is busy loses letters.
        """
        words = keys.removesuffix("\r")
        await self._write(words)
        while words.isprintable() and not await self._shows(words):
            await self._write("\x7f" * (len(words) + 5))
            await self._write(words)
        self._returned = keys.endswith("\r")
        if self._returned:
            await self.read(0.5)
            await self._press("\r")

    async def _write(self, keys: str) -> None:
        self._typed_at = len(self._bytes)
        for key in re.findall(r"\x1b\[[A-Z]|.", keys, re.DOTALL):
            await self.read(0.02)
            await self._press(key)

    async def _shows(self, words: str) -> bool:
        """Tell whether the words stand there within a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _SWALLOWED_AFTER
        while words not in _without_codes(self._bytes[self._typed_at :]):
            if loop.time() > until:
                return False
            assert await self.read(0.2), f"ended while {words!r} was typed: {self.screen[-2000:]}"
        return True

    async def _press(self, key: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(key.encode())
        await self.process.stdin.drain()

    async def to_its_end(self, seconds: float | None) -> None:
        """Return when the program has ended, or after so many seconds."""
        until = asyncio.get_running_loop().time() + seconds if seconds else float("inf")
        while await self.read(1) and asyncio.get_running_loop().time() < until:
            pass


def _without_codes(shown: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]", " ", shown.decode(errors="replace"))


def _end(process: asyncio.subprocess.Process) -> None:
    """End a program with everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
