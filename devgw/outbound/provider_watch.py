"""While a login is silent: ask the provider what it makes of our callback, since the browser will not tell.

A redirect URI that is not registered ends on the provider's own error page, and the gateway sees nothing. The same URL,
asked for without a browser, shows where it leads. What was good is not asked about again for five minutes; what was
refused is asked about at the next login, since somebody may have mended it. A provider on this machine is always asked.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import Clock
from devgw.config.project import OAuthPolicy
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.events import Bus, FailureOrigin, Outcome, Published
from devgw.events.taxonomy import McpAuthLoginBegun, McpAuthLoginFinished, McpAuthProviderProbed
from devgw.ids import TransactionId
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes.promised_issuer import promised_issuer
from devgw.outbound.probes.provider import Pair, examine_login_page

PATIENCE = 1.0
"""Seconds after which a login counts as silent: who types a password is not back by then, and nothing is said of it."""
ANSWER_SECONDS = 10.0
GOOD_FOR = timedelta(minutes=5)
AGAIN, ROUNDS, MOST_WATCHED = 1.0, 180, 8
"""How often a provider on this machine is asked during one login, and during how many at once: its settings are edited
while the person looks at its page, and asking costs nothing."""


class ProviderWatch:
    """Listens for logins; `hear` every event."""

    def __init__(
        self,
        policy: Callable[[], OAuthPolicy | None],
        bus: Bus,
        clock: Clock,
        in_background: Callable[[Coroutine[Any, Any, None]], None],
        patience: float = PATIENCE,
        *,
        is_emulated: Callable[[], bool] = lambda: False,
    ) -> None:
        self._policy = policy
        self._bus = bus
        self._clock = clock
        self._in_background = in_background
        self._patience = patience
        self._is_emulated = is_emulated
        self._waiting: set[str] = set()
        self._good: tuple[Pair, datetime] | None = None
        """What the provider took last, and when; another policy or callback is another matter."""

    def hear(self, published: Published) -> None:
        """Begin to wait at a login, and stop when its answer comes."""
        event = published.event
        if isinstance(event, McpAuthLoginBegun) and event.transaction_id and self._pair(event.callback_uri):
            self._waiting.add(event.transaction_id)
            self._in_background(self._watch(event.transaction_id, event.callback_uri))
        elif isinstance(event, McpAuthLoginFinished):
            self._waiting.discard(event.transaction_id or "")

    def _pair(self, callback: str) -> Pair | None:
        """Return what is to be asked about, None where it was found good a short while ago, or nobody can be asked."""
        policy = self._policy()
        if policy is None or policy.oidc is None:
            return None
        pair = Pair(policy, callback, self._is_emulated())
        good, at = self._good or (None, self._clock.now())
        is_known = good == pair and not pair.is_local and self._clock.now() - at <= GOOD_FOR
        return None if is_known else pair

    async def _watch(self, transaction_id: TransactionId, callback: str) -> None:
        """Wait, and ask where nothing came; a provider on this machine again and again, while the person is there."""
        for number in range(ROUNDS):
            await asyncio.sleep(AGAIN if number else self._patience)
            pair = self._pair(callback)
            if transaction_id not in self._waiting or pair is None:
                break
            check, promised = await self._probe(pair, reads_metadata=number == 0)
            is_refused = check.verdict is Verdict.FAIL
            if is_refused or number == 0:
                self._tell(transaction_id, pair, check, promised)
            if is_refused or not pair.is_local or len(self._waiting) > MOST_WATCHED:
                break
        self._waiting.discard(transaction_id)

    async def _probe(self, pair: Pair, *, reads_metadata: bool) -> tuple[Check, str | None]:
        """Return what the provider makes of a login, and which `iss` its metadata promises, where that is read."""
        from devgw.outbound.probes.asking import Asker  # noqa: PLC0415  140 ms that only a silent login needs

        async with http_client(Bounds(ANSWER_SECONDS)) as http:
            asker = Asker(http, self._clock)
            promised = await promised_issuer(asker, pair) if reads_metadata else None
            return await examine_login_page(asker, pair), promised

    def _tell(self, transaction_id: TransactionId, pair: Pair, check: Check, promised: str | None) -> None:
        is_refused = check.verdict is Verdict.FAIL
        if check.verdict is Verdict.PASS:
            self._good = pair, self._clock.now()
        self._bus.publish(
            McpAuthProviderProbed(
                transaction_id=transaction_id,
                callback_uri=pair.callback,
                nearest=check.expected,
                promised_issuer=promised,
                is_refused=is_refused,
                is_certain=check.is_certain,
                outcome=Outcome.FAILURE if is_refused else Outcome.SUCCESS,
                failure_origin=FailureOrigin.IDENTITY_PROVIDER if is_refused else None,
                reason_code=check.diagnosis_id or None,
                diagnosis_id=check.diagnosis_id or None,
                explanation=check.saw,
                hint=check.todo or None,
            )
        )
