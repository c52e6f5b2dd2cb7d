"""Who is this client? By its metadata document, what it calls itself, its redirect URIs, and last its user agent."""

from collections.abc import Iterable
from dataclasses import dataclass

from devgw.diagnosis.clients.book import BOOK, ClientEntry


@dataclass(frozen=True, slots=True)
class Traits:
    """What was seen of a client."""

    client_id: str = ""
    redirect_uris: tuple[str, ...] = ()
    client_name: str = ""
    """`client_name` of the registration, or `clientInfo.name`."""
    user_agent: str = ""


def recognise(traits: Traits) -> ClientEntry | None:
    """Return the entry that fits best; None for a client that nobody wrote down yet."""
    return (
        _first(entry for entry in BOOK if traits.client_id in entry.client_ids)
        or _by_name(traits.client_name.lower())
        or _first(entry for entry in BOOK if _redirects_fit(entry, traits.redirect_uris))
        or _by_beginning(traits.user_agent.lower(), "user_agents")
    )


def _first(entries: Iterable[ClientEntry]) -> ClientEntry | None:
    return next(iter(entries), None)


def _redirects_fit(entry: ClientEntry, uris: tuple[str, ...]) -> bool:
    return any(mark in uri for uri in uris for mark in entry.redirects)


def _by_name(name: str) -> ClientEntry | None:
    """Return the entry whose mark is the name, or its first words: `mcporter` is no `mcp`."""
    fits = [(len(mark), entry) for entry in BOOK for mark in entry.names if _begins(name, mark)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _begins(name: str, mark: str) -> bool:
    is_word = len(mark) > len("mcp") and name.startswith(mark) and not name[len(mark) : len(mark) + 1].isalnum()
    return name == mark or is_word


def _by_beginning(text: str, marks: str) -> ClientEntry | None:
    """Return the entry with the longest mark with which `text` begins."""
    fits = [(len(mark), entry) for entry in BOOK for mark in getattr(entry, marks) if text.startswith(mark)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def entry_named(key: str) -> ClientEntry:
    """Return the entry with this key."""
    return next(entry for entry in BOOK if entry.key == key)


def forget_advice(traits: Traits) -> str:
    """Return how this client forgets its registration, or how any client does where it is unknown."""
    entry = recognise(traits)
    if entry is None or not entry.forget:
        return "Remove the server from the client's configuration, delete what it stored for it, and add it again."
    return f"{entry.name}: {entry.forget}."


def name_by_document(client_id: str) -> str:
    """Return the name of the client with this metadata document, also where that cannot be read; else empty."""
    return next((entry.name for entry in BOOK if client_id in entry.client_ids), "")


def how_to_register(client_id: str) -> str:
    """Return what makes the client with this metadata document register instead; empty where nobody wrote it down."""
    return next((entry.registers for entry in BOOK if client_id in entry.client_ids), "")


def quirks_for(traits: Traits, failure_id: str) -> list[str]:
    """Return what this client is known for that can explain the failure."""
    entry = recognise(traits)
    return [quirk.words for quirk in entry.quirks if failure_id in quirk.explains] if entry else []
