"""Streams and locales that cannot say everything: what they lack is replaced, and nothing raises."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from tests.platforms.lacking import devgw_without, lacking
from tests.platforms.test_commands import NAMED, logs_in
from tests.trust.process import GatewayProcess

_LEFT_TO_THE_SYSTEM = re.compile(r"/devgw/\S+: EncodingWarning")
"""A file of devgw's that is opened in whatever encoding the system thinks right."""
_PLAIN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
_ENCODINGS = {
    "a pipe of Windows": {"PYTHONIOENCODING": "cp1252"},
    "nothing but ASCII": {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "POSIX"},
    "the C locale": _PLAIN_C,
}


@pytest.mark.parametrize("said", _ENCODINGS)
async def test_every_command_speaks_what_its_stream_can_say(said: str, tmp_path: Path) -> None:
    environ = _ENCODINGS[said] | {"PYTHONWARNDEFAULTENCODING": "1"}
    folder = tmp_path / "Größe → ☃"
    assert devgw_without("", ("init", str(folder)), tmp_path, **environ).returncode == 0
    gateway = GatewayProcess(folder, environ=lacking("", **environ), options=("--all",))
    _name_everything_oddly(folder)
    _register(folder, gateway.port)
    async with gateway:
        await logs_in(gateway)
        for arguments, codes in (*NAMED.values(), *_MORE):
            done = await asyncio.to_thread(devgw_without, "", arguments, folder, **environ)
            assert "Traceback" not in done.stdout + done.stderr, arguments
            assert "UnicodeEncodeError" not in done.stdout + done.stderr, arguments
            assert done.returncode in codes, (arguments, done.stdout, done.stderr)
            assert not _LEFT_TO_THE_SYSTEM.search(done.stderr), arguments
        gateway.terminate()
    told = gateway.log.read_bytes()
    assert b"Traceback" not in told
    assert b"UnicodeEncodeError" not in told
    assert b"defect" not in told
    assert not _LEFT_TO_THE_SYSTEM.search(told.decode("utf-8", "replace"))


_MORE: tuple[tuple[tuple[str, ...], set[int]], ...] = (
    (("explain", "route", "/mcp/sample"), {0}),
    (("explain", "deployed"), {0}),
    (("check", "--format", "sarif"), {0}),
    (("check", "Ω-absent"), {1, 2}),
    (("tail", "--once", "--json"), {0}),
    (("doctor", "--all"), {0}),
)


def _name_everything_oddly(folder: Path) -> None:
    """Write names in every script into the project."""
    file = folder / "config" / "routes.oas.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["info"]["title"] = "Œuvre → Ωμέγα ☃ 日本"
    for each in document["paths"].values():
        for operation in each.values():
            if isinstance(operation, dict):
                operation["summary"] = "Liste ✓ — 名前"
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _register(folder: Path, port: int) -> None:
    seed = folder / "emulators" / "workos.json"
    seed.write_text(seed.read_text(encoding="utf-8").replace(":9000", f":{port}"), encoding="utf-8")


async def test_a_project_below_a_name_that_is_no_utf_8_is_served_and_its_saves_are_seen(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    assert devgw_without("", ("init", str(folder)), tmp_path).returncode == 0
    gateway = GatewayProcess(folder, environ=lacking(""))
    _register(folder, gateway.port)
    async with gateway:
        await logs_in(gateway)
        policies = folder / "config" / "policies.json"
        policies.write_text(policies.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        async with asyncio.timeout(20):
            while b"configuration 2 loaded" not in gateway.log.read_bytes():
                assert gateway.is_alive
                await asyncio.sleep(0.05)
        gateway.terminate()
    told = gateway.log.read_bytes()
    assert b"defect" not in told
    assert b"looked at once a second" in told
