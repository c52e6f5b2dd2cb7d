"""`devgw doctor URL`: what is said of somebody's MCP server, on a terminal and as JSON."""

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from devgw.cli.doctor_lines import print_check, tally
from devgw.cli.printing import write_json, write_line, write_lines
from devgw.cli.tables import write_table
from devgw.clock import SystemClock
from devgw.diagnosis.clients.demands import NOT_KNOWN, PASSES, REFUSES
from devgw.diagnosis.verdicts import Check
from devgw.diagnosis.verdicts.server import Examination
from devgw.platforms.here import here

HEALTHY, FAILS, NO_SERVER = 0, 1, 2
"""Exit codes: nothing fails; a check fails; there is no MCP server to be examined."""
MAY_STAY: Final = "Ended amid it: a client called `devgw doctor` may stay registered at the server."
_WORDS: Final = {PASSES: "passes", REFUSES: "REFUSES", NOT_KNOWN: "not known"}


@dataclass(frozen=True, slots=True)
class AllowedSteps:
    """What may be done at the server beyond looking."""

    headers: Mapping[str, str]
    registers: bool = False
    logs_in: bool = False
    client_id: str = ""
    """Of a client of the person's own, for the login."""


def examine(url: str, asked: AllowedSteps, *, as_json: bool, everything: bool) -> int:
    """Examine the server at `url`, print what was found, and return the exit code."""
    from devgw.outbound.server_doctor import examine_server  # noqa: PLC0415  an HTTP client that --help does not need

    try:
        found = asyncio.run(examine_server(url, SystemClock(), asked.headers, registers=asked.registers))
    except KeyboardInterrupt:
        if asked.registers:
            write_line(MAY_STAY, colour="yellow", err=True)
        raise
    if asked.logs_in and found.is_server:
        found = replace(found, checks=(*found.checks, *asyncio.run(_logged_in(url, asked))))
    code = NO_SERVER if not found.is_server else FAILS if found.is_failed else HEALTHY
    if as_json:
        write_json(told(found, code), indent=2)
    else:
        _print(found, everything=everything)
    return code


async def _logged_in(url: str, asked: AllowedSteps) -> list[Check]:
    from devgw.config.draft import GivenClient, GivenHeader  # noqa: PLC0415  only where somebody signs in
    from devgw.wiring.drafting import Wanted  # noqa: PLC0415  the same
    from devgw.wiring.one_login import log_in_once  # noqa: PLC0415  the same

    headers = tuple(GivenHeader(*each) for each in asked.headers.items())
    client = GivenClient(asked.client_id) if asked.client_id else None
    return await log_in_once(Wanted((url,), headers=headers, client=client), os.environ, SystemClock(), _open_page)


def _open_page(url: str) -> None:
    """Show the person where to sign in, and open it where there is a browser."""
    from devgw.wiring.seat_notes import rescue  # noqa: PLC0415  only where somebody signs in

    write_line(f"Sign in here: {url}", err=True)
    if said := rescue(os.environ):
        write_line(said, err=True)
    threading.Thread(target=here().open_page, args=(url, os.environ), daemon=True).start()


def told(found: Examination, code: int) -> dict[str, Any]:
    """Return an examination as it is printed for programs."""
    checks, clients = ([asdict(each) for each in them] for them in (found.checks, found.clients))
    return {"url": found.url, "exitCode": code, "isServer": found.is_server, "checks": checks, "clients": clients}


def _print(found: Examination, *, everything: bool) -> None:
    write_line(f"MCP server at {found.url}, asked without a login")
    write_line("")
    for check in found.checks:
        print_check(check, everything=everything)
    if found.clients:
        write_line("")
        rows = [(each.client, each.version, _WORDS[each.verdict], each.why) for each in found.clients]
        write_table(("client", "tried", "verdict", "where, and in which words"), rows, "")
    write_lines(("", tally(list(found.checks))))
