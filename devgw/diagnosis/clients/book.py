"""The entries of the client book, as `book.toml` has them, with the version that was seen last of each."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from devgw.foreign.json import read_object
from devgw.foreign.toml import read_toml


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something a client does that surprises, and the failures it can explain."""

    words: str
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """What is known of one client family."""

    key: str
    name: str
    client_ids: tuple[str, ...] = ()
    """Its metadata documents; `*` is one stretch of the path."""
    names: tuple[str, ...] = ()
    """Its `client_name` and `clientInfo.name`, in lower case and without version, server or `MCP Client` behind."""
    redirects: tuple[str, ...] = ()
    """Stretches that only its redirect URIs have; one that begins with `http://` is the whole of it."""
    user_agents: tuple[str, ...] = ()
    """Products of its User-Agent, in lower case; one that ends in `-` begins more of them."""
    registers: str = ""
    """How it comes by its client id."""
    to_register: str = ""
    """What makes it register where it remembers its metadata document; begins with a verb."""
    keeps: str = ""
    """Where it stores tokens."""
    forget: str = ""
    """The exact command or click that makes it forget what it stored for a server, called NAME there."""
    tried: bool = False
    """Whether the program was driven, and its store and its command seen; else it is hearsay."""
    quirks: tuple[Quirk, ...] = ()

    @property
    def how_to_forget(self) -> str:
        """Return `forget`, marked where it is hearsay."""
        return self.forget + ("" if self.tried or not self.forget else " (not tried here)")

    @property
    def version(self) -> str:
        """Return the version that was seen last, empty for none."""
        return _versions().get(self.name, "")


@cache
def entries() -> tuple[ClientEntry, ...]:
    """Return all entries, in the order of the book."""
    return tuple(_entry(key, dict(table)) for key, table in read_toml(_text("book.toml")).items())


def _entry(key: str, table: dict[str, Any]) -> ClientEntry:
    quirks = tuple(Quirk(each["words"], tuple(each["explains"])) for each in table.pop("quirks", []))
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
    }
    return ClientEntry(key, quirks=quirks, **members)


@cache
def _versions() -> dict[str, str]:
    return {each["client"]: each["version"] for each in read_object(_text("seen.json").encode())["seen"]}


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
