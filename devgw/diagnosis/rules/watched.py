"""Somebody's server as its client saw it: the doctor's points, made of the documents that the client itself read.

They are the only rules for a server that is merely watched. The others speak of devgw's authorization server, or of
configuration files, and would say of a third party what nobody knows.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import asked_url
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.verdicts.check import Answer, Check, Verdict
from devgw.diagnosis.verdicts.server_issuer import issuer_points
from devgw.diagnosis.verdicts.server_resource import resource_points
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, Endpoint, Seen
from devgw.diagnosis.view import View
from devgw.events import Trace
from devgw.events.flow import Diagnosis, FlowState, Step
from devgw.foreign.urls import UrlRefused, read_url
from devgw.oauth.discovery import authorization_server_urls, resource_metadata_urls
from devgw.problems.watched import OriginsExhausted

SILENCE = timedelta(seconds=5)
"""After which a client that said nothing more has stopped."""
_NAMED = (
    *("DISC-01", "DISC-02", "DISC-05", "DISC-09", "DISC-11", "DISC-13"),
    *("AUD-01", "AUD-02", "PKCE-01", "UPST-05", "UPST-13", "UPST-21", "PROXY-19"),
)
_RESOURCE, _SERVER = "resource metadata", "server metadata"
_RESOURCE_KINDS, _SERVER_KINDS = ("path", "root"), ("oauth", "openid", "openid at its end")


def documents_of_a_watched_server(view: View, now: datetime) -> Iterator[Diagnosis]:
    """Judge what the server publishes, once its client came no further."""
    if view.flow.state is FlowState.DONE or (view.flow.failure is None and view.quiet_for(now) < SILENCE):
        return
    seen, traces = seen_in(view)
    if seen is None:
        return
    for check in _checks(seen):
        if check.verdict is Verdict.FAIL and check.diagnosis_id in _NAMED:
            yield _said(check, view, traces)


def origins_left_alone(view: View, _now: datetime) -> Iterator[Diagnosis]:
    """Name a document that led to more origins than are opened, of a client that did not arrive."""
    if view.flow.state is FlowState.DONE:
        return
    for trace in view.traces:
        if isinstance(trace.problem, OriginsExhausted):
            yield diagnosis("LIMIT-07", trace.problem.explain(), trace.problem.advise(), view=view, trace=trace)


def _said(check: Check, view: View, traces: dict[str, Trace]) -> Diagnosis:
    about = traces.get(_RESOURCE if check.name.startswith("resource.") else _SERVER)
    cause = f"What {check.fault} publishes: {check.saw.rstrip('.')}."
    return diagnosis(check.diagnosis_id, cause, check.todo, view=view, trace=about, step=Step.DISCOVER)


def _checks(seen: Seen) -> Iterator[Check]:
    """Yield what may be said of documents that were read; of what nobody asked for nothing is said."""
    if seen.resource is not None or any(_is_broken(each) for each in seen.resources) or _all_asked(seen):
        yield from (each.check for each in resource_points(seen))
    if seen.server is not None or any(each.kind == "oauth" for each in seen.servers):
        yield from (each.check for each in issuer_points(seen))


def _is_broken(place: DocumentPlace) -> bool:
    return place.is_failing or (place.answer.status == 200 and not place.has_document)


def _all_asked(seen: Seen) -> bool:
    """Tell whether both documents were looked for wherever they may be."""
    asked = {each.answer.url for each in seen.resources}
    return asked >= set(resource_metadata_urls(seen.url)) and bool(seen.servers)


def seen_in(view: View) -> tuple[Seen | None, dict[str, Trace]]:
    """Return the server as the requests of a flow show it, and the last request for each kind of document."""
    call = next((each for each in view.traces if each.kind == "mcp" and each.status in {401, 403}), None)
    if call is None:
        return None, {}
    url, challenge = asked_url(call), _answer(call)
    last = {each.asked: each for each in view.traces if each.asked in {_RESOURCE, _SERVER} and _is_whole(each)}
    answers = {asked_url(each): _answer(each) for each in view.traces if each.asked in {_RESOURCE, _SERVER}}
    if any(not _is_whole(each) for each in view.traces if each.asked in {_RESOURCE, _SERVER}):
        return None, {}
    nothing = Answer(url)
    endpoint = Endpoint(url, nothing, challenge, nothing, nothing)
    hint = endpoint.challenge.resource_metadata if endpoint.challenge else None
    derived = resource_metadata_urls(url)
    kinds = _RESOURCE_KINDS if len(derived) > 1 else _RESOURCE_KINDS[1:]
    wanted = [*([("hint", hint)] if hint else []), *zip(kinds, derived, strict=True)]
    resources = tuple(DocumentPlace(kind, answers[each]) for kind, each in wanted if each in answers)
    seen = Seen(url, endpoint, resources=resources)
    issuer = _issuer(seen)
    places = zip(_SERVER_KINDS, authorization_server_urls(issuer), strict=False)
    servers = tuple(DocumentPlace(kind, answers[each]) for kind, each in places if each in answers)
    return Seen(url, endpoint, resources=resources, issuer=issuer, servers=servers), last


def _issuer(seen: Seen) -> str:
    named = seen.resource.answer.listed("authorization_servers")[:1] if seen.resource else []
    try:
        return read_url(named[0]).text if named and isinstance(named[0], str) else seen.origin
    except UrlRefused:
        return seen.origin


def _is_whole(trace: Trace) -> bool:
    return not trace.response_body.truncated


def _answer(trace: Trace) -> Answer:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(trace.response_headers)}
    return Answer(asked_url(trace), trace.status, headers, trace.response_body.content)


RULES: tuple[Rule, ...] = (
    Rule(_NAMED, "the documents that a client of a watched server read", documents_of_a_watched_server),
    Rule(("LIMIT-07",), "a document of a watched server that was left as it is in part", origins_left_alone),
)
