"""Why something went wrong: all that did, in the order in which the person asks about it.

The newest certain failure comes first, whether a flow had it or not; then what is only suspected; then what a later
attempt mended, or what lies in a person, once somebody was let in; last what is of nothing that is watched.
"""

from collections.abc import Container, Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from devgw.diagnosis.urls import split_url
from devgw.events.flow import Diagnosis, Flow, FlowState, Step
from devgw.monitor.details import CaseView, WhyDetail
from devgw.monitor.flow_view import diagnosis_view, failure_view, name_of, row_of
from devgw.monitor.monitor import Monitor

NEWEST = "newest"
_OF_STATE = "STATE-"
_NO_ROUTE = "DISC-14"
_LOGIN = """
IDT-01 IDT-02 IDT-03 IDT-04 IDT-05 IDT-06 IDT-07 IDT-08 IDT-09 IDT-10 IDT-11 IDT-13 IDT-15 IDT-16 IDT-17 IDT-18 IDT-19
IDT-20 IDT-22 IDT-23 IDT-25 IDT-26 IDT-27 IDT-28 IDT-29 IDT-30 IDT-31 IDT-32 IDT-34 IDT-35 RURI-04 TOK-05 TOK-07 TOK-08
IDT-36 WORK-01 WORK-02 WORK-07 WORK-08
"""
_OF_EVERY_LOGIN = frozenset(_LOGIN.split())
"""What lies between the gateway and the provider, whoever signs in: a login that went through ends it."""
_OF_A_PERSON = frozenset(
    {"CONS-04", "IDT-12", "IDT-21", "IDT-33", "SESS-01", "SESS-02", "SESS-03", "SESS-04", "WORK-04"}
)
"""What may lie in the person or the browser: whether it is over once somebody was let in, nobody can know."""
_ON_THE_WAY = frozenset(f"NET-{number:02}" for number in (1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 14))
"""What lies between devgw and a server, whoever calls: a later way through the same place ends it."""
_ENDED_BY_ANOTHER_ID = frozenset({"REG-02", "REG-19"})
"""What a client leaves by giving up its id, so that its later flow has another one."""
_MOST = 20
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Order = tuple[bool, bool, datetime]
"""Over or perhaps, suspected only, and when: what is neither and newest comes first."""


def why_of(monitor: Monitor, id_: str) -> WhyDetail | None:
    """Return why the flow called `id_` stands as it does, or for `newest` all that went wrong; None for no flow."""
    if id_ != NEWEST:
        flow = monitor.flow(id_) or monitor.flow(f"f-{id_}")
        if flow is None:
            return None
        case = _case_of(monitor, flow)
        _mend_state(monitor, [case])
        return WhyDetail([case], 1)
    flows = list(monitor.flow_book.flows)
    cases: list[tuple[datetime, CaseView]] = [
        (_moment(flow), each) for flow in flows if (each := _unwell(monitor, flow)) is not None
    ]
    shown = {trace_id for _, case in cases for each in case.diagnoses for trace_id in each.trace_ids}
    told = {(each.id, each.cause) for _, case in cases if not case.mended for each in case.diagnoses}
    others = (each for each in monitor.diagnoses.of_gateway() if not shown.intersection(each.trace_ids))
    once = [each for each in others if (each.id, each.cause) not in told]
    cases += [(each.at or _LONG_AGO, _alone(each)) for each in once if not each.is_aside]
    _mend_state(monitor, [case for _, case in cases])
    found = [(_order(case, moment), case) for moment, case in cases]
    found.sort(key=lambda pair: pair[0][2], reverse=True)
    found.sort(key=lambda pair: pair[0][:2])
    aside = [_alone(each) for each in once if each.is_aside]
    return WhyDetail([*(case for _, case in found), *aside][:_MOST], len(flows))


def _alone(diagnosis: Diagnosis) -> CaseView:
    """Return the case of what no flow had."""
    return CaseView(diagnoses=[diagnosis_view(diagnosis)])


def _unwell(monitor: Monitor, flow: Flow) -> CaseView | None:
    """Return the case of a flow in which something went wrong or is suspected."""
    return _case_of(monitor, flow) if flow.diagnoses or flow.state is FlowState.FAILED else None


def _case_of(monitor: Monitor, flow: Flow) -> CaseView:
    case = CaseView(row_of(flow), [diagnosis_view(each) for each in flow.diagnoses])
    case.failure = None if flow.diagnoses else failure_view(flow)
    case.attempt = attempt_of(monitor, flow)
    case.mended = _mended(monitor, flow) or _let_in_since(monitor, flow, _OF_EVERY_LOGIN) or _is_served(monitor, flow)
    case.since = "" if case.mended else _let_in_since(monitor, flow, _OF_EVERY_LOGIN | _OF_A_PERSON)
    case.since = case.since or ("" if case.mended else _came_to_its_address(monitor, flow))
    return case


def _mend_state(monitor: Monitor, cases: Iterable[CaseView]) -> None:
    """Say of what failed for the state alone that this is mended, where the state can be saved by now."""
    of_state = [each for each in cases if each.diagnoses and all(d.id.startswith(_OF_STATE) for d in each.diagnoses)]
    if of_state and monitor.is_state_saved():
        for case in of_state:
            case.mended = case.mended or "the state can be saved again"


def _let_in_since(monitor: Monitor, flow: Flow, these: frozenset[str]) -> str:
    """Return that somebody signed in after a login failed for some of these alone; empty where nobody has."""
    names, at = {each.id for each in flow.diagnoses}, monitor.health.let_in_at
    if not names or not names <= these or flow.step not in {Step.LOGIN, Step.CALLBACK, Step.CONSENT}:
        return ""
    return f"a later login went through at {at:%H:%M:%S} UTC" if at and at > _moment(flow) else ""


def _came_to_its_address(monitor: Monitor, flow: Flow) -> str:
    """Return that a client got through to the redirect URI of one whose registration was gone; empty for none."""
    names = {each.id for each in flow.diagnoses}
    if not (names and names <= _ENDED_BY_ANOTHER_ID and flow.redirect_uri):
        return ""
    arrived = (each for each in monitor.flow_book.flows if each is not flow and _got_past(each, flow))
    found = next((each for each in arrived if each.redirect_uri == flow.redirect_uri), None)
    return f"{_got_through(found)} with the same redirect URI" if found else ""


def _is_served(monitor: Monitor, flow: Flow) -> str:
    """Return that a route was saved for what was asked where nothing was served; empty where there is none still."""
    paths = {urlsplit(url).path for url in monitor.gateway.mcp_urls}
    asked = [each.got for each in flow.diagnoses if each.id == _NO_ROUTE]
    is_all = asked and len(asked) == len(flow.diagnoses)
    return f"{asked[0]} is served by now" if is_all and all(_path_of(each) in paths for each in asked) else ""


def _path_of(url: str) -> str:
    """Return the path that was asked: a `#` or `?` of a request's own path is a part of it, which no route has."""
    return url[split_url(url).path.start :]


def _order(case: CaseView, moment: datetime) -> _Order:
    is_certain = case.failure is not None or any(each.certain for each in case.diagnoses)
    return bool(case.mended or case.since), not is_certain, moment


def _moment(flow: Flow) -> datetime:
    """Return when the newest certain failure of a flow was, or its newest suspicion."""
    is_certain = any(each.certain for each in flow.diagnoses)
    moments = [each.at for each in flow.diagnoses if each.at and each.certain is is_certain]
    failed = [flow.failure.at] if flow.failure and flow.failure.at else []
    return max(moments or failed, default=flow.last_at or flow.started_at)


def attempt_of(monitor: Monitor, flow: Flow) -> str:
    """Return `2nd attempt; the 1st (f-1) failed at authorize: RURI-02`, for all but a first one."""
    before = monitor.flow(flow.before) if flow.before else None
    if flow.attempt == 1 or before is None:
        return ""
    named = next((each.id for each in before.diagnoses if each.certain), "")
    failure = failure_view(before)
    name = named or (failure.id or failure.reason_code if failure else "")
    how = f"failed at {before.failure.step}" if before.failure else f"ended at {before.step}"
    return f"{_nth(flow.attempt)} attempt; the {_nth(before.attempt)} ({before.id}) {how}{': ' if name else ''}{name}"


def _nth(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _mended(monitor: Monitor, flow: Flow) -> str:
    """Return which later attempt got through; of a client without an id yet, only what surely is its own says it.

    Two programs of one make look the same: likeness proves nothing here.
    """
    after = flow
    for _ in range(_MOST):
        later = monitor.flow(after.after) if after.after else None
        if later is None:
            break
        after = later
    if after is not flow:
        return _got_through(after) if after.state is FlowState.DONE else ""
    names = {each.id for each in flow.diagnoses} or _failed_by(flow)
    if flow.client_id is not None and not (names and names <= _ENDED_BY_ANOTHER_ID):
        return ""
    asked = " ".join(trace.query.decode("latin-1") for id_ in flow.trace_ids if (trace := monitor.trace(id_)))
    arrived = [each for each in monitor.flow_book.flows if each is not flow and _got_past(each, flow)]
    found = next((each for each in arrived if _is_same_socket(each, flow) or _is_named(each, asked)), None)
    if found is None and names and names <= _ON_THE_WAY:
        found = next(
            (each for each in arrived if _places(monitor, flow, names) <= _places(monitor, each, {None})), None
        )
    return _got_through(found) if found else ""


def _failed_by(flow: Flow) -> set[str]:
    """Return the id of what a flow failed by, where that is not told any more."""
    problem = flow.failure.problem if flow.failure else None
    return {problem.diagnosis_id} if problem is not None and problem.diagnosis_id else set()


def _places(monitor: Monitor, flow: Flow, names: Container[str | None]) -> set[tuple[str, str]]:
    """Return where the requests of a flow went that have one of these names: host and path, as the client asked."""
    traces = (monitor.trace(id_) for id_ in flow.trace_ids)
    return {(each.host, each.path) for each in traces if each is not None and each.diagnosis_id in names}


def _got_past(one: Flow, other: Flow) -> bool:
    """Tell whether `one` arrived after `other` went wrong; it may have begun before, with a request that has an id."""
    return one.state is FlowState.DONE and one.ended_at is not None and one.ended_at > _moment(other)


def _is_same_socket(one: Flow, other: Flow) -> bool:
    """Tell whether both were asked over one connection: that is one program, whatever it calls itself."""
    return not set(one.peers).isdisjoint(other.peers)


def _is_named(flow: Flow, query: str) -> bool:
    """Tell whether a query that could not be read says the client id of `flow`."""
    return flow.client_id is not None and (flow.client_id in query or quote(flow.client_id, safe="") in query)


def _got_through(flow: Flow) -> str:
    ended = f" at {flow.ended_at:%H:%M:%S} UTC" if flow.ended_at else ""
    return f"{name_of(flow)} got through{ended} ({flow.id})"
