"""The documents of a watched server as its client is given them: the origins swapped, and what would break left out.

What is not named here is copied: a missing document stays missing, a page stays a page, unknown members stay.

Source: RFC 9728 §2, RFC 8414 §2, RFC 9449 §5.1.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devgw.foreign.json import JsonRefused, read_object
from devgw.limits import Limits

Swap = Callable[[str], str]
_SIGNED = "it is signed over the real URLs"
_DROPPED = {
    "signed_metadata": _SIGNED,
    "mtls_endpoint_aliases": "a client certificate cannot pass through devgw",
    "dpop_signing_alg_values_supported": "a DPoP proof names the URL that the client sees",
}
"""Members that are left out, and why."""
_AUTH_METHODS = (
    "token_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_methods_supported",
)
_BY_JWT = frozenset({"private_key_jwt", "client_secret_jwt"})
_DOCUMENTS = "client_id_metadata_document_supported"


@dataclass(frozen=True, slots=True)
class Mended:
    """A document as the client is given it."""

    body: bytes
    changes: tuple[str, ...]
    """What is otherwise than the server said, beside the origins."""


def as_marked(body: bytes, like: bytes) -> bytes:
    """Return a document with the mark of byte order that `like` has: some clients read none that begins with it."""
    return BOM_UTF8 + body if like.startswith(BOM_UTF8) else body


def read_document(body: bytes) -> dict[str, Any] | None:
    """Return a metadata document; None where it is no JSON object that is taken."""
    try:
        return read_object(body, most_bytes=Limits.ANSWER_BYTES)
    except JsonRefused:
        return None


def urls_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URLs in a metadata document whose origins are swapped."""
    for member, value in document.items():
        if isinstance(value, str) and _is_url_of_ours(member):
            yield value
        elif member == "authorization_servers" and isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))


def needed_urls(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield those to which a client goes on its way to a token."""
    for member in ("registration_endpoint", "authorization_endpoint", "token_endpoint"):
        if isinstance(value := document.get(member), str):
            yield value
    servers = document.get("authorization_servers")
    yield from (each for each in servers[:1] if isinstance(each, str)) if isinstance(servers, list) else ()


def mend_resource(document: Mapping[str, Any], swap: Swap) -> Mended:
    """Return a protected resource's metadata with the origins swapped."""
    kept, changes = _without_dropped(document)
    return Mended(_swapped(kept, swap), changes)


def mend_server(document: Mapping[str, Any], swap: Swap) -> Mended:
    """Return an authorization server's metadata with the origins swapped, and without what cannot pass through us."""
    kept, changes = _without_dropped(document)
    for member in _AUTH_METHODS:
        offered = kept.get(member)
        if isinstance(offered, list) and _BY_JWT & set(map(str, offered)):
            kept[member] = [each for each in offered if each not in _BY_JWT]
            changes += (f"{member} without JWT: its audience would be the local URL",)
    if kept.get(_DOCUMENTS) and kept.get("registration_endpoint"):
        kept[_DOCUMENTS] = False
        changes += (f"{_DOCUMENTS} is false, so that the client registers: its own document has no callback of ours",)
    return Mended(_swapped(kept, swap), changes)


def _without_dropped(document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    kept = {member: value for member, value in document.items() if member not in _DROPPED}
    return kept, tuple(f"{member} is left out: {why}" for member, why in _DROPPED.items() if member in document)


def _swapped(document: Mapping[str, Any], swap: Swap) -> bytes:
    return json.dumps({member: _swapped_member(member, value, swap) for member, value in document.items()}).encode()


def _swapped_member(member: str, value: Any, swap: Swap) -> Any:
    if isinstance(value, str) and _is_url_of_ours(member):
        return swap(value)
    if member == "authorization_servers" and isinstance(value, list):
        return [swap(each) if isinstance(each, str) else each for each in value]
    return value


def _is_url_of_ours(member: str) -> bool:
    return member in {"resource", "issuer", "jwks_uri"} or member.endswith("_endpoint")
