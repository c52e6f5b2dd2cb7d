"""The official conformance suite against our upstream side as an OAuth client."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.support.node import node_command

ROOT = Path(__file__).parents[2]
LATER = [
    "resource-mismatch",
    "offline-access-scope",
    "offline-access-not-supported",
    "authorization-server-migration",
    "iss-supported",
    "iss-not-advertised",
    "iss-supported-missing",
    "iss-wrong-issuer",
    "iss-unexpected",
    "iss-normalized",
    "metadata-issuer-mismatch",
]
"""Scenarios of 2026-07-28 that the suite's `auth` leaves out."""


async def suite(folder: Path, *arguments: str) -> str:
    """Run the suite with our client; return what it says."""
    command = node_command("@modelcontextprotocol/conformance", "dist/index.js")
    client = f"{sys.executable} -m tests.conformance.upstream_client"
    process = await asyncio.create_subprocess_exec(
        *command, "client", "--command", client, "--output-dir", str(folder), *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 150)
    return said.decode()


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_the_whole_auth_suite_passes(tmp_path: Path, revision: str) -> None:
    """Issue 5, show it: discovery in all forms, scopes, step-up, token endpoint authentication, registration."""
    said = await suite(tmp_path, "--suite", "auth", "--spec-version", revision)
    assert re.search(r"Total: [1-9]\d* passed, 0 failed", said), said[-3000:]
    assert said.count("✓ auth/") == 14


@pytest.mark.parametrize(
    ("revision", "scenario"),
    [
        *(("2026-07-28", name) for name in LATER),
        ("2025-03-26", "2025-03-26-oauth-metadata-backcompat"),
        ("2025-03-26", "2025-03-26-oauth-endpoint-fallback"),
        (None, "enterprise-managed-authorization"),
    ],
)
async def test_a_scenario_beyond_the_suite_passes(tmp_path: Path, revision: str | None, scenario: str) -> None:
    version = ["--spec-version", revision] if revision else []
    said = await suite(tmp_path, "--scenario", f"auth/{scenario}", "--verbose", *version)
    assert "OVERALL: PASSED" in said, said[-3000:]
