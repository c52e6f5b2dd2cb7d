"""What the README says of the dashboard is what there is."""

import re
from dataclasses import fields
from pathlib import Path

from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.look.palette import Palette
from devgw.dashboard.theme_choice import THEME_NAMES
from devgw.dashboard.views.ladder import STEPS
from devgw.diagnosis.catalogue import failures

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PART = README.partition("## The dashboard")[2].partition("\n## ")[0]


def test_every_name_that_keys_toml_takes_is_listed() -> None:
    listed = re.search(r"Its names:\n\n```\n(.*?)```", PART, re.DOTALL)
    assert listed is not None
    assert listed[1].split() == [each.id for each in KEYMAP.all]


def test_every_colour_and_theme_is_listed() -> None:
    said = set(re.findall(r"`([a-z_]+)`", PART))
    assert {each.name for each in fields(Palette)} - {"name", "is_dark", "is_ansi"} <= said
    assert all(f"{name}`" in PART for name in THEME_NAMES)


def test_each_key_of_the_table_means_something() -> None:
    keys = {key for each in KEYMAP.all for key in each.keys}
    named = [
        key
        for line in PART.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\S+?)`", line.split("|")[1])
    ]
    assert len(named) > 15
    assert set(named) <= keys


def test_the_legend_names_each_step() -> None:
    legend = PART.partition("`DRAICSKTM`: ")[2].partition(", each")[0]
    assert "".join(re.findall(r"\*\*(\w)\*\*", legend)) == "DRAICSKTM"
    assert len(legend.split(",")) == len(STEPS)


def test_the_failures_that_are_named_exist() -> None:
    named = set(re.findall(r"\b([A-Z]{3,4}-\d\d)\b", README))
    assert named <= set(failures())


def test_every_place_in_the_tree_that_is_named_is_there() -> None:
    """Where a thing is added is what one who never was in the house looks up."""
    root = Path(__file__).parents[2]
    places = set(re.findall(r"`((?:devgw|tests)/[\w/.]+)`", README))

    assert len(places) > 12
    assert sorted(each for each in places if not (root / each).exists()) == []
