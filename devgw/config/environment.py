"""The names that a configuration asks of its environment: replaced in strings, and reported one by one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from devgw.config.dotenv_file import DotEnv
from devgw.config.env_values import faults
from devgw.config.finding import Finding, Findings, Place, did_you_mean, nearest_name
from devgw.config.members import near
from devgw.config.node import Node
from devgw.entropy import fingerprint

_REFERENCE = re.compile(r"\$env\(([^()\s]*)(\))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN_NAME = re.compile(
    r"(?:^|_)(?:ID|DOMAIN|SUBDOMAIN|HOST|HOSTNAME|REALM|REGION|ISSUER|TENANT|ENDPOINT|URL|URI|PORT|NAME|AUDIENCE|SCOPES?)$",
    re.IGNORECASE,
)
"""Names whose values are shown; all others are taken for secrets."""
_CREDENTIAL = re.compile(r"^[\"'\s]*(?:sk|rk|pk)_|://[^/]*@|SECRET|PASSWORD|TOKEN", re.IGNORECASE)
_SHOWN = 200
_TOLD = 6
"""Characters of a secret that tell nothing yet: the beginning of one that was cut may be part of a word."""
_KEPT_PREFIX = re.compile(r"(?:sk|pk|rk)_(?:test_|live_|example_)?|client_|gh[a-z]_")
_OPEN_BEGINNING = re.compile(rf"{_KEPT_PREFIX.pattern}|https?://")
"""What many values begin with, and our own sentences say: by it no value is known."""


class Origin(StrEnum):
    """Where the value of a name comes from."""

    PROCESS = "process"
    DOTENV = ".env"
    EMULATOR = "emulator"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """One name of the environment: where it is used, where its value comes from, and what may be shown of it."""

    name: str
    used_at: tuple[Place, ...]
    origin: Origin
    masked: str
    defined_at: Place | None = None
    """In `.env`, where that is its origin."""
    read_at: datetime | None = None


@dataclass(slots=True)
class Environment:
    """Looks names up: process first, then `.env`, then what the emulator offers; remembers who asked."""

    process: Mapping[str, str]
    dotenv: DotEnv
    fallback: Mapping[str, str]
    findings: Findings
    read_at: datetime | None = None
    used: dict[str, list[Place]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Names that the files ask for, some of them later: none is a slip of another."""

    def origin_of(self, name: str) -> Origin:
        """Return where the value of `name` comes from; an empty value counts as none."""
        if self.process.get(name):
            return Origin.PROCESS
        if self.dotenv.values.get(name):
            return Origin.DOTENV
        return Origin.EMULATOR if self.fallback.get(name) else Origin.MISSING

    def value_of(self, name: str) -> str | None:
        """Return the value of `name`, None where it is missing."""
        sources = {Origin.PROCESS: self.process, Origin.DOTENV: self.dotenv.values, Origin.EMULATOR: self.fallback}
        source = sources.get(self.origin_of(name))
        return source[name] if source is not None else None

    def look_up(self, name: str, at: Place, *, is_needed: bool = True) -> str | None:
        """Return the value of `name` for use at `at`; a finding where it is missing: an error where it is needed."""
        first = name not in self.used
        self.used.setdefault(name, []).append(at)
        value = self.value_of(name)
        if value is None:
            self._missing(name, at) if is_needed else self._missing_elsewhere(name, at)
        elif not _is_text(value):
            self.findings.error("env-not-utf8", at, f"The value of {name} is not UTF-8.", "Set it again as UTF-8.")
            return None
        elif first:
            self._check(name, value, at)
        return value

    def expect(self, text: str) -> None:
        """Know the names in a file before any is looked up."""
        self.asked.update(name for name, _ in _REFERENCE.findall(text))

    def resolve(self, root: Node, not_run: Iterable[Node] = ()) -> None:
        """Replace `$env(NAME)` in every string below `root`; a string with a missing name keeps its text.

        Args:
            root: a document.
            not_run: what of it devgw does not run, so that nobody here needs what is missing there.
        """
        unneeded = {id(node) for each in not_run for node in each.walk()}
        for node in root.walk():
            if isinstance(node.scalar, str) and "$env(" in node.scalar:
                node.resolved = self._replace(node, node.scalar, is_needed=id(node) not in unneeded)

    def secrets(self) -> list[str]:
        """Return the values of every name that is used and of which nothing may be shown."""
        values = [(name, self.value_of(name) or "") for name in self.used]
        return [value for name, value in values if value and is_secret(name, value)]

    def without_secrets(self, finding: Finding) -> Finding:
        """Return a finding that names the variables whose values it quotes, in whole or from their beginning."""
        message, fix = finding.message, finding.fix
        named = [(name, self.value_of(name) or "") for name in self.used]
        for name, value in sorted(named, key=lambda each: -len(each[1])):
            if is_secret(name, value):
                message, fix = _named_in(message, name, value), _named_in(fix, name, value)
        return replace(finding, message=message, fix=fix)

    def report(self) -> tuple[EnvironmentUse, ...]:
        """Return every name that is used, in order of first use."""
        return tuple(self._use(name, places) for name, places in self.used.items())

    def _use(self, name: str, places: list[Place]) -> EnvironmentUse:
        origin = self.origin_of(name)
        defined_at = self.dotenv.places.get(name) if origin is Origin.DOTENV else None
        value = self.value_of(name)
        shown = mask(name, value) if value is None or _is_text(value) else ""
        return EnvironmentUse(name, tuple(places), origin, shown, defined_at, self.read_at)

    def _replace(self, node: Node, text: str, *, is_needed: bool) -> str | None:
        missing = False

        def value(match: re.Match[str]) -> str:
            nonlocal missing
            found = self._referred(match, node, is_needed=is_needed)
            missing = missing or found is None
            return "" if found is None else found

        replaced = _REFERENCE.sub(value, text)
        return None if missing else replaced

    def _referred(self, match: re.Match[str], node: Node, *, is_needed: bool) -> str | None:
        name, closed = match[1], match[2]
        if not closed or not _NAME.fullmatch(name):
            fix = "Write $env(NAME) with a name of letters, digits and underscores."
            self.findings.error("env-malformed", node.place, f"`{match[0][:60]}` is no reference to a variable.", fix)
            return None
        return self.look_up(name, node.place, is_needed=is_needed)

    def _emulated(self, name: str, at: Place) -> None:
        """Say that the emulator stands for a name; where `.env` has a slip of it, that is hardly meant."""
        message = f"{name} is not set: the emulator's own value is used."
        meant = near(name, self._unused())
        if meant is None or near(meant, tuple(sorted(self.asked))) != name:
            self.findings.note("env-from-emulator", at, message, f"Set {name} in .env to use the real one.")
            return
        place = self.dotenv.places.get(meant, at)
        message = f"Nothing in config/ reads `{meant}`. {message}"
        self.findings.warning("env-misspelt", place, message, f"Call it {name}.", name)

    def _unused(self) -> tuple[str, ...]:
        """Return the names in `.env` that no file asks for."""
        taken = {*self.used, *self.asked}
        return tuple(each for each in self.dotenv.values if each not in taken)

    def _missing(self, name: str, at: Place) -> None:
        empty = name in self.process or name in self.dotenv.values
        nearest = nearest_name(name, self._unused())
        state = "is empty" if empty else "is not set: neither in the process environment nor in .env"
        fix = did_you_mean(nearest, f"Add {name}=… to .env, or set it before you start devgw.")
        self.findings.error("env-empty" if empty else "env-missing", at, f"{name} {state}.", fix, nearest)

    def _missing_elsewhere(self, name: str, at: Place) -> None:
        message = f"{name} is not set; what asks for it does not run here."
        self.findings.note("env-missing", at, message, "Set it where the project is deployed.")

    def _check(self, name: str, value: str, at: Place) -> None:
        origin = self.origin_of(name)
        if origin is Origin.EMULATOR:
            self._emulated(name, at)
            return
        place = self.dotenv.places.get(name, at) if origin is Origin.DOTENV else at
        for code, wrong, fix in faults(name, value):
            self.findings.warning(code, place, wrong, fix)


def _named_in(text: str, name: str, value: str) -> str:
    """Return `text` with the reference in place of each line of a value, also of one that was cut or quoted."""
    for line in {*value.splitlines(), *(repr(each)[1:-1] for each in value.splitlines())}:
        opened = _OPEN_BEGINNING.match(line)
        least = _TOLD + (opened.end() if opened else 0)
        if len(line) < least or line[:least] not in text:
            text = text.replace(line, f"$env({name})") if line == value and line else text
            continue
        size = next(size for size in range(len(line), least - 1, -1) if line[:size] in text)
        text = text.replace(line[:size], f"$env({name})")
    return text


def _is_text(value: str) -> bool:
    """Tell whether `value` is text; the system hands over other bytes as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_secret(name: str, value: str) -> bool:
    """Tell whether the value of a name is nothing to be shown."""
    return not _OPEN_NAME.search(name) or _CREDENTIAL.search(value) is not None


def mask(name: str, value: str | None) -> str:
    """Return what may be shown of `value`: all of what is no secret, of a secret its prefix and fingerprint."""
    if value is None:
        return ""
    if not is_secret(name, value):
        plain = len(value) <= _SHOWN and value.isprintable()
        return value if plain else value[:_SHOWN].encode("unicode_escape").decode() + "…"
    prefix = _KEPT_PREFIX.match(value)
    return f"{prefix[0] if prefix else ''}… ({len(value)} characters, {fingerprint(value)[:4]})"
