"""Commands to copy: whatever a project calls its routes, a shell sees the words that were meant."""

import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from devgw.foreign.client_setup import CLAUDE_CODE
from devgw.foreign.shell import PASTE_ADDRESS, server_name, server_names
from tests.support.serving import listen

BEGINNING = ["claude", "mcp", "add", "--transport", "http"]
HOSTILE = [
    "a b",
    "x;id",
    "x$(id)",
    "`id`",
    "-rf",
    "--scope",
    "a\nb",
    "a/b",
    "..",
    "a'b",
    'a"b',
    "é",
    "a|b",
    "a&b",
    "\x1b[31m",
]


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 300])
def test_an_id_is_one_plain_word_of_the_command(name: str) -> None:
    words = shlex.split(CLAUDE_CODE.adding(name, "http://localhost:9000/mcp/a"))
    assert words == [*BEGINNING, server_name(name), "http://localhost:9000/mcp/a"]
    assert 0 < len(server_name(name)) <= 64
    assert server_name(name).replace("-", "").replace("_", "").isascii()
    assert server_name(name)[0] != "-"


@pytest.mark.parametrize(
    "path", ["/mcp/a;touch$IFS/x", "/mcp/$(id)", "/mcp/it's", "/mcp/a&b", "/mcp/!x", "/mcp/a';id;'"]
)
def test_a_path_is_a_part_of_one_word(path: str) -> None:
    url = f"http://localhost:9000{path}"
    assert shlex.split(CLAUDE_CODE.adding("a", url))[-1] == url


def test_usual_names_and_addresses_stand_as_they_are() -> None:
    url = "http://localhost:9000/mcp/sample"
    assert CLAUDE_CODE.adding("sample_1-a", url) == f"claude mcp add --transport http sample_1-a {url}"


@pytest.mark.parametrize(
    "wanted",
    [
        ["工具", "книга", "é", "///"],
        ["a b", "a/b", "a-b", "a-b-2"],
        ["x" * 64, "x" * 65, "x" * 300],
        ["A", "a"],
        ["devgw", "!", "devgw-2"],
        ["a"] * 20,
    ],
)
def test_no_two_routes_get_one_name_under_which_the_later_would_take_the_place_of_the_earlier(
    wanted: list[str],
) -> None:
    names = server_names(wanted)
    assert len({each.lower() for each in names}) == len(wanted)
    assert names == [server_name(each) for each in names], "and each is a name as it stands"


def test_names_that_differ_stay_as_they_are() -> None:
    assert server_names(["calc", "notes", "工具"]) == ["calc", "notes", "devgw"]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    "path",
    [
        "/callback?code=a&state=b&iss=http://localhost:9000",
        "/';touch$IFS'pwned';'?code=a&state=b",
        "/$(touch$IFS.pwned)?code=a",
        '/";touch$IFS.pwned;"?code=a',
        "/a\\nb?code=a",
    ],
)
def test_a_pasted_address_reaches_the_client_whole_and_is_no_word_of_the_shell(
    path: str, shell: str, tmp_path: Path
) -> None:
    environ = os.environ | {"http_proxy": "http://127.0.0.1:1", "no_proxy": ""}
    with listen() as client:
        client.listen()
        client.settimeout(10)
        address = f"http://127.0.0.1:{client.getsockname()[1]}{path}\n"
        process = subprocess.Popen(
            [shell, "-c", PASTE_ADDRESS],
            stdin=subprocess.PIPE,
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        process.stdin.write(address.encode())
        process.stdin.close()
        asked = _first_line(client)
        process.wait(10)
    assert asked == f"GET {path} HTTP/1.1"
    assert not list(tmp_path.iterdir())


def _first_line(client: socket.socket) -> str:
    connection, _ = client.accept()
    with connection, connection.makefile("rb") as lines:
        found = lines.readline().decode().strip()
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    return found
