"""The gateway's own metadata through the strict eyes of each client family."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, Check, Verdict, passed
from devgw.foreign.text import clean


@dataclass(frozen=True, slots=True)
class Served:
    """What one MCP route shows a client before it signs in."""

    url: str
    challenge: Answer
    """The answer to a call without a token."""
    resource: Answer
    server: Answer
    preflight: Answer


def strict_eyes(served: Served) -> Iterator[Check]:
    """Yield one check per client family for one route."""
    name = f"metadata.{split_url(served.url).path.text.strip('/') or 'route'}"
    did = f"read the challenge and both documents of {served.url} as a strict client does"
    if served.resource.failure or served.server.failure:
        yield _unanswered(name, did, served.resource if served.resource.failure else served.server)
        return
    for family, rules in FAMILIES.items():
        wrong = next((found for rule in rules if (found := rule(served))), None)
        if wrong is None:
            yield passed(f"{name}.{family}", did, "everything it insists on is there")
        else:
            yield Check(f"{name}.{family}", Verdict.FAIL, did, wrong[1], wrong[2], wrong[0])


def _unanswered(name: str, did: str, answer: Answer) -> Check:
    """Return the failure of a gateway that runs and does not answer under the origin by which clients know it."""
    origin = split_url(answer.url).origin
    todo = f"Start what answers at {origin} (the tunnel), or take `origin` out of devgw.toml."
    return Check(name, Verdict.FAIL, did, f"{answer.url}: {answer.failure}", todo)


def _shown(values: list[Any]) -> str:
    return clean(", ".join(map(str, values[:20])), MOST_SHOWN) or "empty"


Wrong = tuple[str, str, str]
"""Diagnosis id, what was seen, what to do."""


def _challenge(served: Served) -> Wrong | None:
    header = served.challenge.headers.get("www-authenticate", "")
    if served.challenge.status != 401 or not header.startswith("Bearer ") or "resource_metadata=" not in header:
        return (
            "BEAR-01",
            f"a call without a token answers {served.challenge.shown}, {header or 'no challenge'}",
            "Attach the OAuth policy.",
        )
    return None


def _json(served: Served) -> Wrong | None:
    for answer in (served.resource, served.server):
        if answer.status != 200 or not answer.document:
            return (
                "DISC-05",
                f"{answer.url} answers {answer.shown}, {answer.media_type or 'no type'}",
                "Serve JSON there.",
            )
        if answer.media_type != "application/json":
            return "DISC-05", f"{answer.url} is {answer.media_type}", "Serve it as application/json."
    return None


def _resource(served: Served) -> Wrong | None:
    difference = explain_difference(served.resource.said("resource"), served.url, "resource")
    return ("AUD-01", difference.sentence, f"Serve resource = {served.url}.") if difference.kinds else None


def _issuer(served: Served) -> Wrong | None:
    servers = served.resource.listed("authorization_servers") or [""]
    difference = explain_difference(served.server.said("issuer"), clean(str(servers[0]), MOST_SHOWN), "issuer")
    return ("DISC-01", difference.sentence, difference.advice) if difference.kinds else None


def _s256(served: Served) -> Wrong | None:
    methods = served.server.listed("code_challenge_methods_supported")
    return (
        None
        if "S256" in methods
        else ("PKCE-01", f"code_challenge_methods_supported is {_shown(methods)}", "List S256.")
    )


def _public_clients(served: Served) -> Wrong | None:
    methods = served.server.listed("token_endpoint_auth_methods_supported")
    return (
        None
        if "none" in methods
        else ("TOK-01", f"token_endpoint_auth_methods_supported is {_shown(methods)}", "List none.")
    )


def _registration(served: Served) -> Wrong | None:
    document = served.server.document
    has_way = document.get("registration_endpoint") or document.get("client_id_metadata_document_supported")
    return (
        None if has_way else ("REG-01", "no registration_endpoint and no metadata documents", "Offer one of the two.")
    )


def _no_empty_lists(served: Served) -> Wrong | None:
    empty = [
        key
        for each in (served.resource, served.server)
        for key, value in each.document.items()
        if value in ([], None, "")
    ]
    return ("DISC-11", f"empty members: {_shown(empty)}", "Leave empty members out (RFC 8414 §3.2).") if empty else None


def _same_origin(served: Served) -> Wrong | None:
    document = served.server.document
    one, other = split_url(served.server.said("authorization_endpoint")), split_url(served.server.said("issuer"))
    if one.origin == other.origin or document.get("authorization_response_iss_parameter_supported") is True:
        return None
    return "DISC-06", f"authorization_endpoint is on {one.origin}, the issuer on {other.origin}", "Promise iss."


def _no_offline_access(served: Served) -> Wrong | None:
    scopes = [*served.resource.listed("scopes_supported"), *served.server.listed("scopes_supported")]
    return (
        ("SCOPE-01", "offline_access is advertised", "Leave it out; refresh tokens come anyway.")
        if "offline_access" in scopes
        else None
    )


_LET_PAGES_IN = (
    'Give the route a corsPolicy such as "anything-goes" if pages are to call it; clients that are no pages need none.'
)


def _cors(served: Served) -> Wrong | None:
    allowed = served.preflight.headers.get("access-control-allow-headers", "").lower()
    missing = [each for each in ("mcp-protocol-version", "authorization") if each not in allowed and allowed != "*"]
    if served.preflight.status == HTTPStatus.NOT_FOUND:  # so the route's own CORS policy keeps pages out
        shown = f"the preflight of the MCP route answers {served.preflight.shown}"
        return "CORS-01", shown, _LET_PAGES_IN
    if served.preflight.status >= 400 or served.preflight.failure:
        return "CORS-02", f"the preflight of the MCP route answers {served.preflight.shown}", "Let OPTIONS pass."
    return ("CORS-03", f"the preflight does not allow {', '.join(missing)}", "Allow them.") if missing else None


_ALL: tuple[Callable[[Served], Wrong | None], ...] = (_challenge, _json, _s256, _registration, _public_clients)
FAMILIES: dict[str, tuple[Callable[[Served], Wrong | None], ...]] = {
    "claude-code": (*_ALL, _issuer, _resource),
    "cursor": (*_ALL, _resource),
    "vscode": (*_ALL, _issuer, _resource),
    "codex": (*_ALL, _issuer, _same_origin),
    "python-sdk": (*_ALL, _issuer, _resource, _no_offline_access),
    "typescript-sdk": (*_ALL, _issuer, _resource, _no_empty_lists, _no_offline_access),
    "inspector": (*_ALL, _resource, _cors),
    "mcp-remote": (*_ALL, _no_offline_access),
}
"""What each family insists on, as measured."""
