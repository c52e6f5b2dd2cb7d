"""While another program holds the state database: let the requests that must save wait, and nobody else.

A write that waits inside SQLite holds up every other request; so it is asked first, without waiting, until it is free.
"""

import asyncio

from quart import request

from devgw.web import serving

WAIT_SECONDS = 5.0
"""How long a request waits for the database: most programs let go of it after a moment."""
_STEP_SECONDS = 0.05
_READERS = frozenset({"metadata", "registry"})
"""Blueprints whose endpoints save nothing."""


async def until_writable() -> None:
    """Wait until nobody else holds the database, before a request that may have to save something.

    What cannot be saved is not begun: a code redeemed at the provider would be spent there for nothing.

    Raises:
        Refused: with a problem of `problems.state`, where it is still held then, or nothing can be written.
    """
    if request.blueprint is None or request.blueprint in _READERS:
        return
    store = serving.gateway().ground.store
    waited = 0.0
    while store.is_locked() and waited < WAIT_SECONDS:
        await asyncio.sleep(_STEP_SECONDS)
        waited += _STEP_SECONDS
    store.check_writable()
