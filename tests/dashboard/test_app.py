"""The shell: Textual around the desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.strip import Strip

from devgw.clock import FrozenClock, from_epoch
from devgw.dashboard.app import Dashboard, Wearing
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.look.palette import PALETTES
from tests.support import sample_world
from tests.support.sample_world import NOON


@asynccontextmanager
async def running(
    size: tuple[int, int] = (120, 36), theme: str = "devgw-dark"
) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    """Run a dashboard without a gateway, its rows put there by hand."""
    clock = FrozenClock(from_epoch(NOON))
    app = Dashboard(Path("nowhere"), clock, KEYMAP, Wearing(theme=theme), environment={}, is_live=False)
    async with app.run_test(size=size) as pilot:
        sample_world.fill(app.world)
        app.flush()
        app.desk.scene.details = dict(sample_world.details())
        app.repaint()
        await pilot.pause(0.05)
        yield app, pilot


def screen_text(app: Dashboard) -> str:
    """Return what is on the screen; the one place that reads Textual's compositor."""
    lines: list[Strip] = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


async def test_the_screen_shows_the_picture_as_it_was_drawn() -> None:
    async with running() as (app, _pilot):
        golden = Path(__file__).parent / "goldens" / "flows-120x36.txt"

        assert screen_text(app).split("\n") == golden.read_text(encoding="utf-8").rstrip("\n").split("\n")


async def test_keys_reach_the_desk_and_change_the_screen() -> None:
    async with running() as (app, pilot):
        await pilot.press("3", "j", "d")
        assert "asking the gateway" in screen_text(app) or "not reachable" in screen_text(app)

        await pilot.press("escape", "2", "slash", *"status:5xx", "enter")
        assert "1 of 8" in screen_text(app)


async def test_every_view_is_laid_out_anew() -> None:
    """Textual remembers an arrangement until a child asks for another one."""
    async with running() as (app, pilot):
        for key, name in (("2", "traces"), ("3", "tokens"), ("4", "clients"), ("2", "traces"), ("8", "health")):
            await pilot.press(key)
            await pilot.pause()
            golden = (Path(__file__).parent / "goldens" / f"{name}-120x36.txt").read_text(encoding="utf-8")
            assert screen_text(app).split("\n") == golden.rstrip("\n").split("\n")


async def test_question_mark_plus_and_brackets_are_understood_as_textual_names_them() -> None:
    async with running() as (app, pilot):
        await pilot.press("question_mark")
        assert "type to search these keys" in screen_text(app)
        await pilot.press("escape", "plus", "plus")
        assert "Why it failed" not in screen_text(app)
        await pilot.press("underscore", "underscore", "2", "right_square_bracket")
        assert "[Request]" in screen_text(app)


async def test_another_size_is_drawn_at_once() -> None:
    async with running() as (app, pilot):
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        lines = screen_text(app).split("\n")

        assert len(lines) == 24
        assert "Why it failed" not in screen_text(app)


async def test_rows_tabs_and_keys_can_be_clicked() -> None:
    async with running() as (app, pilot):
        await pilot.click(offset=(20, 6))
        assert app.desk.listing.index == 2
        await pilot.click("#tabs", offset=(14, 0))
        assert app.desk.view.name == "traces"
        row, start, _end, name = next(each for each in app._picture.keys if each[3] == "copy")
        await pilot.click("#keys", offset=(start, row))
        assert (name, app.desk.overlay is not None) == ("copy", True)


async def test_every_theme_draws(tmp_path: Path) -> None:
    for theme in PALETTES:
        async with running(theme=theme) as (app, pilot):
            await pilot.press("ctrl+t")
            assert app.theme != theme
            assert "f-07c" in screen_text(app)


async def test_pasted_text_goes_where_one_types() -> None:
    async with running() as (app, pilot):
        await pilot.press("2", "slash")
        app.post_message(__import__("textual.events").events.Paste("status:\n4xx"))
        await pilot.pause()

        assert app.desk.asked["traces"].editor.text == "status: 4xx"
