"""A registration with our callback beside the client's own redirect URIs, and its answer without it.

Source: RFC 7591 §3; RFC 7592 §2.3.
"""

import json
from typing import Any

from devgw.foreign.json import JsonRefused, read_object
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.documents import as_marked
from devgw.limits import Limits


def with_callback(body: bytes, callback: str) -> bytes | None:
    """Return a registration with `callback` among its redirect URIs; None where it names none that could be read."""
    asked = _read(body)
    uris = _redirect_uris(asked)
    if not uris or callback in uris:
        return None
    return json.dumps({**asked, "redirect_uris": [*uris, callback]}).encode()


def without_callback(body: bytes, callback: str) -> bytes:
    """Return an answer to a registration with `callback` taken out; unchanged where it is not in there."""
    answered = _read(body)
    uris = _redirect_uris(answered)
    if callback not in uris:
        return body
    given = json.dumps({**answered, "redirect_uris": [each for each in uris if each != callback]}).encode()
    return as_marked(given, body)


def registered_client(issuer: str, asked: bytes, answer: bytes, callback: str) -> WatchedClient | None:
    """Return who was registered; None where the answer gives no id.

    Its redirect URIs are those that it asked for itself: whatever the server answers, no other one is its own.

    Args:
        issuer: of whose endpoints the registration endpoint is one.
        asked: what the client sent.
        answer: what the server said to it.
        callback: ours, empty where it was not sent along.
    """
    said, own = _read(answer), _read(asked)
    client_id, management = said.get("client_id"), said.get("registration_client_uri")
    if not isinstance(client_id, str) or not 0 < len(client_id) <= Limits.CLIENT_ID_CHARACTERS:
        return None
    taken = _redirect_uris(said)
    name = own.get("client_name")
    return WatchedClient(
        issuer,
        client_id,
        tuple(_redirect_uris(own)),
        callback if callback and (not taken or callback in taken) else "",
        name[: Limits.CLIENT_NAME_CHARACTERS] if isinstance(name, str) else "",
        management if isinstance(management, str) else "",
    )


def _read(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body, most_bytes=Limits.REGISTRATION_BYTES)
    except JsonRefused:
        return {}


def _redirect_uris(document: dict[str, Any]) -> list[str]:
    uris = document.get("redirect_uris")
    return uris if isinstance(uris, list) and all(isinstance(each, str) for each in uris) else []
