"""Who answers in a server's place, as its answer shows: a tunnel, a CDN, a firewall, a load balancer, an API gateway.

Each mark is what an intermediary writes where it answers itself. What it may also add to an answer that only passed
through it, such as a header with its name or a script of its own, is none: what has no mark is told by its status, as
the server's own words.

Source: RFC 9110 §3.7 (intermediaries); the marks, each maker's documentation of its errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devgw.foreign.challenge import read_challenges
from devgw.foreign.intermediary_hosts import HOST_MARKS
from devgw.foreign.intermediary_mark import Intervention, Mark
from devgw.foreign.intermediary_marks import BEFORE_MARKS
from devgw.foreign.text import clean


@dataclass(frozen=True, slots=True)
class Intermediary:
    """One that answered in the server's place."""

    name: str
    does: Intervention
    mark: str
    """By what it is known, as it stands in the answer."""
    change: str = ""
    """What its maker's documentation says to do; empty where that is the same for all."""


_OF_PROGRAMS = frozenset({Intervention.CHALLENGES, Intervention.TURNS_AWAY})
_SEARCHED = 10_000
"""Bytes of a body: pages say it early."""


def find_intermediary(status: int, headers: Mapping[str, str], body: bytes) -> Intermediary | None:
    """Return who says no in the server's place; None where nothing shows that it is not the server itself.

    Args:
        status: of the answer, which is no MCP.
        headers: of the answer, names in lower case.
        body: as far as it is there, unpacked.
    """
    if any(each.resource_metadata for each in read_challenges(headers.get("www-authenticate", ""))):
        return None  # whoever it is sends clients on the way of MCP
    body = body[:_SEARCHED]
    for mark in (*BEFORE_MARKS, *HOST_MARKS):
        if shown := _shown(mark, status, headers, body):
            return Intermediary(mark.name, mark.does, clean(shown, 80), mark.change)
    return None


def find_before_browsers(status: int, headers: Mapping[str, str], body: bytes) -> Intermediary | None:
    """Return who stops this program, and may let a person's browser through; None where that is not shown."""
    found = find_intermediary(status, headers, body)
    return found if found is not None and found.does in _OF_PROGRAMS else None


def _shown(mark: Mark, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Return the mark as it stands in the answer; empty where it is not all there."""
    if (mark.statuses and status not in mark.statuses) or (mark.unless and headers.get(mark.unless)):
        return ""
    if mark.beside and not headers.get(mark.beside):
        return ""
    in_header = re.search(mark.value, headers.get(mark.header, ""), re.IGNORECASE) if mark.header else None
    in_body = re.search(mark.body, body) if mark.body else None
    if (mark.header and in_header is None) or (mark.body and in_body is None):
        return ""
    if in_body is not None and in_body.group():
        return re.sub(r"<[^<>]*>|\s+", " ", in_body.group().decode("latin-1")).strip()
    return f"{mark.header}: {in_header.group()}" if in_header is not None else ""
