"""`devgw login`, `token` and `call`: a client in the box, for whoever has none at hand, and for scripts."""

import asyncio
import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from devgw.cli.call import tool_cells
from tests.support.browser import Browser
from tests.support.gateway import mcp_request
from tests.support.sample_gateway import SampleGateway, sample_gateway
from tests.support.terminal import devgw

KEPT = "logins.json"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleGateway]:
    with sample_gateway(tmp_path_factory.mktemp("box")) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_signed_in(gateway: SampleGateway) -> None:
    (gateway.state_dir / KEPT).unlink(missing_ok=True)


def kept(gateway: SampleGateway) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((gateway.state_dir / KEPT).read_text())["logins"]
    return found


def status_of(gateway: SampleGateway, token: str) -> int:
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    return httpx2.post(f"{gateway.origin}/mcp/sample", json=mcp_request("tools/list"), headers=headers).status_code


def test_somebody_of_the_emulator_signs_in_by_itself_and_calls_a_tool(gateway: SampleGateway) -> None:
    listed = gateway.run("call", "--as", "carmen")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "echo" in listed.stdout
    assert "a b" in next(line for line in listed.stdout.splitlines() if line.startswith("add "))
    assert "[zone]" in next(line for line in listed.stdout.splitlines() if line.startswith("current_time "))

    said = gateway.run("call", "sample", "echo", "message=07", "--as", "carmen")
    assert (said.returncode, said.stdout) == (0, "07\n")
    flows = [json.loads(each)["state"] for each in gateway.run("flows", "--json").stdout.splitlines()]
    assert flows.count("done") == 1, "the second call has the login of the first"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["/mcp/sample", "add", "a=1", "b=2"], 0, '"sum": 3'),
        (["sample", "add", '{"a": 1, "b": 2.5}'], 0, '"sum": 3.5'),
        (["sample", "echo", 'message={"a":1}'], 0, '{"a":1}'),
        (["sample", "echo", '{"message": "\\ud800"}'], 0, "\\u{d800}"),
        (["sample", "fail"], 1, ""),
    ],
)
def test_arguments_are_what_the_tool_wants_and_its_failure_is_the_commands(
    gateway: SampleGateway, arguments: list[str], code: int, words: str
) -> None:
    done = gateway.run("call", *arguments, "--as", "ada")
    assert (done.returncode, words in done.stdout) == (code, True), (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "There are: /mcp/sample, /mcp/notes."),
        (["sample", "ech"], "There is no tool ech."),
        (["sample", "add", "a"], "a is no argument."),
        (["sample", "add", '{"a":'], "The arguments are no JSON object"),
        (["sample", "--as", "zed"], "nobody there is called zed; there are: Ada Admin"),
    ],
)
def test_what_cannot_be_called_is_said_with_what_could(
    gateway: SampleGateway, arguments: list[str], words: str
) -> None:
    done = gateway.run("call", "--as", "ada", *arguments)
    assert (done.returncode, done.stdout, words in done.stderr) == (1, "", True), done.stderr


def test_the_account_at_an_upstream_is_connected_on_the_way(gateway: SampleGateway) -> None:
    done = gateway.run("call", "notes", "echo", "message=hello", "--as", "bob")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    assert "up:notes:" in gateway.run("tokens").stdout


def test_the_token_is_all_that_is_printed_and_one_that_is_over_is_renewed(gateway: SampleGateway) -> None:
    first = gateway.run("token", "--as", "ada")
    assert status_of(gateway, first.stdout.strip()) == 200, first.stderr
    assert gateway.run("token").stdout == first.stdout

    logins = kept(gateway)
    for each in logins.values():
        each["expires_at"] = 0  # type: ignore[assignment]
    (gateway.state_dir / KEPT).write_text(json.dumps({"logins": logins}))
    second = gateway.run("token")
    assert second.stdout != first.stdout
    assert status_of(gateway, second.stdout.strip()) == 200
    assert [each["client_id"] for each in kept(gateway).values()] == [each["client_id"] for each in logins.values()]


def test_a_token_that_was_revoked_is_no_longer_given_out(gateway: SampleGateway) -> None:
    token = gateway.run("token", "--as", "ada").stdout.strip()
    (login,) = kept(gateway).values()
    form = {"token": login["refresh_token"], "client_id": login["client_id"]}
    assert httpx2.post(f"{gateway.origin}/oauth/revoke", data=form).status_code == 200
    assert status_of(gateway, token) == 401
    again = gateway.run("token", "--as", "ada").stdout.strip()
    assert again != token
    assert status_of(gateway, again) == 200


def test_another_person_has_a_login_of_their_own(gateway: SampleGateway) -> None:
    assert gateway.run("login", "--as", "ada").returncode == 0
    said = gateway.run("call", "sample", "whoami", "--as", "bob")
    assert said.returncode == 0, said.stderr
    assert [each["person"] for each in kept(gateway).values()] == ["bob"]


async def test_with_a_browser_the_person_signs_in_there(gateway: SampleGateway) -> None:
    process = await asyncio.create_subprocess_exec(
        *devgw("login", "sample"),
        cwd=gateway.folder,
        env=gateway.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    async with Browser() as browser, asyncio.timeout(30):
        lines = [(await process.stderr.readline()).decode() for _ in range(2)]
        await browser.open(lines[1].strip())
        await browser.press("Ada")
        await browser.press("Allow")
        assert browser.page is not None
        assert "Signed in" in browser.page.text
        said, _ = await process.communicate()
    assert (process.returncode, b"Signed in at" in said) == (0, True)


def test_the_login_is_kept_for_its_owner_alone_and_what_stands_in_its_place_is_not_followed(
    gateway: SampleGateway, tmp_path: Path
) -> None:
    assert gateway.run("login", "--as", "ada").returncode == 0
    path = gateway.state_dir / KEPT
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for content in ("", "[]", '{"logins": 1}', '{"logins": {"x": {"client_id": 1}}}', "\ufeff{"):
        path.write_text(content)
        assert gateway.run("login", "--as", "ada").returncode == 0
    path.unlink()
    outside = tmp_path / "outside.json"
    outside.write_text("precious")
    path.symlink_to(outside)
    refused = gateway.run("call", "--as", "ada")
    assert (refused.returncode, "symbolic link" in refused.stderr, "Traceback" in refused.stderr) == (1, True, False)
    assert outside.read_text() == "precious"


def test_without_a_gateway_the_command_to_start_one_is_said(tmp_path: Path) -> None:
    done = subprocess.run(devgw("call"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Start one with `devgw up`" in done.stderr) == (1, True)


@pytest.mark.parametrize("odd", [None, 7, True, "ab", {}, [None, {}, ["a"]]])
def test_a_tool_is_listed_whatever_its_schema_says_is_required(odd: object) -> None:
    schema = {"properties": {"a": {"type": odd}, "b": odd}, "required": odd}
    assert tool_cells({"name": "t", "inputSchema": schema}) == ["t", "[a] [b]", ""]


@pytest.mark.parametrize("odd", [None, 7, True, [], ["a"], {"a": None}])
def test_a_tool_is_listed_whatever_it_says_in_the_place_of_texts_and_schemas(odd: object) -> None:
    assert tool_cells({"name": odd, "description": odd, "title": odd, "inputSchema": odd}) == ["", "", ""]
    assert tool_cells({"name": "t", "title": "T", "description": odd, "inputSchema": {"properties": odd}})[::2] == [
        "t",
        "T",
    ]
