"""A code that nobody redeems: what is likely, ordered by who was seen to listen where it was sent.

Without a look at the port (`McpAuthCallbackProbed`) each suspect is named, the commonest first. With one, what it rules
out is left out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus

from devgw.diagnosis.exchange import form, is_token
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import known_quirks, last_trace, seconds
from devgw.diagnosis.urls import UrlParts, split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events.flow import Diagnosis, FlowState, Milestone, Step
from devgw.events.taxonomy import McpAuthCallbackProbed, McpAuthCodeIssued
from devgw.foreign.shell import PASTE_ADDRESS

Suspect = tuple[str, str, str]
"""Id, cause and fix."""
_ELSEWHERE = (
    "Where the client runs in WSL, a container or over SSH, run there, within a minute, "
    f"`{PASTE_ADDRESS}` and paste the whole address that the browser shows, or forward port {{port}}"
)


def code_never_redeemed(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """PORT-02, HOST-03, RURI-06, RURI-11, SESS-05: the code was sent 30 s ago and nobody redeemed it."""
    is_late = view.quiet_for(now) >= timedelta(seconds=30)
    has_ended = view.flow.state in (FlowState.FAILED, FlowState.DONE)
    if view.flow.last_seen is not Milestone.CODE_SENT or not is_late or has_ended or _went_on(view):
        return
    uri = view.flow.redirect_uri or ""
    probe = _probe(view)
    for name, cause, fix in _suspects(view, uri, seconds(view, now), probe):
        yield diagnosis(
            name,
            cause,
            fix,
            view=view,
            trace=last_trace(view),
            step=Step.TOKEN,
            got=uri,
            gone_when="the code is redeemed",
            evidence=(*([_seen(probe)] if probe else []), *known_quirks(view, name)),
        )


def _went_on(view: SeenFlow) -> bool:
    """Tell whether another code was redeemed since that went to the same place: one program alone listens there."""
    sent = view.last(McpAuthCodeIssued)  # not when the flow was seen last: a look at the port comes later
    since = sent[0] if sent else view.flow.started_at
    return any(
        is_token(each)
        and each.status == HTTPStatus.OK
        and form(each).get("redirect_uri") == view.flow.redirect_uri
        and each.started_at > since
        for each in view.around.requests.on_the_way(view.flow.user_agent)
    )


def _probe(view: SeenFlow) -> McpAuthCallbackProbed | None:
    """Return the look at the port to which this very code was sent."""
    found = view.last(McpAuthCallbackProbed)
    return found[1] if found and found[1].code_id == view.flow.code_id else None


def _seen(probe: McpAuthCallbackProbed) -> str:
    """Return in words what the look at the port found."""
    there = [name for name, listens in _addresses(probe) if listens]
    gone = [name for name, listens in _addresses(probe) if not listens]
    words = [f"{' and '.join(there)} took a connection"] if there else []
    words += [f"{' and '.join(gone)} took none"] if gone else []
    return f"Looked at port {probe.port} of this machine a moment after the code was sent: {', '.join(words)}."


def _addresses(probe: McpAuthCallbackProbed) -> list[tuple[str, bool]]:
    v6 = [("[::1]", probe.listens_v6)] if probe.has_v6 else []
    return [("127.0.0.1", probe.listens_v4), *v6]


def _suspects(view: SeenFlow, uri: str, quiet: str, probe: McpAuthCallbackProbed | None) -> Iterator[Suspect]:
    """Yield what is likely, the likeliest first."""
    parts = split_url(uri)
    sent = f"The code was sent to {uri} {quiet} ago and never redeemed"
    if parts.scheme.text not in ("http", "https"):
        yield (
            "RURI-06",
            f"{sent}: the browser may not have opened the {parts.scheme.text}: link.",
            "Allow the browser to open the app.",
        )
    elif view.traits.redirect_uris and "vscode.dev" in parts.host_name:
        yield (
            "RURI-11",
            f"{sent}: the broker page may not have passed it on.",
            "Finish on the broker page, or use a loopback redirect.",
        )
    elif not parts.is_loopback:
        yield _thrown_away(sent)
    elif probe is None:
        yield from _unseen(sent, parts)
    else:
        yield from _by_probe(sent, parts, probe)


def _unseen(sent: str, parts: UrlParts) -> Iterator[Suspect]:
    """Yield the suspects where nobody looked at the port."""
    yield _unreachable(sent, parts.effective_port)
    if parts.host_name == "localhost":
        yield (
            "HOST-03",
            f"{sent}. The browser may try ::1 first, while the client listens on 127.0.0.1 alone.",
            "Let the client listen on both loopback addresses, or use 127.0.0.1 in its redirect URI.",
        )
    yield _thrown_away(sent)


def _by_probe(sent: str, parts: UrlParts, probe: McpAuthCallbackProbed) -> Iterator[Suspect]:
    """Yield the suspects that the look at the port leaves."""
    there = [name for name, listens in _addresses(probe) if listens]
    if not there:
        yield (
            "PORT-02",
            f"{sent}. Nothing listened on port {probe.port} of this machine a moment later.",
            f"{_ELSEWHERE.format(port=probe.port)}; else sign in once more.",
        )
        yield _thrown_away(sent)
        return
    if _is_elsewhere(parts, probe):
        way = "may try the other loopback address first" if parts.host_name == "localhost" else "does not go there"
        yield (
            "HOST-03",
            f"{sent}. Port {probe.port} was listened to on {there[0]} alone; for {parts.host.text} the browser {way}.",
            f"Let the client listen on both loopback addresses, or use {there[0]} in its redirect URI.",
        )
    yield _thrown_away(sent)
    yield _unreachable(sent, str(probe.port))


def _is_elsewhere(parts: UrlParts, probe: McpAuthCallbackProbed) -> bool:
    """Tell whether something listens, but not on each address that the redirect URI's host stands for."""
    wanted = {"127.0.0.1": [probe.listens_v4], "::1": [probe.listens_v6]}
    both = [probe.listens_v4, *([probe.listens_v6] if probe.has_v6 else [])]
    return not all(wanted.get(parts.host_name, both))


def _unreachable(sent: str, port: str) -> Suspect:
    return (
        "PORT-02",
        f"{sent}. If the browser shows that it cannot connect, nothing that it can reach listens on port {port}.",
        f"{_ELSEWHERE.format(port=port)}; else start the login again.",
    )


def _thrown_away(sent: str) -> Suspect:
    return (
        "SESS-05",
        f"{sent}. If the browser shows success, the client's callback threw the code away.",
        "Look at the client's log for a state mismatch; restart the client and sign in once.",
    )


RULES = (
    Rule(
        ("PORT-02", "HOST-03", "RURI-06", "RURI-11", "SESS-05"),
        "a code that was sent 30 s ago and not redeemed, and who listens where it was sent",
        code_never_redeemed,
        Observation.ABSENCE,
    ),
)
