"""`devgw mcp`: a coding agent asks why a login failed; it reads, and changes something only where it may."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.sample_gateway import SampleGateway, sample_gateway
from tests.support.terminal import devgw

CHANGES = {"sign_in", "call_tool", "set_fault", "clear_faults"}


class Agent:
    """The other end of the pipes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._number = 0

    def send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.send(json.dumps(message).encode())
        answer = self.read()
        assert answer["id"] == self._number
        return answer

    def call(self, tool: str, /, **arguments: Any) -> tuple[bool, str]:
        """Return whether a tool said that it failed, and its text."""
        result = self.ask("tools/call", name=tool, arguments=arguments)["result"]
        (content,) = result["content"]
        return result["isError"], content["text"]

    def tools(self) -> set[str]:
        return {each["name"] for each in self.ask("tools/list")["result"]["tools"]}


@contextmanager
def agent(folder: Path, environ: dict[str, str] | None = None, *flags: str) -> Iterator[Agent]:
    command = devgw("mcp", *flags)
    pipes = subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pipes:
        yield Agent(pipes)
        assert pipes.stdin is not None
        pipes.stdin.close()
        assert pipes.wait(20) == 0


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleGateway]:
    with sample_gateway(tmp_path_factory.mktemp("asked")) as running:
        yield running


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), (7, "2025-11-25")],
)
def test_it_speaks_the_revision_that_is_asked_for_where_it_can(tmp_path: Path, asked: Any, spoken: str) -> None:
    with agent(tmp_path) as asking:
        result = asking.ask("initialize", protocolVersion=asked, capabilities={}, clientInfo={})["result"]
        asking.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        assert asking.ask("ping")["result"] == {}
    assert (result["protocolVersion"], result["capabilities"]) == (spoken, {"tools": {}})


def test_an_agent_asks_why_a_login_failed_and_reads_the_evidence(gateway: SampleGateway) -> None:
    gateway.run("fault", "secret-wrong")
    assert gateway.run("login", "--as", "ada").returncode == 1
    with agent(gateway.folder, gateway.environ) as asking:
        failed, why = asking.call("why")
        assert (failed, "invalid_client" in why) == (False, True)
        flow = json.loads(why.splitlines()[0])["flow"]["id"]
        failed, report = asking.call("show_flow", id=flow)
        assert (failed, "devgw test client" in report) == (False, True)
        failed, requests = asking.call("list_requests", count=5)
        assert not failed
        for each in requests.splitlines():
            assert not asking.call("show_request", id=json.loads(each)["id"])[0]
        assert "IDT" in asking.call("explain", what="invalid_client")[1]
        assert asking.call("explain", what="RURI-02")[0] is False
        for tool in ("list_flows", "list_events", "list_tokens", "check", "doctor", "list_faults"):
            assert asking.call(tool)[0] is False, tool


def test_it_changes_nothing_until_it_is_allowed(gateway: SampleGateway) -> None:
    with agent(gateway.folder, gateway.environ) as asking:
        assert not asking.tools() & CHANGES
        refused = asking.ask("tools/call", name="set_fault", arguments={"name": "code-expired"})
        assert "--allow-changes" in refused["error"]["message"]
    with agent(gateway.folder, gateway.environ, "--allow-changes") as asking:
        assert asking.tools() >= CHANGES
        assert asking.call("set_fault", name="code-expired", times=2)[0] is False
        assert "code-expired" in asking.call("why")[1]
        assert asking.call("clear_faults")[0] is False
        assert asking.call("sign_in", person="ada")[0] is False
        said = asking.call("call_tool", person="ada", route="sample", tool="echo", arguments={"message": "hé"})
        assert (said[0], "hé" in said[1]) == (False, True)
        said = asking.call("call_tool", person="ada", route="sample", tool="fail")
        assert (said[0], '"isError": true' in said[1]) == (True, True), said


def test_no_secret_reaches_an_agent(gateway: SampleGateway) -> None:
    token = gateway.run("token", "--as", "ada").stdout.strip()
    httpx2.post(f"{gateway.origin}/mcp/sample", headers={"authorization": f"Bearer {token}"}, json={"token": token})
    (login,) = json.loads((gateway.state_dir / "logins.json").read_text())["logins"].values()
    with agent(gateway.folder, gateway.environ) as asking:
        ids = [json.loads(each)["id"] for each in asking.call("list_requests", count=25)[1].splitlines()]
        texts = [asking.call("show_request", id=each)[1] for each in ids]
        texts += [asking.call(each)[1] for each in ("why", "list_flows", "list_events", "list_tokens")]
    assert len(texts) > 10
    assert not [each for each in texts if token in each or login["refresh_token"] in each]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("show_flow", {}, "wants `id`"),
        ("show_flow", {"id": ""}, "wants `id`"),
        ("show_request", {"id": " "}, "wants `id`"),
        ("explain", {"what": "\n"}, "wants `what`"),
        ("show_flow", {"id": 7}, "`id` must be of the type string"),
        ("why", {"flow": "f-1", "save": "x"}, "has no argument `save`"),
        ("show_flow", {"id": "--save=stolen"}, "--save=stolen"),
        ("show_request", {"id": "--help"}, "--help"),
        ("list_requests", {"count": True}, "must be of the type integer"),
        ("explain", {"what": "a\0b"}, "must be of the type string"),
    ],
)
def test_arguments_are_values_and_never_flags(
    gateway: SampleGateway, tool: str, arguments: dict[str, Any], words: str
) -> None:
    with agent(gateway.folder, gateway.environ) as asking:
        failed, text = asking.call(tool, **arguments)
    assert (failed, words in text, "Usage" in text) == (True, True, False), text
    assert not (gateway.folder / "stolen").exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", -32700),
        (b"[]", -32700),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"resources/list"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"zzz"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"why","arguments":[1]}}', -32602),
        (b"\xff\xfe" * 10, -32700),
    ],
)
def test_what_is_no_request_is_answered_with_its_error_and_the_next_one_is_heard(
    tmp_path: Path, line: bytes, code: int
) -> None:
    with agent(tmp_path) as asking:
        asking.send(b"")
        asking.send(b'{"jsonrpc":"2.0","id":9,"result":{}}')
        asking.send(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}')
        asking.send(line)
        assert asking.read()["error"]["code"] == code
        assert asking.ask("ping")["result"] == {}


def test_questions_from_a_pipe_are_answered_to_the_last(tmp_path: Path) -> None:
    asked = [{"jsonrpc": "2.0", "id": each, "method": "tools/call", "params": {"name": "why"}} for each in range(3)]
    lines = "".join(f"{json.dumps(each)}\n" for each in asked)
    done = subprocess.run(devgw("mcp"), cwd=tmp_path, input=lines.encode(), capture_output=True, check=True)
    assert sorted(json.loads(each)["id"] for each in done.stdout.splitlines()) == [0, 1, 2]


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C is no signal there")
def test_it_ends_at_once_at_ctrl_c_while_nothing_comes(tmp_path: Path) -> None:
    command = devgw("mcp")
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert Agent(process).ask("ping")["result"] == {}
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_it_ends_where_it_has_no_input(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *devgw("mcp")],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_without_a_gateway_an_agent_is_told_how_to_start_one(tmp_path: Path) -> None:
    with agent(tmp_path) as asking:
        failed, text = asking.call("why")
    assert (failed, "Start one with `devgw up`" in text) == (True, True)


@pytest.mark.parametrize("what", ["\ud800", "a\udfffb", "A" * 400_000])
def test_a_question_that_no_command_can_be_given_is_answered(tmp_path: Path, what: str) -> None:
    with agent(tmp_path) as asking:
        failed, text = asking.call("explain", what=what)
        assert (failed, "Traceback" in text) == (True, False), text
        assert asking.ask("ping")["result"] == {}


def test_a_message_that_is_too_long_is_answered_once_and_nothing_of_it_is_taken_for_another(tmp_path: Path) -> None:
    with agent(tmp_path) as asking:
        asking.send(b'{"jsonrpc":"2.0","id":1,"method":"ping","x":"' + b"A" * 5_000_000 + b'"}')
        assert asking.read()["error"]["code"] == -32700
        assert asking.ask("ping")["result"] == {}


def test_of_many_questions_at_once_each_is_answered(tmp_path: Path) -> None:
    asked = [
        {
            "jsonrpc": "2.0",
            "id": each,
            "method": "tools/call",
            "params": {"name": "explain", "arguments": {"what": "x"}},
        }
        for each in range(6)
    ]
    with agent(tmp_path) as asking:
        for each in asked:
            asking.send(json.dumps(each).encode())
        assert sorted(asking.read()["id"] for _ in asked) == list(range(6))
