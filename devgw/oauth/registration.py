"""Client metadata as it is registered (RFC 7591 §2) or published (OAuth Client ID Metadata Document §4)."""

from dataclasses import dataclass
from typing import Any

from devgw.foreign.json import kind_of
from devgw.foreign.text import clean, hidden_in, is_seen
from devgw.limits import Limits
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
MAXIMUM_MEMBER_LENGTH = 2_000
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
    redirect_uris = _strings(members, "redirect_uris")
    grant_types = _offered("grant_types", _strings(members, "grant_types"), GRANT_TYPES) or USUAL_GRANT_TYPES
    _offered("response_types", _strings(members, "response_types"), ("code",))
    method = members.get("token_endpoint_auth_method", default_auth_method)
    if default_auth_method == "none" and "none" in _strings(members, METHODS_SUPPORTED):
        method = "none"  # a document that offers it: whoever needs no key proves less, and is treated so
    if method not in AUTH_METHODS:
        is_public = default_auth_method == "none"  # a document: a secret in it would be everybody's
        taken = " or ".join(each for each in AUTH_METHODS if not (is_public and each.startswith("client_secret")))
        raise Refused(ClientMetadataInvalid("token_endpoint_auth_method", repr(method), taken))
    _check_redirects(redirect_uris, grant_types)
    _check_texts(members)
    _check_scope(members)
    _check_keys(members, method)
    _check_with_authlib(members)
    registered = {name: members[name] for name in ECHOED if name in members}
    registered |= {
        "redirect_uris": list(redirect_uris),
        "grant_types": list(grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": SCOPE,
    }
    return ClientMetadata(_name_of(members, redirect_uris), redirect_uris, method, grant_types, registered)


def _strings(members: dict[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name, [])
    odd = [each for each in value if not isinstance(each, str)] if isinstance(value, list) else []
    if odd or not isinstance(value, list):
        got = f"an array with {kind_of(odd[0])} in it" if odd else kind_of(value)
        raise Refused(ClientMetadataInvalid(name, got, "an array of strings", is_of_other_type=True))
    return tuple(value)


def _offered(name: str, values: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `values` that are offered: what is not is left out of the answer (RFC 7591 §3.2.1).

    Raises:
        Refused: where none is, and the client could do nothing here.
    """
    kept = tuple(each for each in values if each in offered)
    if values and not set(kept) - {"refresh_token"}:
        first = " or ".join(each for each in offered if each != "refresh_token")
        wanted = f"{first}; refresh_token may stand beside it, not alone" if "refresh_token" in offered else first
        raise Refused(ClientMetadataInvalid(name, ", ".join(map(repr, values)), wanted))
    return kept


def _check_redirects(redirect_uris: tuple[str, ...], grant_types: tuple[str, ...]) -> None:
    if not redirect_uris and "authorization_code" in grant_types:
        raise Refused(ClientMetadataInvalid("redirect_uris", "absent or empty", "an array with at least one URI"))
    for uri in redirect_uris:
        check_redirect_uri(uri)


def _check_texts(members: dict[str, Any]) -> None:
    for name in (
        "client_name",
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "software_id",
        "software_version",
        "scope",
    ):
        value = members.get(name, "")
        if not isinstance(value, str):
            raise Refused(ClientMetadataInvalid(name, kind_of(value), "a string", is_of_other_type=True))
        hidden = hidden_in(value)
        if hidden:
            raise Refused(ClientMetadataInvalid(name, f"a text with {hidden} in it", "characters that can be seen"))
        most = Limits.CLIENT_NAME_CHARACTERS if name == "client_name" else MAXIMUM_MEMBER_LENGTH
        if len(value) > most:
            raise Refused(ClientMetadataInvalid(name, f"{len(value)} characters", f"at most {most} characters"))
        if value and name.endswith("_uri") and not _is_page(name, value):
            wanted = f"an absolute http(s) URL{', or an image as data:image/…' if name == 'logo_uri' else ''}"
            raise Refused(ClientMetadataInvalid(name, "no such URL", wanted))
    _check_contacts(members)


def _is_page(name: str, value: str) -> bool:
    """Tell whether a member may be that URL; a logo may be an image in itself, for no page here shows it."""
    return value.startswith(("https://", "http://")) or (name == "logo_uri" and value.startswith("data:image/"))


def _check_contacts(members: dict[str, Any]) -> None:
    """Refuse contacts that are no short, visible strings."""
    for each in _strings(members, "contacts"):
        if hidden := hidden_in(each):
            raise Refused(
                ClientMetadataInvalid("contacts", f"a text with {hidden} in it", "characters that can be seen")
            )
        if len(each) > MAXIMUM_MEMBER_LENGTH:
            raise Refused(ClientMetadataInvalid("contacts", f"{len(each)} characters", "short addresses"))


def _check_scope(members: dict[str, Any]) -> None:
    """Refuse any scope but the one offered; the standard would let us replace it, the deployed gateway refuses."""
    foreign = [each for each in str(members.get("scope", "")).split() if each != SCOPE]
    if foreign:
        raise Refused(
            ClientMetadataInvalid(
                "scope", repr(" ".join(str(members["scope"]).split())), f"{SCOPE}, or no scope at all"
            )
        )


def _check_keys(members: dict[str, Any], method: str) -> None:
    has_keys = "jwks" in members or "jwks_uri" in members
    if method == "private_key_jwt" and not has_keys:
        raise Refused(ClientMetadataInvalid("jwks", "absent", "the keys of private_key_jwt, or their jwks_uri"))
    if "jwks" in members and "jwks_uri" in members:
        raise Refused(ClientMetadataInvalid("jwks", "given beside jwks_uri", "only one of the two"))


def _check_with_authlib(members: dict[str, Any]) -> None:
    """Let Authlib check what is left: web pages, contacts, the form of the key set."""
    from authlib.oauth2.rfc7591 import ClientMetadataClaims  # noqa: PLC0415  0.1 s and 6 MB that a start need not pay
    from joserfc.errors import JoseError  # noqa: PLC0415  comes with it

    try:
        # It wants a host in each URL; a redirect URI of a private-use scheme has none (RFC 8252 §7.1), nor an image.
        inner = {"redirect_uris", *(("logo_uri",) if str(members.get("logo_uri")).startswith("data:") else ())}
        left = {name: value for name, value in members.items() if name not in inner}
        ClientMetadataClaims(left, {}, {}, None).validate()
    except JoseError as error:
        name = str(getattr(error, "claim", "") or error.description or error)
        raise Refused(ClientMetadataInvalid(name, "malformed", "what RFC 7591 §2 says of it")) from error
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # a key set whose members are of other types
        name = "jwks" if "jwks" in members else "a member"
        raise Refused(ClientMetadataInvalid(name, "malformed", "what RFC 7591 §2 says of it")) from error


def _name_of(members: dict[str, Any], redirect_uris: tuple[str, ...]) -> str:
    """Return how the client is called here, as long as a name may be, whatever it is taken from."""
    names = (str(members.get(name, "")).strip() for name in ("client_name", "software_id"))
    named = next((each for each in names if is_seen(each)), "")
    if not named:
        named = f"unnamed client ({redirect_uris[0]})" if redirect_uris else "unnamed client"
    return clean(named, Limits.CLIENT_NAME_CHARACTERS)
