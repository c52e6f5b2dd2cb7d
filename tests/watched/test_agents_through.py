"""Agents as they are installed: what each says of a server that errs is what it says of it directly."""

from pathlib import Path

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from tests.watched.__main__ import compared
from tests.watched.agents import AGENTS, WAITS


@pytest.mark.parametrize("agent", AGENTS)
async def test_an_agent_says_the_same_of_an_issuer_with_a_slash(agent: str, tmp_path: Path) -> None:
    """Some pass it and some refuse it, each at another step; `python -m tests.watched` has the other faults."""
    directly, through = await compared(agent, SampleFault.ISSUER_SLASH, tmp_path)
    assert through == directly
    assert through != WAITS
