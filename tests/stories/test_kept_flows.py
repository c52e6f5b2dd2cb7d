"""Flows outlive the gateway that saw them: a quit, a kill, a restart; what fails beside them stops no call."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import httpx2
from click.testing import CliRunner, Result

from devgw.cli import main
from devgw.control.client import ask_once
from devgw.monitor.details import WhyDetail
from devgw.monitor.flow_file import read_row
from devgw.settings import Settings
from devgw.wiring.flow_archive import HELPER
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway
from tests.support.kept import flows_of, on_disk, recording, until, until_kept
from tests.trust.process import GatewayProcess

FOREIGN = "http://localhost:33418/elsewhere"


async def arrived(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    """Let a client come in and call."""
    tokens = await gateway.tokens(http, browser)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)
    assert answer.status_code == 200, answer.text


async def failed(gateway: Running, http: httpx2.AsyncClient) -> None:
    """Let a client fail at its redirect URI."""
    client = await gateway.register(http, client_name="Mistaken")
    await http.get(gateway.authorize_url(client["client_id"], "v" * 43, redirect_uri=FOREIGN))


async def ran(*words: str) -> Result:
    """Run a command as in another process."""
    return await asyncio.to_thread(CliRunner().invoke, main, words)


def names(folder: Path) -> list[str]:
    """Return the names of all files in a folder and those in it."""
    return [each.name for each in folder.rglob("*") if each.is_file()]


def row(gateway: Running, name: str) -> tuple[str, str]:
    """Return state and text of a row of Health; empty where there is none."""
    rows = gateway.runtime.monitor.health.look().checks
    return next(((each.state, f"{each.text} {each.fix}") for each in rows if each.name == name), ("", ""))


async def test_flows_of_a_run_that_was_ended_are_listed_by_the_next_with_their_ladder_and_why(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    settings, state = Settings(port=0), tmp_path / ".devgw"
    async with Browser(CALLBACK) as browser:
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            await arrived(gateway, http, browser)
            await failed(gateway, http)
            await until_kept(state, "RURI-", 2)
            before = {each.id: each for each in await flows_of(state)}
            began = gateway.runtime.started.timestamp()
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            await until(lambda: len(gateway.runtime.monitor.earlier) == 2, "the flows of the run before are not listed")
            empty = await ran("flows", "-C", str(tmp_path))
            await arrived(gateway, http, browser)
            now = {each.id: each for each in await flows_of(state)}
            wrong = next(each for each in before.values() if each.state == "failed")
            told = await recording(state, wrong.id)
            why = read_row(WhyDetail, (await ask_once(state, "inspect", kind="why", id=wrong.id)).result, "it")
            trace = await ask_once(state, "inspect", kind="trace", id=told.exchanges[-1].row.id)

    assert "`devgw flows --all` has 2 of earlier runs." in empty.output
    assert before.keys() < now.keys()
    assert {now[id_].run for id_ in before} == {began}
    assert [each.run for id_, each in now.items() if id_ not in before] == [0.0]
    assert {id_: (each.state, each.why, each.track) for id_, each in before.items()} == {
        id_: (now[id_].state, now[id_].why, now[id_].track) for id_ in before
    }
    assert told.flow.messages
    assert [each.row.path.partition("?")[0] for each in told.exchanges] == ["/oauth/register", "/oauth/authorize"]
    assert why.cases[0].diagnoses[0].id.startswith("RURI-")
    assert why.cases[0].diagnoses[0].got == FOREIGN
    assert trace.ok, trace


async def test_a_flow_survives_a_kill_and_is_shown_without_any_gateway(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    state, file, at = root / ".devgw", tmp_path / "saved.devgw", ["-C", str(root)]
    async with GatewayProcess(root, {"DEVGW_TRUST": "1"}) as process:
        form = {"client_name": "Killed", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        client = (await http.post(f"{process.origin}/oauth/register", json=form)).json()["client_id"]
        asked = {"client_id": client, "response_type": "code", "redirect_uri": FOREIGN}
        await http.get(f"{process.origin}/oauth/authorize", params=asked)
        id_ = await until_kept(state, "RURI-", 2)
        process.kill()

    listed = (await ran("flows", "--all", *at)).output
    report = (await ran("flows", id_, *at)).output
    saved = await ran("flows", id_, "--save", str(file), *at)
    opened = (await ran("open", str(file))).output
    assert id_ in listed
    assert "Killed" in listed
    for told in (report, opened):
        assert "client → gateway  POST /oauth/register" in told
        assert "RURI-" in told
        assert FOREIGN in told
    assert saved.exit_code == 0, saved.output
    assert file.stat().st_mode & 0o777 == 0o600
    again = await ran("flows", id_, "--save", str(file), *at)
    assert again.exit_code == 1
    assert "exists already" in again.output


async def test_what_was_under_way_when_its_gateway_was_killed_is_not_said_to_be_so_now(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    async with GatewayProcess(root, {"DEVGW_TRUST": "1"}) as process:
        await http.post(f"{process.origin}/mcp/sample", json=mcp_request("initialize"))
        id_ = await until_kept(root / ".devgw", '"state": "active"', 1)
        process.kill()

    listed = (await ran("flows", "--all", "-C", str(root))).output
    (line,) = [each for each in listed.splitlines() if id_ in each]
    assert "abandoned" in line
    assert "devgw ended while it was under way" in line


async def test_a_gateway_that_keeps_nothing_writes_no_flow_and_still_makes_a_file_of_one(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    async with running_gateway(tmp_path) as gateway:
        await failed(gateway, http)
        flows = gateway.runtime.monitor.flow_book.flows
        await until(lambda: any(each.failure for each in flows), "no flow is seen")
        (flow,) = flows
        file = tmp_path / "a.devgw"
        saved = await ran("flows", flow.id, "--save", str(file), "-C", str(tmp_path))
        assert saved.exit_code == 0, saved.output
    assert names(tmp_path) == ["a.devgw"]
    assert "RURI-" in (await ran("open", str(file))).output


async def test_a_damaged_file_of_flows_stops_nothing_is_told_and_once_moved_away_a_new_one_is_begun(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)):
        pass
    (state / "flows.db").write_bytes(b"once upon a time " * 500)
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await until(lambda: "flows are not kept" in row(gateway, HELPER)[1], "Health does not say it")
        assert "flows.db" in row(gateway, HELPER)[1]
        assert "defect" not in row(gateway, HELPER)[1]
        await failed(gateway, http)
        (state / "flows.db").rename(state / "aside")
        await until_kept(state, "Mistaken", 2)
        await until(lambda: row(gateway, HELPER)[0] == "ok", "it is still said")


@asynccontextmanager
async def held(state: Path, gateway: Running) -> AsyncIterator[None]:
    """Let another program hold the file of flows while the block runs."""
    await until((state / "flows.db").exists, "no file of flows")
    await until(lambda: row(gateway, HELPER)[0] == "ok", "it is not well at the start")
    with closing(sqlite3.connect(state / "flows.db", isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        yield
        shell.execute("ROLLBACK")


async def test_while_another_program_holds_the_file_of_flows_calls_go_on_and_flows_are_written_after(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        async with held(state, gateway):
            await failed(gateway, http)
            await until(lambda: "locked" in row(gateway, HELPER)[1], "Health does not say it")
            assert "Mistaken" not in str(on_disk(state))
        await until_kept(state, "Mistaken", 2)


async def test_a_link_in_the_place_of_the_file_of_flows_is_not_written_through(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state, victim = tmp_path / ".devgw", tmp_path / "victim"
    victim.write_text("mine")
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)):
        pass
    for each in state.glob("flows.db*"):
        each.unlink()
    (state / "flows.db").symlink_to(victim)
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await until(lambda: "symbolic link" in row(gateway, HELPER)[1], "Health does not say it")
        await failed(gateway, http)
    assert victim.read_text() == "mine"


async def test_flows_that_are_cleared_are_gone_from_the_disk_too(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await failed(gateway, http)
        await until_kept(state, "Mistaken", 2)
        assert (await ask_once(state, "clear", kind="flows")).ok
        assert on_disk(state) == {}
    async with running_gateway(tmp_path, ephemeral=False, settings=replace(Settings(), port=0)):
        assert await flows_of(state) == []


async def test_what_waits_to_be_written_when_flows_are_cleared_is_not_written_after(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        async with held(state, gateway):
            await failed(gateway, http)
            (cleared,) = gateway.runtime.monitor.flow_book.flows.ids()
            await until(lambda: "locked" in row(gateway, HELPER)[1], "Health does not say it")
        assert (await ask_once(state, "clear", kind="flows")).ok
        await failed(gateway, http)
        await until_kept(state, "Mistaken", 1)
        assert cleared not in on_disk(state)


async def test_the_file_of_flows_is_for_its_owner_alone(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await failed(gateway, http)
        await until_kept(tmp_path / ".devgw", "Mistaken")
        modes = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / ".devgw").glob("flows.db*")}
    assert set(modes.values()) == {0o600}, modes


async def test_no_flow_ages_because_the_clock_was_moved(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await failed(gateway, http)
        id_ = await until_kept(state, "Mistaken", 2)
        assert (await ask_once(state, "travel", seconds=200 * 86_400)).ok
        await failed(gateway, http)
        await until(lambda: len(on_disk(state)) == 2, "the second is not kept, or the first is not any more")
        assert id_ in on_disk(state)


async def test_what_is_too_old_goes_at_the_next_start(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        await failed(gateway, http)
        await until_kept(state, "Mistaken", 2)
    with closing(sqlite3.connect(state / "flows.db")) as database, database:
        database.execute("UPDATE flow SET changed=changed-?", (40 * 86_400,))
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)):
        await until(lambda: on_disk(state) == {}, "it is still kept")
