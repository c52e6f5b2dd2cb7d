"""An attempt that failed beside the last good one: the first that matters stands on top, over runs and from a file."""

import asyncio
from pathlib import Path

import httpx2
from click.testing import CliRunner, Result

from devgw.cli import main
from devgw.control.client import ask_once
from devgw.entropy import token
from devgw.monitor.comparison_view import FlowComparison
from devgw.monitor.flow_file import read_row
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway
from tests.support.kept import recording, until_kept

SENT = "The good one sent `resource`, this one does not."


async def ran(*words: str) -> Result:
    """Run a command as in another process."""
    return await asyncio.to_thread(CliRunner().invoke, main, words)


async def arrived(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> dict[str, str]:
    """Let a client come in and call; return its tokens."""
    tokens = await gateway.tokens(http, browser)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)).status_code == 200
    return tokens


async def test_what_the_good_one_sent_and_this_one_does_not_is_on_top_for_every_face(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    settings, state, at = Settings(port=0), tmp_path / ".devgw", ["-C", str(tmp_path)]
    file = tmp_path / "good.devgw"
    async with Browser(CALLBACK) as browser:
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            tokens = await arrived(gateway, http, browser)
            good = await until_kept(state, '"state": "done"', 6)
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            await http.get(gateway.authorize_url(tokens["client_id"], token(""), resource=None))
            bad = await until_kept(state, '"state": "failed"', 1)
            answer = await ask_once(state, "compare", id=bad)
            named = await ask_once(state, "compare", id=bad, other=good)
            by_itself = (await ran("diff", bad, *at)).output
            saved = await ran("flows", good, "--save", str(file), *at)
            none = await ask_once(state, "compare", id="f-nothing")
    beside_file = (await ran("diff", bad, str(file), *at)).output

    assert saved.exit_code == 0, saved.output
    for told in (answer, named):
        assert told.ok, told
        compared = read_row(FlowComparison, told.result, "it")
        assert (compared.flow.id, compared.other.id) == (bad, good)
        assert compared.differences[0].sentence == SENT
        assert compared.differences[0].place == "`resource` of GET /oauth/authorize"
        assert "POST /oauth/token" in compared.went_on
    for text in (by_itself, beside_file):
        assert f"1. authorize: `resource` of GET /oauth/authorize\n   {SENT}" in text
    assert none.code == "not_found"


async def test_two_good_attempts_of_two_runs_differ_in_nothing_that_matters(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    settings, state = Settings(port=0), tmp_path / ".devgw"
    ids: list[str] = []
    for _ in range(2):
        async with (
            running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway,
            Browser(CALLBACK) as browser,
        ):
            await arrived(gateway, http, browser)
        ids.append(await until_kept(state, '"state": "done"', 6))
    async with running_gateway(tmp_path, ephemeral=False, settings=settings):
        exchanges = [len((await recording(state, each)).exchanges) for each in ids]
        answer = await ask_once(state, "compare", id=ids[1], other=ids[0])
    compared = read_row(FlowComparison, answer.result, "it")
    assert ids[0] != ids[1]
    assert [each.sentence for each in compared.differences if each.matters] == []
    assert exchanges[0] == exchanges[1] == compared.alike


async def test_where_no_attempt_went_well_it_says_so(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        client = await gateway.register(http, client_name="Never")
        await http.get(gateway.authorize_url(client["client_id"], token(""), resource=None))
        bad = await until_kept(tmp_path / ".devgw", '"state": "failed"', 1)
        said = await ran("diff", bad, "-C", str(tmp_path))
        told = await ask_once(tmp_path / ".devgw", "compare", id=bad)
    assert said.exit_code == 1
    assert "No flow of Never is kept that went well." in said.output
    assert told.explanation == "No flow of Never is kept that went well."
