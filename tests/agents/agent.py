"""An agent: told of a server, signed in, and made to call a tool, with its own commands alone."""

import asyncio
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest

from devgw.diagnosis.clients import ClientEntry, entries
from tests.agents.home import Home
from tests.support.node import FOLDER


class Agent(ABC):
    """One agent in a home of its own."""

    PROGRAM: ClassVar[str]
    """Its command."""
    PACKAGE: ClassVar[str]
    """What npm calls it."""
    NAME: ClassVar[str]
    """How the client book calls it."""
    BOOK: ClassVar = ""
    """The same where the name in the table says more."""
    ENVIRON: ClassVar[dict[str, str]] = {}
    LIFETIME: ClassVar = 10
    """Seconds that an access token lives of which it is to get the next."""
    CLINGS: ClassVar = False
    """Whether it keeps a registration that the server has forgotten, until it is told to forget it too."""

    def __init__(self, folder: Path, model: str) -> None:
        self.check_installed()
        self.home = Home(folder)
        self.home.environ |= {name: value.replace("{model}", model) for name, value in self.ENVIRON.items()}
        self.model = model

    async def login(self, server: str, url: str) -> None:
        """Tell it of a server and sign in there."""
        await self.add(server, url)
        await self.again(server)

    @abstractmethod
    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""

    @abstractmethod
    async def again(self, server: str) -> None:
        """Sign in at a server that it knows."""

    @abstractmethod
    async def call(self, server: str) -> str:
        """Let it call `echo`; return what it printed."""

    async def outlive(self, server: str, url: str, over: Callable[[], Awaitable[None]]) -> str:
        """Sign in, let the access token go over, and let it call; return what it printed."""
        await self.login(server, url)
        await over()
        return await self.call(server)

    async def forget(self, server: str) -> None:
        """Let it forget what it keeps, with the command that the client book names."""
        assert self.entry.forget
        await self.home.say(self.entry.forget.replace("NAME", server))

    def keeps_at(self, name: str) -> bool:
        """Tell whether the client book says that it keeps its tokens in this file of its home."""
        return any(name.startswith(each.removeprefix("~/")) for each in re.findall(r"~/[\w./-]+", self.entry.keeps))

    @property
    def entry(self) -> ClientEntry:
        """Return what the client book says of it."""
        return next(each for each in entries() if each.name == (self.BOOK or self.NAME))

    async def attempt(self, server: str) -> None:
        """Let it call where that cannot go well, and leave it to its own after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await self.call(server)

    @classmethod
    def check_installed(cls) -> None:
        """Skip the test by name where it is not there."""
        if not (FOLDER / ".bin" / cls.PROGRAM).exists():
            pytest.skip(f"needs the npm package {cls.PACKAGE}; set TEST_NODE_MODULES to a folder that has it")

    @classmethod
    def version(cls) -> str:
        """Return which version is installed."""
        return str(json.loads((FOLDER / cls.PACKAGE / "package.json").read_text())["version"])
