"""The notes that the sample server keeps: enough to search, read, add and delete, gone when the process ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SCHEME = "notes"
INDEX_URI = f"{SCHEME}://index"
MOST = 500
"""Notes that are kept: they are a part of the gateway's memory, and whoever calls the tool adds to it."""
NOTE_URI_TEMPLATE = f"{SCHEME}://note/{{id}}"


@dataclass(frozen=True, slots=True)
class StoredNote:
    """One note."""

    id: str
    title: str
    text: str

    @property
    def uri(self) -> str:
        """Return the resource URI under which it is read."""
        return NOTE_URI_TEMPLATE.replace("{id}", self.id)

    def as_json(self) -> dict[str, str]:
        """Return it as the tools show it."""
        return {"id": self.id, "title": self.title, "text": self.text, "uri": self.uri}


FIRST_NOTES = (
    StoredNote(
        "two-layers",
        "Two OAuth layers",
        "The MCP client signs in at the gateway. The gateway signs in at the upstream, once per person. "
        "The client's token ends at the gateway: an upstream never sees it.",
    ),
    StoredNote(
        "audience",
        "One token, one route",
        "An access token is bound to the route it was asked for with `resource`. On another route it is a 401 "
        "with reason invalid_audience.",
    ),
    StoredNote(
        "rotation",
        "Refresh tokens of public clients rotate",
        "OAuth 2.1 wants each refresh to hand out a new refresh token: a spent one that comes again later than a lost "
        "answer explains ends the whole grant. A gateway may keep to one token instead, and say so.",
    ),
    StoredNote(
        "issuer",
        "One issuer string",
        "What authorization_servers, the metadata's issuer and the callback's iss say must be the same string, "
        "byte for byte; a trailing slash is a difference.",
    ),
    StoredNote(
        "loopback",
        "localhost is not 127.0.0.1",
        "A redirect URI registered for localhost is not one for 127.0.0.1. The port of a loopback redirect may "
        "differ, the host may not.",
    ),
)


@dataclass
class Notes:
    """The notes by id, in the order in which they came."""

    by_id: dict[str, StoredNote] = field(default_factory=lambda: {note.id: note for note in FIRST_NOTES})
    added: int = 0
    watchers: set[asyncio.Event] = field(default_factory=set)
    """Each is set when the list of notes changes."""

    @contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """Yield what is set at each change while the block runs."""
        changed = asyncio.Event()
        self.watchers.add(changed)
        try:
            yield changed
        finally:
            self.watchers.discard(changed)

    def __iter__(self) -> Iterator[StoredNote]:
        """Go through the notes, the oldest first."""
        return iter(tuple(self.by_id.values()))

    def at(self, uri: str) -> StoredNote | None:
        """Return the note whose resource URI is `uri`."""
        return next((note for note in self if note.uri == uri), None)

    def search(self, words: str) -> list[StoredNote]:
        """Return the notes that hold every one of `words`, in any case."""
        wanted = words.casefold().split()
        return [note for note in self if all(word in f"{note.title} {note.text}".casefold() for word in wanted)]

    def add(self, title: str, text: str) -> StoredNote | None:
        """Keep a new note and return it; None where there are as many as are kept."""
        if len(self.by_id) >= MOST:
            return None
        self.added += 1
        note = StoredNote(f"note-{self.added}", title, text)
        self.by_id[note.id] = note
        self._tell()
        return note

    def delete(self, note_id: str) -> StoredNote | None:
        """Drop a note and return it, or None where there is none of that id."""
        note = self.by_id.pop(note_id, None)
        if note is not None:
            self._tell()
        return note

    def _tell(self) -> None:
        for changed in self.watchers:
            changed.set()
