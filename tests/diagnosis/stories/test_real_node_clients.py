"""Real clients from npm go the whole way, and nothing is said of them. Skipped where the packages are not there."""

from pathlib import Path

import pytest

from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_real_clients import nothing_said
from tests.stories import test_node_clients as node
from tests.stories.test_python_clients import both_layers
from tests.support.browser import Browser


@both_layers
async def test_mcp_remote_is_not_talked_about(gateway: Watched, tmp_path: Path, route: str) -> None:
    await node.test_mcp_remote_goes_the_whole_way(gateway.running, tmp_path, route)

    await nothing_said(gateway)


@both_layers
@pytest.mark.parametrize("flavour", ["client-2", "sdk-1"])
async def test_a_typescript_sdk_is_not_talked_about(
    gateway: Watched, browser: Browser, tmp_path: Path, flavour: str, route: str
) -> None:
    await node.test_a_typescript_sdk_goes_the_whole_way(gateway.running, browser, tmp_path, flavour, route)

    await nothing_said(gateway)


@both_layers
async def test_the_inspector_is_not_talked_about(gateway: Watched, tmp_path: Path, route: str) -> None:
    await node.test_the_inspector_on_the_command_line_goes_the_whole_way(gateway.running, tmp_path, route)

    await nothing_said(gateway)
