"""What a gateway has promised one client, kept up by the client's actions and checked after each kill."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2

from devgw.control.client import snapshot_once
from devgw.control.messages import DiagnosisRow
from devgw.emulators.upstream_auth import SampleFault
from devgw.emulators.upstream_auth.records import ACCESS_LIFETIME
from devgw.entropy import token
from tests.trust.client import Client, Grant
from tests.trust.verdict import Verdict
from tests.trust.world import World

SAMPLE, NOTES = "/mcp/sample", "/mcp/notes"
LOST = "UPST-12"
"""The answer to a refresh was lost."""
_NAMED_SECONDS = 5.0
"""Within which a failure is named: the diagnosis ticks every second."""
_LOOKED_AT = 6
"""Of a long list of promises, how many are looked at after each kill."""


@dataclass
class Promises:
    """One client with all that it was answered."""

    world: World
    client: Client
    chance: random.Random
    verdict: Verdict
    counts: Counter[str]
    registered: list[str] = field(default_factory=list)
    revoked: list[Grant] = field(default_factory=list)
    doing: str = ""
    """The action whose answer is awaited; still set after a kill where the answer never came."""
    form: dict[str, str] = field(default_factory=dict)
    """The code that is being redeemed."""

    async def work(self) -> None:
        """Do one thing after another until the gateway is gone."""
        while True:
            action = self.chance.choice(("register", "refresh", "refresh", "call", "notes", "notes", "code", "revoke"))
            self.doing = action
            self.counts[f"did {action}"] += 1
            try:
                await getattr(self, action)()
            except (httpx2.TransportError, AssertionError) as error:
                if isinstance(error, AssertionError) and self.world.gateway.is_alive:
                    self.broke(f"{action}: {error}")
                return
            self.doing = ""
            await asyncio.sleep(self.chance.random() * 0.02)

    async def register(self) -> None:
        """Register one more client."""
        self.registered.append(await self.client.register())

    async def refresh(self) -> None:
        """Rotate the grant of the plain route."""
        answer = await self.client.refresh(self.client.grants[SAMPLE])
        assert answer.status_code == 200, answer.text
        self.client.take(SAMPLE, answer)

    async def call(self) -> None:
        """Call a tool with the token that is held."""
        answer = await self._call(SAMPLE)
        assert answer.status_code == 200, answer.text

    async def _call(self, route: str, tool: str = "echo") -> httpx2.Response:
        """Call a tool; where the token's time is over refresh it first, as clients do on that answer."""
        answer = await self.client.call(self.client.grants[route], tool)
        if answer.status_code != 401 or "token_expired" not in answer.text:
            return answer
        refreshed = await self.client.refresh(self.client.grants[route])
        if refreshed.status_code != 200:
            return refreshed
        self.counts["tokens that ran out"] += 1
        return await self.client.call(self.client.take(route, refreshed), tool)

    async def notes(self) -> None:
        """Call a tool for which the gateway may have to renew its own token at the upstream."""
        if self.chance.random() < 0.5:
            self.world.upstream_clock.travel(ACCESS_LIFETIME + timedelta(seconds=1))
            self.world.upstream_auth.faults.set(SampleFault.TOKEN_SLOW, times=1, seconds=self.chance.random() * 0.2)
        answer = await self._call(NOTES, "whoami")
        assert answer.status_code == 200, answer.text

    async def code(self) -> None:
        """Authorize once more: session and consent are kept, so no page is shown; then redeem."""
        self.form = {}
        self.form = await self.client.code(SAMPLE)
        answer = await self.client.ask(self.form)
        assert answer.status_code == 200, answer.text
        self.client.take(SAMPLE, answer)

    async def revoke(self) -> None:
        """Take a grant back, and get another one."""
        grant = self.client.grants[SAMPLE]
        answer = await self.client.revoke(grant)
        assert answer.status_code == 200, answer.text
        self.revoked.append(grant)
        self.doing, self.form = "code", {}
        await self.code()

    async def check(self) -> None:
        """Go on after a restart as a client does, and look whether every promise held."""
        doing, self.doing = self.doing, ""
        if doing:
            self.counts[f"in flight: {doing}"] += 1
        await self._go_on(doing)
        called = await self._call(SAMPLE)
        if called.status_code != 200:
            self.broke(f"a token that was issued answers {called.status_code} (in flight: {doing}): {called.text}")
            await self.client.log_in(SAMPLE)
        await self._check_upstream(doing)
        await self._check_registered(self.chance.sample(self.registered, min(_LOOKED_AT, len(self.registered))))
        for grant in self.chance.sample(self.revoked, min(_LOOKED_AT, len(self.revoked))):
            answer = await self.client.call(grant)
            self.verdict.check(answer.status_code == 401, f"a revoked token answers {answer.status_code}")
        await self.client.browser.open(self.client.authorize_url(SAMPLE, token("")))
        self.verdict.check(self.client.browser.location is not None, "session or consent is gone after a restart")

    async def check_all(self) -> None:
        """Look at every client that was ever registered."""
        await self._check_registered(self.registered)

    def broke(self, promise: str) -> None:
        """Write down a promise that did not hold."""
        self.verdict.check(is_kept=False, promise=promise[:600])

    async def _go_on(self, doing: str) -> None:
        """Try again what was cut off; a client has nothing but what it held before."""
        if doing == "refresh":
            answer = await self.client.refresh(self.client.grants[SAMPLE])
            await self._take_or_log_in(answer, "a refresh that was cut off cannot be tried again")
        elif doing == "code" and self.form:
            answer = await self.client.ask(self.form)
            await self._take_or_log_in(answer, "a code whose answer was cut off cannot be tried again")
        elif doing in {"code", "revoke"}:
            await self.client.log_in(SAMPLE)

    async def _take_or_log_in(self, answer: httpx2.Response, promise: str) -> None:
        if answer.status_code == 200:
            self.client.take(SAMPLE, answer)
            return
        self.counts["grants that ended"] += 1
        self.broke(f"{promise}: {answer.text}")
        await self.client.log_in(SAMPLE)

    async def _check_upstream(self, doing: str) -> None:
        answer = await self._call(NOTES, "whoami")
        if answer.status_code == 401:
            self.broke(f"a token for the second route answers 401: {answer.text}")
        if answer.status_code == 200 and "fingerprint" in answer.text:
            return
        self.counts[f"upstream tokens lost (in flight: {doing or 'nothing'})"] += 1
        if doing != "notes":
            self.broke(f"an upstream connection is gone although nothing of it was in flight: {answer.text}")
        await self._check_named(answer)
        await self.client.log_in(NOTES)

    async def _check_named(self, answer: httpx2.Response) -> None:
        """Look whether a refresh that the kill cut off is named as that, in the answer and among the diagnoses."""
        if "devgw was ended before it came" not in answer.text:
            self.broke(f"a lost refresh is answered with something else: {answer.status_code} {answer.text}")
        named = await self._upstream_diagnoses()
        if named != {LOST}:
            self.broke(f"a lost refresh is named {sorted(named) or 'nothing'} and not {LOST}: {answer.text}")
        else:
            self.counts[f"of them named {LOST}"] += 1

    async def _upstream_diagnoses(self) -> set[str]:
        """Return which failures of upstreams are named, as soon as one is."""
        state, loop = self.world.gateway.root / ".devgw", asyncio.get_running_loop()
        until, named = loop.time() + _NAMED_SECONDS, set[str]()
        while not named and loop.time() < until:
            known = await snapshot_once(state, ["diagnosis"])
            named = {row.id for row in known.of("diagnosis", DiagnosisRow) if row.id.startswith("UPST-")}
            await asyncio.sleep(0.1)
        return named

    async def _check_registered(self, ids: list[str]) -> None:
        for each in ids:
            form = {"grant_type": "refresh_token", "refresh_token": "rt_none", "client_id": each}
            answer = await self.client.ask(form)
            known = answer.json().get("error") == "invalid_grant"
            self.verdict.check(known, f"a registered client is unknown: {answer.text}")
