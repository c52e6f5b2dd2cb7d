"""A home folder for one agent: its settings, its browser, and its terminal."""

import asyncio
import os
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.node import FOLDER

_QUIET = {
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "ANTHROPIC_API_KEY": "sk-ant-none",
    "IS_SANDBOX": "1",
}
_PATIENCE = 60.0
"""Seconds that an agent may take for one step on a busy machine."""


class Home:
    """Where an agent lives; every browser that it opens is written down instead."""

    def __init__(self, folder: Path, program: str) -> None:
        command = (FOLDER / ".bin" / program).absolute()
        if not command.exists():
            pytest.skip(f"needs the agent {program}; set TEST_NODE_MODULES to a folder that has it")
        if shutil.which("script") is None:
            pytest.skip("needs the program script")
        self._folder = folder
        self._opened = folder / "opened"
        opener = folder / "xdg-open"
        opener.write_text(f'#!/bin/sh\necho "$1" >> {shlex.quote(str(self._opened))}\n')
        opener.chmod(0o700)
        path = f"{folder}:{FOLDER.absolute() / '.bin'}:{os.defpath}"
        self._environ = {"HOME": str(folder), "PATH": path, "BROWSER": str(opener), "TERM": "xterm", **_QUIET}

    def write(self, name: str, text: str) -> None:
        """Write a file of settings."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    async def say(self, command: str) -> str:
        """Run a command to its end and return what it printed."""
        process = await self._start(command)
        output, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
        return output.decode(errors="replace")

    async def sign_in(self, command: str) -> str:
        """Run a command that opens a browser, go its way as a person would, and return what it printed."""
        process = await self._start(f"script -qfec {shlex.quote(command)} /dev/null")
        output = asyncio.ensure_future(process.communicate())
        try:
            await self._walk(await asyncio.wait_for(self._asked(), _PATIENCE))
            printed, _ = await asyncio.wait_for(output, _PATIENCE)
        finally:
            if process.returncode is None:
                process.kill()
        return printed.decode(errors="replace")

    async def _start(self, command: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_shell(
            command, cwd=self._folder, env=self._environ, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )

    async def _asked(self) -> str:
        """Return the authorization URL that the agent opened."""
        while True:
            text = self._opened.read_text() if self._opened.exists() else ""
            found = re.search(r"https?://\S*authorize\S+", text)
            if found and text.endswith("\n"):
                return found[0]
            await asyncio.sleep(0.05)

    async def _walk(self, url: str) -> None:
        callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        async with Browser(callback) as browser:
            await browser.open(url)
            await browser.press("@")
            assert browser.page is not None
            assert "Allow" in browser.page.text, browser.page.text
            await browser.press("Allow")
            assert browser.location is not None, browser.page
            async with httpx2.AsyncClient(timeout=20) as http:
                await http.get(browser.location)
