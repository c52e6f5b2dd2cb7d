"""`devgw explain`: what a failure is, how it is seen, and what mends it; and the list and the table of them all."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from devgw.cli.joining import fail
from devgw.cli.printing import write_json, write_line, write_lines, write_page
from devgw.diagnosis.catalogue import Failure
from devgw.diagnosis.clients import forget_lines
from devgw.diagnosis.coverage import table
from devgw.diagnosis.lookup import look_up
from devgw.diagnosis.tries import TRIES
from devgw.foreign.folding import fold

_WIDTH = 96
_DEPLOYED = {("deployed",), ("deploy",), ("deployment",)}
FORGETTING = ("REG-02", "REG-03", "REVK-03")
"""Failures whose page lists how each client is made to forget."""


@click.command("explain")
@click.argument("words", nargs=-1)
@click.option(
    "--table",
    "as_table",
    is_flag=True,
    help="Every id: how it is produced, where it is read, and whether its fix was tried.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--try", "tries", is_flag=True, help="With an id: let it happen in the sample project, and see.")
def command(words: tuple[str, ...], as_table: bool, as_json: bool, tries: bool) -> None:
    """Explain a failure by its id (DISC-01), a code, or an error text, or list all.

    `route /mcp/x` explains a route; `deployed` says where devgw differs from the deployed gateway.
    """
    if tries or as_table or words[:1] == ("route",) or words in _DEPLOYED:
        _tell_else(words, as_table=as_table, as_json=as_json, tries=tries)
        return
    asked = " ".join(words)
    looked_up = look_up(asked)
    found = list(looked_up.failures)
    if looked_up.nearest:
        write_line(f"Nothing is called “{asked}”; nearest is “{looked_up.nearest}”:", err=True)
    if as_json:
        write_json([asdict(failure) for failure in found], indent=2)
    elif len(found) == 1:
        write_page(page(found[0]))
    else:
        _print_list(found)
    if not found:
        raise SystemExit(1)


def _tell_else(words: tuple[str, ...], *, as_table: bool, as_json: bool, tries: bool) -> None:
    """Tell what is no page of the catalogue; each imports what the catalogue does without."""
    if tries:
        from devgw.cli.explain_try import try_out  # noqa: PLC0415  the catalogue alone is much quicker

        try_out(" ".join(words).upper())
    elif as_table:
        _print_table(as_json)
    elif words in _DEPLOYED:
        from devgw.cli.explain_deployed import print_departures  # noqa: PLC0415  the same

        print_departures(Path(), as_json=as_json)
    elif len(words) == 2:
        from devgw.cli.explain_route import print_route  # noqa: PLC0415  the same

        raise SystemExit(print_route(Path(), words[1], as_json=as_json))
    else:
        fail("A route is explained by its path.", "devgw explain route /mcp/x")


def page(failure: Failure) -> str:
    """Return the page of one failure."""
    title = f"{failure.id}  {failure.title}"
    parts = [title, "=" * len(title)]
    chapters = {
        "What you see": failure.symptom,
        "Why": failure.cause,
        "How devgw sees it": failure.unseen or failure.evidence,
        "The one change": failure.fix,
    }
    for heading, text in chapters.items():
        parts += ["", heading, *(f"  {line}" for line in fold(text, _WIDTH))]
    if failure.id in FORGETTING:
        parts += ["", "How each client forgets", *(f"  {line}" for line in forget_lines())]
    if failure.id in TRIES:
        parts += ["", "See it happen", f"  devgw explain {failure.id} --try"]
    parts += ["", "Sources", *(f"  {source}" for source in failure.sources)]
    return "\n".join(parts)


def _print_list(found: list[Failure]) -> None:
    """Print one line per failure under its group's title; the frequent ones carry a star."""
    group = ""
    for failure in found:
        if failure.group != group:
            group = failure.group
            write_lines(("", group))
        write_line(f"  {failure.id:<9}{'*' if failure.frequent else ' '} {failure.title}")
    if not found:
        write_line("Nothing in the catalogue says that. `devgw explain` lists everything.", err=True)


def _print_table(as_json: bool) -> None:
    rows = table()
    if as_json:
        write_json([asdict(row) for row in rows], indent=2)
        return
    write_line(f"{'ID':<9} {'OBSERVED':<14} {'FIX TRIED':<10} {'READ IN':<38} HOW IT IS PRODUCED")
    for row in rows:
        why = f"; its fix cannot be tried: {row.why}" if row.why and row.why != row.how else ""
        write_line(f"{row.id:<9} {row.observed:<14} {row.mended:<10} {' '.join(row.faces):<38} {row.how}{why}")
    counted, tried = Counter(row.observed for row in rows), Counter(row.mended for row in rows)
    write_lines(("", ", ".join(f"{count} {kind}" for kind, count in counted.most_common())))
    write_line("fix tried: " + ", ".join(f"{count} {kind}" for kind, count in tried.most_common()))
