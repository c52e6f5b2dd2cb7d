"""Copies and exports: private files, never over another one."""

import stat
from pathlib import Path

import pytest

from devgw.clock import FrozenClock
from devgw.dashboard.app import Dashboard, Wearing
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.keys.person import keymap
from devgw.dashboard.look.palette import PALETTES
from devgw.dashboard.port import Port
from devgw.dashboard.terminal import why_none
from devgw.dashboard.theme_choice import THEMES, wanted_theme


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Port:
    monkeypatch.chdir(tmp_path)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    app = Dashboard(tmp_path, FrozenClock(), KEYMAP, Wearing(), environment=environment, is_live=False)
    return app.desk.port


def test_a_copy_also_lies_in_a_private_file(port: Port, tmp_path: Path) -> None:
    """OSC 52 gives no answer, and some terminals ignore it."""
    said = port.copy("http://localhost:9000/mcp")

    clip = tmp_path / "cache" / "devgw" / "clip"
    assert clip.read_text() == "http://localhost:9000/mcp"
    assert stat.S_IMODE(clip.stat().st_mode) == 0o600
    assert said.startswith("copied 25 characters, also in ")


def test_an_export_is_private_and_never_overwrites(port: Port, tmp_path: Path) -> None:
    first, second = port.write("devgw.har", "one"), port.write("devgw.har", "two")

    assert (Path(first).name, Path(second).name) == ("devgw.har", "devgw-2.har")
    assert (tmp_path / "devgw.har").read_text() == "one"
    assert stat.S_IMODE((tmp_path / "devgw-2.har").stat().st_mode) == 0o600


def test_half_a_character_is_copied_and_exported_written_out(port: Port, tmp_path: Path) -> None:
    port.copy("a\ud800b")
    assert (tmp_path / "cache" / "devgw" / "clip").read_text() == r"a\ud800b"
    assert Path(port.write("devgw.har", "a\udfffb")).name == "devgw.har"
    assert (tmp_path / "devgw.har").read_text() == r"a\udfffb"


def test_the_person_can_change_keys_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    file = tmp_path / "devgw" / "keys.toml"
    file.parent.mkdir()

    file.write_text('revoke = "X"\n')
    found = keymap(environment)[0].find("X", "X", "tokens")
    assert found is not None
    assert found.id == "revoke"
    file.write_bytes(b'revoke = "\xff"\n')
    keys, (mistake,) = keymap(environment)
    assert keys is KEYMAP
    assert "keys.toml changes nothing" in mistake


def test_what_is_wrong_in_the_keys_is_said_with_its_line_and_the_rest_holds(tmp_path: Path) -> None:
    file = tmp_path / "devgw" / "keys.toml"
    file.parent.mkdir()
    file.write_text('# mine\nrevok = "X"\nsort = 7\nzzz = "a"\nexport = "E"\n[palette]\nkey = "p"\n')

    keys, mistakes = keymap({"XDG_CONFIG_HOME": str(tmp_path)})

    unknown = f"keys.toml, line 4: nothing is called zzz: known: {' '.join(sorted(each.id for each in KEYMAP.all))}"
    assert mistakes == (
        "keys.toml, line 2: nothing is called revok: did you mean 'revoke'?",
        'keys.toml, line 3: sort wants keys as text, as in sort = "x" or sort = "x, ctrl+x"',
        unknown,
        'keys.toml, line 6: palette wants keys as text, as in palette = "x" or palette = "x, ctrl+x"',
    )
    found = keys.find("E", "E", "flows")
    assert found is not None
    assert found.id == "export"


def test_in_the_terminal_of_vs_code_the_palette_has_a_key_that_arrives(tmp_path: Path) -> None:
    """VS Code opens its own palette at ^P and F1."""
    elsewhere, there = (
        keymap({"XDG_CONFIG_HOME": str(tmp_path), "TERM_PROGRAM": each})[0] for each in ("tmux", "vscode")
    )
    shown = [next(each.shown for each in one.all if each.id == "palette") for one in (elsewhere, there)]
    assert shown == ["^P", ";"]
    for one in (elsewhere, there):
        found = one.find("semicolon", ";", "flows")
        assert found is not None
        assert found.id == "palette"


@pytest.mark.parametrize(
    ("wanted", "environment", "theme"),
    [
        ("light", {}, "devgw-light"),
        ("", {"TEXTUAL_THEME": "ansi"}, "ansi"),
        ("", {"DEVGW_THEME": "contrast", "TEXTUAL_THEME": "ansi"}, "devgw-contrast"),
        ("", {"TEXTUAL_THEME": "monokai"}, "devgw-dark"),
    ],
)
def test_flag_and_environment_choose_the_theme(wanted: str, environment: dict[str, str], theme: str) -> None:
    assert wanted_theme(wanted, environment) == theme


def test_the_names_of_the_themes_are_told_without_importing_them() -> None:
    assert tuple(PALETTES) == THEMES


@pytest.mark.parametrize("environment", [{"NO_TTY": "1"}, {"TERM": "dumb"}])
def test_there_is_no_dashboard_where_the_environment_says_so(environment: dict[str, str]) -> None:
    assert why_none(environment) != ""


def keys_of(tmp_path: Path, text: str | bytes) -> tuple[Keymap, tuple[str, ...]]:
    file = tmp_path / "devgw" / "keys.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return keymap({"XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("delte", "no key is called delte: did you mean 'delete'?"),
        ("X, page_up", "no key is called page_up: did you mean 'pageup'?"),
        ("ctlr+x", "no key is called ctlr+x"),
        ("slash", "no key is called slash"),
    ],
)
def test_a_key_that_no_terminal_tells_is_said_with_the_nearest(tmp_path: Path, written: str, said: str) -> None:
    keys, (mistake,) = keys_of(tmp_path, f'# mine\nrevoke = "{written}"\n')

    assert mistake.startswith(f"keys.toml, line 2: {said}")
    assert keys.sign("revoke") == "d"


@pytest.mark.parametrize("written", ["X", "é", "ctrl+x", "ctrl++", "shift+f5", "f12", "ctrl+backslash", "A, insert"])
def test_every_key_that_a_terminal_tells_can_be_given(tmp_path: Path, written: str) -> None:
    assert keys_of(tmp_path, f'export = "{written}"\n')[1] == ()


def test_a_key_that_does_something_else_already_is_said_and_left_out(tmp_path: Path) -> None:
    keys, mistakes = keys_of(tmp_path, 'sort = "q"\nexport = "E"\n')

    assert mistakes == ("keys.toml: sort = 'q' is left out: q does back already",)
    assert (keys.sign("sort"), keys.sign("back"), keys.sign("export")) == ("s", "q", "E")


def test_two_keys_may_change_places(tmp_path: Path) -> None:
    keys, mistakes = keys_of(tmp_path, 'sort = "x"\nexport = "s"\n')

    assert mistakes == ()
    assert (keys.sign("sort"), keys.sign("export")) == ("x", "s")


def test_a_byte_that_is_no_text_is_said_with_its_line(tmp_path: Path) -> None:
    _, (mistake,) = keys_of(tmp_path, b'sort = "x"\nexport = "\xff"\n')

    assert mistake == "keys.toml changes nothing: line 2 has a byte that is no UTF-8"
