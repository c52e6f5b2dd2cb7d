"""Who moves the gateway's clock is told who does not follow."""

import asyncio

from click.testing import CliRunner

from devgw.cli import main
from devgw.control.client import ask_once
from tests.support.gateway import Running


async def test_who_lets_the_clock_travel_is_told_whose_time_goes_on_as_it_did(gateway: Running) -> None:
    root = gateway.runtime.settings.state_path.parent
    said = await asyncio.to_thread(CliRunner().invoke, main, ["clock", "+16m", "-C", str(root)])
    assert "16m ahead" in said.output
    assert "keep the world's time" in said.output

    answers = [await ask_once(root / ".devgw", name, **told) for name, told in ASKED]
    assert ["keep the world's time" in each.result["note"] for each in answers] == [True, True]


ASKED: list[tuple[str, dict[str, object]]] = [("travel", {"seconds": 960}), ("clock", {"do": "freeze"})]
