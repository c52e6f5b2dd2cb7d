"""Every point at which devgw departs from the deployed gateway is marked, listed, asked and told."""

import ast
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import devgw
from devgw.cli import main
from devgw.config.settings_file import read_settings
from devgw.departure import STRICT, Departure
from devgw.settings import Settings
from devgw.wiring.departures import DEPARTURES, made, said

PACKAGE = Path(devgw.__file__).parent
CHANGEABLE = [each for each in DEPARTURES if each.setting]
FIXED = [each for each in DEPARTURES if not each.setting]


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def module_of(path: Path) -> ModuleType:
    return import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"))


def marks() -> dict[str, Departure]:
    """Return every mark of the code by the name under which its file has it."""
    found: dict[str, Departure] = {}
    for path, tree in sources():
        if "Departure(" in path.read_text("utf-8") and path.name != "departure.py":
            module = module_of(path)
            targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
            names = [each.id for each in targets if isinstance(each, ast.Name)]
            found |= {name: getattr(module, name) for name in names if isinstance(getattr(module, name), Departure)}
    return found


def asked() -> set[str]:
    """Return the names of all marks that a line of the code asks whether they are made."""
    return {
        node.value.id if isinstance(node.value, ast.Name) else node.value.attr
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "is_made"
        and isinstance(node.value, ast.Name | ast.Attribute)
    }


def settings_of(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "devgw.toml").write_text(text, "utf-8")
    settings, findings = read_settings(tmp_path, {})
    assert findings == ()
    return settings


def test_every_mark_in_the_code_is_on_the_page() -> None:
    assert {each.name for each in marks().values()} == {each.name for each in DEPARTURES}
    assert len({each.name for each in DEPARTURES}) == len(DEPARTURES)


def test_the_line_that_decides_asks_the_mark() -> None:
    """But for what has nothing to decide: a table that is empty lays nothing over anything."""
    changeable = {name for name, mark in marks().items() if mark.setting}

    assert changeable - asked() == {"MENDED_DOCUMENTS"}


@pytest.mark.parametrize("mark", DEPARTURES, ids=lambda each: each.name)
def test_a_mark_says_everything_and_either_how_or_why_not(mark: Departure) -> None:
    assert bool(mark.setting) != bool(mark.cannot)
    for sentence in (mark.here, mark.deployed, mark.why, *([mark.cannot] if mark.cannot else [])):
        assert sentence.endswith("."), sentence
    assert mark.source.startswith("https://zuplo.com/")


@pytest.mark.parametrize("mark", CHANGEABLE, ids=lambda each: each.name)
def test_its_setting_and_strict_both_make_it_as_deployed(mark: Departure, tmp_path: Path) -> None:
    assert not mark.is_made(settings_of(tmp_path, mark.setting))
    assert not mark.is_made(settings_of(tmp_path, STRICT))


def test_strict_leaves_nothing_that_a_setting_can_change(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, STRICT)

    assert made(settings) == ()
    assert said(settings) == f"strict, but for {len(FIXED)} points that no setting changes"


def test_one_setting_changes_one_point(tmp_path: Path) -> None:
    before = {each.name for each in made(Settings())}
    after = {each.name for each in made(settings_of(tmp_path, "[deployed]\ntoken_resource = true"))}

    assert before - after == {"token-resource"}


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        ("[proxy]\nstateful = true", "`proxy.stateful`"),
        ('[oauth]\nrefresh_tokens = "rotate"', "`oauth.refresh_tokens`"),
        ('[upstreams.linear.authorization_server_metadata]\nissuer = "https://a.example"', "`[upstreams]`"),
    ],
)
def test_what_does_nothing_beside_strict_is_a_finding(beside: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text(f"{STRICT}\n{beside}\n", "utf-8")
    settings, findings = read_settings(tmp_path, {})

    assert [each.code for each in findings] == ["deployed-strict"]
    assert named in findings[0].message
    assert made(settings) == ()


def test_what_is_written_off_or_elsewhere_beside_strict_is_a_finding_too(tmp_path: Path) -> None:
    text = f'base_path = "/dev"\n{STRICT}\nconsent = false\n'
    (tmp_path / "devgw.toml").write_text(text, "utf-8")
    settings, findings = read_settings(tmp_path, {})

    assert [each.message.split("`")[1] for each in findings] == ["base_path", "deployed.consent"]
    assert settings.deployed.consent
    assert settings.base_path is None


def test_strict_by_the_environment_is_strict(tmp_path: Path) -> None:
    settings, findings = read_settings(tmp_path, {"DEVGW_DEPLOYED_STRICT": "true"})

    assert findings == ()
    assert made(settings) == ()


def test_the_page_names_every_point_and_how_it_stands_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devgw.toml").write_text("[deployed]\nconsent = true\n", "utf-8")
    shown = CliRunner().invoke(main, ["explain", "deployed"])

    assert shown.exit_code == 0, shown.output
    assert all(f"  {each.name}" in shown.output for each in DEPARTURES)
    assert "consent-memory  (as deployed here)" in shown.output
    assert "token-resource  (differs here)" in shown.output
    assert "strict = true" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 96


def test_the_page_as_json_has_the_same_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devgw.toml").write_text(STRICT, "utf-8")
    rows = json.loads(CliRunner().invoke(main, ["explain", "deployed", "--json"]).output)

    assert [row["name"] for row in rows] == [each.name for each in DEPARTURES]
    assert [row["name"] for row in rows if row["differs"]] == [each.name for each in FIXED]


def test_check_says_which_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = CliRunner().invoke(main, ["check"]).output
    (tmp_path / "devgw.toml").write_text(STRICT, "utf-8")
    after = CliRunner().invoke(main, ["check"]).output

    assert "As deployed: not strict; `devgw explain deployed` lists" in before
    assert "As deployed: strict; `devgw explain deployed` lists" in after
