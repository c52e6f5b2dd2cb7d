"""Servers in the settings file of an MCP client: added and taken out, every other letter left as it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from devgw.config.member_edit import NoMembers, drop_member, put_member
from devgw.config.source import content_of
from devgw.files import rewrite, write_new
from devgw.foreign.client_setup import ClientSetup
from devgw.foreign.json import JsonRefused, read_json
from devgw.platforms.paths import home_folder

_MARK = b"\xef\xbb\xbf"
"""The mark of byte order with which some editors of Windows begin a file."""


class FileUnusable(Exception):  # noqa: N818  it reads as what happened
    """The file is not touched; the message says why, as a sentence."""


def place_of(client: ClientSetup, project: Path) -> Path:
    """Return where a client keeps its servers."""
    return _root(client, project) / client.file.removeprefix("~/")


def _root(client: ClientSetup, project: Path) -> Path:
    return home_folder() if client.file.startswith("~/") else project


def add(client: ClientSetup, project: Path, servers: dict[str, str]) -> list[str]:
    """Put servers, URLs by name, into the file; return the names that were not there.

    Raises:
        FileUnusable: where it cannot be read as JSON, is a link, or has another server under one of the names.
        OSError: where it cannot be read or written.
    """
    path = place_of(client, project)
    content, kept = _read(path, _root(client, project), client)
    for name, url in servers.items():
        if name in kept and kept[name] != client.kept(url):
            raise FileUnusable(f"{path} has another {name} already: take it out, or give that server another name.")
    new = [name for name in servers if name not in kept]

    def added(text: str) -> str:
        for name in new:
            text = put_member(text, client.member, name, client.kept(servers[name]))
        return text

    if new:
        _write(path, content, added)
    return new


def remove(client: ClientSetup, project: Path, servers: dict[str, str]) -> list[str]:
    """Take the servers out of the file, where they are what `add` wrote; return the names of those that were there.

    Raises:
        FileUnusable: where it cannot be read as JSON, or is a link.
        OSError: where it cannot be read or written.
    """
    path = place_of(client, project)
    content, kept = _read(path, _root(client, project), client)
    gone = [name for name, url in servers.items() if kept.get(name) == client.kept(url)]

    def without(text: str) -> str:
        for name in gone:
            text = drop_member(text, client.member, name)
        return text

    if gone:
        _write(path, content, without)
    return gone


def _read(path: Path, root: Path, client: ClientSetup) -> tuple[bytes | None, dict[str, Any]]:
    """Return what the file holds, None where there is none, and its servers by name."""
    below = path.relative_to(root).parts
    for each in (root.joinpath(*below[: number + 1]) for number in range(len(below))):
        if each.is_symlink():
            raise FileUnusable(f"{each} is a link, and what it leads to is not for devgw to write.")
        if each.exists() and not (each.is_file() if each == path else each.is_dir()):
            raise FileUnusable(f"{each} is no {'file' if each == path else 'folder'}, as {client.name} wants it.")
    try:
        content = content_of(path)
        document = read_json(content) if content.removeprefix(_MARK).strip() else {}
    except FileNotFoundError:
        return None, {}
    except JsonRefused as error:
        raise FileUnusable(f"{path} is no plain JSON ({error}); a file with comments is left to you.") from error
    if not isinstance(document, dict):
        raise FileUnusable(f"{path} holds no JSON object.")
    found = document.get(client.member, {})
    if not isinstance(found, dict):
        raise FileUnusable(f"In {path}, {client.member} is no object.")
    return content, found


def _write(path: Path, content: bytes | None, change: Callable[[str], str]) -> None:
    """Write the whole file in one step, with the mode that it had; a new one as other programs would make it."""
    text = (content or b"").removeprefix(_MARK).decode()
    try:
        changed = change(text if text.strip() else "{\n}\n").encode()
    except NoMembers as error:
        raise FileUnusable(f"{path} cannot be edited, {error}") from error
    if content is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, changed, 0o666)
    else:
        rewrite(path, (_MARK if content.startswith(_MARK) else b"") + changed)
