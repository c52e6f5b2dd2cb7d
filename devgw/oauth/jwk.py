"""Keys as they are published (JSON Web Keys): which of them verify a signature, and what is wrong with a set.

Source: RFC 7517 §4 and §5, RFC 7518 §6, RFC 8037 §2; RFC 7591 §2 (`jwks`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devgw.foreign.json import kind_of
from devgw.foreign.text import clean

_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""What each kind of public key has to have; other kinds are passed over (RFC 7517 §5)."""
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")
"""What only the private half of such a key has (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2)."""
_SIGNING = re.compile(r"[RPE]S\d{3}K?|EdDSA|Ed25519|Ed448", re.ASCII)
"""The algorithms by which a public key verifies (RFC 7518 §3.1, RFC 8037 §3.1, RFC 8812 §3.2, RFC 9864 §2.2).

Those that encrypt begin alike: RSA-OAEP, RSA1_5 (RFC 7518 §4.1).
"""
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class KeyFault:
    """What is wrong with a key set."""

    place: str
    """Where, as a path into the set: empty for the set itself, else `keys`, `keys[0]`, `keys[0].kty`."""
    got: str
    expected: str


def why_not_verifying(key: Mapping[str, Any]) -> str:
    """Return why a key is not for verifying signatures, by what it says of itself; empty where it is."""
    use = key.get("use")
    if use is not None and use != "sig":
        return f"its use is {_written(use)}, not sig"
    operations = key.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        return "its key_ops do not have verify"
    algorithm = key.get("alg")
    if algorithm is not None and not (isinstance(algorithm, str) and _SIGNING.fullmatch(algorithm)):
        return f"its alg is {_written(algorithm)}, by which nothing is signed"
    kind = key.get("kty")
    return (
        ""
        if isinstance(kind, str) and kind in _PUBLIC
        else f"its kty is {_written(kind)}, none of {', '.join(_PUBLIC)}"
    )


def private_members(key: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the members of a key of a pair that its owner alone may have; none where it is its public half."""
    kind = key.get("kty")
    return tuple(name for name in _PRIVATE if name in key) if isinstance(kind, str) and kind in _PUBLIC else ()


def find_published_private(keys: Sequence[Any]) -> str:
    """Return which key of a published set is a private one, in words that may be shown; empty where none is."""
    of_pairs = (each for each in keys if isinstance(each, Mapping) and private_members(each))
    found = next(of_pairs, None)
    if found is None:
        return ""
    key_id = found.get("kid")
    named = f"the key {clean(key_id, _SHOWN)}" if isinstance(key_id, str) else "a key without kid"
    return f"{named} has {', '.join(private_members(found))}"


def find_fault(key_set: Any) -> KeyFault | None:
    """Return what is wrong with the set of a client's public keys; None where it is good."""
    if not isinstance(key_set, dict):
        return KeyFault("", kind_of(key_set), "an object with keys, an array of public keys")
    keys = key_set.get("keys")
    if not isinstance(keys, list) or not keys:
        got = "absent" if "keys" not in key_set else "empty" if keys == [] else kind_of(keys)
        return KeyFault("keys", got, "an array of at least one public key")
    found = (_in_key(each, f"keys[{number}]") for number, each in enumerate(keys))
    return next((fault for fault in found if fault), None)


def _in_key(key: Any, place: str) -> KeyFault | None:
    if not isinstance(key, dict):
        return KeyFault(place, kind_of(key), "an object that has kty")
    kind = key.get("kty")
    if not isinstance(kind, str):
        got = "absent" if kind is None else kind_of(kind)
        return KeyFault(f"{place}.kty", got, " or ".join(_PUBLIC))
    if private := private_members(key):
        return KeyFault(
            place, f"a private key (it has {private[0]})", f"its public half alone, {', '.join(_PUBLIC.get(kind, ()))}"
        )
    lacking = next((name for name in _PUBLIC.get(kind, ()) if not isinstance(key.get(name), str)), "")
    if lacking:
        got = kind_of(key[lacking]) if lacking in key else "absent"
        return KeyFault(f"{place}.{lacking}", got, f"a string, as every key of kty {kind} has it")
    return _unread(key, kind, place)


def _unread(key: dict[str, Any], kind: str, place: str) -> KeyFault | None:
    """Return that the values of a key for signatures make no key."""
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  comes with it

    if kind not in _PUBLIC or why_not_verifying(key):
        return None
    try:
        jwt.PyJWK(key)
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError) as error:
        why = f"no {kind} key that can be read ({clean(str(error), 100)})"
        return KeyFault(place, why, f"the public key as its library writes it, {', '.join(_PUBLIC[kind])} whole")
    return None


def _written(value: Any) -> str:
    return clean(value, _SHOWN) if isinstance(value, str) else kind_of(value)
