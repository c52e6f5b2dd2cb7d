"""How long `devgw doctor URL` takes, from its start to its end: of a server in order, and of one with a fault."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from statistics import median

from tests.outbound.upstream import Upstream, running_upstream

WANTED_S = 5
FAULT = "DISC-01"
"""The name of what the second server does: its issuer is not the one that its resource metadata gives."""


@dataclass(frozen=True)
class Examined:
    """Wall seconds and CPU seconds (user and system) of the command, and the ids of what failed."""

    wall: float
    cpu: float
    failed: frozenset[str]


async def measure(upstream: Upstream) -> Examined:
    """Run the command in front of the stub, which answers from this process and is not counted."""
    command = [sys.executable, "-m", "devgw", "doctor", f"{upstream.origin}/mcp", "--json"]
    spent, began = _of_children(), time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    wall, cpu = time.perf_counter() - began, _of_children() - spent
    failed = (each for each in json.loads(said)["checks"] if each["verdict"] == "fail")
    return Examined(wall, cpu, frozenset(each["diagnosis_id"] for each in failed))


def _of_children() -> float:
    """Return the CPU seconds of the children that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


async def _rounds(rounds: int) -> str:
    lines = []
    async with running_upstream() as upstream:
        upstream.knows_its_clients = True
        for name, issuer, failed in (
            ("in order", upstream.issuer, frozenset[str]()),
            ("with a fault", f"{upstream.issuer}/", frozenset({FAULT})),
        ):
            upstream.server_metadata["issuer"] = issuer
            found = [await measure(upstream) for _ in range(rounds)]
            wall, cpu = median(each.wall for each in found), median(each.cpu for each in found)
            assert {each.failed for each in found} == {failed}
            verdict = "ok" if wall < WANTED_S else "TOO SLOW"
            lines.append(
                f"devgw doctor URL, a server {name}: {wall:.2f} s on the wall (wanted: {WANTED_S}, {verdict})"
                f", {cpu:.2f} s of CPU · {', '.join(failed) or 'nothing failed'}"
            )
    return "\n".join(lines)


def report(rounds: int = 3) -> str:
    """Return two lines, each the median: in order, and with a fault that is named."""
    return asyncio.run(_rounds(rounds))


if __name__ == "__main__":
    print(report())
