"""From the command line to the dashboard: guard, environment, run, clean up. Import it before Textual."""

import contextlib
import gc
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devgw.dashboard.child import GatewayChild
from devgw.dashboard.terminal import Saved, why_none
from devgw.dashboard.theme_choice import OWN, wanted_theme
from devgw.foreign.text import writable

_FRAMES_PER_SECOND = "120"


@dataclass(frozen=True, slots=True)
class DashboardOptions:
    """How the person wants to see it."""

    theme: str = ""
    """One of `THEME_NAMES`; empty lets `TEXTUAL_THEME` and `DEVGW_THEME` decide."""
    is_ascii: bool = False
    has_mouse: bool = True
    is_read_only: bool = False
    shows_cursor: bool = False


def run_dashboard(state_dir: Path, child: GatewayChild | None = None, options: DashboardOptions | None = None) -> int:
    """Show the gateway of `state_dir` until the person leaves; return the exit status.

    A `child` is started before the first picture and ended after the last one, whatever happens in between. Check
    `terminal.why_none` first: this needs a terminal.
    """
    if child is not None and not started(child):
        return 1
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    saved = Saved()
    try:
        return _run(state_dir, child, options or DashboardOptions(), os.environ, saved)
    finally:
        saved.restore()
        if child is not None:
            child.stop()


def started(child: GatewayChild) -> bool:
    """Start the gateway; where it cannot be, say why and what to do."""
    try:
        child.start()
    except OSError as reason:
        path = reason.filename or child.log
        text = f"devgw: the gateway cannot be started: {path}: {reason.strerror}. --state-dir names another directory."
        print(text, file=sys.stderr)  # noqa: T201  there is no dashboard yet
        return False
    return True


def _run(
    state_dir: Path, child: GatewayChild | None, options: DashboardOptions, environment: Mapping[str, str], saved: Saved
) -> int:
    from devgw.clock import SystemClock  # noqa: PLC0415  nothing is imported before the child starts
    from devgw.dashboard import crash  # noqa: PLC0415
    from devgw.dashboard.app import Dashboard, Wearing  # noqa: PLC0415  Textual takes 200 ms
    from devgw.dashboard.keys.looks import hidden_columns, no_own, own_palette  # noqa: PLC0415
    from devgw.dashboard.keys.person import keymap  # noqa: PLC0415
    from devgw.dashboard.look.glyphs import choose  # noqa: PLC0415
    from devgw.dashboard.look.palette import PALETTES, seen_as  # noqa: PLC0415
    from devgw.dashboard.overlays.notice import Notice  # noqa: PLC0415

    encoding = getattr(sys.__stdout__, "encoding", None)
    keys, mistakes = keymap(environment)
    own, more = own_palette(environment)
    if own is not None:
        PALETTES[own.name] = own  # this process is one person's
    if own is None and options.theme == OWN:
        more = (*more, no_own(environment))
    hidden, others = hidden_columns(environment)
    app = Dashboard(
        state_dir,
        SystemClock(),
        keys,
        Wearing(
            choose(environment, options.is_ascii, encoding),
            seen_as(wanted_theme(options.theme, environment, [*PALETTES]), environment),
            options.is_read_only,
            options.shows_cursor,
        ),
        child,
        environment,
    )
    for view, titles in hidden.items():
        app.desk.listings[view].hidden.update(titles)
    if mistakes := (*mistakes, *more, *others):
        app.desk.overlay = Notice("What is left out of your own files", "\n".join(mistakes))
    app.call_later(_settle)
    app.run(mouse=options.has_mouse)
    saved.restore()
    if app.failure is not None:
        said = f"{crash.report(app.failure, environment)}\n{_what_is_left(child)}"
        print(said, file=sys.stderr)  # noqa: T201  the terminal is a plain one again
        return 1
    if not environment.get("TEXTUAL_DRIVER"):  # there it is a page, and nothing is below it
        _leave_behind(app.parting_text())
    return app.return_code or 0


def _leave_behind(text: str) -> None:
    """Print the last picture below what the terminal showed before, so that it can be read and copied still."""
    with contextlib.suppress(OSError):
        print(writable(text, sys.stdout), end="", flush=True)  # noqa: T201  the terminal is a plain one again


def _what_is_left(child: GatewayChild | None) -> str:
    """Say what became of the gateway, and where the evidence is."""
    if child is None:
        return "devgw: the gateway goes on; `devgw attach` opens another dashboard."
    return f"devgw: its gateway is ended with it; what that said stands in {child.log}"


def _settle() -> None:
    """Switch the collector on again once the first picture is up, and spare it what is there for good."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 10, 20)


__all__ = ["DashboardOptions", "run_dashboard", "why_none"]
