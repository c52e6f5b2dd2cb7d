"""A code that is not redeemed: look whether anything listens where the browser was sent with it.

The two loopback addresses of the redirect URI's port are connected to and left again, without a word. It is done once
for each code, and late enough that the browser was there before: a listener that takes one connection has had it.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from devgw.diagnosis.urls import LOOPBACK_NAMES, split_url
from devgw.events import Bus, Published
from devgw.events.taxonomy import McpAuthCallbackProbed, McpAuthCodeIssued, McpAuthDownstreamTokenIssued
from devgw.ids import TokenId
from devgw.outbound.probes.machine import loopback_listeners

PATIENCE = 3.0
"""Seconds after which a code counts as not redeemed: a client that got it asks for its token within one."""
MOST_WATCHED = 64


class CallbackWatch:
    """Listens for codes; `hear` every event."""

    def __init__(
        self,
        bus: Bus,
        in_background: Callable[[Coroutine[Any, Any, None]], None],
        patience: float = PATIENCE,
    ) -> None:
        self._bus = bus
        self._in_background = in_background
        self._patience = patience
        self._waiting: set[TokenId] = set()

    def hear(self, published: Published) -> None:
        """Begin to wait when a code is sent to this machine, and stop when it is redeemed."""
        event = published.event
        if isinstance(event, McpAuthDownstreamTokenIssued) and event.code_id:
            self._waiting.discard(event.code_id)
        elif isinstance(event, McpAuthCodeIssued) and len(self._waiting) < MOST_WATCHED:
            port = _loopback_port(event.redirect_uri)
            if port is not None:
                self._waiting.add(event.code_id)
                self._in_background(self._watch(event, port))

    async def _watch(self, sent: McpAuthCodeIssued, port: int) -> None:
        """Wait, and look where the code was not redeemed meanwhile."""
        await asyncio.sleep(self._patience)
        if sent.code_id not in self._waiting:
            return
        self._waiting.discard(sent.code_id)
        found = await loopback_listeners(port)
        self._bus.publish(
            McpAuthCallbackProbed(
                transaction_id=sent.transaction_id,
                client_id=sent.client_id,
                code_id=sent.code_id,
                port=port,
                listens_v4=found.listens_v4,
                listens_v6=found.listens_v6,
                has_v6=found.has_v6,
            )
        )


def _loopback_port(redirect_uri: str) -> int | None:
    """Return the port of a redirect URI that leads to this machine by http, None for any other."""
    parts = split_url(redirect_uri)
    port = parts.effective_port
    is_here = parts.scheme.text in ("http", "https") and parts.host_name in LOOPBACK_NAMES
    return int(port) if is_here and re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536 else None
