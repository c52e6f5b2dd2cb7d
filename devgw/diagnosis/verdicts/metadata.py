"""The gateway's own metadata as each client family reads it: by the same traits and the same table as anybody's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from devgw.diagnosis.clients.demands import demands
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import Answer, Check, Verdict, passed, refused
from devgw.diagnosis.verdicts.point import Point
from devgw.diagnosis.verdicts.server_endpoint import challenge_point
from devgw.diagnosis.verdicts.server_issuer import issuer_points
from devgw.diagnosis.verdicts.server_resource import resource_points
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, Endpoint, SeenServer
from devgw.foreign.text import clean


@dataclass(frozen=True, slots=True)
class ShownMetadata:
    """What one MCP route shows a client before it signs in."""

    url: str
    challenge: Answer
    """The answer to a call without a token."""
    resource: Answer
    server: Answer
    preflight: Answer


def strict_eyes(served: ShownMetadata) -> Iterator[Check]:
    """Yield what is wrong with one route's metadata, and a check per client family that was driven."""
    name = f"metadata.{split_url(served.url).path.text.strip('/') or 'route'}"
    did = f"read the challenge and both documents of {served.url} as a strict client does"
    if served.resource.failure or served.server.failure:
        yield _unanswered(name, did, served.resource if served.resource.failure else served.server)
        return
    points = _points(served)
    for point in points:
        if point.check.verdict is Verdict.FAIL:
            yield replace(point.check, name=f"{name}.{point.check.name}", fault="")
    for family in demands():
        if family.seen:
            refusing = (each.check for each in points if each.trait in family.refuses)
            yield _of_family(f"{name}.{family.key}", did, next(refusing, None))
    wrong = _cors(served)
    pages = f"{name}.inspector"
    yield (
        Check(pages, Verdict.FAIL, did, wrong[1], wrong[2], wrong[0])
        if wrong
        else passed(pages, did, "pages may call it")
    )


def _of_family(name: str, did: str, refused: Check | None) -> Check:
    """Return what one client family makes of it."""
    if refused is None:
        return passed(name, did, "nothing is there that it is known to refuse")
    return Check(name, Verdict.FAIL, did, refused.saw, refused.todo, refused.diagnosis_id)


def _points(served: ShownMetadata) -> list[Point]:
    """Return what the three answers come to, as those of anybody's server do."""
    nothing = Answer(served.url)
    named = [each for each in served.resource.listed("authorization_servers")[:1] if isinstance(each, str)]
    seen = SeenServer(
        served.url,
        Endpoint(served.url, served.challenge, served.challenge, nothing, served.preflight),
        resources=(DocumentPlace("path", served.resource),),
        issuer=named[0] if named else split_url(served.url).origin,
        servers=(DocumentPlace("oauth", served.server),),
    )
    return [challenge_point(seen), *resource_points(seen), *issuer_points(seen)]


def _unanswered(name: str, did: str, answer: Answer) -> Check:
    """Return the failure of a gateway that runs and does not answer under the origin by which clients know it."""
    if (problem := answer.of_this_machine) is not None:
        return refused(name, did, problem)
    origin = split_url(answer.url).origin
    todo = f"Start what answers at {origin} (the tunnel), or take `origin` out of devgw.toml."
    return Check(name, Verdict.FAIL, did, f"{clean(answer.url, 500)}: {answer.failure}", todo)


Wrong = tuple[str, str, str]
"""Diagnosis id, what was seen, what to do."""
_LET_PAGES_IN = (
    'Give the route a corsPolicy such as "anything-goes" if pages are to call it; clients that are no pages need none.'
)


def _cors(served: ShownMetadata) -> Wrong | None:
    """Return what keeps pages out, such as the MCP Inspector's."""
    allowed = served.preflight.headers.get("access-control-allow-headers", "").lower()
    missing = [each for each in ("mcp-protocol-version", "authorization") if each not in allowed and allowed != "*"]
    if served.preflight.status == HTTPStatus.NOT_FOUND:  # so the route's own CORS policy keeps pages out
        shown = f"the preflight of the MCP route answers {served.preflight.shown}"
        return "CORS-01", shown, _LET_PAGES_IN
    if served.preflight.status >= 400 or served.preflight.failure:
        return "CORS-02", f"the preflight of the MCP route answers {served.preflight.shown}", "Let OPTIONS pass."
    return ("CORS-03", f"the preflight does not allow {', '.join(missing)}", "Allow them.") if missing else None
