"""`devgw tail`: the events of a running gateway, as lines."""

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devgw.cli.headless import LinePrinter
from devgw.cli.joining import directory_argument, fail, json_option, run, state_dir_of

if TYPE_CHECKING:
    from devgw.control.messages import ControlMessage, EventLine


@click.command("tail")
@directory_argument
@json_option
@click.option("-n", "--lines", "last", default=10, show_default=True, help="How many of the lines so far come first.")
@click.option("--all", "all_lines", is_flag=True, help="Every request and every event, not the telling ones alone.")
@click.option("--once", is_flag=True, help="Print the lines so far and end.")
def command(directory: Path, *, as_json: bool, last: int, all_lines: bool, once: bool) -> None:
    """Print the events of the gateway that runs in this project, as they come; Ctrl+C ends it."""
    printer = LinePrinter(as_json=as_json, all_lines=all_lines)
    run(_tail(state_dir_of(directory), Tail(printer, last, shows_all=all_lines or as_json), once=once))


class Tail:
    """Prints what a reader of lines is told: at first the last few, then each."""

    def __init__(self, printer: LinePrinter, last: int, *, shows_all: bool) -> None:
        self.is_caught_up = False
        self._printer = printer
        self._last = last
        self._shows_all = shows_all
        self._so_far: list[EventLine] = []

    def take(self, message: "ControlMessage") -> None:
        """Print what is new in `message`."""
        from devgw.control.messages import EventLine, Events, Gap, Snapshot  # noqa: PLC0415  `--help` must be quick

        if isinstance(message, Snapshot):
            self._so_far += [line for line in message.of("line", EventLine) if self._shows_all or not line.is_detail]
            if message.is_last:
                self._catch_up()
        elif isinstance(message, Events):
            for line in message.of("line", EventLine):
                self._printer.show(line)
        elif isinstance(message, Gap):
            how_many = f"{message.missed} lines" if message.missed > 0 else "some lines"
            self._printer.say(f"… {how_many} were lost here: this reader was too slow, or away too long")

    def _catch_up(self) -> None:
        for line in self._so_far[len(self._so_far) - min(self._last, len(self._so_far)) :]:
            self._printer.show(line)
        self._so_far.clear()
        self.is_caught_up = True


async def _tail(state_dir: Path, tail: Tail, *, once: bool) -> None:
    from devgw.control.client import ControlClient  # noqa: PLC0415  `--help` must be quick

    client = ControlClient(state_dir, face="tail", kinds=["line"])
    async with aclosing(client.messages()) as messages:
        async for message in messages:
            tail.take(message)
            if once and tail.is_caught_up:
                return
    if client.turned_away is not None:
        fail(client.turned_away.explanation, client.turned_away.hint)
    fail("The gateway has ended.")
