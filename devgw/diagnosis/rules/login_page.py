"""A login that ended on a page of the identity provider, of which the browser tells nobody but the person."""

from collections.abc import Iterator
from datetime import datetime

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import last_trace
from devgw.diagnosis.view import SeenFlow
from devgw.events.flow import Diagnosis, Milestone, Step
from devgw.events.taxonomy import McpAuthLoginBegun, McpAuthProviderProbed

NAMES = (
    "RURI-04",
    "RURI-05",
    "WORK-01",
    "WORK-02",
    "WORK-08",
    "PKCE-04",
    "IDT-13",
    "IDT-24",
    "IDT-25",
    "IDT-29",
    "IDT-30",
    "IDT-34",
)


def refused_by_probe(view: SeenFlow) -> McpAuthProviderProbed | None:
    """Return the probe of this very login that says why the browser will not come back; None where there is none."""
    probed, begun = view.last(McpAuthProviderProbed), view.last(McpAuthLoginBegun)
    if probed is None or begun is None or probed[0] < begun[0] or not probed[1].is_refused:
        return None
    return probed[1]


def login_refused_at_provider(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """Yield the failure that the probe met, while the browser is not back."""
    probe = refused_by_probe(view) if view.flow.last_seen is Milestone.SENT_TO_IDP else None
    if probe is None or probe.diagnosis_id not in NAMES:
        return
    is_url = probe.diagnosis_id == "IDT-29"
    got = (view.last(McpAuthLoginBegun) or (now, None))[1]
    sent = got.provider_url if is_url and got else probe.callback_uri
    difference = explain_difference(sent, probe.nearest, "url" if is_url else "callback_uri") if probe.nearest else None
    is_reachable = probe.diagnosis_id != "IDT-13"
    said = (probe.explanation or "").rstrip(".")
    what = "and ended there" if is_reachable else "which cannot be reached from this machine"
    yield diagnosis(
        probe.diagnosis_id,
        f"The browser was sent to the identity provider{' ' if is_reachable else ', '}{what}: {said}.",
        probe.hint or "",
        view=view,
        trace=last_trace(view),
        step=Step.LOGIN,
        certain=is_reachable and probe.is_certain,
        difference=difference,
        got=sent,
        got_from="browserLogin.url" if is_url else "redirect_uri that the gateway sends",
        gone_when="the browser comes back",
    )


RULES = (
    Rule(
        NAMES,
        "a browser at the provider for a second, and a probe of the same URL that is refused",
        login_refused_at_provider,
    ),
)
