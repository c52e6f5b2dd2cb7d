"""Before a project is run for the first time: what of the person's shell it uses and where that goes, and a question.

Asked once for a folder and what it uses: the answer is kept in the person's own state folder, never in the project,
which may come from somebody else. Where nobody can be asked, `--trust` or DEVGW_TRUST=1 says yes; so does CI, whose
environment was made for what it runs.
"""

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devgw.cli.printing import ask, write_page
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.dotenv_file import linked_from_outside
from devgw.config.elsewhere import SENT_ELSEWHERE
from devgw.config.finding import Finding
from devgw.config.sample import sample_root
from devgw.config.settings_doubts import OTHERS_LET_IN
from devgw.config.settings_file import FILE
from devgw.config.source import content_of
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.text import cells, clean
from devgw.platforms.here import here
from devgw.platforms.paths import spelt
from devgw.settings import Settings

if TYPE_CHECKING:
    from devgw.config.outflow import Outflow

VARIABLE = "DEVGW_TRUST"
_NAMED = re.compile(r"\$(?:env\(|\{\s*(?:env\.)?)\s*(\w+)")
_ESCAPE = "\\u"
_YES = frozenset({"1", "true", "yes", "on", "y"})
_NOBODY_HERE = (
    "devgw does not go on: nobody is here to be asked. If that is what you want, say so with --trust, or with "
    f"{VARIABLE}=1."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a project wants of the person's machine."""

    root: Path
    outflows: "tuple[Outflow, ...]" = ()
    host: str = ""
    """The address that its `devgw.toml` opens to other machines; empty where it opens none."""
    by_settings: tuple[str, ...] = ()
    """How its `devgw.toml` lets others in or sends what is ours to others, in words."""
    state_dir: str = ""
    """Where its `devgw.toml` keeps database and keys outside of the project; empty where it does not."""

    @property
    def digest(self) -> str:
        """Return what tells this wish from any other of the same folder."""
        written = json.dumps(
            [
                self.host,
                *self.by_settings,
                *filter(None, [self.state_dir]),
                *([*filter(None, (each.name, each.origin, each.file))] for each in self.outflows),
            ]
        )
        return hashlib.sha256(written.encode()).hexdigest()

    def lines(self) -> list[str]:
        """Return the wish in words."""
        found = [f"{self.root} is new here, or wants more than before."]
        for file in dict.fromkeys(each.file for each in self.outflows):
            whose = f"{file}, to which its {DOTENV_FILE} is a link," if file else "the environment of this shell"
            found += [f"From {whose} it uses, and sends to", *self._flows_from(file)]
        if self.host:
            found.append(f'Its {FILE} says host = "{self.host}": other machines can reach the gateway.')
        found += [f"By its {FILE}: {each}" for each in self.by_settings]
        if self.state_dir:
            found.append(f"Its {FILE} keeps the gateway's database and key outside of the project: {self.state_dir}")
        return found

    def _flows_from(self, file: str) -> Iterator[str]:
        """Yield a line for each variable and origin; `file` is where the variables stand, empty for the shell."""
        flows = [each for each in self.outflows if each.file == file]
        for name in dict.fromkeys(each.name for each in flows):
            first, *others = dict.fromkeys(each.origin for each in flows if each.name == name)
            yield f"  {name}  to  {first}"
            yield from (f"  {' ' * cells(clean(name))}      {each}" for each in others)


def wish_of(settings: Settings, of_settings: Iterable[Finding], environ: Mapping[str, str]) -> Wish | None:
    """Return what the project under `settings.root` wants; None where it wants nothing that has to be asked for."""
    own = [each for each in of_settings if each.file == FILE]
    said = {each.code for each in own}
    by_settings = tuple(each.message for each in own if each.code in {OTHERS_LET_IN, SENT_ELSEWHERE})
    taken = _outflows(settings, environ) if _names_any(settings.root, environ) else ()
    host = settings.host if "host-not-loopback" in said else ""
    state_dir = str(settings.state_path.resolve()) if "state-elsewhere" in said else ""
    wish = Wish(spelt(settings.root), taken, host, by_settings, state_dir)
    return wish if taken or host or by_settings or state_dir else None


def _outflows(settings: Settings, environ: Mapping[str, str]) -> "tuple[Outflow, ...]":
    from devgw.config.outflow import outflows  # noqa: PLC0415  whoever starts the dashboard need not read the project
    from devgw.wiring.reading import read_project  # noqa: PLC0415  the same

    return outflows(read_project(settings, environ), settings.upstreams)


def _is_read(name: str) -> bool:
    return name == "policies.json" or name.endswith(".oas.json")


def _names_any(root: Path, environ: Mapping[str, str]) -> bool:
    """Tell whether a file of the project, or of the sample in its place, may name a variable of the person's at all.

    JSON can write any letter as an escape, and so hide a name: who does is read in full.
    """
    if linked_from_outside(root):
        return True
    own = [each for each in (root / "config").glob("*.json") if _is_read(each.name)]
    for file in (root / DOTENV_FILE, *(own or (sample_root() / "config").glob("*.json"))):
        try:
            text = content_of(file).decode("utf-8", "replace")
        except OSError:
            continue
        if _ESCAPE in text or any(match[1] in environ for match in _NAMED.finditer(text)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Trust:
    """What the person said already, on the command line or in the environment."""

    is_given: bool = False
    digest: str = ""
    """Of a wish that somebody else asked the person about: `devgw up`, before it starts the gateway as a child."""

    def covers_everything(self, environ: Mapping[str, str]) -> bool:
        """Tell whether whatever the project wants is wanted."""
        return self.is_given or _says_yes(environ.get(VARIABLE)) or _says_yes(environ.get("CI"))

    def refusal(self, wish: Wish | None, environ: Mapping[str, str]) -> str:
        """Return why the project may not have what it wants, in words; empty where it may. Asks where it can."""
        if wish is None or self.covers_everything(environ) or self.digest == wish.digest:
            return ""
        kept = _kept(_file(environ))
        if kept.get(str(wish.root)) == wish.digest:
            return ""
        write_page("\n".join(wish.lines()), colour="yellow", err=True)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return _NOBODY_HERE
        if not _says_yes(ask("Go on? [y/N] ")):
            return "Nothing was started."
        _keep(_file(environ), {**kept, str(wish.root): wish.digest})
        return ""


def _says_yes(text: str | None) -> bool:
    return (text or "").strip().lower() in _YES


def _file(environ: Mapping[str, str]) -> Path:
    """Return where answers are kept."""
    return here().state_home(environ) / "devgw" / "trusted.json"


def _kept(file: Path) -> dict[str, object]:
    try:
        return dict(read_object(file.read_bytes()))
    except (OSError, JsonRefused):
        return {}


def _keep(file: Path, answers: Mapping[str, object]) -> None:
    """Write the answers down; who cannot is asked again the next time."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(beside, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as new:
            json.dump(answers, new, indent=1)
        beside.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
