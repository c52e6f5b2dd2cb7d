"""Challenges as a client reads them: the value of WWW-Authenticate taken apart.

Source: RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from devgw.foreign.text import clean

_SCHEME = re.compile(r"[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=\s|,|$)")
_TOKEN68 = re.compile(r"\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)")
_PARAMETER = re.compile(r'[\s,]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: its scheme in lower case, and its parameters by lower-case name."""

    scheme: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Return the error code, or an empty string."""
        return self.parameters.get("error", "")

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes asked for, in order."""
        return tuple(self.parameters.get("scope", "").split())

    @property
    def resource_metadata(self) -> str | None:
        """Return where the protected resource's metadata is said to be."""
        return self.parameters.get("resource_metadata") or None


def read_challenges(value: str) -> Iterator[Challenge]:
    """Give each challenge of one WWW-Authenticate value; what cannot be read is left out."""
    at = 0
    while found := _SCHEME.match(value, at):
        at = found.end()
        parameters: dict[str, str] = {}
        if lone := _TOKEN68.match(value, at):
            at = lone.end()
        while pair := _PARAMETER.match(value, at):
            name, quoted, plain = pair.groups()
            parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain)
            at = pair.end()
        yield Challenge(found.group(1).lower(), parameters)


def said_in_challenge(value: str) -> str:
    """Return why a Bearer challenge refuses, in its own words; empty where it gives none (RFC 6750 §3)."""
    challenge = bearer_challenge([value])
    return clean(challenge.parameters.get("error_description") or challenge.error, 200) if challenge else ""


def bearer_challenge(values: Iterable[str]) -> Challenge | None:
    """Return the Bearer challenge of a response's WWW-Authenticate values: the one that tells most, or None."""
    bearers = [each for value in values for each in read_challenges(value) if each.scheme == "bearer"]
    return max(bearers, key=lambda each: ("resource_metadata" in each.parameters, len(each.parameters)), default=None)
