"""What is printed for an assertion of another provider, and for a grant that it buys, is done, and it helps."""

from pathlib import Path

from tests.diagnosis.fixes.upstream import GOOD, save, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.gateway.test_id_jag import Bench, bench
from tests.support.gateway import mcp_request
from tests.support.mending import mends

__all__ = ["bench"]


async def call(bench: Bench, access_token: str) -> int:
    bearer = {"authorization": f"Bearer {access_token}"}
    url = f"{bench.gateway.origin}/mcp/two"
    return (await bench.http.post(url, json=mcp_request("ping"), headers=bearer)).status_code


@mends("IDT-14")
async def test_an_assertion_that_is_issued_as_printed_is_taken(bench: Bench) -> None:
    watched = Watched(bench.gateway, bench.clock)
    assert (await bench.redeem(bench.assertion(aud="https://elsewhere.example"))).status_code == 400
    assert "issue the ID-JAG for this gateway, this client" in (await said(watched, "IDT-14")).fix

    answer = await bench.redeem(bench.assertion())
    assert answer.status_code == 200, answer.text
    assert await call(bench, answer.json()["access_token"]) == 200
    assert "IDT-14" not in await left(watched)


@mends("REFR-02")
async def test_a_grant_that_can_be_refreshed_is_asked_for_as_printed(
    tmp_path: Path,
    bench: Bench,
) -> None:
    watched, file = Watched(bench.gateway, bench.clock), tmp_path / "config" / "routes.oas.json"
    async with upstream(GOOD) as there:
        file.write_text(file.read_text().replace("http://127.0.0.1:9/one", f"{there.origin}/mcp"))
        client = Client(watched, bench.http, client_id=bench.client_id)
        await save(client)
        given = (await bench.redeem(bench.assertion())).json()
        watched.wait(901)
        assert await call(bench, given["access_token"]) == 401
        assert "Ask for a grant that can be refreshed" in (await said(watched, "REFR-02")).fix

        await client.redeem(await client.get_code())
        watched.wait(901)
        assert (await client.refresh()).status_code == 200
        await client.works()
        assert "REFR-02" not in await left(watched)
