r"""`python -m tests.agents`: run all agents through everything, and write down what was seen.

Words after it go to pytest: `-k Codex` for one agent. All need `script`, and to be installed (Node 22 or newer):

    npm install --prefix agents node@24 @anthropic-ai/claude-code @openai/codex opencode-ai @google/gemini-cli \
        mcporter mcp-remote @github/copilot @kilocode/cli @qwen-code/qwen-code \
        @modelcontextprotocol/inspector playwright-core
    python3 -m venv agents/venv && agents/venv/bin/pip install langchain-mcp-adapters openai-agents \
        'pydantic-ai-slim[mcp]' strands-agents fastmcp mcp-use
    export TEST_NODE_MODULES=agents/node_modules TEST_AGENTS_PYTHON=$PWD/agents/venv/bin/python

The Inspector's page needs Chromium too. Not driven: Amp (its callback URL is pasted into its terminal), and VS Code (it
goes by a page on the internet).
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
