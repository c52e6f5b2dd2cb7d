"""Node programs that nobody here wrote: where they are, and who says so when they are missing.

`TEST_NODE_MODULES` names a `node_modules` folder that holds `node` (24), `@modelcontextprotocol/conformance` and the
clients; `.ci/run` installs it. A test that needs one of them and does not find it skips by name.
"""

import os
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent.parent / "clients"
FOLDER = Path(os.environ.get("TEST_NODE_MODULES", ".ci/node_modules"))


def node_command(package: str, entry: str) -> list[str]:
    """Return the command that runs `entry` of `package` on Node 24, or skip the test by name."""
    node = FOLDER / "node" / "bin" / "node"
    script = FOLDER / package / entry
    for needed, name in ((node, "node@24"), (script, package)):
        if not needed.exists():
            pytest.skip(f"needs the npm package {name}; set TEST_NODE_MODULES to a folder that has it")
    return [str(node.resolve()), str(script.resolve())]


def sdk_command(flavour: str, script: str, folder: Path) -> list[str]:
    """Return the command that runs a script of `tests/clients` on a TypeScript SDK, put into `folder`, or skip.

    Args:
        flavour: `client-2` or `sdk-1`.
        script: its file name.
        folder: where it runs: Node looks for packages beside a script.
    """
    package = {"client-2": "client", "sdk-1": "sdk"}[flavour]
    node = node_command(f"@modelcontextprotocol/{package}", "package.json")[0]
    for each in (script, "sdk_login.mjs"):
        (folder / each).write_text((CLIENTS / each).read_text())
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(FOLDER.resolve())
    return [node, str(folder / script), flavour]
