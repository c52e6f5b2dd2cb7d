"""`python -m tests.agents`: run all agents through everything, and write down what was seen.

Words after it go to pytest: `-k Codex` for one agent. It needs the packages in the folder that TEST_NODE_MODULES names:

    npm install --prefix FOLDER node@24 PACKAGES
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.agents.table import merge, read_seen, write_seen, write_table
from tests.agents.witness import RECORD


def main() -> int:
    """Run, and keep what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        record.touch()
        environ = os.environ | {"TEST_AGENTS": "all", RECORD: str(record)}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/agents", *sys.argv[1:]]
        code = subprocess.run(command, env=environ, check=False).returncode
        lines = record.read_text(encoding="utf-8").splitlines()
    write_seen(merge(read_seen(), [json.loads(line) for line in lines]))
    write_table()
    return code


if __name__ == "__main__":
    sys.exit(main())
