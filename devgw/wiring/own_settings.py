"""devgw's own settings while it runs: they are read at the start alone, and a later save says what it will mean.

A file that the next start would refuse is refused now. A setting that a flag of this start overrides is said to be so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter

from devgw.config.client_documents_file import TABLE as CLIENT_DOCUMENTS
from devgw.config.finding import Finding, Severity
from devgw.config.settings_file import FILE, SETTINGS, read_settings
from devgw.config.strict import STRICT
from devgw.config.upstreams_file import TABLE as UPSTREAMS
from devgw.settings import Settings
from devgw.wiring.reading import read_project
from devgw.wiring.runtime import Runtime

_NAMES = {each.name: attrgetter(each.attribute) for each in SETTINGS} | {
    table: attrgetter(table) for table in (UPSTREAMS, CLIENT_DOCUMENTS)
}


@dataclass(frozen=True, slots=True)
class WrittenSettings:
    """What `devgw.toml` says at one moment."""

    settings: Settings
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...] = ()
    """What is doubtful about it, and what the next start would say, in words."""

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Return the errors: with these the next start would not come up."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


class OwnSettings:
    """What `devgw.toml` said at the start, and what it says now."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        written, found = self._read()
        self._at_start = written
        self._told = WrittenSettings(written, found, self._doubts_of(written, found))

    def read(self) -> WrittenSettings:
        """Return what the file says now, read once; it may take long, and needs nothing of the loop's."""
        written, found = self._read()
        return WrittenSettings(written, found, self._doubts_of(written, found))

    def changed(self, now: WrittenSettings) -> list[str]:
        """Return in words which settings differ from what was told last, and what is doubtful since then."""
        before = self._told
        found = [name for name, of in _NAMES.items() if of(before.settings) != of(now.settings)]
        said = [self._say(name, _NAMES[name], now.settings) for name in ([STRICT] if STRICT in found else found)]
        return [*said, *(each for each in now.doubts if each not in before.doubts)]

    def told(self, now: WrittenSettings) -> None:
        """Take note that everybody was told what `changed` returned."""
        self._told = now

    def _say(self, name: str, of: "attrgetter[object]", written: Settings) -> str:
        if of(written) == of(self._at_start):
            return f"{FILE}: `{name}` is again as it was at the start."
        if name != "port" and of(self._runtime.settings) != of(self._at_start):
            return f"{FILE}: `{name}` changed; a flag of this start overrides it."
        return f"{FILE}: `{name}` changed; it takes effect at the next start."

    def _read(self) -> tuple[Settings, tuple[Finding, ...]]:
        return read_settings(self._runtime.settings.root, self._runtime.environ, {})

    def _doubts_of(self, written: Settings, findings: Iterable[Finding]) -> tuple[str, ...]:
        """Return the warnings in words, and what the next start would say of the project with these settings.

        A setting that does nothing changes nothing, and is told all the same.
        """
        doubts = [each for each in findings if each.severity is Severity.WARNING]
        errors: list[Finding] = []
        if written != self._at_start:
            runtime = self._runtime
            settings = self._as_started(written)
            later = read_project(settings, runtime.environ, may_be_sample=runtime.loaded.is_sample).findings
            doubts += [each for each in later if each.severity is Severity.WARNING and each.file == FILE]
            errors = [each for each in later if each.severity is Severity.ERROR]
        refused = [f"The next start would be refused: {each.place}: {each.message}" for each in errors[:1]]
        return (*(f"{each.file}: {each.message}" for each in doubts), *refused)

    def _as_started(self, written: Settings) -> Settings:
        """Return what is written with the flags of this start over it, which the next one may have too."""
        for each in SETTINGS:
            of = attrgetter(each.attribute)
            if of(self._runtime.settings) != of(self._at_start):
                table, _, name = each.attribute.rpartition(".")
                flag = {name: of(self._runtime.settings)}
                written = replace(written, **({table: replace(getattr(written, table), **flag)} if table else flag))
        return written
