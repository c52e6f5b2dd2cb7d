"""How the client looked for metadata: addresses that are not served, answers that are not JSON, guesses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import (
    SERVER_METADATA,
    WELL_KNOWN,
    answer_type,
    is_authorize,
    is_registration,
    is_resource_metadata,
    is_server_metadata,
    is_token,
    response_json,
)
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import AUTHORIZE, came_past, wanted_to_call
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis

SILENCE = timedelta(seconds=5)


def _left(view: SeenFlow, now: datetime) -> bool:
    """Tell whether the client stopped while it was still looking around."""
    begun = view.flow.started_at - timedelta(seconds=1)
    is_quiet = view.quiet_for(now) >= SILENCE and wanted_to_call(view)
    return is_quiet and not came_past(view, AUTHORIZE, begun) and not _went_on(view)


def _went_on(view: SeenFlow) -> bool:
    return any(is_registration(trace) or is_authorize(trace) for trace in view.traces)


def path_form_missing(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """DISC-02 and DISC-09: a well-known address was 404, and the client left."""
    if not _left(view, now):
        return
    missing = [trace for trace in view.traces if _is_missing(trace) and WELL_KNOWN in trace.path]
    if any(is_resource_metadata(trace) and trace.status == 200 for trace in view.traces):
        missing = [trace for trace in missing if is_server_metadata(trace)]
        if any(is_server_metadata(trace) and trace.status == 200 for trace in view.traces):
            return
    if missing and all(is_resource_metadata(trace) for trace in missing):
        yield _no_resource_metadata(view, missing[-1])
    elif missing and _dialect(missing) is None:
        trace = missing[0]
        cause = f"The client asked for {trace.path} and got 404; it left {view.quiet_for(now).seconds} s ago."
        fix = f"Serve {trace.path}: the form with the path comes first. Check what stands between the client and devgw."
        yield diagnosis("DISC-02", cause, fix, view=view, trace=trace)


def _is_missing(trace: Trace) -> bool:
    """Tell whether it was 404 for a reason that has no name yet: a wrong URL is told as that."""
    return trace.status == 404 and (trace.problem is None or trace.problem.diagnosis_id is None)


def _no_resource_metadata(view: SeenFlow, trace: Trace) -> Diagnosis:
    return diagnosis(
        "DISC-09",
        f"The client found no protected resource metadata: {trace.path} was 404.",
        f"Connect to the URL of an MCP route that asks for a token; {trace.path} belongs to none.",
        view=view,
        trace=trace,
    )


def _dialect(missing: list[Trace]) -> str | None:
    """Return the one form of discovery that was asked for, None where it was both or neither."""
    asked = {form for form in SERVER_METADATA for trace in missing if form in trace.path}
    return asked.pop() if len(asked) == 1 else None


def one_form_only(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """DISC-04: only one form of discovery was tried, and it was 404."""
    asked = [trace for trace in view.traces if is_server_metadata(trace)]
    form = _dialect(asked)
    if form and _left(view, now) and all(map(_is_missing, asked)):
        yield diagnosis(
            "DISC-04",
            f"The client asked for {form} alone and got 404 {len(asked)} times.",
            "Let both forms through to devgw, which serves them; check the path that the client puts behind.",
            view=view,
            trace=asked[-1],
        )


def root_instead_of_route(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """DISC-03: the issuer has a path, the client read the root document, and left."""
    if not _left(view, now):
        return
    issuer = next((_issuer_named(trace) for trace in view.traces if is_resource_metadata(trace)), "")
    asked = [trace for trace in view.traces if is_server_metadata(trace)]
    path = split_url(issuer).path.text.strip("/")
    if path and asked and not any(path in trace.path for trace in asked):
        yield diagnosis(
            "DISC-03",
            f"The issuer is {issuer}, but the client read {asked[-1].path}, which belongs to another issuer.",
            "Update the client: it must put the issuer's path into the well-known URL.",
            view=view,
            trace=asked[-1],
            got=asked[-1].path,
            expected=f"{SERVER_METADATA[0]}/{path}",
        )


def _issuer_named(trace: Trace) -> str:
    servers = response_json(trace).get("authorization_servers")
    return str(servers[0]) if isinstance(servers, list) and servers else ""


def not_json(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """DISC-05: a page where JSON was expected."""
    for trace in view.traces:
        if trace.problem is not None:  # our own page for whoever asked for one: it says itself what is wrong
            continue
        is_machine = WELL_KNOWN in trace.path or is_registration(trace) or is_token(trace)
        kind = answer_type(trace)
        if (
            is_machine
            and trace.method != "OPTIONS"
            and kind in ("text/html", "text/plain")
            and trace.response_body.size
        ):
            yield diagnosis(
                "DISC-05",
                f"{trace.path} was answered {trace.status} with {kind} instead of JSON.",
                "Exclude /.well-known/* and the OAuth paths from the page that answers there.",
                view=view,
                trace=trace,
                got=kind,
                expected="application/json",
            )
            return


_GUESSES = ("/register", "/authorize", "/token")


def guessed_endpoint(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """DISC-10: one of the three endpoints that clients guess, and it is not served."""
    for index, trace in enumerate(view.traces):
        if trace.path.rstrip("/") in _GUESSES and trace.status in (404, 405):
            before = next((each for each in reversed(view.traces[:index]) if WELL_KNOWN in each.path), None)
            seen = (
                f"{before.path} was answered {before.status} just before." if before else "It read no metadata before."
            )
            yield diagnosis(
                "DISC-10",
                f"The client used the default {trace.path}, which is what it does without metadata. {seen}",
                "Look at that metadata request: the client did not get or did not accept its answer.",
                view=view,
                trace=trace,
            )
            return


RULES = (
    Rule(("DISC-02", "DISC-09"), "a 404 for metadata, then 5 s of silence", path_form_missing, Observation.ABSENCE),
    Rule(("DISC-04",), "404 for one form of discovery alone, then 5 s of silence", one_form_only, Observation.ABSENCE),
    Rule(
        ("DISC-03",),
        "an issuer with a path, the root document, 5 s of silence",
        root_instead_of_route,
        Observation.ABSENCE,
    ),
    Rule(("DISC-05",), "the media type of a metadata, registration or token answer", not_json),
    Rule(("DISC-10",), "404 or 405 for /register, /authorize or /token", guessed_endpoint),
)
