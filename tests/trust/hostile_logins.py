"""Logins whose provider, or upstream's authorization server, answers in a hostile way: each ends with a reason."""

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import dataclass

import httpx2

from devgw.limits import Limits
from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.sabotage import KINDS, Sabotage
from tests.trust.verdict import Verdict
from tests.trust.world import World

DEADLINE = 3 * Limits.ANSWER_SECONDS + 10
"""Seconds in which a login has to end: some steps ask twice, at two well-known places."""
UPSTREAM = ("/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server", "/register", "/token")
PROVIDER = ("/user_management/authenticate", "/sso/jwks")
_NAMED = re.compile(r"\b[A-Z]{3,6}-\d\d\b|Reason")


@dataclass
class Logins:
    """Tries them one after the other: a server has one sabotage at a time."""

    around: World
    http: httpx2.AsyncClient
    verdict: Verdict
    tried: int = 0
    named: int = 0
    struck: int = 0
    slowest: tuple[float, str] = (0.0, "")

    async def meet(self, count: int, chance: random.Random) -> None:
        """Try `count` of all pairs of path and kind."""
        pairs = [(path, kind) for path in (*UPSTREAM, *PROVIDER) for kind in KINDS]
        chosen = chance.sample(pairs, min(count, len(pairs)))
        for path, kind in sorted(chosen, key=pairs.index):  # what is asked first goes wrong first: later it is known
            await self.try_one(path, kind)

    async def try_one(self, path: str, kind: str) -> None:
        """Log in once while one path answers so."""
        loop = asyncio.get_running_loop()
        server = self.around.provider_server if path in PROVIDER else self.around.upstream_server
        began, before = loop.time(), server.struck
        server.path, server.kind = path, kind
        try:
            async with asyncio.timeout(DEADLINE):
                said = await self._log_in(server)
        except TimeoutError:
            said = f"no end within {DEADLINE:g} s"
        finally:
            server.path = ""
        self.tried += 1
        self.slowest = max(self.slowest, (loop.time() - began, f"{path}: {kind}"))
        is_named = said == "went on" or bool(_NAMED.search(said))
        self.named += said != "went on" and is_named
        if server.struck > before:
            self.struck += 1
            self.verdict.check(is_named and "defect of devgw" not in said, f"{path}: {kind}: {said[:300]}")

    async def _log_in(self, server: Sabotage) -> str:
        """Go as far as it goes; return the text of the page on which it ended, or that it went on."""
        route = "/mcp/notes" if server is self.around.upstream_server else "/mcp/sample"
        async with Browser(CALLBACK) as browser:
            client = Client(self.around.gateway.origin, self.http, browser, "Bob")
            client.id = await client.register()
            with suppress(AssertionError, httpx2.TransportError):
                client.take(route, await client.ask(await client.code(route)))
                if server is self.around.upstream_server:  # so that the next login has to connect again
                    server.app.records.revoke()
                    await client.call(client.grants[route], "whoami")
                return "went on"
            assert browser.page is not None
            return f"{browser.page.status} {browser.page.text}"
