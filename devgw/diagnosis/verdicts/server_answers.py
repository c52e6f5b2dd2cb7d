"""What the endpoints of an authorization server make of what nobody can take for real."""

from collections.abc import Iterator
from dataclasses import replace

from devgw.diagnosis.verdicts.check import Answer
from devgw.diagnosis.verdicts.point import Naming, Point, at_whose, of_issuer, shown, unasked
from devgw.diagnosis.verdicts.server_endpoint import answered
from devgw.diagnosis.verdicts.server_seen import REDIRECTS, SeenServer
from devgw.foreign.coding import miscoding_of
from devgw.foreign.retry_after import read_wait
from devgw.foreign.words import excerpt, reason_in
from devgw.oauth.jwk import find_published_private
from devgw.problems.endpoint import EndpointDead, EndpointFailing, EndpointKind
from devgw.problems.endpoint_answer import EndpointAnswer, refusal_at
from devgw.problems.endpoint_client import RegistrationClosed
from devgw.problems.provider_keys import PrivateKeyPublished
from devgw.problems.proxy import UpstreamAnswerTimedOut
from devgw.problems.upstream_answered import CallFacts
from devgw.problems.upstream_by_status import stood_before
from devgw.problems.upstream_no_mcp import IntermediaryAnswered


def answer_points(seen: SeenServer, callbacks: tuple[str, ...]) -> Iterator[Point]:
    """Yield what each endpoint that was asked answered; `callbacks` are what it was asked with."""
    if seen.server is not None and seen.keys is not None:
        yield _keys(seen, seen.keys)
    if seen.server is None and not seen.has_default_endpoints:
        return  # nobody said that there is anything
    if seen.token is not None:
        yield _token(seen, seen.token)
    if seen.authorize is not None:
        yield _authorize(seen, seen.authorize, callbacks)
    if seen.registered is not None:
        yield _registered(seen, seen.registered)
    elif seen.registration is not None:
        yield _registration(seen, seen.registration)


def _keys(seen: SeenServer, answer: Answer) -> Point:
    naming = of_issuer(seen, "keys", f"sent GET {shown(answer.url)}")
    if (point := unasked(naming, answer)) is not None:
        return point
    if private := find_published_private(answer.listed("keys")):
        leak = PrivateKeyPublished(shown(answer.url), private)
        return naming.bad(leak.explain().rstrip("."), leak.advise(), leak.diagnosis)
    if answer.listed("keys"):
        return naming.good(f"{len(answer.listed('keys'))} keys")
    owner = CallFacts(f"the jwks_uri of {naming.owner}", written_in=f"the metadata of {naming.owner}")
    if (found := stood_before(shown(answer.url), answer.status, answer.headers, answer.body, owner)) is not None:
        return naming.odd(found.explain(), found.advise(), found.diagnosis_id or "")
    saw = f"it answers {answered(answer)}, without keys"
    return naming.odd(saw, "Serve a JSON Web Key Set there; whoever checks its tokens needs it.", "IDT-05")


def _token(seen: SeenServer, answer: Answer) -> Point:
    naming = of_issuer(seen, "token", f"sent POST {shown(answer.url)} with a code that nobody issued")
    if (point := _unanswered(naming, answer, "token-html")) is not None:
        return point
    if 200 <= answer.status < 300 and answer.said("access_token"):
        saw = f"it answers {answered(answer)} to a code that nobody issued"
        return naming.bad(saw, 'Answer 400 with {"error": "invalid_grant"} as JSON (RFC 6749 §5.2).')
    if answer.status < 300 or answer.status >= 500 or not answer.said("error"):
        return _refused(naming, seen, EndpointKind.TOKEN, answer, "token-html")
    if answer.status not in (400, 401):
        saw = f"it answers {answer.status} with error {answer.said('error')}; 400 or 401 belongs there"
        return naming.odd(saw, "Answer 400, or 401 for invalid_client (RFC 6749 §5.2).")
    return naming.good(f"{answer.status} {answer.said('error')}, as JSON")


def _authorize(seen: SeenServer, answer: Answer, callbacks: tuple[str, ...]) -> Point:
    naming = of_issuer(
        seen, "authorize", f"sent GET {shown(answer.url.partition('?')[0])} for a client that nobody registered"
    )
    if (point := _unanswered(naming, answer, "authorize-500")) is not None:
        return point
    if answer.status in REDIRECTS and answer.location.startswith(callbacks):
        saw = "it redirects to the callback of a client that it does not know: an open redirector"
        todo = "Show an error page for an unknown client (RFC 6749 §4.1.2.1, RFC 9700 §4.11)."
        return naming.bad(saw, todo, "RURI-14")
    if answer.status >= 500:
        return _refused(naming, seen, EndpointKind.AUTHORIZATION, answer, "authorize-500")
    if answer.status in {404, 405} and not answer.said("error"):
        return _refused(naming, seen, EndpointKind.AUTHORIZATION, answer, "authorize-404")
    return naming.good(f"it answers {answered(answer)}, and nothing to the client")


def _registration(seen: SeenServer, answer: Answer) -> Point:
    """Judge what a registration gets that is none: only that somebody is there to refuse it."""
    naming = of_issuer(seen, "registration_endpoint", f"sent POST {shown(answer.url)} with what is no registration")
    if (point := _unanswered(naming, answer, "registration-dead")) is not None:
        return point
    problem = refusal_at(_endpoint_answer(seen, EndpointKind.REGISTRATION, answer))
    if isinstance(problem, EndpointDead | EndpointFailing | IntermediaryAnswered):
        return _refused(naming, seen, EndpointKind.REGISTRATION, answer, "registration-dead")
    if isinstance(problem, RegistrationClosed):  # or what was sent is taken for an attack
        point = naming.odd(problem.explain().rstrip("."), problem.advise(), problem.diagnosis_id or "")
        return Point(replace(point.check, is_certain=False))
    takes = "it takes registrations, and not this"
    return naming.good(f"{answered(answer)}: {takes if answer.said('error') else 'whether it registers is not known'}")


def _registered(seen: SeenServer, answer: Answer) -> Point:
    naming = of_issuer(seen, "registered", f"registered a client at {shown(answer.url)}")
    if (point := _unanswered(naming, answer, "registration-dead")) is not None:
        return point
    if not 200 <= answer.status < 300 or not answer.said("client_id"):
        return _refused(naming, seen, EndpointKind.REGISTRATION, answer, "registration-dead")
    if seen.deleted is not None and seen.deleted.status in (200, 202, 204):
        return naming.good(f"it gave an id, and deleted the client again ({seen.deleted.status})")
    why = "it offers no deletion (RFC 7592)"
    if seen.deleted is not None:
        why = f"deleting it (RFC 7592) brought {answered(seen.deleted)}"
    saw = f"the client {answer.said('client_id')} stays registered: {why}"
    return naming.odd(saw, f"Delete the client {answer.said('client_id')} in its console, or leave it to expire.")


def _unanswered(naming: Naming, answer: Answer, trait: str) -> Point | None:
    """Return why nothing came; None where something did."""
    if (point := unasked(naming, answer)) is not None:
        return point
    if not answer.failure:
        return None
    problem = answer.problem
    todo = problem.advise() if problem else "Look into the log of what listens there."
    name = (problem.diagnosis_id or "") if problem else "UPST-13"
    if isinstance(problem, UpstreamAnswerTimedOut):  # a client may wait longer
        trait = "endpoint-slow"
    return at_whose(naming, answer).bad(answer.failure, todo, name, trait)


def _refused(naming: Naming, seen: SeenServer, kind: EndpointKind, answer: Answer, trait: str) -> Point:
    """Return what a client is told there, too."""
    problem = refusal_at(_endpoint_answer(seen, kind, answer))
    return naming.bad(problem.explain().rstrip("."), problem.advise(), problem.diagnosis_id or "", trait)


def _endpoint_answer(seen: SeenServer, kind: EndpointKind, answer: Answer) -> EndpointAnswer:
    owner = of_issuer(seen, "", "").owner
    caller = CallFacts(f"the {kind} of {owner}", written_in=f"the metadata of {owner}")
    is_for_people = kind is EndpointKind.AUTHORIZATION
    return EndpointAnswer(
        kind,
        owner,
        answer.url.partition("?")[0],
        answer.status,
        error_code=answer.said("error"),
        said=answer.said("error_description") or _other_words(answer),
        media_type=answer.media_type,
        is_json=bool(answer.document),
        miscoded=miscoding_of(answer.body),
        location=answer.location,
        wait=read_wait(answer.headers),
        is_named=seen.server is not None,
        stood_before=None
        if is_for_people
        else stood_before(shown(answer.url), answer.status, answer.headers, answer.body, caller),
    )


def _other_words(answer: Answer) -> str:
    """Return what it says in no member of OAuth's: a page, or a form, in which a token may stand."""
    return excerpt(reason_in(answer.body).removeprefix(answer.said("error")).encode())
