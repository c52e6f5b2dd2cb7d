"""`devgw why` against a real gateway in a process of its own, over the control socket."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from devgw.cli.why import choose, command, tell
from devgw.control.messages import FlowRow
from devgw.entropy import token
from devgw.oauth.pkce import challenge_of
from tests.support.serving import listen, origin_of

REGISTERED = "http://localhost:33418/callback"


@contextmanager
def gateway_process(root: Path) -> Iterator[str]:
    """Run `devgw up --headless` in `root`, and yield its origin."""
    with listen() as closed:
        port = origin_of(closed).rpartition(":")[2]
    arguments = [sys.executable, "-m", "devgw", "up", "--headless", "--port", port, str(root)]
    environ = os.environ | {"PYTHONUNBUFFERED": "1"}
    with Popen(arguments, stdout=PIPE, stderr=DEVNULL, env=environ, text=True, cwd=root) as process:
        try:
            assert process.stdout
            for line in process.stdout:
                if "gateway answers" in line:
                    break
            yield f"http://localhost:{port}"
        finally:
            process.terminate()


def test_why_names_the_failure_with_its_facts_and_its_fix(tmp_path: Path) -> None:
    with gateway_process(tmp_path) as origin, httpx2.Client() as http:
        nothing = CliRunner().invoke(command, ["-C", str(tmp_path)])
        assert nothing.exit_code == 1

        document = {"client_name": "editor", "redirect_uris": [REGISTERED], "token_endpoint_auth_method": "none"}
        client_id = http.post(f"{origin}/oauth/register", json=document).json()["client_id"]
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": REGISTERED + "/"}
        asked |= {"code_challenge": challenge_of(token("")), "code_challenge_method": "S256"}
        answer = http.get(f"{origin}/oauth/authorize", params=asked | {"resource": f"{origin}/mcp/sample"})
        assert answer.status_code == 400

        said = _until_named(tmp_path)
        assert said["diagnoses"][0]["id"] == "RURI-03"
        told = CliRunner().invoke(command, ["-C", str(tmp_path)])

    assert told.exit_code == 0
    assert "RURI-03  Only the slash at the end of the redirect URI differs" in told.output
    assert f"got       {REGISTERED}/" in told.output
    assert f"expected  {REGISTERED}" in told.output
    assert "change    " in told.output


def _until_named(root: Path) -> dict[str, Any]:
    """Ask until the gateway has judged the flow, which it does four times a second."""
    for _ in range(200):
        told = CliRunner().invoke(command, ["-C", str(root), "--json"])
        if told.exit_code == 0 and (said := json.loads(told.output))["diagnoses"]:
            return dict(said)
    raise AssertionError("nothing was named")


def test_why_says_where_no_gateway_runs(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["-C", str(tmp_path)])

    assert told.exit_code == 1
    assert told.output


def row(number: int, state: str, *diagnoses: str) -> FlowRow:
    return FlowRow(f"f-{number}", state, float(number), "#X.......", "register", diagnoses=list(diagnoses))


def test_the_newest_named_flow_comes_before_one_that_was_given_up() -> None:
    rows = [row(1, "failed", "RURI-01"), row(2, "done"), row(3, "abandoned")]

    assert choose(rows, None) is rows[0]
    assert choose(rows[1:], None) is rows[2]
    assert choose(rows[1:2], None) is None
    assert choose(rows, "2") is rows[1]


@pytest.mark.parametrize("failure", [None, {"reason_code": "fault", "explanation": "It broke.", "hint": "Mend it."}])
def test_a_flow_without_a_name_is_told_by_its_refusal(failure: dict[str, str] | None) -> None:
    lines = tell(row(1, "failed"), {"diagnoses": [], "failure": failure})

    assert ("change    Mend it." in "\n".join(lines)) == (failure is not None)


def test_what_of_devgw_itself_is_not_well_comes_first_with_its_fix(tmp_path: Path) -> None:
    with gateway_process(tmp_path):
        database = tmp_path / ".devgw" / "devgw.db"
        database.unlink()
        database.write_text("somebody's notes")
        deadline = time.monotonic() + 20
        while (told := CliRunner().invoke(command, ["-C", str(tmp_path)])).exit_code and time.monotonic() < deadline:
            time.sleep(0.2)
        as_json = CliRunner().invoke(command, ["-C", str(tmp_path), "--json"])
    assert "housekeeping is started again: devgw cannot save its state" in told.output
    assert "  fix       Put the folder back" in told.output
    assert json.loads(as_json.output)["gateway"][0]["name"] == "housekeeping"
