"""A project that uses the shell's environment is not run before somebody said yes, once, to just that."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from devgw.cli.trust import Wish
from devgw.config.outflow import Outflow
from tests.config.bench import POLICY_NAME, operation, policy, workos_options, write
from tests.support.terminal import Terminal, devgw

SHELL = {
    "WORKOS_CLIENT_ID": "client_01KC6057N3C66XJAXZ65YHAC72",
    "WORKOS_CLIENT_SECRET": "sk_test_1234567890abcdef",
    "API_KEY": "a-key-of-mine",
}
SAYS = "API_KEY  to  https://mcp.invalid"


def a_project(root: Path, upstream: str = "https://mcp.invalid/mcp") -> Path:
    root.mkdir(exist_ok=True)
    options = {"headers": [{"name": "x-key", "value": "$env(API_KEY)"}]}
    header = policy(options, "set-headers-inbound", "SetHeadersInboundPolicy", "headers")
    paths = {"/mcp/x": {"post": operation(upstream, inbound=[POLICY_NAME, "headers"])}}
    return write(root, [policy(workos_options()), header], paths)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return a_project(tmp_path / "p")


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "DEVGW_TRUST"}}
    return kept | SHELL | {"XDG_STATE_HOME": str(tmp_path / "state")}


def up(project: Path, shell: Mapping[str, str], *more: str) -> tuple[str, str]:
    """Start it without a terminal; return what it said until it answered or ended."""
    process = subprocess.Popen(
        devgw("up", "--headless", "--port=0", *more),
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(shell),
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "gateway answers at" in line or "gateway_started" in line:
            break
    process.kill()
    rest, errors = process.communicate()
    return said + rest, errors


def has_started(said: tuple[str, str]) -> bool:
    return "gateway answers at" in said[0]


def test_without_a_terminal_it_says_what_it_would_send_where_and_does_not_start(
    project: Path, shell: dict[str, str]
) -> None:
    said = up(project, shell)
    assert not has_started(said)
    assert SAYS in said[1]
    assert "--trust" in said[1]
    assert SHELL["API_KEY"] not in said[0] + said[1]
    told = json.loads(up(project, shell, "--json")[0].splitlines()[-1])
    assert (told["event"], told["reasonCode"]) == ("gateway_not_started", "project_not_trusted")


@pytest.mark.parametrize("written", ["\\u0024env(API_KEY)", "$\\u0065nv(API_KEY)", "$env(\\u0041PI_KEY)"])
def test_a_name_that_is_written_in_escapes_is_a_name(project: Path, shell: dict[str, str], written: str) -> None:
    file = project / "config" / "policies.json"
    file.write_text(file.read_text().replace("$env(API_KEY)", written))
    said, errors = up(project, shell)
    assert SAYS in errors
    assert "gateway answers at" not in said


@pytest.mark.parametrize("yes", ["--trust", "DEVGW_TRUST", "CI"])
def test_whoever_says_yes_beforehand_is_not_asked(project: Path, shell: dict[str, str], yes: str) -> None:
    said = up(project, shell, yes) if yes.startswith("--") else up(project, shell | {yes: "true"})
    assert has_started(said), said


def test_a_link_out_of_the_project_to_a_file_of_variables_needs_a_yes(
    project: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    (tmp_path / "credentials").write_text("API_KEY = another-one\n", encoding="utf-8")
    (project / ".env").symlink_to("../credentials")
    del shell["API_KEY"]
    said = up(project, shell)
    assert not has_started(said)
    assert f"From {(tmp_path / 'credentials').resolve()}, to which its .env is a link, it uses, and sends to" in said[1]
    assert SAYS in said[1]
    assert has_started(up(project, shell, "--trust"))


def test_a_project_that_takes_nothing_from_the_shell_just_starts(tmp_path: Path, shell: dict[str, str]) -> None:
    root = a_project(tmp_path / "own")
    (root / ".env").write_text("API_KEY=the-projects-own\n")
    del shell["API_KEY"]
    assert has_started(up(root, shell))


def test_an_empty_folder_runs_the_sample_whatever_the_shell_has(tmp_path: Path, shell: dict[str, str]) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    assert has_started(up(root, shell))
    assert has_started(up(root, {name: value for name, value in shell.items() if not name.startswith("WORKOS")}))


def test_the_sample_with_another_workos_needs_a_yes(tmp_path: Path, shell: dict[str, str]) -> None:
    """A folder from somebody else needs no `config/` to send the shell's WorkOS key away."""
    root = tmp_path / "away"
    (root / "config").mkdir(parents=True)
    (root / "devgw.toml").write_text('[workos]\nbase_url = "https://workos.invalid"\n')
    said = up(root, shell)
    assert not has_started(said)
    assert "WORKOS_CLIENT_SECRET  to  https://workos.invalid" in said[1]


def test_a_host_that_the_project_opens_needs_a_yes_and_one_of_the_person_needs_none(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    root = tmp_path / "open"
    root.mkdir()
    (root / "devgw.toml").write_text('host = "0.0.0.0"\n')
    said = up(root, shell)
    assert not has_started(said)
    assert 'host = "0.0.0.0": other machines can reach the gateway' in said[1]
    assert has_started(up(root, shell, "--host=127.0.0.1"))
    assert has_started(up(root, shell | {"DEVGW_HOST": "localhost"}))


def test_a_variable_in_a_text_that_everybody_reads_needs_a_yes(project: Path, shell: dict[str, str]) -> None:
    """A page of any site may read the metadata, in which the name of the route stands."""
    a_project(project, "http://localhost:9002/mcp")
    assert has_started(up(project, shell))
    file = project / "config" / "routes.oas.json"
    file.write_text(file.read_text().replace('"summary": "', '"summary": "$env(API_KEY) '))
    said = up(project, shell)
    assert not has_started(said)
    assert "API_KEY  to  whoever reads the gateway's pages and metadata" in said[1]
    assert SHELL["API_KEY"] not in said[0] + said[1]


def test_whatever_lets_others_in_needs_a_yes_and_of_the_person_none(tmp_path: Path, shell: dict[str, str]) -> None:
    """A sign-in would be sent to another machine, and pages from there could call."""
    root = tmp_path / "open"
    root.mkdir()
    (root / "devgw.toml").write_text('origin = "https://gw.invalid"\nallowed_origins = ["https://play.invalid"]\n')
    said = up(root, shell)
    assert not has_started(said)
    assert "By its devgw.toml: Pages of https://play.invalid may call the gateway." in said[1]
    assert "By its devgw.toml: Browsers and their sign-ins are sent to https://gw.invalid." in said[1]
    (root / "devgw.toml").unlink()
    assert has_started(up(root, shell | {"DEVGW_ALLOWED_ORIGINS": "https://play.invalid"}))


def test_who_is_put_in_the_place_of_workos_or_of_an_upstream_needs_a_yes(tmp_path: Path, shell: dict[str, str]) -> None:
    """Its `policies.json` names WorkOS, and a password would be typed elsewhere; no variable of the shell is in it."""
    root = tmp_path / "away"
    root.mkdir()
    shell = {name: value for name, value in shell.items() if name not in SHELL}
    laid = 'authorization_server_metadata = {authorization_endpoint = "https://login.invalid/x"}'
    (root / "devgw.toml").write_text(f'[workos]\nbase_url = "https://workos.invalid"\n[upstreams.linear]\n{laid}\n')
    said = up(root, shell)
    assert not has_started(said)
    assert "By its devgw.toml: People sign in at https://workos.invalid, in place of https://api.workos.com." in said[1]
    assert "The sign-in at the upstream `linear` uses https://login.invalid, by its `auth" in said[1]
    (root / "devgw.toml").unlink()
    assert has_started(up(root, shell | {"DEVGW_WORKOS_BASE_URL": "https://workos.invalid"} | SHELL, "--trust"))


def test_a_state_folder_elsewhere_needs_a_yes(tmp_path: Path, shell: dict[str, str]) -> None:
    """It may be another project's, with the accounts that were connected there."""
    root, other = tmp_path / "odd", tmp_path / "other" / ".devgw"
    root.mkdir()
    (root / "devgw.toml").write_text('state_dir = "../other/.devgw"\n')
    said = up(root, shell)
    assert not has_started(said)
    assert f"database and key outside of the project: {other}" in said[1]
    assert not other.exists()
    (root / "devgw.toml").write_text('state_dir = "state"\n')
    assert has_started(up(root, shell))
    (root / "devgw.toml").unlink()
    assert has_started(up(root, shell, f"--state-dir={other}"))


def test_the_doctor_sends_nothing_either(project: Path, shell: dict[str, str]) -> None:
    done = subprocess.run(
        devgw("doctor"), cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=shell, check=False
    )
    assert done.returncode == 1
    assert SAYS in done.stderr
    assert done.stdout == ""


def answer(project: Path, shell: Mapping[str, str], text: str) -> str:
    """Start it in a terminal, answer what it asks, and return what stood there."""
    terminal = Terminal(
        ["env", "-u", "CI", "-u", "DEVGW_TRUST", *devgw("up", str(project), "--headless", "--port=0")], env=shell
    )
    try:
        assert terminal.until(lambda: "y/N" in terminal.text or "gateway answers at" in terminal.text)
        if "gateway answers at" not in terminal.text:
            terminal.send(text.encode() + b"\r")
            assert terminal.until(lambda: "gateway answers at" in terminal.text or "Nothing was" in terminal.text)
        return terminal.text
    finally:
        terminal.end()


def test_in_a_terminal_it_asks_once_for_a_folder_and_what_it_uses(project: Path, shell: dict[str, str]) -> None:
    assert "Nothing was started" in answer(project, shell, "n")
    assert "Nothing was started" in answer(project, shell, "")
    assert "gateway answers at" in answer(project, shell, "y")
    assert "y/N" not in answer(project, shell, "")
    assert has_started(up(project, shell))
    kept = Path(shell["XDG_STATE_HOME"]) / "devgw" / "trusted.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(kept.read_text())) == [str(project.resolve())]
    assert not has_started(up(a_project(project, "https://elsewhere.invalid/mcp"), shell))
    assert not has_started(up(a_project(project.parent / "copy"), shell))


def test_each_origin_to_which_a_variable_goes_has_a_line_of_its_own() -> None:
    origins = [f"https://up{number}.example.com" for number in range(200)]
    wish = Wish(Path("/p"), tuple(Outflow("API_KEY", each) for each in origins))
    lines = wish.lines()
    assert [line.split()[-1] for line in lines[-200:]] == origins
    assert max(map(len, lines)) < 100
