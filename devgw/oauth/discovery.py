"""Where a client looks for metadata, in which order, and what it must not believe.

Source: RFC 9728 §3, RFC 8414 §3, OpenID Connect Discovery §4, MCP authorization (2026-07-28) §Discovery.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from devgw.foreign.urls import UrlRefused, read_url
from devgw.oauth.resource import canonical_resource, origin_of
from devgw.oauth.text import is_text
from devgw.problems import Refused
from devgw.problems.upstream_document import (
    DEVGW_TOML,
    AuthorizationServerIncomplete,
    DemandUnmet,
    EndpointRefused,
    IssuerMismatch,
    PkceUnsupported,
    ResourceMetadataForeign,
)

OFFLINE_ACCESS = "offline_access"
_METHODS = "code_challenge_methods_supported"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint")
"""The members of a server's metadata to which requests or browsers are sent."""


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """What an upstream says of itself (RFC 9728 §2)."""

    url: str | None
    """Where it was found; None where the upstream publishes none and 2025-03-26 rules apply."""
    resource: str
    """As the upstream spells it: sent back verbatim."""
    authorization_servers: tuple[str, ...]
    scopes_supported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What an authorization server says of itself (RFC 8414 §2), as far as a client cares."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str | None = None
    revocation_endpoint: str | None = None
    token_endpoint_auth_methods: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] = ()
    takes_client_metadata_documents: bool = False
    sends_issuer: bool = False
    """Whether it promises `iss` in authorization responses (RFC 9207 §3)."""
    url: str | None = None
    """Where the document was found; None for the default endpoints of 2025-03-26."""
    overlaid: tuple[str, ...] = field(default=())
    """The members that `devgw.toml` mended."""


def resource_metadata_urls(resource: str) -> tuple[str, ...]:
    """Return where an MCP server's metadata may be: with its path inserted, then at the root."""
    parts = urlsplit(resource)
    root = f"{origin_of(resource)}/.well-known/oauth-protected-resource"
    tail = parts.path if parts.path != "/" else ""
    query = f"?{parts.query}" if parts.query else ""
    return (f"{root}{tail}{query}", root) if tail or query else (root,)


def authorization_server_urls(issuer: str) -> tuple[str, ...]:
    """Return where an issuer's metadata may be: OAuth inserted, OpenID inserted, OpenID appended."""
    root, path = origin_of(issuer), urlsplit(issuer).path.rstrip("/")
    inserted = (
        f"{root}/.well-known/oauth-authorization-server{path}",
        f"{root}/.well-known/openid-configuration{path}",
    )
    return (*inserted, f"{root}{path}/.well-known/openid-configuration") if path else inserted


def covers(resource: str, url: str) -> bool:
    """Tell whether `resource` names `url` or what it lies under: same origin, and a prefix of the path by segments."""
    try:
        wide, narrow = urlsplit(canonical_resource(resource)), urlsplit(canonical_resource(url))
    except Refused:
        return False
    if (wide.scheme, wide.netloc) != (narrow.scheme, narrow.netloc) or (wide.query and wide.query != narrow.query):
        return False
    return narrow.path == wide.path or narrow.path.startswith(wide.path.rstrip("/") + "/")


def _strings(value: Any) -> tuple[str, ...]:
    """Return the strings of a JSON array; nothing where it is none."""
    return tuple(each for each in value if is_text(each)) if isinstance(value, list) else ()


def _string(document: Mapping[str, Any], member: str) -> str | None:
    """Return a member that is a string with something in it, or None."""
    value = document.get(member)
    return value if is_text(value) else None


def _said(document: Mapping[str, Any], member: str) -> str:
    """Return what stands in a member, as JSON; empty where there is none."""
    return json.dumps(document[member]) if member in document else ""


def _place(member: str, url: str, overlay: Mapping[str, Any] | None) -> str:
    """Return where a member stands: in the document, or in what mends it."""
    return DEVGW_TOML if member in (overlay or {}) else url


def read_resource_metadata(
    document: Mapping[str, Any], url: str, upstream_url: str, overlay: Mapping[str, Any] | None = None
) -> ResourceMetadata:
    """Return what a protected resource's document says; `overlay` mends members first.

    Raises:
        Refused: with `ResourceMetadataForeign` where it speaks of another resource (RFC 9728 §3.3).
    """
    mended = {**document, **(overlay or {})}
    resource = _string(mended, "resource")
    if resource is None or not covers(resource, upstream_url):
        place = _place("resource", url, overlay)
        raise Refused(ResourceMetadataForeign(url=place, upstream_url=upstream_url, resource=resource))
    servers = _strings(mended.get("authorization_servers"))
    return ResourceMetadata(url, resource, servers, _strings(mended.get("scopes_supported")))


def check_endpoint(endpoint: str, member: str, url: str, *, local_allowed: bool) -> None:
    """Refuse what a document names as an endpoint and is no place to go to, be it by a request or a browser.

    Args:
        endpoint: what the document says.
        member: where in it.
        url: the document.
        local_allowed: whether the upstream is local itself, so that plain http may do.

    Raises:
        Refused: with `EndpointRefused`.
    """
    try:
        read = read_url(endpoint)
    except UrlRefused as error:
        raise Refused(EndpointRefused(url=url, member=member, got=endpoint, why=str(error))) from error
    if read.scheme == "http" and not local_allowed:
        why = "plain http is for this machine alone"
        raise Refused(EndpointRefused(url=url, member=member, got=endpoint, why=why))


def read_authorization_server(
    document: Mapping[str, Any],
    issuer: str,
    url: str,
    overlay: Mapping[str, Any] | None = None,
    *,
    local_allowed: bool = True,
) -> AuthorizationServer:
    """Return what an issuer's document says, once it is one that a client may use; `overlay` mends members first.

    Raises:
        Refused: with `IssuerMismatch` (RFC 8414 §3.3), `AuthorizationServerIncomplete`, `EndpointRefused` or
            `PkceUnsupported`. A document without an issuer is incomplete: it is no other issuer's.
    """
    mended = {**document, **(overlay or {})}
    named = _string(mended, "issuer")
    if named is None:
        place, got = _place("issuer", url, overlay), _said(mended, "issuer")
        raise Refused(AuthorizationServerIncomplete(url=place, member="issuer", got=got, value=issuer))
    if named != issuer:
        raise Refused(IssuerMismatch(url=url, expected=issuer, got=named))
    authorization, token = _string(mended, "authorization_endpoint"), _string(mended, "token_endpoint")
    if authorization is None or token is None:
        missing = "token_endpoint" if authorization else "authorization_endpoint"
        place = _place(missing, url, overlay)
        raise Refused(AuthorizationServerIncomplete(url=place, member=missing, got=_said(mended, missing)))
    for member in ENDPOINTS:
        if (endpoint := _string(mended, member)) is not None:
            check_endpoint(endpoint, member, _place(member, url, overlay), local_allowed=local_allowed)
    if "S256" not in _strings(mended.get(_METHODS)):
        raise Refused(PkceUnsupported(url=_place(_METHODS, url, overlay), got=_said(mended, _METHODS)))
    _check_demands(mended, url, overlay)
    auth_methods = mended.get("token_endpoint_auth_methods_supported")
    return AuthorizationServer(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        registration_endpoint=_string(mended, "registration_endpoint"),
        revocation_endpoint=_string(mended, "revocation_endpoint"),
        token_endpoint_auth_methods=_strings(auth_methods) if auth_methods is not None else None,
        scopes_supported=_strings(mended.get("scopes_supported")),
        takes_client_metadata_documents=mended.get("client_id_metadata_document_supported") is True,
        sends_issuer=mended.get("authorization_response_iss_parameter_supported") is True,
        url=url,
        overlaid=tuple(overlay or ()),
    )


_DEMANDS = (
    ("response_types_supported", "code", ("code",)),
    ("grant_types_supported", "authorization_code", ("authorization_code",)),
    ("response_modes_supported", "query", ("query",)),
    (
        "token_endpoint_auth_methods_supported",
        "none, client_secret_basic or client_secret_post",
        ("none", "client_secret_basic", "client_secret_post"),
    ),
)
"""Members that list what is taken, and what of that the gateway can do."""
_REQUIRED = (
    ("require_pushed_authorization_requests", "authorization requests in the browser's URL"),
    ("require_signed_request_object", "authorization requests of plain parameters"),
)
"""Members that ask for more than the gateway does (RFC 9126 §5, RFC 9101 §10.5), and what it does."""


def _check_demands(document: Mapping[str, Any], url: str, overlay: Mapping[str, Any] | None) -> None:
    """Refuse a server that takes nothing of what the gateway can do; one that does not say it may take it.

    Raises:
        Refused: with `DemandUnmet`.
    """
    for member, offered in _REQUIRED:
        if document.get(member) is True:
            raise Refused(DemandUnmet(url=_place(member, url, overlay), member=member, got="true", offered=offered))
    for member, offered, able in _DEMANDS:
        taken = _strings(document.get(member))
        if taken and not set(taken) & set(able):
            raise Refused(
                DemandUnmet(url=_place(member, url, overlay), member=member, got=", ".join(taken), offered=offered)
            )


def default_endpoints(origin: str) -> AuthorizationServer:
    """Return the endpoints that revision 2025-03-26 assumes where an origin publishes no metadata at all."""
    return AuthorizationServer(
        issuer=origin,
        authorization_endpoint=f"{origin}/authorize",
        token_endpoint=f"{origin}/token",
        registration_endpoint=f"{origin}/register",
        # Without metadata nothing else can be known; public is what every such server takes.
        token_endpoint_auth_methods=("none", "client_secret_post", "client_secret_basic"),
    )


@dataclass(frozen=True, slots=True)
class ChosenScope:
    """The scopes to ask for, and who named them."""

    scopes: tuple[str, ...]
    source: str
    """`policy`, `challenge`, `scopes_supported` or `none`."""


def choose_scope(
    explicit: Sequence[str] | None, challenged: Sequence[str], resource: ResourceMetadata, server: AuthorizationServer
) -> ChosenScope:
    """Return what to ask for: the policy's own, else the challenge's, else the resource's, else nothing.

    `offline_access` is added where the authorization server offers it and the policy did not choose (SEP-2207).
    """
    if explicit is not None:
        return ChosenScope(tuple(explicit), "policy")
    scopes, source = tuple(challenged), "challenge"
    if not scopes:
        scopes, source = resource.scopes_supported, "scopes_supported"
    if not scopes:
        source = "none"
    if OFFLINE_ACCESS in server.scopes_supported and OFFLINE_ACCESS not in scopes:
        scopes = (*scopes, OFFLINE_ACCESS)
    return ChosenScope(scopes, source)


def without_query(url: str) -> str:
    """Return `url` without its query and fragment, as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
