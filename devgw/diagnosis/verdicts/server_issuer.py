"""What an MCP server's authorization server publishes (RFC 8414), as clients read it."""

from collections.abc import Iterator
from typing import Any

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import MOST_SHOWN
from devgw.diagnosis.verdicts.point import Naming, Point, asked_for, lacks, of_issuer, of_resource, shown
from devgw.diagnosis.verdicts.server_endpoint import answered
from devgw.diagnosis.verdicts.server_place import broken_place, marked_place
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, SeenServer
from devgw.foreign.text import clean
from devgw.foreign.urls import is_url
from devgw.oauth.discovery import check_endpoint
from devgw.problems import Refused
from devgw.problems.upstream import KEPT

METHODS = "token_endpoint_auth_methods_supported"
_USUAL_METHODS = {"none", "client_secret_basic", "client_secret_post"}
_OPENID_ONLY = ("jwks_uri", "subject_types_supported", "id_token_signing_alg_values_supported")
"""What OpenID Connect Discovery §3 asks for and RFC 8414 does not."""


def issuer_points(seen: SeenServer) -> Iterator[Point]:
    """Yield what its metadata comes to, in the order in which a client reads it."""
    yield _documents(seen)
    if seen.server is None:
        return
    document = seen.server.answer.document
    yield _identifier(seen, document)
    yield _endpoints(seen, document)
    yield _pkce(seen, document)
    yield _demands(seen, document)
    yield _registration(seen, document)
    yield _lists(seen, document)


def _documents(seen: SeenServer) -> Point:
    naming = of_issuer(seen, "documents", asked_for([each.answer for each in seen.servers]))
    for place in seen.servers:
        if place.has_document:
            return _found(naming, place)
        if (point := broken_place(naming, place, "as", "UPST-13")) is not None:
            return point
    came = ", ".join(answered(each.answer) for each in seen.servers)
    if (kept := next((shown(each.answer.url) for each in seen.servers if each.answer.status in KEPT), "")) != "":
        return _kept(seen, naming, kept, came)
    saw = f"{shown(seen.issuer)} publishes no metadata: {came}"
    if seen.resource is None:  # `resource.documents` says what follows
        is_broken = any(each.answer.status != 404 for each in seen.resources)  # else that point has the trait
        trait = ("as-absent" if seen.has_default_endpoints else "nothing") if is_broken else ""
        return naming.odd(saw, f"Publish {shown(seen.servers[0].answer.url)} (RFC 8414 §3).", "DISC-02", trait)
    todo = f"Publish {shown(seen.servers[0].answer.url)} (RFC 8414 §3)."
    if "/.well-known/" in seen.issuer:
        todo = "Name the issuer in `authorization_servers`, and not the URL of its metadata (RFC 9728 §2)."
    return naming.bad(saw, todo, "DISC-02", "as-absent-named")


def _kept(seen: SeenServer, naming: Naming, url: str, came: str) -> Point:
    """Return that nobody is let see what is there; less hangs on it where a resource names nobody."""
    saw = f"whether {shown(seen.issuer)} publishes metadata is not known, for it lets nobody see: {came}"
    todo = f"Let everybody read {url}, or answer 404 there if there is none: clients read it before they log in."
    if seen.resource is None:
        is_broken = any(each.answer.status != 404 for each in seen.resources)
        trait = ("as-absent" if seen.has_default_endpoints else "nothing") if is_broken else ""
        return naming.odd(saw, todo, "DISC-20", trait)
    return naming.bad(saw, todo, "DISC-20", "as-absent-named")


def _found(naming: Naming, place: DocumentPlace) -> Point:
    answer = place.answer
    if (point := marked_place(naming, place)) is not None:
        return point
    if answer.media_type != "application/json":
        todo = "Serve it as application/json (RFC 8414 §3.2)."
        return naming.odd(f"{shown(answer.url)} is {answer.media_type or 'without a type'}", todo, "DISC-05")
    if place.kind == "oauth":
        return naming.good(f"found at {shown(answer.url)}")
    missing = [each for each in _OPENID_ONLY if each not in answer.document]
    if missing:
        saw = f"found at {shown(answer.url)} alone, without {', '.join(missing)}, which OpenID Connect asks for there"
        todo = "Complete it, or publish it at /.well-known/oauth-authorization-server too."
        return naming.odd(saw, todo, "DISC-11", "oidc-incomplete")
    return naming.good(f"found at {shown(answer.url)} alone: clients of 2025-06-18 may not look there", "oidc-only")


def _identifier(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(
        seen, "identifier", f"compared `issuer` with {shown(seen.issuer)}, letter for letter (RFC 8414 §3.3)"
    )
    said = document.get("issuer")
    if not isinstance(said, str) or not said:
        return naming.bad(
            lacks(document, "issuer"), f"Write `issuer`: {shown(seen.issuer)!r}.", "DISC-11", "issuer-missing"
        )
    if said == seen.issuer:
        return naming.good(f"issuer is {clean(said, MOST_SHOWN)}")
    difference = explain_difference(clean(said, MOST_SHOWN), clean(seen.issuer, MOST_SHOWN), "issuer")
    todo = f"Make `issuer` and the entry of `authorization_servers` one string, such as {clean(said, MOST_SHOWN)}."
    if not is_url(said):
        todo = f"Name in `authorization_servers` a server whose `issuer` is a URL: {clean(said, MOST_SHOWN)} is none."
    if "{" in said:
        todo += " At Entra that is a single tenant's, with its Directory (tenant) ID in place of `{tenantid}`."
    return naming.bad(difference.sentence, todo, "DISC-01", _of_issuer(said, seen.issuer))


def _of_issuer(said: str, named: str) -> str:
    if said == f"{named}/":
        return "issuer-slash"
    if f"{said}/" == named:
        return "issuer-noslash"
    return "issuer-path" if split_url(said).origin == split_url(named).origin else "issuer-other"


def _endpoints(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(seen, "endpoints", "read where its endpoints are")
    assert seen.server is not None
    for member in ("authorization_endpoint", "token_endpoint", "registration_endpoint"):
        said = document.get(member)
        if said is None and member == "registration_endpoint":
            continue
        if not isinstance(said, str) or not said:
            return naming.bad(lacks(document, member), f"Publish `{member}` (RFC 8414 §2).", "DISC-11", "no-endpoint")
        try:
            check_endpoint(said, member, seen.server.answer.url, local_allowed=said.startswith("http:"))
        except Refused as refused:
            return naming.bad(refused.problem.explain(), f"Publish an absolute URL as `{member}`.", "DISC-13")
    page, promises = str(document["authorization_endpoint"]), "authorization_response_iss_parameter_supported"
    where = split_url(page).origin
    if where != split_url(seen.issuer).origin and document.get(promises) is not True:
        saw = f"authorization_endpoint is on {shown(where)}, and `iss` is not promised (RFC 9207)"
        return naming.odd(saw, f"Send iss and say {promises}: true.", "DISC-06", "authorize-other")
    return naming.good(f"authorization and token endpoint are on {shown(where)}")


def _pkce(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(seen, "pkce", "read code_challenge_methods_supported")
    methods = document.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" in methods:
        return naming.good("S256 is offered")
    trait = "s256-absent" if methods is None else "s256-plain"
    shown = "missing" if methods is None else clean(str(methods), 200)
    todo = 'Say "code_challenge_methods_supported": ["S256"] (MCP 2026-07-28: clients must refuse without it).'
    return naming.bad(f"code_challenge_methods_supported is {shown}", todo, "PKCE-01", trait)


def _demands(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(seen, "demands", "looked for what no MCP client does")
    if document.get("require_pushed_authorization_requests") is True:
        saw = "require_pushed_authorization_requests is true (RFC 9126): the login page refuses what clients send"
        return naming.bad(saw, "Take plain authorization requests from these clients too.", "UPST-21", "par-required")
    if document.get("require_signed_request_object") is True:
        saw = "require_signed_request_object is true (RFC 9101)"
        return naming.bad(saw, "Take plain authorization requests too.", "UPST-21", "signed-request-required")
    types = _strings(document.get("response_types_supported"))
    if types and not any("code" in each.split() for each in types):
        saw = f"response_types_supported is {clean(', '.join(types), 200)}: the login of MCP clients asks for code"
        return naming.bad(saw, "List code, if it is taken (RFC 8414 §2).", "UPST-21", "no-code")
    return _grants(naming, document) or _methods(naming, document)


def _grants(naming: Naming, document: dict[str, Any]) -> Point | None:
    """Return that the login of MCP clients is not among those that are offered; None where it is, or none are named."""
    grants = _strings(document.get("grant_types_supported"))
    if not grants or "authorization_code" in grants:
        return None
    saw = f"grant_types_supported is {clean(', '.join(grants), 200)}: MCP clients log in by authorization_code"
    return naming.odd(saw, "List authorization_code, if it is taken (RFC 8414 §2).", "UPST-21")


def _methods(naming: Naming, document: dict[str, Any]) -> Point:
    methods = set(_strings(document.get(METHODS)))
    if methods and not methods & _USUAL_METHODS:
        saw = f"{METHODS} is {clean(', '.join(sorted(methods)), 200)} alone"
        return naming.bad(saw, "Take public clients: list none.", "UPST-21", "keys-only")
    if methods and "none" not in methods:
        trait = "auth-basic-only" if "client_secret_post" not in methods else "auth-post-only"
        saw = f"{METHODS} has no `none`: each client registers with a secret that it cannot keep"
        return naming.odd(saw, "List none beside the others.", "TOK-01", trait)
    return naming.good("it asks for nothing that clients do not do")


def _registration(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(seen, "registration", "looked how a client gets an id")
    documents = document.get("client_id_metadata_document_supported") is True
    registers = bool(document.get("registration_endpoint"))
    if not registers and not documents:
        saw = "it offers neither registration (RFC 7591) nor client metadata documents"
        todo = "Offer one of the two; until then each client needs an id that was registered by hand."
        return naming.odd(saw, todo, "REG-01", "no-registration")
    if not registers:
        return naming.good("it takes client metadata documents alone", "documents-only")
    return naming.good("clients may register" + (", or name a metadata document" if documents else ""))


def _lists(seen: SeenServer, document: dict[str, Any]) -> Point:
    naming = of_issuer(seen, "members", "read the other members of both documents")
    of_resource_too = of_resource(seen, "members", naming.did)
    published = seen.resource.answer.document if seen.resource else {}
    for whose, each, rfc in ((naming, document, 8414), (of_resource_too, published, 9728)):
        empty = [clean(name, 60) for name, value in each.items() if value in ([], "", None)]
        if empty:
            saw = f"members without a value: {', '.join(dict.fromkeys(empty[:10]))} (RFC {rfc} §3.2: leave them out)"
            return whose.odd(saw, "Leave them out.", "DISC-11", "empty-lists")
    if "offline_access" in _strings(document.get("scopes_supported")):
        return naming.good("it offers offline_access: clients ask for it, with prompt=consent each time", "offline")
    return naming.good("nothing odd")


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
