"""One word for one thing: each class has a name of its own, and the glossary speaks of what is there."""

import ast
import re
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import devgw

ROOT = Path(devgw.__file__).parent
_NAMED = re.compile(r"`([a-z_.]+)\.([A-Z]\w+)`")


def test_each_class_has_a_name_that_no_other_has() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in ROOT.rglob("*.py"):
        classes = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.ClassDef)]
        for each in classes:
            places[each.name].append(f"{path.relative_to(ROOT)}:{each.lineno}")
    assert len(places) > 1_000
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_glossary_names_classes_that_are_there() -> None:
    named = _NAMED.findall(devgw.__doc__ or "")
    assert len(named) > 10
    assert [f"{module}.{name}" for module, name in named if not hasattr(import_module(f"devgw.{module}"), name)] == []
