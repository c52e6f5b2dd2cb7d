"""`devgw up` as the program it is: what it says when it cannot start, and how it ends."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dashboard.test_child import is_alive
from tests.support.terminal import Terminal, devgw

BROKEN = '{"policies": [\n  {"name": "a" "policyType": "x"}\n]}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    subprocess.run(devgw("init", str(folder)), check=True, capture_output=True)
    return folder


def up(*arguments: str, here: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it where it does not start, and return what it said."""
    return subprocess.run(
        devgw("up", *arguments),
        cwd=here,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
        timeout=30,
    )


@contextmanager
def running(project: Path, *more: str, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    """Run it until the block ends; it has said where it answers."""
    process = subprocess.Popen(
        devgw("up", "--port=0", *more),
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until_it_answers(process: "subprocess.Popen[str]") -> list[str]:
    """Return the lines up to the one that says so."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "gateway answers at" in line:
            return lines
    raise AssertionError(lines)


def test_a_broken_configuration_is_shown_with_line_and_caret_as_check_does(project: Path) -> None:
    (project / "config" / "policies.json").write_text(BROKEN)
    done = up("--headless", "--port=0", here=project)
    checked = subprocess.run(devgw("check"), cwd=project, capture_output=True, text=True, check=False).stdout
    assert done.returncode == 1
    assert "config/policies.json:2:14: error: A comma is missing" in done.stderr
    assert '2 |   {"name": "a" "policyType": "x"}' in done.stderr
    assert done.stderr.splitlines()[:4] == checked.splitlines()[:4]
    assert done.stderr.splitlines()[-1] == "devgw does not start: 1 error here."


def test_files_are_named_as_the_current_directory_finds_them(project: Path) -> None:
    (project / "config" / "policies.json").write_text(BROKEN)
    done = up(str(project), "--headless", "--port=0", here=project.parent)
    assert done.stderr.startswith("p/config/policies.json:2:14: error:")
    assert done.stderr.splitlines()[-1] == "devgw does not start: 1 error in p."


def test_programs_read_why_as_one_more_object(project: Path) -> None:
    (project / "config" / "policies.json").write_text(BROKEN)
    told = json.loads(up("--json", "--port=0", here=project).stdout)
    assert (told["event"], told["reasonCode"]) == ("gateway_not_started", "configuration_invalid")
    assert [(each["file"], each["line"]) for each in told["findings"]] == [("config/policies.json", 2)]


def test_a_taken_port_is_named_with_its_holder_and_what_another_one_changes(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = up("--json", f"--port={port}", here=project)
    told = json.loads(done.stdout)
    assert told["reasonCode"] == "port_taken"
    assert f"(pid {os.getpid()})" in told["text"]
    where = "has to be among the redirectUris in emulators/workos.json"
    assert f"http://localhost:{port + 1}/oauth/callback {where}" in done.stderr


def test_before_any_dashboard_a_taken_port_is_said_with_its_holder(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        screen = Terminal(devgw("up", str(project), f"--port={port}"))
        try:
            assert screen.wait() == 1
        finally:
            screen.end()

    said = " ".join(screen.text.split())
    assert f"Port {port} is taken by " in said
    assert "or start with --port " in said
    assert "\x1b[?1049h" not in screen.text


@pytest.mark.parametrize(
    ("toml", "plugin", "callback"),
    [
        ("", "", "http://localhost:{port}/oauth/callback"),
        ('base_path = "/dev"', "", "http://localhost:{port}/dev/oauth/callback"),
        ("", '{ basePath: "/dev" }', "http://localhost:{port}/dev/oauth/callback"),
        ("deployed.strict = true", "", "http://localhost:{port}/__zuplo/oauth/callback"),
        ("deployed.base_path = true", "", "http://localhost:{port}/__zuplo/oauth/callback"),
        ('origin = "https://gw.example.com"', "", ""),
    ],
)
def test_what_another_port_changes_at_the_provider_is_what_it_would_have_to_know(
    project: Path, toml: str, plugin: str, callback: str
) -> None:
    """Nothing, where browsers come by an origin of its own."""
    (project / "devgw.toml").write_text(toml)
    (project / "modules/zuplo.runtime.ts").write_text(f"runtime.addPlugin(new McpGatewayPlugin({plugin}));\n")
    (project / ".env").write_text(
        "WORKOS_CLIENT_ID=client_01KC6057N3C66XJAXZ65YHAC72\nWORKOS_CLIENT_SECRET=sk_test_abcdefghijklmnop\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = up("--json", "--trust", f"--port={port}", here=project)
    told = json.loads(done.stdout)["text"]
    assert f"start with --port {port + 1}" in told
    named = callback.format(port=port + 1)
    assert f"then {named} has to be registered at the identity provider" in told if named else "callback" not in told


def test_an_address_of_another_machine_is_refused_in_words(project: Path) -> None:
    done = up("--headless", "--port=0", "--host=192.0.2.1", here=project)
    assert done.returncode == 1
    assert "devgw cannot listen on 192.0.2.1" in done.stderr
    assert "Errno" not in done.stderr


def test_a_state_directory_that_cannot_be_written_is_named_with_the_ways_out(project: Path) -> None:
    (project / "file").write_text("")
    for flags in (["--headless"], ["--json"]):
        done = up(*flags, "--port=0", "--state-dir=file", here=project)
        assert done.returncode == 1
        assert "cannot be used" in done.stderr
        assert "--state-dir" in done.stderr
    assert json.loads(done.stdout)["reasonCode"] == "state_directory_unusable"


def test_a_second_gateway_in_one_project_is_refused_before_any_dashboard(project: Path) -> None:
    with running(project, "--headless") as first:
        until_it_answers(first)
        done = up("--headless", "--port=0", here=project)
        screen = Terminal(devgw("up", str(project), "--port=0"))
        try:
            status = screen.wait()
        finally:
            screen.end()
    assert done.returncode == status == 1
    for said in (done.stderr, screen.text):
        assert f"process {first.pid} holds" in " ".join(said.split())
    assert "devgw attach" in done.stderr
    assert b"\x1b[?1049h" not in screen.output


def test_without_a_terminal_it_says_so_and_prints_event_lines(project: Path) -> None:
    with running(project, NO_TTY="1") as process:
        lines = until_it_answers(process)
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=20)
    assert process.returncode == 0
    assert complaints.startswith("devgw: no dashboard here (NO_TTY is set)")
    assert "gateway stops" in rest
    assert "\x1b" not in "".join(lines) + rest + complaints
    assert sum("claude mcp add --transport http" in line for line in lines) == 2


def test_json_is_json_to_the_last_line(project: Path) -> None:
    with running(project, "--json") as process:
        lines = until_it_answers(process)
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=20)
    told = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert [each["event"] for each in told] == ["config_loaded", "gateway_started", "gateway_stopping"]
    assert complaints == ""
    assert process.returncode == 0


def test_closing_the_window_ends_gateway_and_dashboard_and_frees_the_project(project: Path) -> None:
    screen = Terminal(devgw("up", str(project), "--port=0"))
    try:
        assert screen.shows("live"), screen.text[-2_000:]
        gateway = int((project / ".devgw" / "gateway.lock").read_text())
        screen.close()
        assert screen.wait() == 128 + signal.SIGHUP
    finally:
        screen.end()
    assert not is_alive(gateway)
    with running(project, "--headless") as again:
        until_it_answers(again)


def test_the_dashboard_shows_why_its_gateway_does_not_start_and_one_key_tries_again(project: Path) -> None:
    policies = project / "config" / "policies.json"
    good = policies.read_text()
    policies.write_text(BROKEN)
    screen = Terminal(devgw("up", str(project), "--port=0"))
    try:
        assert screen.shows("The gateway ended (exit status 1)"), screen.text[-2_000:]
        assert screen.shows("A comma is missing")
        assert screen.shows("^")
        policies.write_text(good)
        screen.send(b"R")
        assert screen.shows("live")
        screen.send(b"Q")
        assert screen.wait() == 0
    finally:
        screen.end()
