"""What was seen of an agent: one record for each situation that it came through, in the file that is asked for."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devgw.clock import SystemClock
from tests.agents.agent import Agent

RECORD = "TEST_AGENTS_RECORD"
"""The variable with the name of the file, one JSON object a line."""


@contextmanager
def bear_witness(agent: Agent, situation: str) -> Iterator[None]:
    """Write down that the agent came through the block, or that it did not."""
    seen = "failed"
    try:
        yield
        seen = "works"
    finally:
        if path := os.environ.get(RECORD):
            day = f"{SystemClock().now():%Y-%m-%d}"
            record = {
                "client": agent.NAME,
                "version": agent.version(),
                "date": day,
                "situation": situation,
                "seen": seen,
            }
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
