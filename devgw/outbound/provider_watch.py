"""While a login is silent: ask the provider what it makes of our callback, since the browser will not tell.

A redirect URI that is not registered ends on the provider's own error page, and the gateway sees nothing. The same URL,
asked for without a browser, shows where it leads. No secret is sent, and the same callback is asked about once in five
minutes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import Clock
from devgw.config.project import OAuthPolicy
from devgw.diagnosis.verdicts import Verdict
from devgw.diagnosis.verdicts.provider import authorize
from devgw.events import Bus, FailureOrigin, Outcome, Published
from devgw.events.taxonomy import McpAuthLoginBegun, McpAuthLoginFinished, McpAuthProviderProbed
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes.provider import Pair, authorize_url

PATIENCE = 5.0
"""Seconds after which a login counts as silent."""
ONCE_IN = timedelta(minutes=5)


class ProviderWatch:
    """Listens for logins; `hear` every event."""

    def __init__(
        self,
        policy: Callable[[], OAuthPolicy | None],
        bus: Bus,
        clock: Clock,
        in_background: Callable[[Coroutine[Any, Any, None]], None],
        patience: float = PATIENCE,
    ) -> None:
        self._policy = policy
        self._bus = bus
        self._clock = clock
        self._in_background = in_background
        self._patience = patience
        self._waiting: set[str] = set()
        self._asked: dict[str, datetime] = {}

    def hear(self, published: Published) -> None:
        """Begin to wait at a login, and stop when its answer comes."""
        event = published.event
        if isinstance(event, McpAuthLoginBegun) and event.transaction_id and self._is_due(event.callback_uri):
            self._waiting.add(event.transaction_id)
            self._in_background(self._watch(event.transaction_id, event.callback_uri))
        elif isinstance(event, McpAuthLoginFinished):
            self._waiting.discard(event.transaction_id or "")

    def _is_due(self, callback: str) -> bool:
        policy = self._policy()
        asked = self._asked.get(callback)
        is_provider = policy is not None and policy.oidc is not None
        return is_provider and (asked is None or self._clock.now() - asked > ONCE_IN)

    async def _watch(self, transaction_id: str, callback: str) -> None:
        """Wait, and ask where nothing came."""
        await asyncio.sleep(self._patience)
        policy = self._policy()
        if transaction_id not in self._waiting or policy is None or not self._is_due(callback):
            return
        self._waiting.discard(transaction_id)
        self._asked[callback] = self._clock.now()
        await self._probe(Pair(policy, callback))

    async def _probe(self, pair: Pair) -> None:
        from devgw.outbound.probes.asking import Asker  # noqa: PLC0415  140 ms that only a silent login needs

        async with http_client(Bounds(self._patience + 5)) as http:
            answer = await Asker(http, self._clock).ask("GET", authorize_url(pair), {"accept": "text/html"})
        check = authorize(answer, pair.callback)
        is_refused = check.verdict is Verdict.FAIL and not answer.failure
        self._bus.publish(
            McpAuthProviderProbed(
                callback_uri=pair.callback,
                is_refused=is_refused,
                outcome=Outcome.FAILURE if is_refused else Outcome.SUCCESS,
                failure_origin=FailureOrigin.IDENTITY_PROVIDER if is_refused else None,
                reason_code=check.diagnosis_id or None,
                explanation=check.saw,
                hint=check.todo or None,
            )
        )
