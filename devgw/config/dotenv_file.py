"""The `.env` file: values by name, where each stands, and what is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from devgw.config.finding import Findings, Place
from devgw.config.source import Source, read_source
from devgw.platforms.paths import is_below

FILE = ".env"
_CHAIN = 50
"""Names that may refer to each other in a row; nobody writes more, and a stack has its limits."""
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_OTHER_TOOLS = re.compile(r"[\"']?(?:set |setx |\$env:|\$|ENV |- )?[\"']?([A-Za-z_]\w*)[\"']?\s*[:=]", re.IGNORECASE)
"""A variable as YAML, JSON, the shells of Windows and Dockerfiles set it."""
_REFERENCE = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class DotEnv:
    """What `.env` says."""

    values: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    borrowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Variables of the process that `${NAME}` took into a value, by the name of that."""
    elsewhere: str = ""
    """The file outside of the project that is read, where `.env` is a link to one."""


def read_dotenv(root: Path, process: Mapping[str, str], findings: Findings) -> DotEnv:
    """Return what `.env` under `root` says; empty where there is none. `${NAME}` in it is replaced."""
    source = _source(root, findings)
    if source is None:
        return DotEnv()
    raw: dict[str, str] = {}
    places: dict[str, Place] = {}
    offset = 0
    for binding in parse_stream(StringIO(source.text)):
        at = _place(source, offset, binding.original.string)
        offset += len(binding.original.string)
        if binding.error or (binding.key is not None and binding.value is None):
            message = "This line of .env is not NAME=value."
            findings.warning("env-line", at, message, _right_line(binding.original.string))
        elif binding.key is not None and not _NAME.fullmatch(binding.key):
            message = "What stands before the `=` is no name of a variable."
            findings.warning("env-line", at, message, _right_line(binding.original.string))
        elif binding.key is not None:
            if binding.key in raw:
                message = f"{binding.key} stands twice in .env; the last one counts."
                findings.warning("env-duplicate", at, message, "Keep one of the two.")
            raw[binding.key] = binding.value or ""
            places[binding.key] = at
            if binding.key.startswith("DEVGW_"):
                message = f"{binding.key} is devgw's own setting, which is not read from .env."
                findings.warning(
                    "env-setting", at, message, "Write it into devgw.toml, or set it before you start devgw."
                )
    expansion = _Expansion(raw, process, places, findings)
    values = expansion.all()
    borrowed = {name: frozenset(taken) for name, taken in expansion.borrowed.items()}
    return DotEnv(values, places, borrowed, linked_from_outside(root))


def linked_from_outside(root: Path) -> str:
    """Return the file to which `.env` leads out of the project; empty where it is the project's own.

    A link is a part of a project that somebody else made, and what it leads to is the person's: `~/.aws/credentials`
    has lines of NAME=value too.
    """
    try:
        file = (root / FILE).resolve(strict=True)
        return "" if is_below(file, root) else str(file)
    except (OSError, RuntimeError):  # it is not there, or leads back to itself
        return ""


def _source(root: Path, findings: Findings) -> Source | None:
    """Return the text of the file; a folder of that name, as some call a Python environment, is passed over."""
    if not (root / FILE).is_dir():
        return read_source(root, FILE, findings)
    message = f"{FILE} is a folder here, such as that of a Python environment: no variables are read from it."
    findings.note("env-is-folder", Place(FILE), message, "To set variables in a file, call the folder otherwise.")
    return None


def _right_line(written: str) -> str:
    """Return how a line should begin, in which somebody wrote a name as another tool has it; never its value."""
    name = _OTHER_TOOLS.match(written.strip())
    return f"Write {name[1]}=…" if name else "Write NAME=value, or # before a comment."


def _place(source: Source, offset: int, text: str) -> Place:
    """Return the place of a binding, whose text may begin with blank lines.

    Found by its offset: the parser counts lines at characters that are no line breaks to an editor.
    """
    number, _ = source.position(offset + len(text) - len(text.lstrip()))
    written = source.line(number)
    # Every value may be a secret, and a line without a name may be the middle of one.
    name = re.match(r"\s*(?:export\s+)?[\w.-]+\s*=\s*", written)
    kept = name.end() if name else 0
    shown = written[:kept] + "•" * len(written[kept:].rstrip())
    column = len(written) - len(written.lstrip()) + 1
    return Place(source.file, number, column, max(1, len(shown) - column + 1), "", shown)


@dataclass(slots=True)
class _Expansion:
    """Replaces `${NAME}` by values of the file, then of the process; finds circles."""

    raw: dict[str, str]
    process: Mapping[str, str]
    places: dict[str, Place]
    findings: Findings
    done: dict[str, str] = field(default_factory=dict)
    circles: set[str] = field(default_factory=set)
    borrowed: dict[str, set[str]] = field(default_factory=dict)

    def all(self) -> dict[str, str]:
        """Return every name's value in full; a name in a circle is left out, with one finding per circle."""
        return {name: value for name in self.raw if (value := self._value(name, ())) is not None}

    def _value(self, name: str, path: tuple[str, ...]) -> str | None:
        if name in self.done:
            return self.done[name]
        if name in self.circles:
            return None
        if name in path:
            self._circle((*path[path.index(name) :], name))
            return None
        text = _REFERENCE.sub(lambda match: self._part(match, (*path, name)), self.raw[name])
        if name in self.circles:
            return None
        self.done[name] = text
        return text

    def _part(self, match: re.Match[str], path: tuple[str, ...]) -> str:
        name, default = match[1], match[2]
        known = name in self.raw and len(path) < _CHAIN
        found = self._value(name, path) if known else self.process.get(name)
        taken = self.borrowed.get(name, set()) if known else ({name} if found is not None else set())
        if taken:
            self.borrowed.setdefault(path[-1], set()).update(taken)
        if found is not None:
            return found
        return match[0] if default is None else default

    def _circle(self, names: tuple[str, ...]) -> None:
        self.circles.update(names)
        shown = " → ".join(names)
        message = f"These names refer to each other in a circle: {shown}."
        self.findings.error("env-loop", self.places[names[0]], message, f"Give {names[0]} a value of its own.")
