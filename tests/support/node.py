"""Node programs that nobody here wrote: where they are, and who says so when they are missing.

`TEST_NODE_MODULES` names a `node_modules` folder that holds `node` (24), `@modelcontextprotocol/conformance` and the
clients; `.ci/run` installs it. A test that needs one of them and does not find it skips by name.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("TEST_NODE_MODULES", ".ci/node_modules"))


def node_command(package: str, entry: str) -> list[str]:
    """Return the command that runs `entry` of `package` on Node 24, or skip the test by name."""
    node = FOLDER / "node" / "bin" / "node"
    script = FOLDER / package / entry
    for needed, name in ((node, "node@24"), (script, package)):
        if not needed.exists():
            pytest.skip(f"needs the npm package {name}; set TEST_NODE_MODULES to a folder that has it")
    return [str(node.resolve()), str(script.resolve())]
