"""Each view at four sizes, as text. Write them anew with `DEVGW_GOLDENS=write`, and look at them before you commit."""

import os
from pathlib import Path

import pytest

from devgw.dashboard.look.glyphs import ASCII
from devgw.dashboard.views.catalog import VIEWS, key_of
from tests.dashboard.bench import Bench

_GOLDENS = Path(__file__).parent / "goldens"
_SIZES = ((60, 16), (80, 24), (120, 36), (200, 50))
_SCENES: dict[str, tuple[str, ...]] = {
    **{view.name: (key_of(view),) for view in VIEWS},
    "flow-open": ("enter",),
    "trace-request": ("2", "enter", "]"),
    "token-family": ("3", "G", "enter", "]"),
    "help": ("?",),
    "palette": ("^P", "the"),
    "copy": ("2", "y"),
    "filter-mistake": ("2", "/", "status:4xx statsu>400"),
    "privacy": ("5", "P"),
}


def check(name: str, text: str) -> None:
    path = _GOLDENS / f"{name}.txt"
    if os.environ.get("DEVGW_GOLDENS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", _SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", _SCENES)
def test_a_view_looks_as_it_did(scene: str, size: tuple[int, int], bench: Bench) -> None:
    bench.size = size
    bench.look()
    bench.press(*_SCENES[scene])

    check(f"{scene}-{size[0]}x{size[1]}", bench.text())


@pytest.mark.parametrize("size", [*_SIZES, (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_first_screen_says_what_to_do(size: tuple[int, int]) -> None:
    bench = Bench(rows={kind: rows for kind, rows in Bench.told().items() if kind in {"config", "health"}})
    bench.size = size

    check(f"welcome-{size[0]}x{size[1]}", bench.text())


@pytest.mark.parametrize("scene", ["flows", "tokens", "traces"])
def test_ascii_alone_says_the_same(scene: str) -> None:
    bench = Bench(glyphs=ASCII)
    bench.press(*_SCENES[scene])
    text = bench.text()

    check(f"ascii-{scene}", text)
    own = [line for line in text.splitlines() if not line.isascii()]
    assert all("…" in line for line in own), own  # the masked values of the gateway itself


@pytest.mark.parametrize(
    "size", [(60, 16), (40, 12), (30, 8), (99, 45), (160, 20)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("scene", _SCENES)
def test_no_size_breaks_the_picture(scene: str, size: tuple[int, int], bench: Bench) -> None:
    bench.size = size
    bench.look()
    bench.press(*_SCENES[scene])

    lines = bench.text().splitlines()
    assert len(lines) <= size[1]
    assert all(len(line) <= size[0] for line in lines)
