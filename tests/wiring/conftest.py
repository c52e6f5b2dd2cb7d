"""The sample as a project of its own, and a gateway that runs for it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgw.config.sample import sample_root
from devgw.settings import Settings
from tests.support.gateway import Running, running_gateway


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    return root


@pytest.fixture
async def gateway(project: Path) -> AsyncIterator[Running]:
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as running:
        yield running
