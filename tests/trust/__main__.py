"""The command line: `python -m tests.trust COMMAND [--short] [--count N] [--seed N]`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.trust import faults, fds, fuzz, hostile, kill, soak
from tests.trust.verdict import Verdict


@dataclass(frozen=True)
class Proof:
    """One command: what it runs, and how much of it by default and in short."""

    run: Callable[[int, int], Coroutine[Any, Any, Verdict]]
    whole: int
    short: int
    unit: str
    """What the number counts."""


PROOFS = {
    "kill": Proof(kill.run, 500, 8, "kills"),
    "hostile": Proof(hostile.run, 1_000, 60, "answers met, of a few hundred"),
    "fuzz": Proof(fuzz.run, 200_000, 2_500, "inputs"),
    "soak": Proof(soak.run, 1_800, 10, "seconds"),
    "faults": Proof(faults.run, 8, 1, "seconds that a disk or database is broken"),
    "fds": Proof(fds.run, 5_000, 500, "connections"),
}


def main() -> int:
    """Run what was asked for; 1 where a promise was broken."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # that a socket of ours was closed is the point here
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description=__doc__)
    parser.add_argument("command", choices=[*PROOFS, "all"])
    parser.add_argument("--short", action="store_true", help="a minute or less")
    parser.add_argument("--count", type=int, help="; ".join(f"{name}: {each.unit}" for name, each in PROOFS.items()))
    parser.add_argument("--seed", type=int, default=9)
    given = parser.parse_args()
    names = list(PROOFS) if given.command == "all" else [given.command]
    return max(_prove(PROOFS[name], given) for name in names)


def _prove(proof: Proof, given: argparse.Namespace) -> int:
    count = given.count or (proof.short if given.short else proof.whole)
    verdict = asyncio.run(proof.run(count, given.seed))
    verdict.print()
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
