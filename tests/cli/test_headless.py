"""Event lines for people and programs."""

import asyncio
import errno
import io
import json
import os
import threading

import pytest

from devgw.cli.event_lines import EventLines
from devgw.cli.headless import LinePrinter
from devgw.control.messages import EventLine
from devgw.events import taxonomy as told
from tests.monitor.walk import Walk

REFUSED = EventLine(
    7, 0.0, "mcp_request_rejected", "401 for a call", severity="error", explanation="It expired.", hint="Refresh it."
)


class SlowPipe(io.StringIO):
    """Holds its writer up until it is told to go on, and counts how often it had to pass something on."""

    def __init__(self) -> None:
        super().__init__()
        self.is_writing, self.goes_on, self.flushed = threading.Event(), threading.Event(), 0

    def write(self, text: str) -> int:
        self.is_writing.set()
        assert self.goes_on.wait(5)
        return super().write(text)

    def flush(self) -> None:
        self.flushed += 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Narrow(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")

    def text(self) -> str:
        self.flush()
        return bytes(self.buffer.getvalue()).decode()  # type: ignore[attr-defined]  # it is the BytesIO from above


def test_colours_are_for_terminals_whose_users_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal, pipe, plain = Terminal(), io.StringIO(), Terminal()
    LinePrinter(terminal).show(REFUSED)
    LinePrinter(pipe).show(REFUSED)
    monkeypatch.setenv("NO_COLOR", "1")
    LinePrinter(plain).show(REFUSED)
    assert "\x1b[31m✗\x1b[0m" in terminal.getvalue()
    assert "\x1b" not in pipe.getvalue() + plain.getvalue()
    assert pipe.getvalue().endswith(" ✗ 401 for a call\n           why  It expired.\n           fix  Refresh it.\n")


def test_a_stream_without_these_signs_gets_others() -> None:
    narrow = Narrow()
    LinePrinter(narrow).show(REFUSED)
    assert " x 401 for a call" in narrow.text()


def test_a_diagnosis_does_not_repeat_the_reason_just_given() -> None:
    pipe = io.StringIO()
    lines = LinePrinter(pipe)
    lines.show(REFUSED)
    lines.show(EventLine(7, 0.0, "path_not_found", "x", severity="error", explanation="Nothing.", hint="Go."))
    lines.show(EventLine(8, 0.0, "diagnosis_made", "BEAR-06", severity="error", explanation="It expired.", hint="Do."))
    lines.show(REFUSED)
    assert pipe.getvalue().count("why  It expired.") == 2
    assert "Do." not in pipe.getvalue()


def test_what_clients_call_themselves_cannot_steer_the_terminal() -> None:
    pipe, walk = io.StringIO(), Walk()
    lines = EventLines(LinePrinter(pipe), walk.clock)
    walk.bus.listen(lines.hear)
    walk.tell(told.McpAuthConsentDenied(client_name="\x1b]0;owned\x07\nnext\r\x9b2J"))
    assert lines.close(5)
    assert pipe.getvalue().count("\n") == 1
    assert all(each.isprintable() for each in pipe.getvalue().rstrip("\n"))


def test_every_event_is_a_json_object_that_says_which_and_when() -> None:
    pipe, walk = io.StringIO(), Walk()
    written = EventLines(LinePrinter(pipe, as_json=True), walk.clock, all_lines=True)
    walk.bus.listen(written.hear)
    walk.all_the_way()
    assert written.close(5)
    lines = [json.loads(line) for line in pipe.getvalue().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, walk.bus.seq + 1))
    assert lines[0]["event"] == "mcp_request_rejected"
    assert lines[0]["at"] == "2026-11-22T12:00:00.005Z"
    assert (lines[0]["reasonCode"], lines[0]["operationId"]) == ("token_missing", "calc")


def test_a_reader_that_went_away_does_not_break_the_gateway() -> None:
    pipe, walk = io.StringIO(), Walk()
    lines = EventLines(LinePrinter(pipe), walk.clock)
    walk.bus.listen(lines.hear)
    pipe.close()
    walk.all_the_way()
    assert lines.close(5)
    assert len(walk.monitor.flow_book.flows) == 1


def test_what_came_while_somebody_read_goes_out_at_once() -> None:
    pipe, walk = SlowPipe(), Walk()
    lines = EventLines(LinePrinter(pipe), walk.clock)
    lines.say("the first")
    assert pipe.is_writing.wait(5)
    for number in range(50):
        lines.say(f"line {number}")
    pipe.goes_on.set()
    assert lines.close(5)
    assert pipe.getvalue().count("\n") == 51
    assert pipe.flushed <= 3


class FullDisk(io.StringIO):
    """Takes nothing while it is full, or fails in another way."""

    reason: int | None = errno.ENOSPC
    flushed = 0

    def flush(self) -> None:
        if self.reason is not None:
            raise OSError(self.reason, os.strerror(self.reason))
        self.flushed += 1


async def test_that_lines_cannot_be_written_is_said_once_and_again_when_it_is_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipe, said = FullDisk(), ""

    async def again(reason: int | None, text: str) -> int:
        """Try it as the supervisor does, and return how often it was said by then."""
        nonlocal said
        pipe.reason = reason
        kept = asyncio.ensure_future(lines.keep())
        await asyncio.sleep(0)  # it forgets the failure before
        lines.say(text)
        if reason is None:
            async with asyncio.timeout(5):
                while not pipe.flushed:
                    await asyncio.sleep(0.01)
            kept.cancel()
        else:
            with pytest.raises(OSError, match=os.strerror(reason)):
                await kept
        said += capsys.readouterr().err
        return said.count("the event lines cannot be written")

    lines = EventLines(LinePrinter(pipe), Walk().clock)
    assert [await again(errno.ENOSPC, f"a {number}") for number in range(3)] == [1, 1, 1]
    assert [await again(errno.EIO, f"b {number}") for number in range(2)] == [2, 2]
    assert await again(None, "written") == 2
    assert [await again(errno.EIO, f"c {number}") for number in range(2)] == [3, 3]
    lines.close(5)
