"""One difference between two generations: its words, and whom it meets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from devgw.config.project import Secret
from devgw.ids import OperationId, UpstreamServerId


class Affected(StrEnum):
    """Of what something ends or changes."""

    SESSIONS = "sessions"
    """Signed-in browsers."""
    PENDING_LOGINS = "pending_logins"
    """Authorizations on their way to the identity provider and back."""
    GRANTS = "grants"
    """Grants on one route, with all their tokens."""
    ACCESS_TOKENS = "access_tokens"
    """Live access tokens; they keep what they were issued with."""
    REFRESH_TOKENS = "refresh_tokens"
    """Live refresh tokens; they keep what they were issued with."""
    CIMD_CLIENTS = "cimd_clients"
    """Clients known by their metadata document."""
    CONNECTIONS = "connections"
    """Credentials at one upstream."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Whom a change meets; None for a route or upstream means all."""

    affected: Affected
    ends: bool
    """True where they end or have to begin again, False where they go on as they were."""
    operation_id: OperationId | None = None
    upstream_server_id: UpstreamServerId | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two generations."""

    subject: str
    """What changed: an option's name, or a route's path."""
    text: str
    """One sentence, with old and new value; never a secret."""
    consequence: str = ""
    """What follows, in words that hold for any number of those affected."""
    effects: tuple[Effect, ...] = ()


_NOUNS = {
    Affected.SESSIONS: ("session", "sessions"),
    Affected.PENDING_LOGINS: ("sign-in under way", "sign-ins under way"),
    Affected.GRANTS: ("grant", "grants"),
    Affected.ACCESS_TOKENS: ("live access token", "live access tokens"),
    Affected.REFRESH_TOKENS: ("live refresh token", "live refresh tokens"),
    Affected.CIMD_CLIENTS: ("client", "clients"),
    Affected.CONNECTIONS: ("upstream connection", "upstream connections"),
}


def counted(change: Change, count: Callable[[Effect], int]) -> str:
    """Return the change in one line, with how many it meets.

    Args:
        change: one difference.
        count: says how many an effect meets; asked once per effect.
    """
    met = {effect: count(effect) for effect in change.effects}
    parts = [change.text, change.consequence]
    for verb, ends in (("Ends", True), ("Goes on as it was for", False)):
        counts = [
            f"{many} {_NOUNS[each.affected][many != 1]}" for each, many in met.items() if each.ends is ends and many
        ]
        parts.append(f"{verb} {', '.join(counts)}." if counts else "")
    if change.effects and not any(met.values()):
        parts.append("Nobody is met by it now.")
    return " ".join(filter(None, parts))


def changed(subject: str, old: object, new: object, consequence: str = "", effects: tuple[Effect, ...] = ()) -> Change:
    """Return the change of one value, in the form that all of them have."""
    return Change(subject, f"`{subject}` {old} → {new}.", consequence or "Applies at once.", effects)


def shown(value: Any, milliseconds: bool = False) -> str:
    """Return a value as the file would have it; a secret as its fingerprint."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds() * (1000 if milliseconds else 1):.0f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if isinstance(value, Secret) or value is None else f'"{value}"'


def camel(name: str) -> str:
    """Return the name of an option from the name of its field."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
