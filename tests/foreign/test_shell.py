"""Commands to copy: whatever a project calls its routes, a shell sees the words that were meant."""

import shlex

import pytest

from devgw.foreign.shell import add_to_claude, server_name, server_names

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
    words = shlex.split(add_to_claude(name, "http://localhost:9000/mcp/a"))
    assert words == [*BEGINNING, server_name(name), "http://localhost:9000/mcp/a"]
    assert 0 < len(server_name(name)) <= 64
    assert server_name(name).replace("-", "").replace("_", "").isascii()
    assert server_name(name)[0] != "-"


@pytest.mark.parametrize(
    "path", ["/mcp/a;touch$IFS/x", "/mcp/$(id)", "/mcp/it's", "/mcp/a&b", "/mcp/!x", "/mcp/a';id;'"]
)
def test_a_path_is_a_part_of_one_word(path: str) -> None:
    url = f"http://localhost:9000{path}"
    assert shlex.split(add_to_claude("a", url))[-1] == url


def test_usual_names_and_addresses_stand_as_they_are() -> None:
    url = "http://localhost:9000/mcp/sample"
    assert add_to_claude("sample_1-a", url) == f"claude mcp add --transport http sample_1-a {url}"


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
