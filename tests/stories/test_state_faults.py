"""Disk full, database locked, removed or read-only: what is saved stays, what is not is refused, and it comes back."""

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from devgw.control.lock import ProjectLock
from devgw.events.taxonomy import McpAuthProviderAnswered
from devgw.monitor.details import WhyDetail
from devgw.monitor.views import CheckRow
from devgw.monitor.why import why_of
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.store.failure import StateUnusable
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, Running, mcp_request, running_gateway
from tests.support.mending import mends


@dataclass
class Faulty:
    """A gateway whose state is on the disk, a live token, and a code that was not redeemed yet."""

    gateway: Running
    http: httpx2.AsyncClient
    state: Path
    bearer: dict[str, str]
    code: Code

    async def call(self) -> float:
        """Call the proxy with the token; return the seconds it took."""
        began = time.monotonic()
        answer = await self.http.post(self.gateway.mcp_url, json=mcp_request("ping"), headers=self.bearer)
        assert answer.status_code == 200, answer.text
        return time.monotonic() - began

    async def redeem(self) -> httpx2.Response:
        form = self.code.form(resource=self.gateway.mcp_url)
        return await self.http.post(f"{self.gateway.origin}/oauth/token", data=form)

    async def register(self) -> httpx2.Response:
        document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return await self.http.post(f"{self.gateway.origin}/oauth/register", json=document)

    def row(self, name: str) -> CheckRow:
        rows = self.gateway.runtime.monitor.health.look().checks
        return next(each for each in rows if each.name == name)

    async def is_refused_and_goes_on(self, reason: str, diagnosis: str) -> None:
        """Check that nothing can be saved, is said so, and that the proxy does not notice."""
        for refused in (await self.redeem(), await self.register()):
            assert refused.status_code == 503, refused.text
            answer = refused.json()
            assert (answer["error"], answer["reason"]) == ("temporarily_unavailable", reason)
            assert diagnosis in answer["error_description"]
            assert refused.headers["retry-after"]
        assert await self.call() < 1

    async def is_well_again(self) -> None:
        """Check that the code that was refused is still good, and works."""
        redeemed = await self.redeem()
        assert redeemed.status_code == 200, redeemed.text
        assert (await self.register()).status_code == 201


@pytest.fixture
async def faulty(tmp_path: Path, http: httpx2.AsyncClient) -> AsyncIterator[Faulty]:
    async with faulty_gateway(tmp_path, tmp_path / ".devgw", http) as one:
        yield one


class faulty_gateway:  # noqa: N801  a context manager
    def __init__(self, root: Path, state: Path, http: httpx2.AsyncClient) -> None:
        settings = Settings(port=0, state_dir=state)
        self._running = running_gateway(root, ephemeral=False, settings=settings)
        self._state, self._http = state, http

    async def __aenter__(self) -> Faulty:
        gateway = await self._running.__aenter__()
        async with Browser(CALLBACK) as browser:
            tokens = await gateway.tokens(self._http, browser)
            code = await gateway.code(self._http, browser)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        faulty = Faulty(gateway, self._http, self._state, bearer, code)
        await faulty.call()  # the sample server imports its library at the first one
        return faulty

    async def __aexit__(self, *reason: object) -> None:
        await self._running.__aexit__(*reason)  # type: ignore[arg-type]  # handed on as it came


async def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the database as a sqlite3 shell does."""
    shell = sqlite3.connect(state / "devgw.db", isolation_level=None, check_same_thread=False)
    shell.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        shell.execute("ROLLBACK")
        shell.close()


def _empty(folder: Path) -> None:
    """As `rm -rf .devgw/*` does: what begins with a dot stays."""
    for each in folder.glob("[!.]*"):
        each.unlink()


def _move_away(folder: Path) -> None:
    folder.rename(folder.with_name("aside"))


async def measured(work: Awaitable[httpx2.Response]) -> tuple[httpx2.Response, float]:
    began = time.monotonic()
    return await work, time.monotonic() - began


async def test_a_database_that_is_locked_for_two_seconds_costs_those_who_save_a_wait_and_nobody_else(
    faulty: Faulty,
) -> None:
    with locked(faulty.state):
        waiting = [asyncio.ensure_future(measured(work)) for work in (faulty.register(), faulty.redeem())]
        for _ in range(10):
            assert await faulty.call() < 0.5
            await asyncio.sleep(0.2)
    answers = [await each for each in waiting]
    assert [answer.status_code for answer, _ in answers] == [201, 200]
    assert all(1.5 < took < 4 for _, took in answers)


@mends("STATE-02")
async def test_a_database_that_is_locked_for_long_refuses_what_must_be_saved_and_recovers(faulty: Faulty) -> None:
    with locked(faulty.state):
        await faulty.is_refused_and_goes_on("state_locked", "STATE-02")
        await until(lambda: faulty.row("housekeeping").state != "ok")
        assert "another program has locked" in faulty.row("housekeeping").text
        assert "End what holds it" in faulty.row("housekeeping").fix
    await faulty.is_well_again()
    await until(lambda: faulty.row("housekeeping").state == "ok", 25)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
async def test_a_client_is_known_though_the_moment_of_its_visit_cannot_be_saved(faulty: Faulty) -> None:
    ground, clients = faulty.gateway.runtime.ground, faulty.gateway.runtime.gateway.clients
    client = next(each for each in ground.store.clients() if each.registered_by == "dcr")
    ground.store.save_client(replace(client, last_seen_at=None))
    with locked(faulty.state):
        assert clients.known(client.id).id == client.id
    assert clients.known(client.id).last_seen_at is None
    seen = ground.store.find_client(client.id)
    assert seen
    assert seen.last_seen_at


@mends("STATE-01")
async def test_a_full_disk_refuses_what_must_be_saved_loses_nothing_and_recovers(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    with small_disk(tmp_path / "small") as state:
        async with faulty_gateway(tmp_path, state, http) as faulty:
            filling = state / "filling"
            fill(filling)
            await faulty.is_refused_and_goes_on("disk_full", "STATE-01")
            await until(lambda: faulty.row("housekeeping").state != "ok")
            assert "no room for" in faulty.row("housekeeping").text
            assert "Free space there" in (await faulty.register()).json()["error_description"]
            filling.unlink()
            await faulty.is_well_again()
            await until(lambda: faulty.row("housekeeping").state == "ok", 25)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte until the block ends."""
    place.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@mends("STATE-04")
async def test_a_damaged_database_is_moved_away_as_printed_and_clients_register_anew(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    database = tmp_path / ".devgw" / "devgw.db"
    async with faulty_gateway(tmp_path, tmp_path / ".devgw", http) as faulty:
        port = faulty.gateway.runtime.settings.port
    database.write_bytes(b"no database at all, but long enough to be taken for one" * 400)
    settings = Settings(port=port, state_dir=tmp_path / ".devgw")
    with pytest.raises(StateUnusable) as raised:
        async with running_gateway(tmp_path, ephemeral=False, settings=settings):
            pass
    assert "move it away" in f"{raised.value}".lower(), str(raised.value)
    database.rename(tmp_path / "aside.db")
    async with running_gateway(tmp_path, ephemeral=False, settings=settings) as again, Browser(CALLBACK) as browser:
        bearer = {"authorization": f"Bearer {(await again.tokens(http, browser))['access_token']}"}
        assert (await http.post(again.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code == 200


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (4096, 512, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


async def test_a_limit_on_file_sizes_is_like_a_full_disk(faulty: Faulty) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        refused = await faulty.register()
        assert refused.status_code == 503
        assert refused.json()["error"] == "temporarily_unavailable"
        assert await faulty.call() < 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await faulty.is_well_again()


@pytest.mark.parametrize("beside", [("-wal", "-shm"), ()], ids=["all of it", "the file alone"])
async def test_a_database_file_that_was_removed_is_written_anew_with_everything_in_it(
    tmp_path: Path, http: httpx2.AsyncClient, beside: tuple[str, ...]
) -> None:
    async with faulty_gateway(tmp_path, tmp_path / ".devgw", http) as faulty:
        for end in ("", *beside):
            (faulty.state / f"devgw.db{end}").unlink()
        await faulty.is_well_again()
        assert await faulty.call() < 1
        port = faulty.gateway.runtime.settings.port
    kept = sqlite3.connect(tmp_path / ".devgw" / "devgw.db")
    assert kept.execute("SELECT count(*) FROM access_token").fetchone() == (2,)
    assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept.close()
    settings = Settings(port=port, state_dir=tmp_path / ".devgw")
    async with running_gateway(tmp_path, ephemeral=False, settings=settings) as again:
        answer = await http.post(again.mcp_url, json=mcp_request("ping"), headers=faulty.bearer)
        assert answer.status_code == 200


@mends("STATE-05")
async def test_another_file_in_the_databases_place_is_left_alone_and_named(faulty: Faulty) -> None:
    database = faulty.state / "devgw.db"
    aside = faulty.state / "aside.db"
    database.rename(aside)
    database.write_text("somebody's notes")
    await faulty.is_refused_and_goes_on("state_removed", "STATE-05")
    assert database.read_text() == "somebody's notes"
    assert "Take away what stands there" in (await faulty.register()).json()["error_description"]
    assert why(faulty).cases[0].mended == ""
    database.unlink()
    assert [each.mended for each in why(faulty).cases] == ["the state can be saved again"] * len(why(faulty).cases)
    await faulty.is_well_again()


def why(faulty: Faulty) -> WhyDetail:
    """Return what `devgw why` is told, once all that happened was looked at."""
    monitor = faulty.gateway.runtime.monitor
    faulty.gateway.runtime.bus.drain()
    for _ in range(50):
        monitor.tick()
    told = why_of(monitor, "newest")
    assert told is not None
    assert told.cases
    return told


@pytest.mark.parametrize("remove", [shutil.rmtree, _empty, _move_away], ids=lambda each: each.__name__.strip("_"))
async def test_a_state_folder_that_was_removed_is_made_again_with_everything_in_it(
    tmp_path: Path, http: httpx2.AsyncClient, remove: Callable[[Path], object]
) -> None:
    """Lock, key, database and socket: nobody is refused, a second gateway still is, and a restart loses nothing."""
    async with faulty_gateway(tmp_path, tmp_path / ".devgw", http) as faulty:
        key = (faulty.state / "upstream.key").read_bytes()
        remove(faulty.state)
        await faulty.is_well_again()
        assert (faulty.state / "upstream.key").read_bytes() == key
        assert stat.S_IMODE(faulty.state.stat().st_mode) == 0o700
        with pytest.raises(Refused, match="another_gateway_runs"):
            ProjectLock(faulty.state).acquire()
        await until((faulty.state / "control.sock").exists)
        port = faulty.gateway.runtime.settings.port
    settings = Settings(port=port, state_dir=tmp_path / ".devgw")
    async with running_gateway(tmp_path, ephemeral=False, settings=settings) as again:
        answer = await http.post(again.mcp_url, json=mcp_request("ping"), headers=faulty.bearer)
        assert answer.status_code == 200


async def test_a_removed_state_folder_comes_back_though_nobody_saves_anything(faulty: Faulty) -> None:
    shutil.rmtree(faulty.state)
    await until((faulty.state / "devgw.db").exists)
    await until((faulty.state / "control.sock").exists)
    (faulty.state / "upstream.key").unlink()
    await until((faulty.state / "upstream.key").exists)


@pytest.mark.parametrize("stands_there", ["a link", "a file", "another gateway"])
async def test_a_state_folder_that_cannot_be_made_again_is_named_and_the_proxy_goes_on(
    faulty: Faulty, tmp_path: Path, stands_there: str
) -> None:
    shutil.rmtree(faulty.state)
    other = ProjectLock(faulty.state)
    if stands_there == "a link":
        (tmp_path / "elsewhere").mkdir()
        faulty.state.symlink_to(tmp_path / "elsewhere")
    elif stands_there == "a file":
        faulty.state.write_text("somebody's notes")
    else:
        other.acquire()
    await faulty.is_refused_and_goes_on("state_removed", "STATE-05")
    said = {"a link": "it is a symbolic link", "a file": "it is no folder"}.get(
        stands_there, "A gateway runs with this"
    )
    assert said in (await faulty.register()).json()["error_description"]
    await until(lambda: not list(tmp_path.glob("elsewhere/*")), 0)
    other.release()
    (shutil.rmtree if stands_there == "another gateway" else os.unlink)(faulty.state)
    await faulty.is_well_again()


async def test_a_lock_that_cannot_be_taken_again_is_named_and_not_the_database_that_is_whole(faulty: Faulty) -> None:
    lock = faulty.state / "gateway.lock"
    lock.unlink()
    lock.mkdir()
    await faulty.is_refused_and_goes_on("state_removed", "STATE-05")
    said = (await faulty.register()).json()["error_description"]
    assert f"{lock} cannot be used for devgw's state: Is a directory. " in said
    assert "not the file" not in said
    lock.rmdir()
    await faulty.is_well_again()


async def test_the_state_of_a_project_that_is_gone_does_not_bring_it_back(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    async with faulty_gateway(project, project / ".devgw", http) as faulty:
        shutil.rmtree(project)
        await faulty.is_refused_and_goes_on("state_removed", "STATE-05")
        assert not project.exists()


async def test_a_table_that_was_dropped_under_it_is_a_refusal_and_not_a_defect(faulty: Faulty) -> None:
    with sqlite3.connect(faulty.state / "devgw.db") as shell:
        shell.execute("DROP TABLE client")
    shell.close()
    refused = await faulty.register()
    assert (refused.status_code, refused.json()["reason"]) == (503, "state_damaged")
    assert await faulty.call() < 1


async def test_what_cannot_be_saved_is_not_begun_at_the_provider(faulty: Faulty) -> None:
    """The provider's code works once: it is not spent on a login that nobody could keep."""
    before = len(faulty.gateway.events(McpAuthProviderAnswered))
    callback = f"{faulty.gateway.origin}/oauth/callback"
    with locked(faulty.state):
        answer = await faulty.http.get(callback, params={"code": "c", "state": "s"}, headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert "another program has locked" in answer.text
    assert len(faulty.gateway.events(McpAuthProviderAnswered)) == before
