"""A save is looked at beside the requests, once, and what it ends is found without looking at everything else."""

import asyncio
import json
import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devgw.config.changes import changes
from devgw.config.finding import Finding, Severity
from devgw.config.load import load
from devgw.config.outflow import outflows
from devgw.config.sample import sample_root
from devgw.config.settings_file import read_settings
from devgw.config.source import read_source
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected
from devgw.gateway.records import Grant, PendingAuthorization
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TransactionId
from devgw.monitor.configured_secrets import forms_of
from devgw.settings import Settings
from devgw.store.table import Table
from devgw.wiring import project_reader
from devgw.wiring.cause import Cause
from devgw.wiring.config_view import _lines, finding_rows
from devgw.wiring.own_settings import OwnSettings
from devgw.wiring.project_reader import ProjectReader
from devgw.wiring.project_watch import contents_of, folders_of, stats_of
from devgw.wiring.reading import read_project
from devgw.wiring.reloading import Reloading
from tests.support.calls import calls_of
from tests.support.gateway import Running, running_gateway

LIMIT = 30
MANY = 40
READS = (read_project, read_settings, finding_rows, forms_of, outflows, contents_of, stats_of, folders_of)


def with_routes(project: Path, count: int, **members: Any) -> None:
    """Save a project with so many more routes, each with these members in its `x-zuplo-route`."""
    path = project / "config" / "routes.oas.json"
    document = json.loads((sample_root() / "config" / "routes.oas.json").read_text())
    for number in range(count):
        route = json.loads(json.dumps(document["paths"]["/mcp/sample"]))
        route["post"]["operationId"] = f"r{number}"
        route["post"]["x-zuplo-route"] |= members
        document["paths"][f"/mcp/r{number}"] = route
    path.write_text(json.dumps(document, indent=1))


async def until(running: Running, kind: type[Any], count: int) -> Any:
    async with asyncio.timeout(LIMIT):
        while len(running.events(kind)) < count:
            await asyncio.sleep(0.01)
    return running.events(kind)[-1]


@pytest.mark.parametrize(("members", "kind"), [({}, ConfigLoaded), ({"corsPolicy": "no-such-policy"}, ConfigRejected)])
async def test_nothing_of_a_save_is_read_in_the_way_of_requests(
    project: Path, members: dict[str, str], kind: type[Any]
) -> None:
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        gateway.runtime.allowed = frozenset()
        before, reloading = len(gateway.events(kind)), Reloading(gateway.runtime)
        with calls_of(*READS) as called:
            with_routes(project, 3, **members)
            assert await reloading.reload() is (kind is ConfigLoaded)
            await until(gateway, kind, before + 2)  # the one above, and the one that the save itself brings
    in_its_thread = {"read_project", "read_settings", "finding_rows", "forms_of", "outflows"}
    assert {f"elsewhere: {each}" for each in in_its_thread} <= set(called)
    assert all(each.startswith("elsewhere: ") for each in called)


async def test_a_save_reads_devgws_own_settings_once(project: Path, gateway: Running) -> None:
    reloading = Reloading(gateway.runtime)
    with calls_of(read_settings) as called:
        assert await reloading.reload()
    assert called == {"elsewhere: read_settings": 1}


def test_the_settings_are_read_from_one_state_of_their_file(project: Path) -> None:
    (project / "devgw.toml").write_text("[upstreams.notes]\nclient_id = 'mine'\n")
    with calls_of(read_source) as called:
        read_settings(project, {})
    assert called == {"read_source": 1}


async def test_what_is_said_of_the_settings_is_said_of_what_was_read_and_until_it_was_told(
    project: Path, gateway: Running
) -> None:
    own, file = OwnSettings(gateway.runtime), project / "devgw.toml"
    file.write_text('allowed_hosts = ["box.lan"]\n')
    seen = own.read()
    file.write_text("port = 99999\n")
    said = ["devgw.toml: `allowed_hosts` changed; it takes effect at the next start."]
    assert seen.faults == ()
    assert own.changed(seen) == own.changed(seen) == said
    own.told(seen)
    assert own.changed(seen) == []
    assert [each.message for each in own.read().faults] == ["`port` must be a port from 0 to 65535."]


def test_findings_of_one_file_are_shown_with_one_look_at_it(project: Path) -> None:
    with_routes(project, MANY, corsPolicy="no-such-policy")
    loaded = load(project, {}, Settings(root=project))
    with calls_of(_lines) as called:
        rows = finding_rows((), loaded, project)
    found = [each for each in rows if "no-such-policy" in each.message]
    assert len(found) == MANY
    assert all(any("no-such-policy" in line for line in each.excerpt) for each in found)
    assert called["_lines"] <= 2


@pytest.mark.parametrize("what", ["a pipe", "gone", "a folder"])
def test_a_finding_in_a_file_that_cannot_be_read_any_more_is_shown_without_its_lines(project: Path, what: str) -> None:
    loaded = load(project, {}, Settings(root=project))
    path = project / "config" / "odd.json"
    finding = Finding("odd", Severity.ERROR, "config/odd.json", "It is odd.", "", 3, source_line="third")
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    (row,) = [each for each in finding_rows([finding], loaded, project) if each.message == "It is odd."]
    assert (row.excerpt, row.excerpt_from) == (["third"], 3)


# --- what ends ---


async def test_routes_that_go_end_what_was_theirs_without_a_look_at_everything_for_each(project: Path) -> None:
    with_routes(project, MANY)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        store, now = gateway.runtime.ground.store, gateway.runtime.clock.now()
        with store.transaction():
            for number in range(MANY):
                store.save_grant(_grant(number, now))
                store.save_pending(_pending(number, now))
        with calls_of(Table._read) as called:
            with_routes(project, 0)
            loaded = await until(gateway, ConfigLoaded, 2)
    assert sum("1 grant" in each for each in loaded.changes) == MANY
    assert 0 < called["Table._read"] <= 20 * MANY


@pytest.mark.parametrize("steps", [1, MANY + 3])
async def test_what_ends_has_ended_though_the_gateway_is_stopped_in_the_midst(project: Path, steps: int) -> None:
    with_routes(project, MANY)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        runtime, now = gateway.runtime, gateway.runtime.clock.now()
        with runtime.ground.store.transaction():
            for number in range(MANY):
                runtime.ground.store.save_grant(_grant(number, now))
        without = replace(runtime.gateway.project, routes=runtime.gateway.project.routes[:1])
        found = changes(runtime.gateway.project, without)
        carrying_out = asyncio.ensure_future(Reloading(runtime)._carry_out(found))
        for _ in range(steps):
            await asyncio.sleep(0)
        assert runtime.ground.store.live_grants(now)
        carrying_out.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying_out
        assert runtime.ground.store.live_grants(now) == []


def _grant(number: int, now: Any) -> Grant:
    names = (ClientId("dcr:c"), "client", SubjectId("user_1"), None, None, OperationId(f"r{number}"))
    urls = (f"http://localhost/mcp/r{number}", "mcp:tools", "http://localhost")
    return Grant(GrantId(f"g-{number}"), *names, *urls, now, now + timedelta(days=1))


def _pending(number: int, now: Any) -> PendingAuthorization:
    return PendingAuthorization(
        id=TransactionId(f"tx_{number}"),
        client_id=ClientId("dcr:c"),
        client_name="client",
        redirect_uri="http://localhost:1/callback",
        operation_id=OperationId(f"r{number}"),
        resource=f"http://localhost/mcp/r{number}",
        scope="mcp:tools",
        issuer="http://localhost",
        parameters={},
        created_at=now,
        expires_at=now + timedelta(minutes=10),
    )


# --- a disk that does not answer ---


async def test_one_thread_reads_however_many_ask_and_leave() -> None:
    gate, began = threading.Event(), list[int]()

    def hang(number: int) -> int:
        began.append(number)
        gate.wait(LIMIT)
        return number

    read = ProjectReader(lambda _cause: None).read
    asking = [asyncio.ensure_future(read(hang, number)) for number in range(5)]
    async with asyncio.timeout(LIMIT):
        while not began:
            await asyncio.sleep(0.01)
        for each in asking[:4]:
            each.cancel()
        await asyncio.gather(*asking[:4], return_exceptions=True)
        assert began == [0]
        gate.set()
        assert await asking[4] == 4
    assert began == [0, 4], "what nobody waits for is not begun"


async def test_files_that_take_long_are_said_to_until_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_reader, "PATIENCE_SECONDS", 0.01)
    gate, told = threading.Event(), list[Cause | None]()
    asking = asyncio.ensure_future(ProjectReader(told.append).read(gate.wait, LIMIT))
    async with asyncio.timeout(LIMIT):
        while not told:
            await asyncio.sleep(0.01)
        gate.set()
        assert await asking
    assert told[0] is not None
    assert "the last good configuration runs on" in told[0].reason
    assert told[1:] == [None]
