"""One event as one readable line: what happened, and where something was refused, why and what mends it."""

from devgw.events import taxonomy as told
from devgw.events.bus import Published
from devgw.events.taxonomy import Event, Outcome
from devgw.foreign.text import clean as clean_text
from devgw.monitor.contract_names import fields_of
from devgw.monitor.event_words import sentence
from devgw.monitor.masking import mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.rows import EventLine
from devgw.problems.bearer import TokenExpired, TokenMissing
from devgw.problems.front import MethodNotOffered

_QUIET = (told.McpRequestAccepted, told.McpCapabilityInvoked, told.McpAuthDownstreamTokenValidated)
_GOOD = (
    told.McpAuthDownstreamTokenIssued,
    told.McpAuthClientRegistered,
    told.McpAuthConsentApproved,
    told.GatewayStarted,
    told.DiagnosisWithdrawn,
)
_WARNING = (
    told.McpAuthDownstreamTokenRevoked,
    told.McpAuthUpstreamConnectionLost,
    told.GatewayStopping,
    told.ObserverSetAside,
    told.EventsLost,
)
_ERROR = (told.ConfigRejected, told.FaultMet, told.ObserverFailed, told.DiagnosisMade)


def line_of(published: Published, seq: int = 0, *, has_fields: bool = True) -> EventLine:
    """Return the line of an event; its fields too, unless nobody wants them: a person reads the text alone."""
    event = published.event
    line = EventLine(seq or published.seq, stamp(published.at), event.name, clean(sentence(event)))
    line.outcome = str(event.outcome)
    line.severity = _severity(event)
    line.is_detail = is_detail(event)
    line.reason_code = clean(event.reason_code or "")
    line.diagnosis_id = clean(event.diagnosis_id or "")
    line.explanation = clean(event.explanation or "")
    line.hint = clean(event.hint or "")
    if has_fields:
        line.fields = fields_of(event)
    return line


def clean(text: str) -> str:
    """Return `text` as one line that may be shown: secret shapes masked, hidden characters written out."""
    return clean_text(mask_sentence(text)) if text else ""


def _severity(event: Event) -> str:
    if isinstance(event, _ERROR):
        return "error"
    is_quiet = isinstance(event.problem, TokenMissing | TokenExpired) and event.problem.diagnosis_id is None
    if is_quiet or _is_probe(event):  # on both a client goes on by itself
        return ""
    if event.outcome in {Outcome.FAILURE, Outcome.DENIED} or (event.reason_code and not isinstance(event, _WARNING)):
        return "error"
    if isinstance(event, _WARNING) or event.outcome is not Outcome.SUCCESS:
        return "warning"
    return "good" if isinstance(event, _GOOD) else ""


def _is_probe(event: Event) -> bool:
    """Tell the 405 for the GET that every SDK tries once, and goes on without, from what no client of MCP sends."""
    return isinstance(event.problem, MethodNotOffered) and event.diagnosis_id is None


def is_detail(event: Event) -> bool:
    """Tell whether only those want it who asked for everything."""
    if isinstance(event, told.McpRequestRejected) and _is_probe(event):
        return True
    if isinstance(event, told.HttpExchanged):
        trace = event.trace
        return trace.kind == "mcp" or trace.reason_code is not None or trace.method == "OPTIONS" or trace.status < 400
    return isinstance(event, _QUIET)
