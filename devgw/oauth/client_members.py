"""The members of client metadata one by one: what each has to be, and what came instead.

Source: RFC 7591 §2; OpenID Connect Dynamic Client Registration §2 (`application_type`).
"""

import re
from collections.abc import Mapping
from typing import Any

from devgw.foreign.json import kind_of
from devgw.foreign.text import clean, hidden_in
from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits
from devgw.oauth import jwk
from devgw.oauth.joined_uris import joined_in
from devgw.oauth.metadata import SCOPE
from devgw.problems import Refused
from devgw.problems.clients import ClientMetadataInvalid

MAXIMUM_MEMBER_LENGTH = 2_000
_PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri")
_TEXTS = ("client_name", *_PAGES, "software_id", "software_version", "scope", "application_type")
_SEEN = "characters that can be seen"
_URL = "an absolute http(s) URL"
_PARTED = re.compile(r"[^a-z]")


def check_members(members: Mapping[str, Any]) -> None:
    """Refuse a member that is not what it has to be.

    Raises:
        Refused: with `ClientMetadataInvalid`, which names the first.
    """
    for name in _TEXTS:
        _check_text(name, members.get(name, ""))
    for name in _PAGES:
        _check_page(name, members.get(name, ""))
    for each in strings_of(members, "contacts"):
        if hidden := hidden_in(each):
            raise _invalid("contacts", f"a text with {hidden} in it", _SEEN)
        if len(each) > MAXIMUM_MEMBER_LENGTH:
            raise _invalid("contacts", f"{len(each)} characters", "short addresses")


def strings_of(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a member that is an array of strings; none where it is absent.

    Raises:
        Refused: with `ClientMetadataInvalid`.
    """
    value = members.get(name, [])
    odd = [each for each in value if not isinstance(each, str)] if isinstance(value, list) else []
    if odd or not isinstance(value, list):
        got = f"an array with {kind_of(odd[0])} in it" if odd else kind_of(value)
        if isinstance(value, str) and value.lstrip().startswith("["):
            got = "a string with an array written in it"
        meant = f", with {' and '.join(joined_in(value) or (value,))} in it" if isinstance(value, str) else ""
        raise _invalid(name, got, f"an array of strings{meant}", is_of_other_type=True)
    return tuple(value)


def misspelt(members: Mapping[str, Any], name: str) -> str:
    """Return a member that came in place of `name`: the same letters but for case and signs, or its singular."""
    plain = _PARTED.sub("", name)
    found = (each for each in members if each != name and _PARTED.sub("", each.lower()) in {plain, plain[:-1]})
    return next((clean(each, 30) for each in found), "")


def check_keys(members: Mapping[str, Any], method: str) -> None:
    """Refuse keys that are none, and a client that signs without one.

    Raises:
        Refused: with `ClientMetadataInvalid`.
    """
    if "jwks" in members and "jwks_uri" in members:
        raise _invalid("jwks", "given beside jwks_uri", "only one of the two")
    if "jwks" in members and (fault := jwk.find_fault(members["jwks"])):
        place = f"jwks.{fault.place}" if fault.place else "jwks"
        raise _invalid(place, fault.got, fault.expected)
    if method != "private_key_jwt" or "jwks_uri" in members:
        return
    if "jwks" not in members:
        raise _invalid("jwks", "absent", "the public keys of private_key_jwt (or jwks_uri, the URL where they stand)")
    why = [jwk.why_not_verifying(each) for each in members["jwks"]["keys"]]
    if all(why):
        raise _invalid("jwks", f"without a key for signatures (of the first, {why[0]})", "one whose use is sig")


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        wanted = f"the string {SCOPE}, or no scope at all" if name == "scope" else "a string"
        raise _invalid(name, kind_of(value), wanted, is_of_other_type=True)
    if hidden := hidden_in(value):
        raise _invalid(name, f"a text with {hidden} in it", _SEEN)
    most = Limits.CLIENT_NAME_CHARACTERS if name == "client_name" else MAXIMUM_MEMBER_LENGTH
    if len(value) > most:
        raise _invalid(name, f"{len(value)} characters", f"at most {most} characters")


def _check_page(name: str, value: str) -> None:
    """Refuse what is no URL; a logo may be an image in itself, for no page here shows it."""
    if not value or (name == "logo_uri" and value.startswith("data:image/")):
        return
    try:
        read_url(value)
    except UrlRefused as refused:
        image = ", or an image as data:image/…" if name == "logo_uri" else ""
        raise _invalid(name, f"{clean(value, 100)} ({refused})", f"{_URL}{image}") from refused


def _invalid(name: str, got: str, expected: str, *, is_of_other_type: bool = False) -> Refused:
    return Refused(ClientMetadataInvalid(name, got, expected, is_of_other_type=is_of_other_type))
