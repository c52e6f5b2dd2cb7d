"""The person's own colours and columns: kept, read again, and what is wrong in them said with its line."""

import os
from pathlib import Path

import pytest

from devgw.clock import FrozenClock
from devgw.dashboard.app import Dashboard, Wearing
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.keys.looks import as_toml, hidden_columns, own_palette
from devgw.dashboard.keys.person import keymap
from devgw.dashboard.look.palette import LIGHT
from devgw.dashboard.theme_choice import wanted_theme
from devgw.dashboard.views.catalog import VIEWS
from tests.dashboard.bench import Bench


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "devgw"
    found.mkdir()
    return found


def test_a_column_is_left_out_by_its_letter_and_shown_again(bench: Bench) -> None:
    bench.press("3", "C")
    assert "Columns of Tokens" in bench.text()
    letter = next(each.letter for each in bench.desk.overlay.choices if each.label == "PERSON")  # type: ignore[union-attr]  # a menu is open
    bench.press(letter, "esc")
    heads = bench.text().splitlines()[3]
    assert "CLIENT" in heads
    assert "PERSON" not in heads
    assert bench.port.did[-1] == ("columns", {"tokens": {"PERSON"}})

    bench.press("C", letter, "esc")
    assert "PERSON" in bench.text().splitlines()[3]
    assert bench.port.did[-1] == ("columns", {})


def test_a_click_on_a_title_finds_its_column_beside_one_that_is_left_out(bench: Bench) -> None:
    bench.size = (200, 50)
    bench.press("3", "C", "a", "esc")
    assert [each.title for each in bench.desk.columns] == [
        each.title for each in bench.desk.view.columns if each.title not in bench.desk.listing.hidden
    ]


def test_the_choice_is_kept_between_runs(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    app = Dashboard(tmp_path, FrozenClock(), KEYMAP, Wearing(), environment=environment, is_live=False)
    app.desk.port.keep_columns({"tokens": {"USES", "ROUTE"}, "flows": set()})

    assert hidden_columns(environment) == ({"tokens": ["ROUTE", "USES"]}, ())


@pytest.mark.parametrize("view", VIEWS, ids=lambda each: each.name)
def test_every_column_can_be_kept_as_left_out(view: object, folder: Path, tmp_path: Path) -> None:
    titles = {each.title for each in view.columns}  # type: ignore[attr-defined]  # a view
    (folder / "columns.toml").write_text(as_toml({view.name: titles}))  # type: ignore[attr-defined]  # the same

    hidden, mistakes = hidden_columns({"XDG_CONFIG_HOME": str(tmp_path)})
    assert mistakes == ()
    assert set(hidden[view.name]) == titles  # type: ignore[attr-defined]  # the same


def test_own_colours_stand_on_a_base_and_are_the_usual_theme_then(folder: Path, tmp_path: Path) -> None:
    (folder / "theme.toml").write_text('base = "light"\nok = "#123456"\n')
    palette, mistakes = own_palette({"XDG_CONFIG_HOME": str(tmp_path)})

    assert mistakes == ()
    assert palette is not None
    assert (palette.name, palette.ok, palette.bad) == ("own", "#123456", LIGHT.bad)
    assert wanted_theme("", {}, ["devgw-dark", "own"]) == "own"
    assert wanted_theme("dark", {}, ["devgw-dark", "own"]) == "devgw-dark"
    assert wanted_theme("", {}) == "devgw-dark"


WRONG = ["1", "1.5", "true", "2026-01-01", "[]", "[1]", '["x", ["y"]]', "{}", "{ a = 1 }", "[{}]", "nan", '""']


@pytest.mark.parametrize("value", WRONG)
def test_a_value_of_another_kind_is_a_mistake_with_its_line(value: str, folder: Path, tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    colours = ["base", "ok", "tab_text"]
    (folder / "theme.toml").write_text("".join(f"{each} = {value}\n" for each in colours))
    palette, mistakes = own_palette(environment)
    assert palette is None
    assert [each.partition(":")[0] for each in mistakes] == [f"theme.toml, line {number}" for number in (1, 2, 3)]

    (folder / "keys.toml").write_text(f"copy = {value}\n[revoke]\nx = {value}\n")
    found, mistakes = keymap(environment)
    assert [each.partition(":")[0] for each in mistakes] == ["keys.toml, line 1", "keys.toml, line 2"]
    assert [each.id for each in found.by_key["y"]] == ["copy"]

    (folder / "columns.toml").write_text(f"tokens = {value}\n[[flows]]\nx = {value}\n")
    hidden, mistakes = hidden_columns(environment)
    assert all(titles == [] for titles in hidden.values())
    assert len(mistakes) == 2 - (value == "[]")


@pytest.mark.parametrize("name", ["theme.toml", "keys.toml", "columns.toml"])
@pytest.mark.parametrize("what", ["folder", "pipe", "link", "bytes", "no toml", "nul"])
def test_a_file_of_ones_own_that_cannot_be_read_changes_nothing(
    name: str, what: str, folder: Path, tmp_path: Path
) -> None:
    path = folder / name
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to(path)
    else:
        path.write_bytes({"bytes": b'copy = "\xff"', "no toml": b"= =", "nul": b"a = '\0'"}[what])
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    said = (*own_palette(environment)[1], *keymap(environment)[1], *hidden_columns(environment)[1])
    assert [each.partition(": ")[0] for each in said] == [f"{name} changes nothing"]


def test_what_is_wrong_is_said_with_its_line_and_the_rest_holds(folder: Path, tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    (folder / "theme.toml").write_text('okk = "#123456"\nbad = "red"\nbase = "drak"\nwarn = "#000001"\n')
    palette, mistakes = own_palette(environment)
    assert palette is not None
    assert palette.warn == "#000001"
    assert mistakes == (
        "theme.toml, line 1: nothing is called okk: did you mean 'ok'?",
        'theme.toml, line 2: bad wants a colour such as bad = "#56b4e9"',
        "theme.toml, line 3: base is 'drak': did you mean 'dark'?",
    )

    (folder / "columns.toml").write_text('token = ["USES"]\ntokens = ["USE"]\nflows = "WHY"\ntraces = ["NOTE"]\n')
    hidden, mistakes = hidden_columns(environment)
    assert hidden == {"traces": ["NOTE"]}
    assert [each.partition(":")[0] for each in mistakes] == [f"columns.toml, line {number}" for number in (1, 2, 3)]
    assert "did you mean 'tokens'?" in mistakes[0]
    assert "did you mean 'USES'?" in mistakes[1]


def test_a_column_that_stands_for_another_in_a_narrow_list_says_so(bench: Bench) -> None:
    bench.press("1", "C")
    assert "WHERE / WHY            in a narrow list" in bench.text()
    bench.press("g")

    assert "WHY / LAST EVENT       left out" in bench.text()
    assert "WHERE / WHY            shown" in bench.text()
