"""Faults that people reported of servers on the internet, as stubs: `devgw doctor URL` and `devgw watch URL` name them.

Each report is named by its thread; its server is not asked.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.monitor.why import why_of
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.third_party import NOTHING, go, named
from tests.outbound.upstream import Upstream, running_upstream
from tests.watched.bench import watching


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.knows_its_clients = True
        yield served


@dataclass(frozen=True)
class Report:
    """What was reported, how the stub comes to do it, and what it is called."""

    what: str
    resource: dict[str, Any]
    server: dict[str, Any]
    challenge: str | None
    name: str
    refused_by: set[str]

    def inject(self, upstream: Upstream) -> str:
        """Let the stub do it; return its URL."""
        upstream.mcp_path = "/mcp/" if "another slash" in self.what else "/mcp"
        upstream.resource_metadata, upstream.server_metadata = (
            {
                key: each.replace("ORIGIN", upstream.origin) if isinstance(each, str) else each
                for key, each in of.items()
            }
            for of in (self.resource, self.server)
        )
        upstream.challenge = self.challenge
        if self.server.get("registration_endpoint", ...) is None:
            upstream.answers["/register"] = NOTHING
        return f"{upstream.origin}{upstream.mcp_path}"


REPORTS = [
    Report(
        "https://github.com/expo/expo/issues/49054: the issuer has a slash that authorization_servers has not",
        {},
        {"issuer": "ORIGIN/"},
        None,
        "DISC-01",
        {"TypeScript SDK 2", "Python SDK 2"},
    ),
    Report(
        "https://github.com/SmartBear/smartbear-mcp/issues/682: the issuer has a path more",
        {},
        {"issuer": "ORIGIN/backend/oauthproxy"},
        None,
        "DISC-01",
        {"TypeScript SDK 2", "Codex"},
    ),
    Report(
        "https://github.com/microsoft/azure-devops-mcp/issues/1077: nobody can register",
        {},
        {"registration_endpoint": None},
        None,
        "REG-01",
        {"Claude Code", "TypeScript SDK 1"},
    ),
    Report(
        "https://github.com/microsoft/vscode/issues/259251: the resource has another slash than the URL",
        {"resource": "ORIGIN/mcp"},
        {},
        None,
        "AUD-02",
        set(),
    ),
    Report(
        "https://github.com/InsForge/insforge-mcp/pull/69: a 401 that does not say where to log in",
        {},
        {},
        "Basic",
        "BEAR-01",
        set(),
    ),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda each: each.name)
async def test_a_fault_that_was_reported_is_named_by_the_doctor(upstream: Upstream, report: Report) -> None:
    found = await examine_server(report.inject(upstream), SystemClock())

    odd = [each for each in found.checks if each.verdict is not Verdict.PASS and each.diagnosis_id == report.name]
    assert len(odd) == 1, report.what
    assert odd[0].todo
    assert report.refused_by <= {each.client for each in found.clients if each.verdict == "refuses"}


STOPPING = [each for each in REPORTS if each.name != "BEAR-01"]
"""Without the last: a client that goes the standard's way finds the login at the well-known place, and passes."""


@pytest.mark.parametrize("report", STOPPING, ids=lambda each: each.name)
async def test_a_fault_that_was_reported_is_named_by_watching_a_client(
    upstream: Upstream, report: Report, tmp_path: Path
) -> None:
    async with watching(report.inject(upstream), tmp_path) as watched:
        assert await go(watched) != "passes", report.what
        made = await named(watched, report.name)
        why = why_of(watched.runtime.monitor, made.flow_id or "")

        assert why is not None
        assert [each.id for each in why.cases[0].diagnoses] == [report.name]
        assert upstream.origin in why.cases[0].diagnoses[0].cause
