"""The app: Textual as a thin shell. Keys go to the desk, the desk is painted, the surfaces show what differs."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import Signals
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.geometry import Offset
from textual.screen import Screen

from devgw.clock import Clock
from devgw.dashboard.child import GatewayChild
from devgw.dashboard.crash import write_faults
from devgw.dashboard.desk import Desk
from devgw.dashboard.draw.screen import Painter, Picture
from devgw.dashboard.draw.text import as_text
from devgw.dashboard.fault import KeptFaults
from devgw.dashboard.feed import Feed
from devgw.dashboard.fetch import Fetcher
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.look.glyphs import UNICODE, Glyphs
from devgw.dashboard.look.palette import DARK, PALETTES, Styles
from devgw.dashboard.mouse import clicked
from devgw.dashboard.outside import Outside
from devgw.dashboard.press import paste, press
from devgw.dashboard.screen import DashboardScreen
from devgw.dashboard.surface import Surface
from devgw.dashboard.terminal import Watchdog
from devgw.dashboard.themes import theme_of
from devgw.dashboard.watch import ChildWatch
from devgw.dashboard.world import World
from devgw.platforms.signals import HUNG_UP, hear

_FLUSH_SECONDS = 0.1
_KEYS_FIRST_NANOSECONDS = 30_000_000
_PATIENCE_NANOSECONDS = 250_000_000


@dataclass(frozen=True, slots=True)
class Wearing:
    """How the dashboard looks and what it allows."""

    glyphs: Glyphs = UNICODE
    theme: str = DARK.name
    is_read_only: bool = False
    shows_cursor: bool = False


class Dashboard(App[None], inherit_bindings=False):
    """Shows one gateway."""

    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "devgw"
    AUTO_FOCUS = None

    def __init__(
        self,
        state_dir: Path,
        clock: Clock,
        keymap: Keymap,
        wearing: Wearing,
        child: GatewayChild | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        is_live: bool = True,
    ) -> None:
        super().__init__(watch_css=False)
        self._environment = os.environ if environment is None else environment
        self._clock, self._child, self._is_live = clock, child, is_live
        self._looks = Styles(PALETTES[wearing.theme])
        self.world = World()
        self._feed = Feed(self.world, clock, state_dir, self.repaint)
        port = Outside(self, self._feed, child, self._environment)
        self.desk = Desk(self.world, port, keymap, wearing.glyphs, is_read_only=wearing.is_read_only)
        self.desk.theme = wearing.theme
        self._feed.fail = self.desk.fail
        self.desk.faults = KeptFaults(partial(write_faults, environment=self._environment))
        self._painter, self._picture = Painter(), Picture()
        self._fetcher = Fetcher(self.desk)
        self._watch = ChildWatch(self.desk, child)
        self._watchdog = Watchdog()
        self._key_at = self._flush_at = -_PATIENCE_NANOSECONDS
        self.failure: BaseException | None = None
        self._wearing = wearing
        for palette in PALETTES.values():
            self.register_theme(theme_of(palette))
        self.theme = wearing.theme

    @property
    def project_root(self) -> Path | None:
        """Return the directory of the gateway's project."""
        gateway = self.world.gateway
        return Path(gateway.root) if gateway and gateway.root else None

    # --- start and end ------------------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        """Return the one screen."""
        return DashboardScreen(self._looks)

    def on_mount(self) -> None:
        """Start everything that goes on by itself."""
        self.desk.tick(self._gateway_time(), self._clock.now().timestamp())
        if not self._is_live:
            return
        if self._wearing.shows_cursor and self._driver is not None:
            self._driver.write("\x1b[?25h")
        loop = asyncio.get_running_loop()
        hear(partial(self._asked_to_end, loop), int)
        self._watchdog.watch(self._end_at_once)
        self.run_worker(self._feed.run(), name="feed", exit_on_error=True)
        self.set_interval(_FLUSH_SECONDS, self.flush)
        self.set_interval(1.0, self._second)

    def on_unmount(self) -> None:
        """Leave the terminal to whoever comes next."""
        self._watchdog.rest()

    def parting_text(self) -> str:
        """Return the last picture as text: without keys and what lay on top, and with every secret masked again."""
        width, height = self.size
        self.desk.overlay, self.desk.notes, self.desk.prompt = None, [], None
        self.desk.scene.revealed.clear()
        picture = self._painter.paint(self.desk, width, height)
        lines = as_text(picture, width, height).splitlines(keepends=True)
        return "".join(lines[: picture.boxes["keys"].y])

    def _asked_to_end(self, loop: asyncio.AbstractEventLoop, number: Signals) -> None:
        """End in order, or at once where the window is closed."""
        if self._watchdog.is_gone():
            self._end_at_once()
        loop.call_soon_threadsafe(partial(self.exit, return_code=128 + number))

    def _end_at_once(self) -> None:
        """End where nobody looks any more: an orderly end would wait for ever to write its last words."""
        if self._child is not None:
            self._child.stop()
        os._exit(HUNG_UP)

    def _second(self) -> None:
        if self._watch.look():
            self.repaint()

    def _fatal_error(self) -> None:
        """End after a defect. Textual would print every local variable, tokens among them."""
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        if self.failure is None:
            self.failure = error
            self._return_code = 1
        super()._handle_exception(error)

    # --- time and news ------------------------------------------------------------------------------------------------

    def _gateway_time(self) -> float:
        health = self.world.health
        return (health.clock_frozen if health else 0.0) or self._clock.now().timestamp() + self.world.skew

    def flush(self) -> None:
        """Show what arrived, unless the person is typing: a key goes first."""
        steady = self._clock.ticks()
        if steady - self._key_at < _KEYS_FIRST_NANOSECONDS and steady - self._flush_at < _PATIENCE_NANOSECONDS:
            return
        self._flush_at = steady
        had_notes = len(self.desk.notes)
        is_new_second = self.desk.tick(self._gateway_time(), self._clock.now().timestamp())
        changes, is_changed = self.world.drain(), True
        try:
            is_changed = self.desk.take(changes)
            self._fetcher.fetch(steady)
        except Exception as error:  # noqa: BLE001  one bad row never ends the feed
            self.desk.complain(self.desk.faults.note("what the gateway told", error))
        if is_changed or is_new_second or had_notes != len(self.desk.notes):
            self.repaint()

    def repaint(self) -> None:
        """Paint the desk, and show what differs."""
        screen = self.screen
        if not isinstance(screen, DashboardScreen) or not screen.is_mounted:
            return
        width, height = self.size
        self._picture = self._painter.paint(self.desk, width, height)
        screen.place(self._picture.boxes)
        has_overlay = "overlay" in self._picture.boxes
        for name, lines in self._picture.lines.items():
            screen.surfaces[name].show(lines, has_overlay and name != "overlay")
        self._place_cursor()

    def _place_cursor(self) -> None:
        """Put the terminal's cursor on the selected row: braille lines and magnifiers follow it."""
        box = self._picture.boxes.get("list")
        if box is not None:
            listing = self.desk.listing
            self.cursor_position = Offset(box.x + 1, box.y + 2 + listing.index - listing.top)

    def dress(self, name: str) -> None:
        """Use the theme called `name`."""
        self._looks = Styles(PALETTES[name])
        self.theme = name
        if isinstance(self.screen, DashboardScreen):
            for surface in self.screen.surfaces.values():
                surface.dress(self._looks)

    def _try(self, part: str, act: Callable[[], None]) -> None:
        """Do what the person asked for; a fault in it is said, and the dashboard goes on."""
        try:
            act()
        except Exception as error:  # noqa: BLE001  a fault in one act never ends the program
            self.desk.fail(part, error)

    # --- input --------------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Give a key to the desk."""
        event.stop()
        event.prevent_default()
        if event.key == "ctrl+c" and self.screen.get_selected_text():
            self.desk.say(self.desk.port.copy(self.screen.get_selected_text() or ""))
            self.screen.clear_selection()
        else:
            self.desk.tick(self._gateway_time(), self._clock.now().timestamp())
            self._try(f"the key {event.key}", lambda: press(self.desk, event.key, event.character))
        self._key_at = self._clock.ticks()
        self.repaint()

    def on_paste(self, event: events.Paste) -> None:
        """Give pasted text to what is being typed."""
        self._try("pasting", lambda: paste(self.desk, event.text))
        self.repaint()

    def on_resize(self) -> None:
        """Paint for another size."""
        self.repaint()

    def on_surface_clicked(self, message: Surface.Clicked) -> None:
        """Give a click to the desk."""
        where = (message.surface, message.x, message.y, message.kind)
        self._try("the click", lambda: clicked(self.desk, self._picture, *where))
        self.repaint()
