"""Who is this client? By its metadata document, what it calls itself, its redirect URIs, and last its user agent.

A user agent that many programs have (`node`, `Bun`, `python-httpx`) says nothing: who has no other mark is unknown, and
is told nobody's commands.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from devgw.diagnosis.clients.book import ClientEntry, entries

UNKNOWN_FORGETS = "Remove the server from the client's configuration, delete what it stored for it, and add it again."


@dataclass(frozen=True, slots=True)
class Traits:
    """What was seen of a client."""

    client_id: str = ""
    redirect_uris: tuple[str, ...] = ()
    client_name: str = ""
    """`client_name` of its registration or document."""
    user_agent: str = ""
    client_info: str = ""
    """`clientInfo.name` of its MCP messages."""


def recognise(traits: Traits) -> ClientEntry | None:
    """Return the entry that fits best; None for a client that nobody wrote down yet."""
    return (
        by_document(traits.client_id)
        or _by_name(traits.client_name.lower())
        or _by_name(traits.client_info.lower())
        or _first(entry for entry in entries() if _redirects_fit(entry, traits.redirect_uris))
        or _by_user_agent(traits.user_agent.lower())
    )


def by_document(client_id: str) -> ClientEntry | None:
    """Return the entry whose metadata document this is, also where it cannot be read."""
    return _first(entry for entry in entries() if client_id in entry.client_ids)


def _first(found: Iterable[ClientEntry]) -> ClientEntry | None:
    return next(iter(found), None)


def _redirects_fit(entry: ClientEntry, uris: tuple[str, ...]) -> bool:
    return any(mark in uri for uri in uris for mark in entry.redirects)


def _by_name(name: str) -> ClientEntry | None:
    """Return the entry whose mark is the name, or its first words: `mcporter` is no `mcp`."""
    fits = [(len(mark), entry) for entry in entries() for mark in entry.names if _begins(name, mark)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _begins(name: str, mark: str) -> bool:
    is_word = mark not in _WHOLE and name.startswith(mark) and not name[len(mark) : len(mark) + 1].isalnum()
    return name == mark or is_word


_WHOLE = frozenset({"mcp", "claude", "amp"})
"""Names that others begin with."""


def _by_user_agent(agent: str) -> ClientEntry | None:
    """Return the entry with the longest mark with which the user agent begins."""
    fits = [(len(mark), entry) for entry in entries() for mark in entry.user_agents if agent.startswith(mark)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def forget_advice(traits: Traits) -> str:
    """Return how this client forgets its registration, or how any client does where it is unknown."""
    entry = recognise(traits)
    return f"{entry.name}: {entry.how_to_forget}." if entry and entry.forget else UNKNOWN_FORGETS


def name_for(traits: Traits) -> str:
    """Return what to call a client: by what it says of itself, else by the book, else by its user agent's product."""
    entry = recognise(traits)
    product = traits.user_agent.partition("/")[0]
    return traits.client_name or (entry.name if entry else "") or traits.client_info or product


def how_to_register(client_id: str) -> str:
    """Return what makes the client with this metadata document register instead; empty where nobody wrote it down."""
    entry = by_document(client_id)
    return entry.to_register if entry else ""


def quirks_for(traits: Traits, failure_id: str) -> list[str]:
    """Return what this client is known for that can explain the failure."""
    entry = recognise(traits)
    return [quirk.words for quirk in entry.quirks if failure_id in quirk.explains] if entry else []
