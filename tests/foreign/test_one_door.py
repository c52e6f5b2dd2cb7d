"""Everything foreign comes in through the door: nobody reads JSON, TOML or HTTP answers beside it."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "devgw"
DOORS = {
    "foreign/json.py",
    "foreign/toml.py",
    "emulators/reader.py",
    "config/jsonc.py",
    "diagnosis/catalogue/__init__.py",
}
"""Where a reader stands: ours, the emulators' own, one token of a reader with positions, and files of ours."""
READERS = {("json", "loads"), ("json", "load"), ("tomllib", "loads"), ("tomllib", "load")}


def test_nobody_reads_beside_the_door() -> None:
    """An answer's own `.json()` is a reader without limits too."""
    paths = [path for path in PACKAGE.rglob("*.py") if str(path.relative_to(PACKAGE)) not in DOORS]
    found = [f"{path.relative_to(PACKAGE)}:{call.lineno}" for path in paths for call in _calls(path) if _reads(call)]

    assert len(paths) > 300
    assert found == []


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def _reads(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(ast.Name(module), name) if (module, name) in READERS:
            return True
        case ast.Attribute(_, "get_json"):
            return True
        case ast.Attribute(_, "json"):
            return not call.args and not call.keywords
    return False
