"""Registrations that repeat, contradict another, or go unused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.clients import forget_advice
from devgw.diagnosis.exchange import (
    is_authorize,
    is_registration,
    is_token,
    query,
    registration_shape,
    request_json,
)
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import known_quirks
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthClientRegistered
from devgw.problems.authorization import RedirectUriMismatch
from devgw.problems.client_id import RegistrationMissing

STORM = 5
WINDOW = timedelta(minutes=5)


def registers_again_and_again(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """REG-11: many registrations with equal metadata, but for the port."""
    mine = next((trace for trace in reversed(view.traces) if is_registration(trace)), None)
    if mine is None or not request_json(mine):  # what could not be read is like nothing
        return
    alike = [
        each
        for each in view.around.requests.registrations(registration_shape(mine))
        if now - each.trace.started_at < WINDOW
    ]
    if len(alike) >= STORM and not _got_tokens(view, alike[-1].trace.started_at):
        yield diagnosis(
            "REG-11",
            f"{view.who} registered {len(alike)} times with the same metadata within five minutes.",
            "Let it keep its registration (or use a metadata document), and stop what restarts it.",
            view=view,
            trace=mine,
            certain=False,
            gone_when="a token is issued to it, or five minutes pass",
            evidence=known_quirks(view, "REG-11"),
        )


def _got_tokens(view: SeenFlow, since: datetime) -> bool:
    """Tell whether clients of this name got tokens: then each registration was a run that went well."""
    stories = view.around.tokens_by_name.get(view.flow.client_name or "", {})
    return any(each.at >= since for each in stories.values())


def registered_anew(view: SeenFlow, refused: Trace) -> bool:
    """Tell whether the client of a refused request registered since: then it healed itself, in another flow.

    It is the same client where its socket is: a program that looked first. After a browser's request nothing tells
    whose a registration is, whatever its redirect URI.
    """
    return any(
        each.trace.started_at > refused.started_at and each.trace.status == 201 and each.trace.peer == refused.peer
        for each in view.around.requests.registrations()
    )


def configured_but_registers(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """REG-04: a registration under the name or redirect URI of a configured client."""
    for _, event in view.of_kind(McpAuthClientRegistered):
        if event.registered_by != "dcr":
            continue
        for client in view.around.configured.values():
            if client.name == event.client_name or set(client.redirect_uris) & set(event.redirect_uris):
                yield diagnosis(
                    "REG-04",
                    f"{view.who} registered anew although it is configured as {client.id}.",
                    f"Put {client.id} where this client reads its client id, or remove the configured client.",
                    view=view,
                    got=str(event.client_id),
                    expected=str(client.id),
                )
                return


def _is_dead(trace: Trace) -> bool:
    """Tell whether a request was refused for a registration that ended, or was made elsewhere."""
    return isinstance(trace.problem, RegistrationMissing) and trace.problem.is_gone


def never_forgets(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REVK-03: the same dead registration, three times or more."""
    refused = [trace for trace in view.traces if (is_authorize(trace) or is_token(trace)) and _is_dead(trace)]
    has_new = any(is_registration(trace) and trace.status == 201 for trace in view.traces)
    if len(refused) >= 3 and not has_new:
        yield diagnosis(
            "REVK-03",
            f"{view.who} came {len(refused)} times with a registration that does not exist here.",
            forget_advice(view.traits),
            view=view,
            trace=refused[-1],
            got=query(refused[-1]).get("client_id", ""),
        )


def refused_after_registration(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REG-06: the very string that was registered is refused at authorization."""
    client = view.client
    for trace in view.traces:
        if client and is_authorize(trace) and isinstance(trace.problem, RedirectUriMismatch):
            asked = query(trace).get("redirect_uri", "")
            if asked in client.redirect_uris:
                yield diagnosis(
                    "REG-06",
                    f"{asked} was taken at registration and is refused at authorization.",
                    "Register again; where it happens twice, the two checks disagree.",
                    view=view,
                    trace=trace,
                    got=asked,
                )
                return


RULES = (
    Rule(("REG-11",), f"{STORM} registrations with equal metadata within five minutes", registers_again_and_again),
    Rule(("REG-04",), "a configured client and a registration that resembles it", configured_but_registers),
    Rule(("REVK-03",), "three refusals of the same dead registration", never_forgets),
    Rule(
        ("REG-06",), "a registration and a refused authorization request with the same URI", refused_after_registration
    ),
)
