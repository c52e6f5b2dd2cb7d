"""A step of the browser's way that was asked for by no browser that shows it: by a script, in a frame, by a program.

Where the request itself says so (Fetch Metadata, `Origin`) that is certain; a program without such headers may only
look before it opens a browser, so that is suspected after a while. Both withdraw themselves once a browser comes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import Asked, ends_with, how_asked
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import CODE, came_past
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.foreign.text import clean

_PATIENCE = {Asked.BY_SCRIPT: timedelta(seconds=1), Asked.IN_FRAME: timedelta(seconds=1)}
"""A page may look first, and then lead the browser there."""
_LONGEST_LOOK = timedelta(seconds=10)
"""What a program gets that looks first: it opens a browser at once, and who has to confirm that reads a line."""
_OPEN = "Let the page lead the browser to the URL: by a link, location.assign() or a new window, not by fetch()."
_UNFRAMED = "Open the URL in a window of its own, not in a frame: none of the gateway's pages is shown in one."
_BROWSER = "Open the authorization URL in a browser: a person signs in and decides there."


def asked_by_no_browser(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """SESS-12: the newest step of the browser's way was not opened by a browser, and nothing came of it."""
    trace = _newest_step(view)
    if trace is None or came_past(view, CODE, trace.started_at):
        return
    how = how_asked(trace)
    if how is Asked.BY_NAVIGATION or now - trace.started_at < _PATIENCE.get(how, _LONGEST_LOOK):
        return
    cause, fix = _words(trace, how)
    yield diagnosis(
        "SESS-12",
        cause,
        fix,
        view=view,
        trace=trace,
        got=_shown(trace),
        expected="Sec-Fetch-Mode: navigate, Sec-Fetch-Dest: document" if how is not Asked.BY_PROGRAM else "",
        certain=how is Asked.BY_SCRIPT or (how is Asked.IN_FRAME and ends_with(trace, "GET", "setup")),
        gone_when="a browser opens it",
    )


def is_asked_by_no_browser(view: SeenFlow) -> bool:
    """Tell whether nobody can be waited for: no browser was led to the newest step."""
    trace = _newest_step(view)
    return trace is not None and how_asked(trace) is not Asked.BY_NAVIGATION


def _newest_step(view: SeenFlow) -> Trace | None:
    steps = (each for each in reversed(view.traces) if ends_with(each, "GET", "authorize", "callback", "setup"))
    newest = next(steps, None)
    return newest if newest is not None and 200 <= newest.status < 400 else None


def _words(trace: Trace, how: Asked) -> tuple[str, str]:
    """Return cause and fix."""
    if how is Asked.IN_FRAME:
        return f"{trace.path} was opened in a frame of a page, where no consent page is shown.", _UNFRAMED
    if how is Asked.BY_SCRIPT:
        origin = clean(trace.header(b"origin"), 100)
        of = f" of {origin}" if origin and origin != "null" else ""
        cause = f"A page{of} asked for {trace.path} by a script or as a part of it: so nobody is shown the login."
        return cause, _OPEN
    who = clean(trace.user_agent, 60) or "a program without a name"
    return f"{trace.path} was asked for by {who}, which seems to be no browser, and no browser came since.", _BROWSER


def _shown(trace: Trace) -> str:
    """Return the headers that tell it."""
    names = ((b"sec-fetch-mode", "Sec-Fetch-Mode"), (b"sec-fetch-dest", "Sec-Fetch-Dest"), (b"origin", "Origin"))
    told = [f"{shown}: {clean(trace.header(name), 100)}" for name, shown in names if trace.header(name)]
    return ", ".join(told) or f"Accept: {clean(trace.header(b'accept'), 100) or '(none)'}"


RULES = (
    Rule(
        ("SESS-12",),
        "a step of the browser's way whose headers are no navigation's, and no browser 1 s later; 10 s where they only "
        "seem so",
        asked_by_no_browser,
    ),
)
