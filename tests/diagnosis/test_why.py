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

from devgw.cli.why import command, tell
from devgw.control.messages import CaseView, DiagnosisView, FailureView, FlowRow
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
    assert "            " + " " * len(REGISTERED) + "^" in told.output
    assert said["diagnoses"][0]["certain"] is True
    assert said["diagnoses"][0]["got_marks"].endswith("^")
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


def case(number: int, state: str, *diagnoses: DiagnosisView, failure: FailureView | None = None) -> CaseView:
    row = FlowRow(f"f-{number}", state, float(number), "#X.......", "register")
    return CaseView(row, list(diagnoses), failure)


def named(failure_id: str, *, certain: bool = True, **facts: str) -> DiagnosisView:
    return DiagnosisView(failure_id, "It broke", "The cause.", "The change.", certain=certain, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "words"),
    [("done", "It is done"), ("active", "under way"), ("abandoned", "given up: nothing more was seen")],
)
def test_a_flow_in_which_nothing_was_refused_is_told_by_how_it_stands(state: str, words: str) -> None:
    assert words in "\n".join(tell([case(1, state)]))


def test_a_flow_without_a_name_is_told_by_its_refusal() -> None:
    failure = FailureView("register", "fault", "It broke.", "Mend it.")

    assert "  change    Mend it." in tell([case(1, "failed", failure=failure)])


def test_marks_stand_under_what_differs_and_a_suspicion_says_that_it_is_one() -> None:
    lines = tell([case(1, "active", named("RURI-03", certain=False, got="a/", expected="a", got_marks=" ^"))])

    assert "RURI-03  It broke (suspected)" in lines
    assert lines[lines.index("  got       a/") + 1] == "             ^"


def test_the_others_are_told_in_a_line_each() -> None:
    lines = tell(
        [
            case(1, "failed", named("RURI-03")),
            *(case(each, "active", named("DISC-12", certain=False)) for each in range(2, 9)),
        ]
    )

    assert lines[0].startswith("f-1")
    assert "  f-2  DISC-12 It broke (suspected)" in lines
    assert lines[-1] == "  and 2 more (--json has them)"


def test_what_was_mended_since_says_so_first() -> None:
    mended = case(1, "failed", named("RURI-03"))
    mended.mended = "editor got through at 12:00:00 UTC (f-2)"

    assert tell([mended])[0] == "Nothing is wrong with it now: editor got through at 12:00:00 UTC (f-2)."


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
    assert "  fix       Take away what stands there" in told.output
    assert json.loads(as_json.output)["gateway"][0]["name"] == "housekeeping"
