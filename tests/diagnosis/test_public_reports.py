"""Faults that people reported of servers on the internet, as stubs: what `devgw doctor URL` says of each.

Each report is named by its thread; its server is not asked.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.outbound.server_doctor import examine_server
from tests.outbound.upstream import Upstream, running_upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.knows_its_clients = True
        yield served


@pytest.mark.parametrize(
    ("report", "resource", "server", "challenge", "name", "refused_by"),
    [
        (
            "https://github.com/expo/expo/issues/49054: the issuer has a slash that authorization_servers has not",
            {},
            {"issuer": "ORIGIN/"},
            None,
            "DISC-01",
            {"TypeScript SDK 2", "Python SDK 2"},
        ),
        (
            "https://github.com/SmartBear/smartbear-mcp/issues/682: the issuer has a path more",
            {},
            {"issuer": "ORIGIN/backend/oauthproxy"},
            None,
            "DISC-01",
            {"TypeScript SDK 2", "Codex"},
        ),
        (
            "https://github.com/microsoft/azure-devops-mcp/issues/1077: nobody can register",
            {},
            {"registration_endpoint": None},
            None,
            "REG-01",
            {"Claude Code", "TypeScript SDK 1"},
        ),
        (
            "https://github.com/microsoft/vscode/issues/259251: the resource has another slash than the URL",
            {"resource": "ORIGIN/mcp"},
            {},
            None,
            "AUD-02",
            set(),
        ),
        (
            "https://github.com/InsForge/insforge-mcp/pull/69: a 401 that does not say where to log in",
            {},
            {},
            "Basic",
            "BEAR-01",
            set(),
        ),
    ],
)
async def test_a_fault_that_was_reported_is_named(
    upstream: Upstream,
    report: str,
    resource: dict[str, Any],
    server: dict[str, Any],
    challenge: str | None,
    name: str,
    refused_by: set[str],
) -> None:
    def here(members: dict[str, Any]) -> dict[str, Any]:
        return {
            key: each.replace("ORIGIN", upstream.origin) if isinstance(each, str) else each
            for key, each in members.items()
        }

    upstream.mcp_path = "/mcp/" if "another slash" in report else "/mcp"
    upstream.resource_metadata, upstream.server_metadata, upstream.challenge = here(resource), here(server), challenge
    found = await examine_server(f"{upstream.origin}{upstream.mcp_path}", SystemClock())

    odd = [each for each in found.checks if each.verdict is not Verdict.PASS and each.diagnosis_id == name]
    assert len(odd) == 1, report
    assert odd[0].todo
    assert refused_by <= {each.client for each in found.clients if each.verdict == "refuses"}
