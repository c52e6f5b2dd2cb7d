"""Somebody's server as its client saw it: the doctor's points, made of the documents that the client itself read.

With those of `watched_steps`, and with the refusals that name themselves, they are the only rules for a server that is
merely watched. The others speak of devgw's authorization server, or of configuration files, and would say of a third
party what nobody knows.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from devgw.diagnosis.clients.demands import Demands, demands
from devgw.diagnosis.clients.recognise import recognise
from devgw.diagnosis.exchange import asked_url
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules import proxy, refusals, watched_steps
from devgw.diagnosis.rules.refusals import NOTED
from devgw.diagnosis.verdicts.check import Answer, Verdict
from devgw.diagnosis.verdicts.point import Point
from devgw.diagnosis.verdicts.server_endpoint import challenge_point, who_stood_before
from devgw.diagnosis.verdicts.server_issuer import issuer_points
from devgw.diagnosis.verdicts.server_resource import resource_points
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, Endpoint, SeenServer
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis, FlowState, Step, StepState
from devgw.events.trace import CLIENT_LEFT
from devgw.foreign.urls import UrlRefused, is_url, read_url
from devgw.oauth.discovery import authorization_server_urls, resource_metadata_urls
from devgw.problems.watched import OriginsExhausted

SILENCE = timedelta(seconds=5)
"""After which a client that said nothing more has stopped."""
_NAMED = (
    *("BEAR-01", "DISC-01", "DISC-02", "DISC-05", "DISC-06", "DISC-09", "DISC-11", "DISC-13", "DISC-17", "DISC-20"),
    *("AUD-01", "AUD-02", "PKCE-01", "TOK-01", "UPST-13", "UPST-21", "PROXY-17", "PROXY-19"),
    *("REG-01", "PROXY-22", "PROXY-26", "PROXY-27", "PROXY-28"),
)
_RESOURCE, _SERVER = "resource metadata", "server metadata"
_PLACES = {"resource": _RESOURCE, "issuer": _SERVER}
_UNAUTHORIZED = 401
_NO_HINT = "hint-absent"
_NOTHING_ASKED = "The client looked for no metadata after it: neither the resource's nor an authorization server's."
_OR_A_KEY = "Where the server takes a key and no login, give the client that key."
_PUBLISHED = ("resource.", "issuer.")
_RESOURCE_KINDS, _SERVER_KINDS = ("path", "root"), ("oauth", "openid", "openid at its end")


def documents_of_a_watched_server(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """Judge what the server publishes, once its client came no further."""
    if view.flow.state is FlowState.DONE or (view.flow.failure is None and view.quiet_for(now) < SILENCE):
        return
    seen, traces = seen_in(view)
    if seen is None:
        return
    family = _family_of(view)
    if not traces:
        yield from _where_nothing_was_asked(seen, view, family)
        return
    for point in _points(seen, shows_token=_shows_token(view)):
        if point.check.diagnosis_id in _NAMED and _may_stop(point, view, family):
            yield _said(point, view, traces, family)


def _where_nothing_was_asked(seen: SeenServer, view: SeenFlow, family: Demands | None) -> Iterator[Diagnosis]:
    """Suspect a refusal that points nowhere, of a client that looked for no document after it.

    Nobody knows that the server has a login at all, or that the client wants one.
    """
    if _shows_token(view) or view.flow.failure is not None or who_stood_before(seen.endpoint.legacy) is not None:
        return
    point = challenge_point(seen)
    if point.check.verdict is Verdict.PASS or (family is not None and (point.trait or _NO_HINT) in family.passes):
        return
    said = _said(point, view, {}, family)
    yield replace(said, certain=False, fix=f"{said.fix} {_OR_A_KEY}", evidence=(_NOTHING_ASKED, *said.evidence))


def _family_of(view: SeenFlow) -> Demands | None:
    """Return what is known of the flow's client; None for one that nobody drove."""
    entry = recognise(view.traits)
    return next((each for each in demands() if entry is not None and each.key == entry.key and each.seen), None)


def _may_stop(point: Point, view: SeenFlow, family: Demands | None) -> bool:
    """Tell whether a client that came no further may have stopped at this: not one that is known to pass it.

    What breaks no standard stops some before they ask for a login, and nobody after that.
    """
    if family is not None and point.trait in family.passes:
        return False
    if point.check.verdict is Verdict.WARN:
        is_before = view.flow.mark(Step.AUTHORIZE).state is StepState.NOT_REACHED and view.flow.failure is None
        return is_before and bool(point.trait)
    return point.check.verdict is Verdict.FAIL


def noted_on_the_way(view: SeenFlow, _now: datetime) -> Iterator[Diagnosis]:
    """Name what was noted of a good answer, where the client did not arrive: origins left alone, other redirects."""
    if view.flow.state is FlowState.DONE:
        return
    for trace in view.traces:
        problem = trace.problem
        if isinstance(problem, NOTED):
            certain = isinstance(problem, OriginsExhausted)
            name = problem.diagnosis_id or ""
            yield diagnosis(name, problem.explain(), problem.advise(), view=view, trace=trace, certain=certain)


def _said(point: Point, view: SeenFlow, traces: dict[str, Trace], family: Demands | None) -> Diagnosis:
    check = point.check
    about = traces.get(_PLACES.get(check.name.partition(".")[0], ""))
    cause = f"{'What' if check.name.startswith(_PUBLISHED) else 'The answer of'} {check.fault}"
    cause += f"{' publishes' if check.name.startswith(_PUBLISHED) else ''}: {check.saw.rstrip('.')}."
    words = family.refuses.get(point.trait, "") if family is not None else ""
    return diagnosis(
        check.diagnosis_id,
        cause,
        check.todo,
        view=view,
        trace=about,
        step=Step.DISCOVER,
        certain=check.verdict is Verdict.FAIL or bool(words),
        gone_when="the client goes on",
        evidence=(f"{family.name} was seen to refuse such a server: {words}",) if family is not None and words else (),
    )


def _points(seen: SeenServer, *, shows_token: bool) -> Iterator[Point]:
    """Yield what may be said of documents that were read; of what nobody asked for nothing is said.

    A 403 to a call with a token says nothing of those without.
    """
    hint = seen.endpoint.challenge.resource_metadata if seen.endpoint.challenge else None
    is_asked = seen.resource is not None or _all_asked(seen) or (hint and not is_url(hint))
    is_bare = not shows_token or seen.endpoint.legacy.status == _UNAUTHORIZED
    if is_asked and is_bare and who_stood_before(seen.endpoint.legacy) is None:
        yield challenge_point(seen)
    if seen.resource is not None or any(_says_enough(each) for each in seen.resources) or _all_asked(seen):
        yield from resource_points(seen)
    if seen.server is not None or any(each.kind == "oauth" for each in seen.servers):
        yield from issuer_points(seen)


def _says_enough(place: DocumentPlace) -> bool:
    """Tell whether a client may stop at this place alone: it is broken, or the challenge points there."""
    is_broken = place.is_failing or (place.answer.status == 200 and not place.has_document)
    return is_broken or place.kind == "hint"


def _all_asked(seen: SeenServer) -> bool:
    """Tell whether both documents were looked for wherever they may be."""
    asked = {each.answer.url for each in seen.resources}
    return asked >= set(resource_metadata_urls(seen.url)) and bool(seen.servers)


def seen_in(view: SeenFlow) -> tuple[SeenServer | None, dict[str, Trace]]:
    """Return the server as the requests of a flow show it, and the last request for each kind of document."""
    call = _refused_call(view)
    if call is None:
        return None, {}
    url, challenge = asked_url(call), _answer(call)
    answered = [each for each in view.traces if each.asked in {_RESOURCE, _SERVER} and each.status != CLIENT_LEFT]
    if any(not _is_whole(each) for each in answered):
        return None, {}
    last = {each.asked: each for each in answered}
    answers = {asked_url(each): _answer(each) for each in answered}
    nothing = Answer(url)
    endpoint = Endpoint(url, nothing, challenge, nothing, nothing)
    hint = endpoint.challenge.resource_metadata if endpoint.challenge else None
    derived = resource_metadata_urls(url)
    kinds = _RESOURCE_KINDS if len(derived) > 1 else _RESOURCE_KINDS[1:]
    wanted = [*([("hint", hint)] if hint else []), *zip(kinds, derived, strict=True)]
    resources = tuple(DocumentPlace(kind, answers[each]) for kind, each in wanted if each in answers)
    seen = SeenServer(url, endpoint, resources=resources)
    issuer = _issuer(seen)
    places = zip(_SERVER_KINDS, authorization_server_urls(issuer), strict=False)
    servers = tuple(DocumentPlace(kind, answers[each]) for kind, each in places if each in answers)
    return SeenServer(url, endpoint, resources=resources, issuer=issuer, servers=servers), last


def _refused_call(view: SeenFlow) -> Trace | None:
    return next((each for each in view.traces if each.kind == "mcp" and each.status in {_UNAUTHORIZED, 403}), None)


def _shows_token(view: SeenFlow) -> bool:
    """Tell whether the refused call came with a credential."""
    call = _refused_call(view)
    return call is not None and bool(call.header(b"authorization"))


def _issuer(seen: SeenServer) -> str:
    named = seen.resource.answer.listed("authorization_servers")[:1] if seen.resource else []
    try:
        return read_url(named[0]).text if named and isinstance(named[0], str) else seen.origin
    except UrlRefused:
        return seen.origin


def _is_whole(trace: Trace) -> bool:
    return not trace.response_body.truncated


def _answer(trace: Trace) -> Answer:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(trace.response_headers)}
    url, problem = asked_url(trace), trace.problem
    if not trace.status and problem is not None:
        return Answer(url, failure=problem.explain().rstrip("."), problem=problem)
    return Answer(url, trace.status, headers, trace.response_body.content)


RULES: tuple[Rule, ...] = (
    Rule(_NAMED, "the documents that a client of a watched server read", documents_of_a_watched_server),
    *refusals.RULES,
    *watched_steps.RULES,
    proxy.IN_ARRAY,
    Rule(("LIMIT-07", "REG-20"), "a good answer of a watched server, with what was noted of it", noted_on_the_way),
)
