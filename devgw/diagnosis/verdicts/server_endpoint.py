"""The MCP endpoint as a client without a token meets it."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, refused
from devgw.diagnosis.verdicts.point import MACHINE, Naming, Point, of_server, shown
from devgw.diagnosis.verdicts.server_seen import REDIRECTS, SeenServer
from devgw.diagnosis.verdicts.upstream import spoken
from devgw.diagnosis.verdicts.upstream_response import (
    foreign_answer,
    in_array,
    is_foreign,
    is_misnamed,
    malformed,
    unreadable,
)
from devgw.foreign.text import clean
from devgw.foreign.urls import is_url
from devgw.mcp.session_id import why_unsendable
from devgw.oauth.discovery import resource_metadata_urls
from devgw.problems import Problem
from devgw.problems.base import Fault
from devgw.problems.proxy import GIVEN_URL, UpstreamNotReached, UpstreamUnreachable
from devgw.problems.server import ServerElsewhere, ServerNotMcp
from devgw.problems.upstream_answer import UpstreamFramingUnsafe, UpstreamResponseMalformed
from devgw.problems.upstream_answered import Answered, CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in, refusal_of, sign_in_of, stood_before
from devgw.problems.upstream_refusal import UpstreamRefusal
from devgw.problems.upstream_status import MEDIA_TYPES, UpstreamSpeaksLegacySse

_OK, _REFUSALS, _FAILURES = 200, 400, 500
_ABSENT = frozenset({404, 405, 410})
"""What is answered where nothing is, or what takes no POST; every other refusal leaves it open what is there."""

MOST_SKEW = 60.0
"""Seconds by which two clocks may differ: codes and assertions of a minute are used up by more."""


def unfit(seen: SeenServer) -> Problem | None:
    """Return why there is no MCP server to be looked at; None where there is one."""
    endpoint, answer = seen.endpoint, seen.endpoint.legacy
    if answer.failure:
        return answer.problem or UpstreamUnreachable(seen.url, answer.failure)
    if answer.status == _OK and (problem := _unread(seen, answer)) is not None:
        return problem
    if endpoint.answers_mcp or (endpoint.wants_login and who_stood_before(answer) is None):
        return None
    if answer.status in REDIRECTS and answer.location:
        if sign_in_of(answer.url, answer.location) is not None:
            return no_answer_in(_answered(answer), "initialize", _caller(seen, answer))
        return ServerElsewhere(shown(answer.url), answer.status, _target(answer))
    return _refusing(seen, answer)


def _unread(seen: SeenServer, answer: Answer) -> Problem | None:
    """Return why a success is not what a client reads as the answer to what it asked; None where it may be."""
    url = shown(answer.url)
    if failure := malformed(answer):
        return UpstreamResponseMalformed(url, failure, url)
    if is_misnamed(answer):
        return no_answer_in(_answered(answer), "initialize", _caller(seen, answer))
    if "result" in answer.message and is_foreign(answer):
        return foreign_answer(url, answer, url)
    return in_array(answer, url, url) or unreadable(answer, url, url)


def who_stood_before(answer: Answer) -> Problem | None:
    """Return who answered in the place of the endpoint; None where it was the server itself."""
    url = shown(answer.url)
    return stood_before(url, answer.status, answer.headers, answer.body, CallFacts(url, written_in=GIVEN_URL))


def _answered(answer: Answer, *, speaks_mcp: bool = False) -> Answered:
    facts = shown(answer.url), answer.status, answer.headers, answer.body
    return read_answer(*facts, speaks_mcp=speaks_mcp, asked_url=answer.url)


def _caller(seen: SeenServer, answer: Answer) -> CallFacts:
    """Return what is known of the question."""
    credential, accept = ", ".join(seen.headers), ", ".join(MEDIA_TYPES)
    return CallFacts(shown(answer.url), written_in=GIVEN_URL, credential=credential, accept=accept)


def _refusing(seen: SeenServer, answer: Answer) -> Problem:
    """Return what an answer means that is neither MCP's nor leads away."""
    url = shown(answer.url)
    if seen.endpoint.offers_event_stream and not _says_otherwise(answer):
        return UpstreamSpeaksLegacySse(url, answer.status, "", owner=url, written_in=GIVEN_URL)
    answered = _answered(answer)
    is_typed = answer.status < 300 and (answer.media_type in MEDIA_TYPES or answered.is_empty)
    is_typed |= 300 <= answer.status < _REFUSALS and not answer.location
    if answered.intermediary is not None or is_typed or (answer.status >= 400 and answer.status not in _ABSENT):
        return no_answer_in(answered, "initialize", _caller(seen, answer))
    tried, led_to = tuple(map(shown, seen.tried)), shown(seen.url) if seen.is_redirected else ""
    return ServerNotMcp(shown(seen.typed), answer.status, answer.media_type, answered.said, tried, led_to)


def _says_otherwise(answer: Answer) -> bool:
    """Tell whether POST is taken and answered with words that the older transport has not."""
    return answer.status < 300 and bool(answer.body.strip()) and b"event: endpoint" not in answer.body


def _target(answer: Answer) -> str:
    """Return where a redirect leads, in full where it is anywhere."""
    try:
        return shown(urljoin(answer.url, answer.location)) if answer.location else "nowhere"
    except ValueError:
        return shown(answer.location)


def endpoint_points(seen: SeenServer) -> Iterator[Point]:
    """Yield what the endpoint does, once it is one."""
    yield _reached(seen)
    if seen.endpoint.legacy.is_folded:
        yield _folded(seen)
    yield _revisions(seen)
    if seen.endpoint.wants_login:
        yield challenge_point(seen)
    yield _stream(seen)
    yield _preflight(seen)
    yield _sessions(seen)


def unreached(seen: SeenServer, problem: Problem) -> Point:
    """Return the check of a server that could not be looked at."""
    is_asked = not isinstance(problem, UpstreamNotReached)
    naming = of_server(seen, "reached", _asked(seen) if is_asked else f"tried to reach {shown(seen.typed)}")
    owner = {Fault.MACHINE: MACHINE, Fault.CONFIGURATION: GIVEN_URL}.get(problem.fault, naming.owner)
    check = refused(naming.name, naming.did, problem)
    if isinstance(problem, UpstreamRefusal) and problem.status_code < _FAILURES:
        check = replace(check, saw=f"{check.saw} Whether an MCP server is behind that is not known.")
    return Point(replace(check, fault=owner))


def _asked(seen: SeenServer) -> str:
    sent = f"with {', '.join(seen.headers)}" if seen.headers else "without a credential"
    return f"sent POST server/discover and initialize to {shown(seen.typed)}, {sent}"


def _reached(seen: SeenServer) -> Point:
    naming = of_server(seen, "reached", _asked(seen))
    if seen.is_redirected:
        saw = f"it redirects {shown(seen.typed)} to {shown(seen.url)}; clients send no token along a redirect"
        return naming.odd(saw, f"Give clients {shown(seen.url)}.", "PROXY-01", "redirect")
    if seen.url != seen.typed:
        saw = f"there is no MCP server at {shown(seen.typed)}, but at {shown(seen.url)}"
        return naming.odd(saw, f"Give clients {shown(seen.url)}.", "PROXY-13")
    return naming.good(f"it answers {seen.endpoint.legacy.status}")


def _revisions(seen: SeenServer) -> Point:
    naming = of_server(seen, "revisions", "compared the answers to server/discover and initialize")
    modern, legacy = seen.endpoint.modern, seen.endpoint.legacy
    if seen.endpoint.wants_login:
        if modern.status == legacy.status:
            return naming.good(f"it wants a login in both eras: {legacy.status}")
        saw = f"initialize without a token is answered {legacy.status}, server/discover {modern.shown}"
        return naming.odd(saw, "Answer 401 to every call without a token, whatever its method.", trait="eras-differ")
    if seen.endpoint.refuses_everybody:
        if legacy.status >= _REFUSALS:
            problem = _refusal(seen)
            return naming.bad(problem.explain(), problem.advise(), problem.diagnosis_id or "", "initialize-refused")
        said = legacy.message["error"]
        words = clean(f"{said.get('code', '')} {said.get('message', '')}" if isinstance(said, dict) else str(said), 200)
        todo = "Answer initialize; where a login is wanted, answer 401 with a challenge (RFC 6750 §3)."
        return naming.bad(f"initialize is answered with the error {words}", todo, "PROXY-20", "initialize-refused")
    found = spoken(modern, legacy)
    return naming.good(f"it answers without a login, and speaks {', '.join(found) or 'no revision that it names'}")


def _refusal(seen: SeenServer) -> Problem:
    """Return which refusal a JSON-RPC error with a status of refusal is."""
    legacy = seen.endpoint.legacy
    return refusal_of(_answered(legacy, speaks_mcp=True), _caller(seen, legacy))


def failing_at(seen: SeenServer) -> Problem | None:
    """Return that the server itself fails as it is begun with, so that nobody knows what it asks for; else None."""
    fails = seen.endpoint.refuses_everybody and seen.endpoint.legacy.status >= _FAILURES
    return _refusal(seen) if fails else None


def challenge_point(seen: SeenServer) -> Point:
    """Return what the refusal of a call without a token says of the way to a login."""
    naming = of_server(seen, "challenge", "read WWW-Authenticate of the refusal")
    header = clean(seen.endpoint.legacy.headers.get("www-authenticate", ""), MOST_SHOWN)
    if seen.endpoint.legacy.status != 401:
        todo = "Answer 401 to a call without a token; 403 is for a token that may not (RFC 6750 §3.1)."
        saw = f"a call without a token is answered {seen.endpoint.legacy.shown}, {header or 'no challenge'}"
        return naming.bad(saw, todo, "BEAR-01", "login-403")
    point = '`Bearer resource_metadata="…"`'.replace("…", _metadata_url(seen))
    if not header:
        saw = "401 without WWW-Authenticate (RFC 9110 §11.6.1 asks for it)"
        make = naming.odd if seen.is_guarded_by_oauth else naming.bad
        return make(saw, f"Send {point} with the 401.", "BEAR-01", _hint_absent(seen))
    return _judged(seen, naming, header, point)


def _judged(seen: SeenServer, naming: Naming, header: str, point: str) -> Point:
    challenge = seen.endpoint.challenge
    if challenge is None:
        saw = f"the challenge is {header}: it asks for no Bearer token"
        return naming.bad(saw, f"Send {point} where OAuth is to protect it.", "BEAR-01", "challenge-other")
    if challenge.resource_metadata is None:
        saw = f"the challenge {header} says nothing of metadata (RFC 9728 §5.1)"
        return naming.odd(saw, f"Send {point}.", "BEAR-01", _hint_absent(seen))
    if not is_url(challenge.resource_metadata):
        saw = f"the challenge {header} names no absolute URL (RFC 9728 §5.1)"
        return naming.bad(saw, f"Send {point}.", "DISC-13", "hint-no-url")
    if header.startswith("Bearer "):
        return naming.good(header)
    if header.lower().startswith("bearer "):
        saw = f"the challenge is {header}; some clients look for `Bearer` in just these letters"
        return naming.odd(saw, f"Send {point}.", "BEAR-01", "challenge-lowercase")
    saw = f"Bearer is not the first challenge in {header}; some clients read the first alone (RFC 9110 §11.6.1)"
    return naming.odd(saw, f"Let {point} come first.", "BEAR-01", "challenge-second")


def _metadata_url(seen: SeenServer) -> str:
    """Return where the resource's metadata is, or would be."""
    return shown(seen.resource.answer.url if seen.resource else resource_metadata_urls(seen.url)[0])


def _hint_absent(seen: SeenServer) -> str:
    """Return the trait of a refusal that points to nothing; where no metadata is, that says more."""
    if seen.resource is None:
        return ""
    return "hint-absent-root" if seen.resource.kind == "root" else "hint-absent"


def _stream(seen: SeenServer) -> Point:
    naming = of_server(seen, "stream", f"sent GET {shown(seen.url)} for an event stream")
    answer = seen.endpoint.stream
    if answer.failure or answer.status >= 500:
        return naming.odd(f"GET is answered with {answer.shown}", "Answer 405 where GET gives no stream.")
    if answer.status == 200 and answer.media_type != "text/event-stream":
        saw = f"GET is answered 200 with {answer.media_type or 'no type'}, which is no event stream"
        return naming.odd(saw, "Answer GET with text/event-stream, or with 405.")
    return naming.good(f"GET is answered {answer.status}")


def _preflight(seen: SeenServer) -> Point:
    naming = of_server(seen, "preflight", f"sent OPTIONS {shown(seen.url)} as a page of another origin")
    answer = seen.endpoint.preflight
    if not 200 <= answer.status < 300:
        saw = f"the preflight is answered {answer.shown}: pages (MCP Inspector) cannot call it; other clients can"
        return naming.odd(saw, "Answer OPTIONS with 204 before the token is looked at.", "CORS-02")
    if not answer.headers.get("access-control-allow-origin"):
        saw = "the preflight allows no other origin: pages (MCP Inspector) cannot call it; other clients can"
        return naming.odd(saw, "Send Access-Control-Allow-Origin if pages are to call it.", "CORS-01")
    return naming.good("pages of other origins may call it")


def _folded(seen: SeenServer) -> Point:
    problem = UpstreamFramingUnsafe(shown(seen.url), "a header goes on in the next line")
    naming = of_server(seen, "head", "read the head of its answer to initialize")
    return naming.bad(problem.explain().rstrip("."), problem.advise(), problem.diagnosis)


def _sessions(seen: SeenServer) -> Point:
    naming = of_server(seen, "sessions", "looked whether initialize begins a session")
    if unsendable := why_unsendable(seen.endpoint.legacy.headers.get("mcp-session-id", "")):
        return naming.bad(unsendable.rstrip("."), "Make its session ids of visible ASCII alone, such as a UUID.")
    if seen.endpoint.wants_login:
        return naming.good("not known before a login")
    if not seen.endpoint.without_session:
        return naming.good("it begins no session")
    status = seen.endpoint.without_session
    wants = "wants it with every call" if status >= 400 else "answers without it too"
    return naming.good(f"it begins a session and {wants} ({status}); the deployed Zuplo gateway passes none on")


def clock_point(seen: SeenServer, ahead: float | None) -> Point:
    """Return what the clocks say; `ahead` is by how many seconds the server's is."""
    naming = replace(of_server(seen, "clock", "compared its Date with this machine's clock"), owner=MACHINE)
    if ahead is None:
        return naming.good("it says no Date")
    if abs(ahead) <= MOST_SKEW:
        return naming.good("both clocks agree to the minute")
    where = "ahead" if ahead > 0 else "behind"
    saw = f"its clock is {abs(ahead):.0f} s {where} of this machine's"
    point = naming.odd(saw, "Set whichever of the two clocks is wrong.", "IDT-07")
    return Point(replace(point.check, is_certain=False))


def answered(answer: Answer) -> str:
    """Return status and type of an answer, or why none came."""
    if answer.failure:
        return answer.failure
    where = f" → {shown(answer.location)}" if answer.location else ""
    return f"{answer.status}{where}" if where else f"{answer.status} {answer.media_type}".strip()


def why_unread(answer: Answer) -> str:
    """Return why a body is not taken for a document, as the end of a sentence."""
    refused = answer.refused
    if refused is not None:
        return f"which is not taken: {clean(str(refused), 200)}"
    return "and that is an empty object" if answer.body.lstrip()[:1] == b"{" else "and that is no JSON object"
