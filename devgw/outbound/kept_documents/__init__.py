"""Kept copies of the metadata documents that well-known clients publish: what goes on where the net does not.

A client that goes by a document sends its URL as `client_id` and does not fall back to registration. Without internet
there would be no login for it, so a copy stands in, and only there: where the document could not be reached for a
reason of the network. It never overrides one that was read, and is marked wherever the client is shown. One file a
client: the document as it was published, when it was seen, and how that is known (`verbatim`: quoted whole by several;
`vendor file`: the source of the site that serves it). None was invented, and one of which only an excerpt is known does
not ship: what is missing would be taken for the client's fault.
`[client_documents]` in devgw.toml adds others, and goes before these.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from devgw.departure import Departure
from devgw.foreign.json import read_object

KEPT_DOCUMENTS = Departure(
    name="kept-documents",
    here="Where the net does not let a client's metadata document through, a kept copy stands in, marked as such.",
    deployed="The document is read from the net, or the client is refused.",
    why="A machine without internet could not let the clients in that go by a document.",
    source="https://zuplo.com/docs/mcp-gateway/auth/overview",
    setting="[deployed]\nclient_documents = true",
    is_made=lambda settings: not settings.deployed.client_documents,
)
_CODEX = re.compile(r"https://chatgpt\.com/oauth/codex/(?P<id>[A-Za-z0-9_-]{12})/client\.json")
"""One document a server: the id is the beginning of the SHA-256 of its URL; the callback carries it too."""
_CODEX_STABLE = "https://chatgpt.com/oauth/codex/client.json"


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A copy of a client metadata document."""

    document: dict[str, Any]
    seen: str
    """The day, or month, on which it was seen: `2026-10-01`."""
    evidence: str
    """`verbatim`, `vendor file`, or `devgw.toml`."""

    @property
    def mark(self) -> str:
        """Return how it is called wherever its client is shown."""
        return f"kept copy ({self.evidence}, seen {self.seen})" if self.seen else f"copy named in {self.evidence}"


class KeptDocuments:
    """The copies that are there."""

    def __init__(self, own: Mapping[str, Path] | None = None, *, are_used: bool = True) -> None:
        self._own = own or {}
        """The developer's own copies by URL."""
        self._are_used = are_used

    def find(self, url: str) -> KeptDocument | None:
        """Return the copy of the document at `url`, None where there is none.

        Raises:
            OSError: where the developer's own copy cannot be read.
            JsonRefused: where it is no JSON object.
        """
        if not self._are_used:
            return None
        if url in self._own:
            path = self._own[url]
            return KeptDocument(read_object(path.read_bytes()), "", "devgw.toml")
        found = _shipped().get(url)
        return found or _of_one_server(url)


@cache
def _shipped() -> dict[str, KeptDocument]:
    copies = (read_object(each.read_bytes()) for each in files(__package__).iterdir() if each.name.endswith(".json"))
    return {
        each["document"]["client_id"]: KeptDocument(each["document"], each["seen"], each["evidence"]) for each in copies
    }


def _of_one_server(url: str) -> KeptDocument | None:
    """Return Codex's document for one server, which differs from its stable one in the id alone."""
    match = _CODEX.fullmatch(url)
    if match is None or len(base64.urlsafe_b64decode(match["id"])) != 9:
        return None
    stable = _shipped()[_CODEX_STABLE]
    uris = [f"{each}/{match['id']}" for each in stable.document["redirect_uris"]]
    return KeptDocument(stable.document | {"client_id": url, "redirect_uris": uris}, stable.seen, stable.evidence)
