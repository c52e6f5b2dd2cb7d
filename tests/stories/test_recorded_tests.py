"""A flow written as a test passes at the gateway that it was seen at and at another, and fails where that differs."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx2
from click.testing import CliRunner, Result

from devgw.cli import main
from devgw.entropy import token
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway
from tests.support.kept import until_kept


async def ran(*words: str) -> Result:
    """Run a command as in another process."""
    return await asyncio.to_thread(CliRunner().invoke, main, words)


async def tried(file: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a test that was written, as anybody does."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DEVGW_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(file.parent), str(file)]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, env=own | environ, check=False, cwd=file.parent
    )


async def test_what_was_seen_of_a_login_and_of_a_failure_is_seen_again(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    settings, state, at = Settings(port=0), tmp_path / ".devgw", ["-C", str(tmp_path)]
    good, bad = tmp_path / "test_good.py", tmp_path / "test_bad.py"
    async with (
        running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway,
        Browser(CALLBACK) as browser,
    ):
        tokens = await gateway.tokens(http, browser)
        call = mcp_request("tools/call", {"name": "echo", "arguments": {"message": "hi"}})
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await http.post(gateway.mcp_url, json=call, headers=bearer)).status_code == 200
        arrived = await until_kept(state, '"state": "done"', 6)
        client = await gateway.register(http, client_name="Mistaken")
        await http.get(gateway.authorize_url(client["client_id"], token(""), resource=None))
        failed = await until_kept(state, '"client": "Mistaken"', 2)
        written = [await ran("record", id_, str(file), *at) for id_, file in ((arrived, good), (failed, bad))]
        assert [each.exit_code for each in written] == [0, 0], [each.output for each in written]
        again = await ran("record", arrived, str(good), *at)
        there = [await tried(each, DEVGW_TEST_GATEWAY=gateway.origin) for each in (good, bad)]
        mended = bad.with_name("test_mended.py")
        mended.write_text(bad.read_text().replace('"invalid_target"', '"invalid_scope"'))
        differs = await tried(mended, DEVGW_TEST_GATEWAY=gateway.origin)
    alone = await tried(good)
    shown = await ran("record", failed, *at)

    assert again.exit_code == 1
    assert "exists already" in again.output
    assert [each.returncode for each in there] == [0, 0], "\n".join(each.stdout for each in there)
    assert "1 passed" in there[0].stdout
    assert differs.returncode == 1
    assert "('invalid_target'" in differs.stdout.replace("(302, ", "(").replace('"', "'")
    assert alone.returncode == 0, alone.stdout
    assert shown.output.strip() == bad.read_text().strip()
    assert tokens["access_token"] not in good.read_text()


async def test_a_gateway_that_is_no_url_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(
        "from devgw.testing import recorded_attempt\n\ndef test_x():\n    with recorded_attempt():\n        pass\n"
    )
    done = await tried(file, DEVGW_TEST_GATEWAY="nowhere")
    assert done.returncode == 1
    assert "DEVGW_TEST_GATEWAY is no URL of a gateway" in done.stdout
