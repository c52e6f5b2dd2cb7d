"""What works beside the requests meets a machine that refuses: the gateway goes on, says so, and recovers by itself."""

import asyncio
import os
import resource
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import watchfiles

from devgw.cli.why import unwell
from devgw.config.sample import sample_root
from devgw.control.client import welcome_once
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, FaultMet, HelperStateChanged
from devgw.ids import TraceId
from devgw.monitor.views import CheckRow
from devgw.settings import Settings
from tests.support.gateway import Running, running_gateway


def row(gateway: Running, name: str) -> CheckRow:
    return next(each for each in gateway.runtime.monitor.health.look().checks if each.name == name)


async def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def rust_error(words: str) -> Exception:
    return watchfiles._rust_notify.WatchfilesRustInternalError(words)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Running]:
    shutil.copytree(sample_root(), tmp_path, dirs_exist_ok=True)
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as running:
        yield running


@pytest.mark.parametrize(
    ("error", "why", "fix"),
    [
        (OSError('OS file watch limit reached. about ["/home"]'), "too many watched folders", "max_user_watches"),
        (OSError(24, "Too many open files"), "too many inotify instances or open files", "max_user_instances"),
        (
            rust_error("Error creating recommended watcher: Too many open files (os error 24)"),
            "too many",
            "open files that are missing",
        ),
        (rust_error("Error creating recommended watcher"), "its watch could not be set up", "sysctl"),
        (PermissionError(13, "Permission denied"), "a folder may not be read", "right to read"),
    ],
    ids=["watches", "instances", "instances, in the library's words", "unknown", "rights"],
)
async def test_without_file_events_saves_are_seen_by_looking_and_health_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str, fix: str
) -> None:
    def refuse(*_paths: Any, **_options: Any) -> Any:
        raise error

    shutil.copytree(sample_root(), tmp_path, dirs_exist_ok=True)
    with monkeypatch.context() as without:
        without.setattr(watchfiles, "awatch", refuse)
        async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
            await until(lambda: row(gateway, "file watcher").state == "warning")
            text = row(gateway, "file watcher").text
            assert f"no file events ({why}" in text
            assert "files are looked at once a second" in text
            assert "recommended watcher" not in text
            assert fix in row(gateway, "file watcher").fix
            policies = tmp_path / "config" / "policies.json"
            policies.write_text(policies.read_text() + "\n")
            await until(lambda: gateway.runtime.gateway.generation == 2)


async def test_a_symlink_loop_in_the_configuration_is_a_refused_save(
    gateway: Running, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    (tmp_path / "config" / "b.oas.json").symlink_to("b.oas.json")
    await until(lambda: bool(gateway.events(ConfigRejected)))
    assert (await http.get(gateway.origin)).status_code == 200
    (tmp_path / "config" / "b.oas.json").unlink()
    await until(lambda: len(gateway.events(ConfigLoaded)) == 2)
    assert row(gateway, "file watcher").state == "ok"


async def test_a_folder_that_leads_to_itself_ends_nothing(
    gateway: Running, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    config = tmp_path / "config"
    config.rename(tmp_path / "aside")
    config.symlink_to("config")
    await until(lambda: bool(gateway.events(ConfigRejected)))
    assert (await http.get(gateway.origin)).status_code == 200
    config.unlink()
    (tmp_path / "aside").rename(config)
    await until(lambda: len(gateway.events(ConfigLoaded)) == 2)


async def test_no_descriptors_left_ends_nothing_and_passes(
    gateway: Running, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[socket.socket] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 4, hard))  # noqa: PTH208
    try:
        while len(held) < 10_000:
            held.append(socket.socket())
    except OSError:
        policies = tmp_path / "config" / "policies.json"
        await asyncio.sleep(3)  # housekeeping, watcher and ticks go on without a descriptor
        assert policies
    finally:
        for each in held:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not gateway.runtime.stopping.is_set()
    await until(lambda: all(each.state != "bad" for each in gateway.runtime.monitor.health.look().checks))
    assert (await http.get(gateway.origin)).status_code == 200


async def test_a_probe_that_raises_is_told_and_ends_nothing(gateway: Running, http: httpx2.AsyncClient) -> None:
    async def probe() -> None:
        raise RecursionError("maximum recursion depth exceeded")

    gateway.runtime.supervisor.start("odd probe", probe)
    await until(lambda: any(each.helper == "odd probe" for each in gateway.events(HelperStateChanged)))
    assert "RecursionError" in row(gateway, "odd probe").text
    assert (await http.get(gateway.origin)).status_code == 200


async def test_whoever_asks_why_hears_of_a_request_that_a_defect_of_ours_broke(gateway: Running) -> None:
    """The client got 500 and a trace id: "nothing has gone wrong" would not be so."""
    words = "NameError at devgw.x:1 while answering POST /oauth/setup"
    gateway.runtime.bus.publish(
        FaultMet(trace_id=TraceId("0a1b2c3d"), where="devgw.x:1", kind="NameError", explanation=words)
    )
    gateway.runtime.bus.drain()
    (ailing,) = unwell([gateway.runtime.monitor.health.look()])
    assert (ailing.name, ailing.text) == ("gateway", f"{words}: a defect of devgw")
    assert "0a1b2c3d" in ailing.fix
    assert "gateway.log" in ailing.fix


async def test_a_control_socket_that_was_removed_is_there_again(gateway: Running, tmp_path: Path) -> None:
    address = tmp_path / ".devgw" / "control.sock"
    address.unlink()
    await until(address.exists)
    assert (await welcome_once(tmp_path / ".devgw")).instance


@pytest.mark.parametrize(
    "stand", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/dev/null")], ids=["folder", "file", "link"]
)
async def test_what_stands_in_the_control_sockets_place_is_named_left_alone_and_passes(
    gateway: Running, tmp_path: Path, stand: Callable[[Path], None]
) -> None:
    """Faces that are connected go on and say it; the others find the socket again once nothing is in the way."""
    address = tmp_path / ".devgw" / "control.sock"
    address.unlink()
    stand(address)
    await until(lambda: row(gateway, "control socket").state == "warning")
    (ailing,) = unwell([gateway.runtime.monitor.health.look()])
    assert f"{address} cannot be used for devgw's state: it is no socket" in ailing.text
    assert "move it away" in ailing.fix
    assert [each.state for each in gateway.events(HelperStateChanged) if each.helper == "control socket"] == ["limited"]
    address.rename(tmp_path / "away")
    await until(lambda: row(gateway, "control socket").state == "ok")
    assert (await welcome_once(tmp_path / ".devgw")).instance


async def test_a_socket_of_somebody_else_in_its_place_gives_way(gateway: Running, tmp_path: Path) -> None:
    address = tmp_path / ".devgw" / "control.sock"
    address.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(address))
        foreign = address.lstat().st_ino
        await until(lambda: address.exists() and address.lstat().st_ino != foreign)
    assert (await welcome_once(tmp_path / ".devgw")).instance


async def test_at_its_end_the_gateway_leaves_what_stands_in_the_sockets_place(tmp_path: Path) -> None:
    shutil.copytree(sample_root(), tmp_path, dirs_exist_ok=True)
    address = tmp_path / ".devgw" / "control.sock"
    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)):
        address.unlink()
        address.write_text("notes")
    assert address.read_text() == "notes"


@pytest.mark.parametrize("kind", ["link", "folder"])
async def test_a_log_into_which_no_defect_could_be_written_is_said_so_until_it_can(
    gateway: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("devgw.wiring.running.HOUSEKEEPING", timedelta(seconds=0.1))
    log, elsewhere = tmp_path / ".devgw" / "gateway.log", tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    log.symlink_to(elsewhere) if kind == "link" else log.mkdir()

    def is_said() -> bool:
        return any(each.name == "gateway.log" for each in gateway.runtime.monitor.health.look().checks)

    await until(is_said)
    said = row(gateway, "gateway.log")
    assert said.text.startswith("defects cannot be written there: it is ")
    assert (said.state, said.fix) == ("warning", "Move it away; it goes on by itself then.")
    assert elsewhere.read_text() == "precious"
    log.unlink() if kind == "link" else log.rmdir()
    await until(lambda: not is_said())
