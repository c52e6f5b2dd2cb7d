"""Client metadata as it is registered (RFC 7591 §2) or published (OAuth Client ID Metadata Document §4)."""

from dataclasses import dataclass
from typing import Any

from devgw.foreign.json import kind_of
from devgw.foreign.text import clean, is_seen
from devgw.limits import Limits
from devgw.oauth.client_members import check_keys, check_members, misspelt, strings_of
from devgw.oauth.metadata import AUTH_METHODS, JWT_BEARER, SCOPE
from devgw.oauth.redirect_uri import check_redirect_uri
from devgw.problems import Refused
from devgw.problems.clients import ClientMetadataInvalid, RegistrationUnreadable

GRANT_TYPES = ("authorization_code", "refresh_token", JWT_BEARER)
METHODS_SUPPORTED = "token_endpoint_auth_methods_supported"
"""Member of metadata documents that offer more than one way of authenticating."""
ECHOED = (
    "redirect_uris", "token_endpoint_auth_method", "grant_types", "response_types", "client_name", "client_uri",
    "logo_uri", "scope", "contacts", "tos_uri", "policy_uri", "jwks_uri", "jwks", "software_id", "software_version",
    "application_type", METHODS_SUPPORTED,
)  # fmt: skip
"""Members that are kept and given back (RFC 7591 §2, OpenID Connect Registration §2)."""
USUAL_GRANT_TYPES = ("authorization_code", "refresh_token")


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What a client says of itself, checked, with the defaults filled in."""

    name: str
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str
    grant_types: tuple[str, ...]
    members: dict[str, Any]
    """All of it, as it is echoed in the registration answer."""


def read_client_metadata(document: Any, *, default_auth_method: str = "client_secret_basic") -> ClientMetadata:
    """Return the metadata in a registration request or metadata document.

    Members that nobody registered are kept out of the echo but are no error (RFC 7591 §2). `application_type` is taken
    with any value: real clients send `web` with native redirect URIs.

    Raises:
        Refused: with `RegistrationUnreadable`, `ClientMetadataInvalid` or `RedirectUriRefused`.
    """
    if not isinstance(document, dict):
        raise Refused(RegistrationUnreadable(got=kind_of(document)))
    members = {name: value for name, value in document.items() if value is not None and value != ""}
    redirect_uris = strings_of(members, "redirect_uris")
    grant_types = _offered("grant_types", strings_of(members, "grant_types"), GRANT_TYPES) or USUAL_GRANT_TYPES
    _offered("response_types", strings_of(members, "response_types"), ("code",))
    method = _method_of(members, default_auth_method)
    _check_redirects(members, redirect_uris, grant_types)
    check_members(members)
    _check_scope(members)
    check_keys(members, method)
    registered = {name: members[name] for name in ECHOED if name in members}
    registered |= {
        "redirect_uris": list(redirect_uris),
        "grant_types": list(grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": SCOPE,
    }
    return ClientMetadata(_name_of(members, redirect_uris), redirect_uris, method, grant_types, registered)


def _method_of(members: dict[str, Any], default: str) -> str:
    """Return how the client authenticates; `default` where it does not say, which is `none` for a document."""
    method = members.get("token_endpoint_auth_method", default)
    if default == "none" and "none" in strings_of(members, METHODS_SUPPORTED):
        return "none"  # a document that offers it: whoever needs no key proves less, and is treated so
    if isinstance(method, str) and method in AUTH_METHODS:
        return method
    is_public = default == "none"  # a document: a secret in it would be everybody's
    taken = " or ".join(each for each in AUTH_METHODS if not (is_public and each.startswith("client_secret")))
    is_other, name = not isinstance(method, str), "token_endpoint_auth_method"
    got = kind_of(method) if is_other else repr(method)
    raise Refused(ClientMetadataInvalid(name, got, taken, is_of_other_type=is_other))


def _offered(name: str, values: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `values` that are offered: what is not is left out of the answer (RFC 7591 §3.2.1).

    Raises:
        Refused: where none is, and the client could do nothing here.
    """
    kept = tuple(each for each in values if each in offered)
    if values and not set(kept) - {"refresh_token"}:
        wanted = offered[0]
        if "refresh_token" in offered:
            wanted = f"{wanted}; refresh_token may stand beside it, not alone"
        raise Refused(ClientMetadataInvalid(name, ", ".join(map(repr, values)), wanted))
    return kept


def _check_redirects(members: dict[str, Any], redirect_uris: tuple[str, ...], grant_types: tuple[str, ...]) -> None:
    if not redirect_uris and "authorization_code" in grant_types:
        came = misspelt(members, "redirect_uris")
        got = f"absent, but {came} came" if came else "empty" if "redirect_uris" in members else "absent"
        raise Refused(ClientMetadataInvalid("redirect_uris", got, "an array with at least one URI"))
    for uri in redirect_uris:
        check_redirect_uri(uri)


def _check_scope(members: dict[str, Any]) -> None:
    """Refuse any scope but the one offered; the standard would let us replace it, the deployed gateway refuses."""
    foreign = [each for each in str(members.get("scope", "")).split() if each != SCOPE]
    if foreign:
        raise Refused(
            ClientMetadataInvalid(
                "scope", repr(" ".join(str(members["scope"]).split())), f"{SCOPE}, or no scope at all"
            )
        )


def _name_of(members: dict[str, Any], redirect_uris: tuple[str, ...]) -> str:
    """Return how the client is called here, as long as a name may be, whatever it is taken from."""
    names = (str(members.get(name, "")).strip() for name in ("client_name", "software_id"))
    named = next((each for each in names if is_seen(each)), "")
    if not named:
        named = f"unnamed client ({redirect_uris[0]})" if redirect_uris else "unnamed client"
    return clean(named, Limits.CLIENT_NAME_CHARACTERS)
