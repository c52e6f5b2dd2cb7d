"""`devgw.testing`: somebody else's tests run a gateway, are signed in at once, and see what goes wrong."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from devgw.outbound.built_in.login import StepRefused
from devgw.testing import GatewayFailed, GatewayUnderTest, run_gateway
from devgw.testing.gateway import gateway_environ
from tests.support.gateway import mcp_request
from tests.support.sample_gateway import sample_gateway

TREE = Path(__file__).parents[2]
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayUnderTest]:
    with run_gateway() as running:
        yield running


def status_of(gateway: GatewayUnderTest, token: str) -> int:
    headers = {"authorization": f"Bearer {token}", **ACCEPT}
    return httpx2.post(gateway.url("sample"), json=mcp_request("tools/list"), headers=headers).status_code


def test_a_tool_is_called_by_somebody_who_is_signed_in_at_once(gateway: GatewayUnderTest) -> None:
    assert gateway.call("sample", "add", a=1, b=2)["structuredContent"] == {"sum": 3.0}
    assert gateway.call("notes", "echo", person="bob", message="hello")["content"][0]["text"] == "hello"
    assert "echo" in {each["name"] for each in gateway.tools("/mcp/sample")}
    assert status_of(gateway, gateway.token("sample")) == 200
    assert {each.state for each in gateway.flows() if each.step == "mcp"} == {"done"}


async def test_it_works_where_a_loop_runs_already(gateway: GatewayUnderTest) -> None:
    assert gateway.call("sample", "echo", message="hello")["isError"] is False


def test_a_fault_is_seen_and_named(gateway: GatewayUnderTest) -> None:
    gateway.set_fault("secret-wrong")
    with pytest.raises(StepRefused, match="invalid_client"):
        gateway.call("sample", "echo", person="carmen", message="hello")
    (case,) = [each for each in gateway.why() if not each.mended][:1]
    assert "invalid_client" in case.diagnoses[0].cause
    gateway.set_fault("mcp-html", times=0)
    gateway.clear_faults()
    assert gateway.call("notes", "echo", person="bob", message="hello")["isError"] is False
    with pytest.raises(GatewayFailed, match="Did you mean mcp-html"):
        gateway.set_fault("mcp-htm")


def test_time_travels_and_the_client_gets_its_next_token(gateway: GatewayUnderTest) -> None:
    token = gateway.token("sample", person="bob")
    gateway.travel(timedelta(minutes=16))
    assert status_of(gateway, token) == 401
    assert gateway.call("sample", "echo", person="bob", message="hello")["isError"] is False
    assert gateway.token("sample", person="bob") != token


def test_what_cannot_be_is_said(gateway: GatewayUnderTest, tmp_path: Path) -> None:
    with pytest.raises(GatewayFailed, match="no MCP route nowhere; there are: /mcp/sample, /mcp/notes"):
        gateway.url("nowhere")
    with pytest.raises(StepRefused, match="nobody there is called zed"):
        gateway.call("sample", "echo", person="zed", message="hello")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/policies.json").write_text("{")
    (tmp_path / "config/routes.oas.json").write_text("{")
    with pytest.raises(GatewayFailed, match=r"policies\.json"), run_gateway(tmp_path):
        raise AssertionError("it runs")


def test_an_account_of_the_shell_is_not_the_one_at_which_a_test_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WORKOS_CLIENT_ID", "WORKOS_CLIENT_SECRET", "WORKOS_API_KEY", "DEVGW_EMULATORS_WORKOS"):
        monkeypatch.setenv(name, "false")
    with run_gateway() as gateway:
        assert gateway.call("sample", "echo", message="hello")["isError"] is False
    with sample_gateway(tmp_path / "sample") as sample:
        assert sample.run("call", "sample", "echo", "message=hello", "--as", "ada").stdout == "hello\n"
    assert gateway_environ({"WORKOS_CLIENT_ID": "given"})["WORKOS_CLIENT_ID"] == "given"


def test_several_run_side_by_side_and_leave_nothing(tmp_path: Path) -> None:
    project = tmp_path / "project"
    subprocess.run([sys.executable, "-m", "devgw", "init", str(project)], check=True, capture_output=True)
    before = sorted(project.rglob("*"))

    def one(number: int) -> tuple[str, str, bool]:
        with run_gateway(project) as gateway:
            text = gateway.call("sample", "echo", message=f"{number}")["content"][0]["text"]
            return gateway.origin, text, gateway.state_dir.exists()

    with ThreadPoolExecutor(3) as pool:
        origins, texts, are_there = zip(*pool.map(one, range(3)), strict=True)
    assert (len(set(origins)), sorted(texts), set(are_there)) == (3, ["0", "1", "2"], {True})
    assert sorted(project.rglob("*")) == before


_FOR_EVER = """
import time
from devgw.testing import run_gateway
with run_gateway() as gateway:
    print(gateway.origin, flush=True)
    time.sleep(600)
"""


def answers(origin: str) -> bool:
    try:
        return httpx2.get(f"{origin}/", headers={"accept": "application/json"}).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_gateway_outlives_tests_that_are_killed(tmp_path: Path, end: signal.Signals) -> None:
    environ = {**os.environ, "PYTHONPATH": str(TREE), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", _FOR_EVER]
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        origin = tests.stdout.readline().strip()
        assert answers(origin)
        tests.send_signal(end)
    until = time.monotonic() + 60
    while answers(origin):
        assert time.monotonic() < until, "it runs on"


def examples() -> str:
    """Return the examples of the README."""
    (found,) = re.findall(r"```python\n(from datetime.*?)```", (TREE / "README.md").read_text("utf-8"), re.DOTALL)
    return str(found)


@pytest.mark.parametrize("setting", ["", "devgw_project = mine\n"])
def test_somebody_elses_tests_take_the_fixture(tmp_path: Path, setting: str) -> None:
    subprocess.run([sys.executable, "-m", "devgw", "init", str(tmp_path / "mine")], check=True, capture_output=True)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{setting}")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["devgw.testing.fixtures"]\n')
    (tmp_path / "test_mine.py").write_text(examples())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout
