"""Clients that run in a browser: preflights, exposed headers, public pages."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import is_preflight, is_token, response_header
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis

AFTER = timedelta(seconds=2)


def _preflights(view: SeenFlow) -> Iterator[Trace]:
    return (trace for trace in view.traces if is_preflight(trace))


def _followed(view: SeenFlow, preflight: Trace) -> bool:
    """Tell whether the real request came after its preflight."""
    asked = view.last_asked.get(preflight.path)
    return asked is not None and asked >= preflight.started_at


def _got_token(view: SeenFlow, preflight: Trace) -> bool:
    """Tell whether the page got a token after all: it has an origin, and the browser's user agent."""
    return any(
        is_token(each) and each.status == 200 and each.started_at > preflight.started_at
        for each in view.around.requests.on_the_way(preflight.user_agent)
        if each.header(b"origin") == preflight.header(b"origin")
    )


def preflight_refused(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """CORS-01, CORS-02, CORS-03: a preflight that kept the browser from asking."""
    for trace in _preflights(view):
        if _followed(view, trace) or now - trace.started_at < AFTER or _got_token(view, trace):
            continue
        if trace.diagnosis_id:  # its problem says what is to be done
            continue
        if trace.status == 401:
            yield _said(view, trace, "CORS-02", "was answered 401", "Let OPTIONS pass before the token is checked.")
            return
        if trace.status >= 400:
            yield _said(view, trace, "CORS-01", f"was answered {trace.status}", not_for_pages(trace))
            return
        missing = _not_allowed(trace)
        if missing:
            words = f"does not allow {', '.join(missing)}"
            yield _said(view, trace, "CORS-03", words, f"Add {', '.join(missing)} to Access-Control-Allow-Headers.")
            return


def not_for_pages(trace: Trace) -> str:
    """Return what a page has to do whose preflight the gateway does not answer: it answers those of all that is."""
    return f"Let the page not ask {trace.path}: it is not for pages, so the browser stops before it asks."


def _said(view: SeenFlow, trace: Trace, name: str, words: str, fix: str) -> Diagnosis:
    cause = f"The preflight for {trace.path} {words}; the browser never sent the real request."
    return diagnosis(name, cause, fix, view=view, trace=trace, got=trace.header(b"access-control-request-headers"))


def _not_allowed(trace: Trace) -> list[str]:
    """Return the headers that were asked for and not allowed."""
    allowed = {each.strip().lower() for each in response_header(trace, b"access-control-allow-headers").split(",")}
    asked = [each.strip().lower() for each in trace.header(b"access-control-request-headers").split(",")]
    with_star = "*" in allowed
    return [each for each in asked if each and each not in allowed and not (with_star and each != "authorization")]


def challenge_hidden(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """CORS-04: a browser client gets a 401 whose challenge it cannot read."""
    for trace in view.traces:
        exposed = response_header(trace, b"access-control-expose-headers").lower()
        is_asked = trace.method != "OPTIONS" and bool(trace.header(b"origin"))
        if trace.status == 401 and is_asked and "www-authenticate" not in exposed and "*" not in exposed:
            yield diagnosis(
                "CORS-04",
                f"The 401 for {trace.path} does not expose WWW-Authenticate to {trace.header(b'origin')}.",
                "Add WWW-Authenticate to Access-Control-Expose-Headers.",
                view=view,
                trace=trace,
                got=exposed or "(nothing exposed)",
                expected="WWW-Authenticate",
            )
            return


def public_page(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """CORS-05: a public page asked this machine, and its browser did not go on."""
    for trace in _preflights(view):
        origin = split_url(trace.header(b"origin"))
        is_public = origin.scheme.text == "https" and not origin.is_loopback
        if is_public and trace.status < 400 and not _followed(view, trace) and now - trace.started_at > AFTER * 2:
            yield diagnosis(
                "CORS-05",
                f"A public page ({trace.header(b'origin')}) called this gateway; nothing followed its preflight.",
                "Allow local network access for that page in the browser, or use a local client.",
                view=view,
                trace=trace,
                got=trace.header(b"origin"),
                certain=False,
            )
            return


RULES = (
    Rule(("CORS-01", "CORS-02", "CORS-03"), "a preflight, its answer, and no request after it", preflight_refused),
    Rule(("CORS-04",), "a 401 to a request with Origin", challenge_hidden),
    Rule(("CORS-05",), "a preflight from a public page and no request after it", public_page),
)
