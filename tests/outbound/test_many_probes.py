"""The probes of a project with many routes leave the gateway time to answer."""

import asyncio

import httpx2

from devgw.clock import SystemClock
from devgw.outbound.probes.asking import Asker

MANY = 300


async def test_of_hundreds_of_probes_none_holds_up_what_runs_beside_them() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(204)

    clock, gaps = asyncio.get_running_loop().time, list[float]()

    async def run_beside() -> None:
        while True:
            before = clock()
            await asyncio.sleep(0)
            gaps.append(clock() - before)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        beside, began = asyncio.ensure_future(run_beside()), clock()
        asker = Asker(http, SystemClock())
        answers = await asyncio.gather(*(asker.ask("GET", f"http://localhost/{at}") for at in range(MANY)))
        took = clock() - began
    beside.cancel()

    assert {each.status for each in answers} == {204}
    assert max(gaps) < took / 4
