"""A flow as rows, as a detail, and as a report to paste into an issue."""

from collections.abc import Iterable

from devgw import __version__
from devgw.diagnosis.catalogue import find_failure
from devgw.diagnosis.clients.recognise import Traits, name_for
from devgw.events.flow import Diagnosis, Flow, FlowMessage, FlowState, Lane, Milestone
from devgw.foreign.text import clean
from devgw.monitor.details import DiagnosisView, FailureView, FlowDetail, MessageView, StepView
from devgw.monitor.masking import mask_client_id, mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.rows import FlowRow, TokenRow

_WAITING = {
    Milestone.SENT_TO_IDP: Lane.BROWSER,
    Milestone.CONSENT_SHOWN: Lane.BROWSER,
    Milestone.CONNECT_REQUIRED: Lane.BROWSER,
    Milestone.REGISTERED: Lane.CLIENT,
    Milestone.CODE_SENT: Lane.CLIENT,
    Milestone.TOKEN_ISSUED: Lane.CLIENT,
    Milestone.MCP_401: Lane.CLIENT,
    Milestone.RESOURCE_METADATA: Lane.CLIENT,
    Milestone.SERVER_METADATA: Lane.CLIENT,
    Milestone.WELL_KNOWN_404: Lane.CLIENT,
    Milestone.PREFLIGHT: Lane.CLIENT,
    Milestone.MCP_ACCEPTED: Lane.UPSTREAM,
}


def row_of(flow: Flow, seq: int = 0) -> FlowRow:
    """Return the row of a flow."""
    row = FlowRow(flow.id, str(flow.state), stamp(flow.started_at), flow.track, str(flow.step))
    row.ended, row.last, row.seq = stamp(flow.ended_at), stamp(flow.last_at), seq
    row.client, row.client_id = name_of(flow), mask_client_id(flow.client_id or "")
    row.user_agent, row.operation_id = mask_sentence(flow.user_agent), flow.operation_id or ""
    row.why, row.reason_code = why(flow), flow.failure.reason_code if flow.failure else ""
    row.waiting_for = str(_WAITING.get(flow.last_seen, "")) if flow.state is FlowState.ACTIVE else ""
    row.subject_id, row.email, row.session_id = flow.subject_id or "", flow.subject_email or "", flow.session_id or ""
    row.transaction_id, row.grant_id = flow.transaction_id or "", flow.grant_id or ""
    row.messages, row.diagnoses = len(flow.messages), [each.id for each in flow.diagnoses]
    row.needs_attention, row.guessed = flow.needs_attention, flow.guessed
    row.kept_copy = flow.kept_copy or ""
    row.attempt, row.before = (flow.attempt, flow.before or "") if flow.attempt > 1 else (0, "")
    return row


def name_of(flow: Flow) -> str:
    """Return the client's name: its own, the book's, or the product in its user agent."""
    traits = traits_of(flow)
    named = mask_sentence(traits.client_name) or mask_sentence(name_for(traits))
    return named or mask_client_id(flow.client_id or "") or "?"


def traits_of(flow: Flow) -> Traits:
    """Return by what the client of a flow can be recognised."""
    uris = (flow.redirect_uri,) if flow.redirect_uri else ()
    return Traits(flow.client_id or "", uris, flow.client_name or "", flow.user_agent, flow.client_info)


def why(flow: Flow) -> str:
    """Return in a few words why it stopped, or what was seen last."""
    if flow.failure is not None:
        return mask_sentence(flow.failure.explanation or flow.failure.reason_code.replace("_", " "))
    certain = next((each.title for each in flow.diagnoses if each.certain), "")
    return mask_sentence(certain or flow.last_words)


def detail_of(flow: Flow, tokens: Iterable[TokenRow], seq: int = 0) -> FlowDetail:
    """Return a flow opened."""
    detail = FlowDetail(row_of(flow, seq))
    detail.steps = [StepView(str(mark.step), mark.state.value, stamp(mark.at)) for mark in flow.steps]
    detail.messages = [_message(each) for each in flow.messages]
    detail.failure = failure_view(flow)
    detail.diagnoses = [diagnosis_view(each) for each in flow.diagnoses]
    detail.tokens = list(tokens)
    detail.resource, detail.redirect_uri = mask_sentence(flow.resource or ""), mask_sentence(flow.redirect_uri or "")
    detail.scope, detail.issuer = mask_sentence(flow.scope or ""), flow.issuer or ""
    detail.protocol_version = mask_sentence(flow.protocol_version or "")
    detail.hosts = [mask_sentence(each) for each in flow.hosts]
    detail.report = report_of(detail)
    return detail


def _message(each: FlowMessage) -> MessageView:
    view = MessageView(each.number, stamp(each.at), str(each.sender), str(each.receiver), mask_sentence(each.label))
    view.step, view.trace_id, view.status = str(each.step or ""), each.trace_id or "", each.status or 0
    view.failed, view.guessed = each.failed, each.guessed
    return view


def failure_view(flow: Flow) -> FailureView | None:
    """Return why a flow stopped, as far as the refusal itself tells."""
    failure = flow.failure
    if failure is None:
        return None
    view = FailureView(
        str(failure.step), failure.reason_code, mask_sentence(failure.explanation), mask_sentence(failure.hint)
    )
    view.source, view.origin = failure.source, str(failure.origin or "")
    view.trace_id, view.at = failure.trace_id or "", stamp(failure.at)
    if failure.problem and (known := find_failure(failure.problem.diagnosis_id or "")):
        view.id, view.title = known.id, known.title
    return view


def diagnosis_view(each: Diagnosis) -> DiagnosisView:
    """Return a diagnosis as it is shown."""
    view = DiagnosisView(each.id, each.title, mask_sentence(each.cause), mask_sentence(each.fix))
    view.evidence = [mask_sentence(line) for line in each.evidence]
    view.got, view.expected, view.source = mask_sentence(each.got), mask_sentence(each.expected), each.source
    view.got_from, view.expected_from = mask_sentence(each.got_from), mask_sentence(each.expected_from)
    view.gone_when = each.gone_when
    view.step, view.trace_ids = str(each.step or ""), list(each.trace_ids)
    view.certain, view.at = each.certain, stamp(each.at)
    if (view.got, view.expected) == (each.got, each.expected):  # marks fit only where nothing was masked
        view.got_marks, view.expected_marks = each.marks
    return view


def report_of(detail: FlowDetail) -> str:
    """Return the flow as Markdown, masked: head, ladder, why, what it was about."""
    row, client = detail.row, clean(detail.row.client_id or "?")
    parts = [
        f"## {row.id} {clean(row.client)}: {row.state} at {row.step}",
        f"devgw {__version__} · route {row.operation_id or '?'} · client `{client}` · `{clean(row.user_agent)}`",
        f"`DRAICSKTM` `{row.track}` (`#` done, `>` now, `X` failed, `.` not reached, `-` skipped)",
        _ladder(detail),
        *_reasons(detail),
        _facts(detail),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ladder(detail: FlowDetail) -> str:
    if not detail.messages:
        return ""
    lines = []
    for each in detail.messages:
        sign = "X" if each.failed else "~" if each.guessed else " "
        since = each.at - detail.row.started
        ends = f"{each.sender:>8} → {each.receiver:<8}"
        lines.append(f"{each.number:>3} {since:>+9.3f}s {sign} {ends} {clean(each.label)}".rstrip())
    return "\n".join(["```text", *lines, "```"])


def _reasons(detail: FlowDetail) -> list[str]:
    reasons = []
    if (failure := detail.failure) is not None:
        pairs = _pairs(("fix", failure.hint), ("see", failure.source))
        name = failure.reason_code if not failure.id else f"{failure.reason_code}, {failure.id}"
        reasons.append(f"**Stopped at {failure.step}: {name}.** {clean(failure.explanation)}{pairs}")
    for each in detail.diagnoses:
        sure = "" if each.certain else " (suspected)"
        pairs = _pairs(("got", each.got), ("expected", each.expected), ("fix", each.fix), ("see", each.source))
        evidence = "".join(f"\n- seen: {clean(line)}" for line in each.evidence)
        reasons.append(f"**{each.id} {each.title}{sure}.** {clean(each.cause)}{evidence}{pairs}")
    return reasons


def _pairs(*pairs: tuple[str, str]) -> str:
    return "".join(f"\n- {name}: {clean(value)}" for name, value in pairs if value)


def _facts(detail: FlowDetail) -> str:
    facts = [
        ("resource", detail.resource),
        ("redirect_uri", detail.redirect_uri),
        ("issuer", detail.issuer),
        ("scope", detail.scope),
        ("client document", detail.row.kept_copy),
        ("hosts", ", ".join(detail.hosts)),
        ("MCP", detail.protocol_version),
    ]
    return "\n".join(f"- {name}: `{clean(value)}`" for name, value in facts if value)
