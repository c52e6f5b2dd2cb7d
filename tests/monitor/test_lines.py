"""Every kind of event has a sentence, the contract's names, and nothing secret in it (gateway.md §10)."""

import dataclasses
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import pytest

from devgw import entropy
from devgw.events import refusal as refusal_of
from devgw.events import taxonomy as told
from devgw.events.bus import Published
from devgw.events.taxonomy import Event, Outcome
from devgw.events.trace import Trace
from devgw.monitor.lines import line_of
from devgw.problems.bearer import TokenMissing
from tests.monitor.walk import Walk
from tests.support.heard import Heard

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KINDS = [
    each for each in vars(told).values() if isinstance(each, type) and issubclass(each, Event) and each is not Event
]


def filled(kind: type[Event], text: str) -> Event:
    """Return an event with `text` in every text that it has."""
    hints = get_type_hints(kind)
    return kind(**{each.name: value(each.name, hints[each.name], text) for each in dataclasses.fields(kind)})


def value(name: str, hint: Any, text: str) -> Any:
    options = [each for each in get_args(hint) if each is not type(None)]
    kind = hint if not options or getattr(hint, "__origin__", None) in {tuple, dict} else options[0]
    samples: dict[Any, Any] = {int: 401, float: 1.5, bool: True, datetime: NOON}
    named: dict[str, Any] = {
        "trace": Trace("1", NOON, "GET", "/x", explanation=text),  # type: ignore[arg-type]  # any text will do
        "entries": ((text, text), (text, None)),
        "checks": (told.TokenCheck("iss", passed=False, got=text, expected=text),),
    }
    if name in named:
        return named[name]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind))
    if getattr(kind, "__origin__", None) is tuple:
        return (text, text)
    if getattr(kind, "__origin__", None) is dict:
        return {"any": text}
    return samples.get(kind, text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_a_line_that_people_and_programs_can_read(kind: type[Event]) -> None:
    line = line_of(Published(1, NOON, filled(kind, "word")))
    assert line.text
    assert line.text.isprintable()
    assert not line.text.startswith(line.name.replace("_", " "))
    assert "None" not in line.text
    assert json.loads(json.dumps(line.fields)) == line.fields
    assert all("_" not in name for name in line.fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_secret_that_slipped_into_an_event_does_not_get_onto_a_line(kind: type[Event]) -> None:
    secret = entropy.token("at_")
    line = line_of(Published(1, NOON, filled(kind, f"so {secret} it was")))
    assert secret not in repr(line)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_that_knows_little_is_a_line_too(kind: type[Event]) -> None:
    needed = [each for each in dataclasses.fields(kind) if each.default is dataclasses.MISSING]
    hints = get_type_hints(kind)
    event = kind(**{each.name: value(each.name, hints[each.name], "x") for each in needed})
    assert "None" not in line_of(Published(1, NOON, event)).text


def test_a_refusal_reads_as_an_error_and_a_first_challenge_does_not() -> None:
    challenge = told.McpRequestRejected(status=401, **(refusal_of(TokenMissing()) | {"outcome": Outcome.DENIED}))
    refusal = told.McpRequestRejected(status=401, reason_code="token_expired", had_credentials=True)
    assert line_of(Published(1, NOON, challenge)).severity == ""
    assert line_of(Published(1, NOON, refusal)).severity == "error"
    assert line_of(Published(1, NOON, refusal)).text == "401 for a request of a client on an MCP route: token expired"


def test_latency_is_split_between_gateway_and_upstream() -> None:
    walk = Walk()
    heard = Heard(walk.bus)
    walk.called()
    exchanged = line_of(heard.published[-1])
    assert (exchanged.fields["gatewayMs"], exchanged.fields["upstreamMs"]) == (6.0, 4.0)
    assert exchanged.is_detail
