"""Who is this client? By its metadata document, else by what it calls itself, else by redirect URIs and user agent.

Who has a document or a name that the book does not have is somebody else, whatever program or library carries it. A
user agent that many programs have (`node`, `Bun`, `python-httpx`) says nothing: who has no other mark is unknown, and
is told nobody's commands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from devgw.diagnosis.clients.book import ClientEntry, entries

_VERSION = r"v?\d+(\.\d+)*([-+.]?(alpha|beta|rc|dev|pre|preview|nightly|insiders?|canary|next)[\w.+-]*)?"
_TAIL = re.compile(rf"([ _-](mcp[ _-])?client)?([ /@-]{_VERSION})?( ?\(.*\))?|[ _-]mcp[ _-]client[ _-].+", re.DOTALL)
"""What a client writes behind its own name: that it is a client, its version, and the server or device in brackets."""
_CARRIER = re.compile(r"\(via ([^()]+)\)$")
"""Who carries for another: `claude-ai (via mcp-remote 0.15.1)` is mcp-remote, which keeps the tokens."""
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
    if entry := by_document(traits.client_id) or _by_name(traits.client_name) or _by_name(traits.client_info):
        return entry
    if traits.client_name or traits.client_info or traits.client_id.startswith("https://"):
        return None
    return _by_redirects(traits.redirect_uris) or _by_user_agent(traits.user_agent.lower())


def by_document(client_id: str) -> ClientEntry | None:
    """Return the entry whose metadata document this is, also where it cannot be read."""
    return _first(entry for entry in entries() if any(_is_document(mark, client_id) for mark in entry.client_ids))


def _is_document(mark: str, client_id: str) -> bool:
    """Tell whether an id is a document of the book, where `*` is one stretch of the path: one document a server."""
    if "*" not in mark:
        return client_id == mark
    before, _, behind = mark.partition("*")
    between = client_id[len(before) : len(client_id) - len(behind)]
    return client_id == f"{before}{between}{behind}" and between != "" and "/" not in between


def _first(found: Iterable[ClientEntry]) -> ClientEntry | None:
    return next(iter(found), None)


def _by_redirects(uris: tuple[str, ...]) -> ClientEntry | None:
    """Return the entry whose redirect URIs begin so."""
    return _first(each for each in entries() if any(_is_redirect(mark, uri) for uri in uris for mark in each.redirects))


def _is_redirect(mark: str, uri: str) -> bool:
    """Tell whether a redirect URI begins as a client's own do, up to an end of the path."""
    return uri.startswith(mark) and (mark.endswith("/") or uri[len(mark) : len(mark) + 1] in ("", "/", "?"))


def _by_name(name: str) -> ClientEntry | None:
    """Return the entry whose mark is the name, but for a tail: neither `mcporter` nor `mcp-thing` is an `mcp`."""
    name = name.lower()
    if carried := _CARRIER.search(name):
        return _by_name(carried[1])
    fits = [
        (len(mark), entry) for entry in entries() for mark in (entry.name.lower(), *entry.names) if _begins(name, mark)
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _begins(name: str, mark: str) -> bool:
    return name == mark or (mark != "mcp" and name.startswith(mark) and bool(_TAIL.fullmatch(name, len(mark))))


def _by_user_agent(agent: str) -> ClientEntry | None:
    """Return the entry with the longest mark that is the user agent's product, or with which it begins up to a `-`."""
    product = agent.partition("/")[0].partition(" (")[0]
    fits = [
        (len(mark), entry)
        for entry in entries()
        for mark in entry.user_agents
        if product == mark or (mark.endswith("-") and product.startswith(mark))
    ]
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
