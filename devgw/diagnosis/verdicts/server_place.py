"""A place at which a server publishes a document, where something else stands."""

from codecs import BOM_UTF8

from devgw.diagnosis.verdicts.check import Answer
from devgw.diagnosis.verdicts.point import Naming, Point, at_whose, shown
from devgw.diagnosis.verdicts.server_endpoint import answered, why_unread
from devgw.diagnosis.verdicts.server_seen import REDIRECTS, DocumentPlace
from devgw.problems.limit import limit_id
from devgw.problems.proxy import NAMING_DOCUMENT
from devgw.problems.upstream_answered import CallFacts
from devgw.problems.upstream_by_status import kept_from, sign_in_of

_TOO_OFTEN = 429
_LIMITED = {"PROXY-19": "PROXY-17"}
"""The id of an MCP server's limit, for that of its failure; an authorization server has one for both."""
_STANDARDS = {"prm": "RFC 9728 §3.2", "as": "RFC 8414 §3.2"}


def marked_place(naming: Naming, place: DocumentPlace) -> Point | None:
    """Return the failure of a document that begins with a mark of byte order, which not every client reads past."""
    if not place.answer.body.startswith(BOM_UTF8):
        return None
    saw = f"{shown(place.answer.url)} begins with a mark of byte order: some clients read no such JSON (RFC 8259 §8.1)"
    return naming.bad(saw, "Send it without the three bytes EF BB BF.", "DISC-05", "byte-order-mark")


def broken_place(naming: Naming, place: DocumentPlace, document: str, failing_id: str) -> Point | None:
    """Return the failure of a place; None where there is none.

    Args:
        naming: of the check.
        place: as it answered.
        document: the beginning of its traits: `prm` or `as`.
        failing_id: the diagnosis of a server that fails there.
    """
    answer = place.answer
    if answer.problem is not None and answer.failure:
        advice, diagnosis_id = answer.problem.advise(), answer.problem.diagnosis_id or ""
        return at_whose(naming, answer).bad(answer.failure, advice, diagnosis_id, f"{document}-unreachable")
    if (point := _kept_from(naming, place, document)) is not None:
        return point
    if answer.failure or place.is_failing:
        todo = "Look into its log: clients take anything but 404 for a server that is broken."
        if answer.status == _TOO_OFTEN:
            todo = "Ask again later, and let clients read it as often as they come: each reads it before its login."
            failing_id = _LIMITED.get(failing_id, failing_id)
        trait = f"{document}-{answer.status or 'unreachable'}"  # by its number: clients tell them apart, and repeat it
        return naming.bad(f"{shown(answer.url)}: {answered(answer)}", todo, failing_id, trait)
    if answer.status in REDIRECTS:
        return _redirected(naming, answer, document)
    return _unread(naming, answer, document) if answer.status == 200 else None


def _redirected(naming: Naming, answer: Answer, document: str) -> Point:
    saw = f"{shown(answer.url)} redirects to {answer.location}"
    if sign_in_of(answer.url, answer.location) is not None:
        todo = "Let /.well-known/* past that login: no client signs in to read a document."
        return naming.bad(f"{saw}, a login page", todo, "DISC-05", f"{document}-redirect")
    return naming.odd(saw, "Serve the document there itself.", "DISC-05", f"{document}-redirect")


def _kept_from(naming: Naming, place: DocumentPlace, document: str) -> Point | None:
    """Return who answered in the place of a document; None where it was its own server."""
    answer, url = place.answer, shown(place.answer.url)
    caller = CallFacts(url, written_in=NAMING_DOCUMENT)
    if (found := kept_from(url, answer.status, answer.headers, answer.body, caller)) is None:
        return None
    trait = f"{document}-{answer.status}" if place.is_failing else f"{document}-html"
    return naming.bad(found.explain(), found.advise(), found.diagnosis_id or "", trait)


def _unread(naming: Naming, answer: Answer, document: str) -> Point:
    """Return the failure of what is there and is no document."""
    saw = f"{shown(answer.url)} answers {answered(answer)}, {why_unread(answer)}"
    if not _is_page(answer):
        refused = answer.refused
        wanted = refused.wanted if refused and refused.wanted != "JSON" else "the document as JSON"
        limit = limit_id(refused.limit) if refused else ""
        todo = f"Answer with {wanted}, or with 404 where there is none ({_STANDARDS[document]})."
        return naming.bad(saw, todo, limit or "DISC-05", f"{document}-unread")
    return naming.bad(saw, "Let /.well-known/* past the page that answers there.", "DISC-05", f"{document}-html")


def _is_page(answer: Answer) -> bool:
    return answer.media_type == "text/html" or answer.body.lstrip()[:1] == b"<"
