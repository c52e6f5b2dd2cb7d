"""The control socket as a reader meets it."""

import asyncio
import json
import os
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from devgw.control.actions import NoActions
from devgw.control.client import ControlClient, snapshot_once
from devgw.control.lock import ProjectLock
from devgw.control.messages import Snapshot, Welcome
from devgw.control.server import ControlServer
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.control import AnotherGatewayRuns, GatewayNotReached, NoGatewayRuns, StateDirectoryUnusable
from tests.control.conftest import Served
from tests.monitor.walk import Walk


async def said(state_dir: Path, *lines: bytes) -> list[dict[str, Any]]:
    """Send raw lines, half-close, and return everything that came back."""
    reader, writer = await asyncio.open_unix_connection(state_dir / "control.sock", limit=2**24)
    writer.write(b"".join(lines))  # on Python 3.13 `writelines` of nothing but emptiness swallows the EOF that follows
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return [json.loads(line) for line in answer.splitlines()]


async def readline(reader: asyncio.StreamReader) -> bytes:
    """Return a line of any length from a reader that holds little."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = await reader.read(1)
        line += chunk or b"\n"
    return line


async def test_a_late_reader_gets_everything_there_is(served: Served) -> None:
    served.walk.all_the_way()
    async with served.reading() as (_, seen):
        await seen.until(served.walk.monitor.count.value)
    assert isinstance(seen.messages[0], Welcome)
    assert seen.ids("flow") == [flow.id for flow in served.walk.monitor.flow_book.flows]
    assert len(seen.ids("trace")) == served.walk.count
    assert set(seen.ids("token")) == {"code:1", "at:1", "rt:1"}
    assert seen.missed == 0


async def test_a_reader_sees_what_happens_while_it_looks(served: Served) -> None:
    async with served.reading() as (_, seen):
        await seen.until(0)
        served.walk.all_the_way()
        await seen.until(served.walk.monitor.count.value)
    assert len(seen.ids("trace")) == served.walk.count
    assert len(set(seen.ids("trace"))) == served.walk.count
    assert seen.missed == 0


async def test_one_who_comes_back_loses_nothing_and_gets_nothing_twice(served: Served) -> None:
    client = ControlClient(served.state_dir)
    served.walk.challenged()
    async with served.reading(client) as (_, before):
        await before.until(served.walk.monitor.count.value)
    for _ in range(20):
        served.walk.resource_metadata()
    async with served.reading(client) as (_, after):
        await after.until(served.walk.monitor.count.value)
    assert not any(isinstance(message, Snapshot) for message in after.messages)
    assert before.ids("trace") + after.ids("trace") == [f"{number:08x}" for number in range(1, 22)]
    lines = before.ids("line") + after.ids("line")
    assert len(lines) == len(set(lines)) == served.walk.bus.seq
    assert after.missed == 0


async def test_one_who_comes_back_too_late_is_told_exactly_how_much_is_lost(served: Served) -> None:
    client = ControlClient(served.state_dir, kinds=["trace"])
    served.walk.challenged()
    async with served.reading(client) as (_, before):
        await before.when(lambda: before.seq > 0 and len(before.ids("trace")) == 1)
    for _ in range(130):
        served.walk.resource_metadata()
    async with served.reading(client) as (_, after):
        await after.when(lambda: len(after.ids("trace")) == 100)
    assert after.missed == 30
    assert len(after.ids("trace")) == 100


async def test_one_who_was_away_for_long_gets_everything_anew_and_the_exact_loss(served: Served) -> None:
    client = ControlClient(served.state_dir)
    served.walk.challenged()
    async with served.reading(client) as (_, before):
        await before.until(served.walk.monitor.count.value)
    for _ in range(700):
        served.walk.resource_metadata()
    async with served.reading(client) as (_, after):
        await after.until(served.walk.monitor.count.value)
    assert after.missed == 600
    assert len(after.ids("trace")) == 100
    assert len(after.ids("line")) == 702


async def test_a_reader_that_does_not_read_is_told_what_it_lost_and_holds_nobody_up(served: Served) -> None:
    reader, writer = await asyncio.open_unix_connection(served.state_dir / "control.sock", limit=2**16)
    writer.write(b'{"type":"hello","version":1,"kinds":["trace"]}\n')
    await reader.readline()
    for _ in range(400):
        for _ in range(25):
            trace = served.walk.trace("GET", "/nowhere?" + "x" * 400)
            served.walk.exchange(trace, 404)
        await asyncio.sleep(0.002)
    monitor = served.walk.monitor
    assert monitor.traces.total == 10_000
    told, missed = 0, 0
    while told + missed < 10_000:
        message = json.loads(await asyncio.wait_for(readline(reader), 10))
        told += len(message.get("rows", {}).get("trace", ()))
        missed += message.get("missed", 0) if message["type"] == "gap" else 0
    writer.close()
    assert missed > 0
    assert told + missed == 10_000


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello\n", "malformed"),
        (b"[1]\n", "malformed"),
        (b'{"type":"command","id":"1","name":"stop"}\n', "malformed"),
        (b'{"type":"hello","version":1,"after":"x"}\n', "malformed"),
        (b'{"type":"hello","version":1,"colour":"red"}\n', "malformed"),
        (b'{"type":"hello","version":1,"kinds":[1]}\n', "malformed"),
        (b'{"type":"hello","version":2,"news":true}\n', "other_version"),
        (b'{"type":"hello"}\n', "other_version"),
        (b"x" * 100_000 + b"\n", "malformed"),
        (b"[" * 60_000 + b"\n", "malformed"),
        (b"", "malformed"),
    ],
)
async def test_a_first_line_that_is_no_hello_of_ours_is_turned_away_with_a_reason(
    served: Served, line: bytes, code: str
) -> None:
    answers = await said(served.state_dir, line)
    assert [(each["type"], each["code"]) for each in answers] == [("turned_away", code)]
    assert answers[0]["explanation"]


async def test_no_number_of_readers_holds_the_gateway_up(served: Served) -> None:
    hello = b'{"type":"hello","version":1,"kinds":["-"]}\n'
    writers = []
    for _ in range(Limits.CONTROL_READERS):
        reader, writer = await asyncio.open_unix_connection(served.state_dir / "control.sock")
        writer.write(hello)
        assert b"welcome" in await reader.readline()
        writers.append(writer)
    (away,) = await said(served.state_dir, hello)
    assert (away["type"], away["code"]) == ("turned_away", "too_many_readers")
    writers[0].close()
    async with asyncio.timeout(10):
        while (await said(served.state_dir, hello))[0]["type"] != "welcome":
            await asyncio.sleep(0.01)
    for writer in writers:
        writer.close()


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"command","id":"1","name":"stop","arguments":' + b'{"a":' * 70 + b"1" + b"}" * 71 + b"\n",
        b'{"type":"command","id":"1","name":"stop","name":"trace","arguments":{}}\n',
        b'{"type":"command","id":"1","name":"stop","arguments":{"n":1e999}}\n',
        b'{"type":"command","id":"1","name":"stop","arguments":{"n":' + b"9" * 5_000 + b"}}\n",
        b'\xff\xfe{"type":"command"}\n',
    ],
)
async def test_what_two_readers_would_understand_differently_is_no_command(served: Served, line: bytes) -> None:
    answers = await said(served.state_dir, b'{"type":"hello","version":1,"kinds":["-"]}\n', line)
    assert [each.get("code") for each in answers[1:]] == ["malformed"]


async def test_a_malformed_command_is_answered_and_the_next_one_served(served: Served) -> None:
    hello = b'{"type":"hello","version":1,"kinds":["-"]}\n'
    bad = [b"{\n", b"7\n", b'{"type":"events","seq":1}\n', b'{"type":"command","id":1,"name":[],"arguments":{}}\n']
    good = b'{"type":"command","id":"9","name":"clear","arguments":{"kind":"lines"}}\n'
    answers = await said(served.state_dir, hello, *bad, good)
    assert [each.get("code", "") for each in answers[1:]] == ["malformed"] * 4 + [""]
    assert answers[-1]["id"] == "9"


async def test_another_user_is_turned_away(tmp_path: Path) -> None:
    server = ControlServer(Walk().monitor, NoActions(), tmp_path, user=os.getuid() + 1)
    await server.open()
    try:
        answers = await said(tmp_path, b'{"type":"hello","version":1}\n')
    finally:
        await server.close()
    assert [(each["type"], each["code"]) for each in answers] == [("turned_away", "other_user")]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_a_process_of_another_user_does_not_get_in(served: Served) -> None:
    for parent in (served.state_dir.parent, served.state_dir.parent.parent, served.state_dir.parent.parent.parent):
        parent.chmod(0o755)
    script = f"""
import asyncio, os, pathlib
from devgw.control.client import snapshot_once
from devgw.problems import Refused
os.setuid(65534)
try:
    asyncio.run(snapshot_once(pathlib.Path({str(served.state_dir)!r}), ["flow"]))
except Refused as refused:
    print(refused.problem.reason)
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert said.decode().strip() == "gateway_of_another_user"


async def test_socket_and_directory_are_for_their_owner_alone(served: Served) -> None:
    assert stat.S_IMODE(served.state_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((served.state_dir / "control.sock").stat().st_mode) == 0o600
    assert (served.state_dir / ".gitignore").read_text() == "*\n"


async def test_a_second_gateway_in_one_project_is_refused_and_told_what_to_do(served: Served) -> None:
    with pytest.raises(Refused) as refused:
        await ControlServer(Walk().monitor, NoActions(), served.state_dir).open()
    assert refused.value.problem == AnotherGatewayRuns(str(served.state_dir), os.getpid())
    assert f"`devgw attach --state-dir {served.state_dir}`" in refused.value.problem.advise()
    assert refused.value.problem.explain().startswith("A gateway runs with this state already: process ")
    assert (await snapshot_once(served.state_dir, ["flow"])).rows == {"flow": []}


async def test_a_socket_that_a_dead_gateway_left_behind_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    server = ControlServer(Walk().monitor, NoActions(), tmp_path)
    await server.open()
    try:
        assert (await snapshot_once(tmp_path, ["flow"])).rows == {"flow": []}
    finally:
        await server.close()
    assert not (tmp_path / "control.sock").exists()
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path, ["flow"])
    assert refused.value.problem == NoGatewayRuns(str(tmp_path))


async def test_a_gateway_whose_socket_is_gone_is_not_said_not_to_run(tmp_path: Path) -> None:
    """What stands in the socket's place is not taken away, and the gateway goes on without its faces."""
    server = ControlServer(Walk().monitor, NoActions(), tmp_path)
    await server.open()
    (tmp_path / "control.sock").unlink()
    (tmp_path / "control.sock").mkdir()
    holder = GatewayNotReached(str(tmp_path), os.getpid())
    try:
        with pytest.raises(Refused) as refused:
            await snapshot_once(tmp_path, ["flow"])
        assert refused.value.problem == holder
        assert f"(process {os.getpid()})" in holder.explain()
        assert f"kill {os.getpid()}" in holder.advise()
    finally:
        (tmp_path / "control.sock").rmdir()
        await server.close()


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
async def test_where_the_lock_tells_nothing_no_gateway_is_said_not_to_run(tmp_path: Path, kind: str) -> None:
    lock = tmp_path / "gateway.lock"
    match kind:
        case "folder":
            lock.mkdir()
        case "link":
            lock.symlink_to("elsewhere")
        case _:
            os.mkfifo(lock)
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path, ["flow"])
    assert isinstance(refused.value.problem, StateDirectoryUnusable)
    assert refused.value.problem.explain().startswith(f"{lock} cannot be used")


async def test_where_a_file_stands_in_the_folders_place_no_gateway_is_said_not_to_run(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path / "state", ["flow"])
    assert refused.value.problem == StateDirectoryUnusable(str(tmp_path / "state"), "it is no folder")


async def test_a_gateway_that_was_killed_does_not_run(tmp_path: Path) -> None:
    """Its number stands in the lock, and nobody holds it; another process may have the number by now."""
    (tmp_path / "gateway.lock").write_text(f"{os.getpid()}\n")
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path, ["flow"])
    assert refused.value.problem == NoGatewayRuns(str(tmp_path))
    ProjectLock(tmp_path).acquire()


@pytest.mark.parametrize(
    "written",
    [
        '{"port": 99999, "token": "x"}',
        '{"port": -1, "token": "x"}',
        '{"port": "http", "token": "x"}',
        '{"port": 80, "token": 1}',
        "[]",
    ],
)
async def test_an_address_that_came_with_a_folder_is_nobodys(tmp_path: Path, written: str) -> None:
    (tmp_path / "control.json").write_text(written)
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path, ["flow"])
    assert refused.value.problem == NoGatewayRuns(str(tmp_path))


async def test_an_address_behind_a_link_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"port": 9, "token": "x"}')
    (tmp_path / "control.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused) as refused:
        await snapshot_once(tmp_path, ["flow"])
    assert refused.value.problem == NoGatewayRuns(str(tmp_path))


async def test_a_state_directory_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as refused:
        ProjectLock(tmp_path / "file" / "state").acquire()
    assert isinstance(refused.value.problem, StateDirectoryUnusable)
    assert "--state-dir" in refused.value.problem.advise()


async def test_where_the_path_is_too_long_loopback_and_a_word_carry_it(tmp_path: Path) -> None:
    state_dir = tmp_path / ("long" * 30)
    server = ControlServer(Walk().monitor, NoActions(), state_dir)
    await server.open()
    try:
        assert stat.S_IMODE((state_dir / "control.json").stat().st_mode) == 0o600
        assert (await snapshot_once(state_dir, ["flow"])).rows == {"flow": []}
        known = json.loads((state_dir / "control.json").read_text())
        reader, writer = await asyncio.open_connection("127.0.0.1", known["port"])
        writer.write(b'{"type":"hello","version":1,"token":"ct_guess"}\n')
        answer = json.loads(await asyncio.wait_for(reader.readline(), 10))
        writer.close()
    finally:
        await server.close()
    assert answer["code"] == "wrong_token"


async def test_a_client_finds_a_restarted_gateway_by_itself_and_begins_again(tmp_path: Path) -> None:
    client = ControlClient(tmp_path)
    first = Walk()
    first.challenged()
    server = ControlServer(first.monitor, NoActions(), tmp_path)
    await server.open()
    served = Served(tmp_path, first, None, server)  # type: ignore[arg-type]  # not asked here
    async with served.reading(client) as (_, seen):
        await seen.until(first.monitor.count.value)
        await server.close()
        second = Walk()
        second.all_the_way()
        again = ControlServer(second.monitor, NoActions(), tmp_path)
        await again.open()
        await seen.until(second.monitor.count.value)
        await again.close()
    assert len([m for m in seen.messages if isinstance(m, Welcome)]) == 2
    assert seen.missed == -1
    assert len(seen.ids("trace")) == first.count + second.count
