"""What a program makes of a server that errs is, by the proxy, what it makes of it directly, in the very same words."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from tests.stories.test_mcp1_client import python_with_mcp1
from tests.support.node import sdk_command
from tests.watched.bench import CALLBACK
from tests.watched.clients import PROGRAMS, of_program
from tests.watched.proxied import proxied, tls_sample

ONCE = re.compile(r"u[ar][a-z]?_[A-Za-z0-9_-]+|[0-9a-f]{8,}|(?<=!= )\S+|(?<==)[A-Za-z0-9_-]{20,}")
"""What is another string each time."""
FAULTS = [
    None,
    SampleFault.CHALLENGE_MISSING,
    SampleFault.PRM_NOWHERE,
    SampleFault.PRM_WRONG_RESOURCE,
    SampleFault.METADATA_BROKEN,
    SampleFault.WRONG_ISSUER,
    SampleFault.ISSUER_SLASH,
    SampleFault.REGISTRATION_REFUSED,
    SampleFault.ISS_WRONG,
    SampleFault.TOKEN_HTML,
    SampleFault.MCP_GZIP,
    SampleFault.MCP_FORBIDDEN,
]
Program = Callable[[Path], list[str]]


def python_1(_: Path) -> list[str]:
    return [python_with_mcp1(), str(PROGRAMS / "verdict_mcp1.py")]


def python_2(_: Path) -> list[str]:
    return [sys.executable, str(PROGRAMS / "verdict_mcp2.py")]


def typescript_1(folder: Path) -> list[str]:
    return sdk_command("sdk-1", "verdict.mjs", folder)


def typescript_2(folder: Path) -> list[str]:
    return sdk_command("client-2", "verdict.mjs", folder)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("program", [python_1, python_2, typescript_1, typescript_2], ids=lambda each: each.__name__)
async def test_a_program_says_the_same_by_the_proxy(
    program: Program, fault: SampleFault | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed = str(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", believed)
    own = {**os.environ, "NODE_EXTRA_CA_CERTS": believed, "PYTHONPATH": str(Path(__file__).parents[2])}
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        if fault is not None:
            server.faults.set(fault)
        command = [*program(tmp_path), server.metadata.resource, CALLBACK]
        directly = await of_program(command, own)
        assert not watched.traces()
        through = await of_program(command, watched.environment(own))
        assert watched.traces()
        assert ONCE.sub("…", through) == ONCE.sub("…", directly)
        assert fault is not None or through == "passes"
