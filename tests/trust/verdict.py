"""What a command counted, and the promises that it found kept or broken."""

from dataclasses import dataclass, field

_SHOWN = 12
"""Examples of broken promises that are printed."""


@dataclass
class Verdict:
    """The figures of one command, and whether all promises held."""

    name: str
    figures: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def figure(self, what: str, value: object) -> None:
        """Write down a figure for the table."""
        self.figures.append((what, f"{value:,}" if isinstance(value, int) else str(value)))

    def check(self, is_kept: bool, promise: str) -> None:
        """Write down a promise that does not hold."""
        if not is_kept:
            self.broken.append(promise)

    def print(self) -> None:
        """Print figures and broken promises."""
        width = max((len(what) for what, _ in self.figures), default=0)
        print(f"== {self.name}: {'FAILED' if self.broken else 'holds'}")
        for what, value in self.figures:
            print(f"  {what:<{width}}  {value}")
        for each in self.broken[:_SHOWN]:
            print(f"  BROKEN  {each}")
        if len(self.broken) > _SHOWN:
            print(f"  … and {len(self.broken) - _SHOWN} more")
