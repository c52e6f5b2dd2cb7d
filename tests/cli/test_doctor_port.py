"""The doctor looks at the gateway that runs: on whatever ports it has, with what it runs with, and unseen."""

import asyncio
import json
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devgw.cli.doctor import command, find_running
from devgw.diagnosis.verdicts import Verdict
from devgw.settings import EmulatorSettings, Settings
from tests.support.gateway import Running, running_gateway


async def doctor(root: Path, *options: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command, [str(root), "--json", *options])


def by_name(told: Result) -> dict[str, Any]:
    return {check["name"]: check for check in json.loads(told.stdout)}


def kept(root: Path, **more: Any) -> Any:
    return running_gateway(root, settings=Settings(port=0, **more), ephemeral=False)


async def test_the_port_of_the_running_gateway_is_the_one_examined(tmp_path: Path) -> None:
    async with kept(tmp_path) as gateway:
        settings = gateway.runtime.settings
        running = await asyncio.to_thread(find_running, settings.state_path)
        assert running is not None
        assert running.port == settings.port
    assert await asyncio.to_thread(find_running, settings.state_path) is None


async def test_the_doctor_beside_a_gateway_is_no_flow_no_client_and_no_finding(tmp_path: Path) -> None:
    async with kept(tmp_path) as gateway:
        before = len(gateway.published)
        told = await doctor(tmp_path)
        monitor = gateway.runtime.monitor
        monitor.tick()

        assert told.exit_code == 0, told.output
        assert [each.event.name for each in gateway.published[before:]] == []
        assert list(monitor.flow_book.flows) == []
        assert list(monitor.traces) == []


async def test_the_emulator_is_asked_where_it_really_is_and_nobody_else_gets_the_secret(tmp_path: Path) -> None:
    """Its usual port is somebody else's: client id and secret must not go there."""
    heard: list[bytes] = []

    async def foreign(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(10_000))
        writer.close()

    server = await asyncio.start_server(foreign, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, kept(tmp_path, emulators=EmulatorSettings(workos_port=port)) as gateway:
        assert gateway.runtime.companions.workos.port != port
        checks = by_name(await doctor(tmp_path))

    assert checks["provider.credentials"]["verdict"] == Verdict.PASS, checks
    assert heard == []


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket(AF_INET, SOCK_STREAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        async with kept(tmp_path):
            told = await doctor(tmp_path)

    assert told.exit_code == 0, told.output


async def test_what_was_saved_and_refused_fails_with_its_place(tmp_path: Path) -> None:
    async with kept(tmp_path) as gateway:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "policies.json").write_text('{"policies": [')
        (tmp_path / "config" / "routes.oas.json").write_text("{}")
        await until_rejected(gateway)
        told = await doctor(tmp_path)

    assert told.exit_code == 1
    assert by_name(told)["configuration"]["diagnosis_id"] == "CONF-05"
    assert "config/policies.json" in by_name(told)["configuration"]["saw"]


async def until_rejected(gateway: Running) -> None:
    async with asyncio.timeout(10):
        while not gateway.runtime.monitor.config.is_rejected:
            await asyncio.sleep(0.02)


async def test_a_word_that_no_examination_gave_hides_nobody(tmp_path: Path) -> None:
    import httpx2  # noqa: PLC0415  beside its only use

    async with kept(tmp_path) as gateway, httpx2.AsyncClient() as http:
        with gateway.runtime.front.unseen.word() as word:
            for said in ("", "un_guess", f"{word}x"):
                await http.post(gateway.mcp_url, headers={"x-devgw-unseen": said})
            assert gateway.published
            await http.post(gateway.mcp_url, headers={"x-devgw-unseen": word})
        await http.post(gateway.mcp_url, headers={"x-devgw-unseen": word})
        seen = [each for each in gateway.published if each.event.name == "http_exchanged"]

    assert len(seen) == 4


@pytest.mark.parametrize(
    ("file", "text"), [("devgw.toml", "prot = 9100\n"), ("devgw.toml", "port = "), ("config/policies.json", "{")]
)
def test_what_up_would_not_start_with_the_doctor_does_not_call_well(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / file).write_text(text)
    told = CliRunner().invoke(command, [str(tmp_path), "--json"])
    assert told.exit_code == 1
    assert file in by_name(told)["configuration"]["saw"]


@pytest.mark.parametrize("ports", ["port = 9001\n", "[emulators]\nworkos_port = 9000\n"])
def test_a_project_that_wants_one_port_for_gateway_and_emulator_starts_and_is_no_failure(
    tmp_path: Path, ports: str
) -> None:
    (tmp_path / "devgw.toml").write_text(ports)
    told = by_name(CliRunner().invoke(command, [str(tmp_path), "--json"]))
    assert "configuration" not in told
    assert told["provider"]["verdict"] == Verdict.NOT_APPLICABLE
