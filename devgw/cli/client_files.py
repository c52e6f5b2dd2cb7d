"""Servers in the settings file of an MCP client: added and taken out, everything else left as it stands."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from devgw.config.source import content_of
from devgw.foreign.client_setup import ClientSetup
from devgw.foreign.json import JsonRefused, read_json
from devgw.platforms.paths import home_folder


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
        OSError: where it cannot be written.
    """
    path = place_of(client, project)
    document, text = _read(path, _root(client, project))
    kept = _servers(document, client, path)
    for name, url in servers.items():
        if name in kept and kept[name] != client.kept(url):
            raise FileUnusable(f"{path} has another {name} already: take it out, or give that server another name.")
    new = [name for name in servers if name not in kept]
    if new:
        document[client.member] = kept | {name: client.kept(servers[name]) for name in new}
        _write(path, document, text)
    return new


def remove(client: ClientSetup, project: Path, servers: dict[str, str]) -> list[str]:
    """Take the servers out of the file, where they are what `add` wrote; return the names of those that were there.

    Raises:
        FileUnusable: where it cannot be read as JSON, or is a link.
        OSError: where it cannot be written.
    """
    path = place_of(client, project)
    document, text = _read(path, _root(client, project))
    kept = _servers(document, client, path)
    gone = [name for name, url in servers.items() if kept.get(name) == client.kept(url)]
    if gone:
        document[client.member] = {name: entry for name, entry in kept.items() if name not in gone}
        _write(path, document, text)
    return gone


def _read(path: Path, root: Path) -> tuple[dict[str, Any], str]:
    """Return what the file says, and its text; both are empty where there is none."""
    below = path.relative_to(root).parts
    for each in (root.joinpath(*below[: number + 1]) for number in range(len(below))):
        if each.is_symlink():
            raise FileUnusable(f"{each} is a link, and what it leads to is not for devgw to write.")
    try:
        text = content_of(path).decode("utf-8")
        document = read_json(text) if text.strip() else {}
    except FileNotFoundError:
        return {}, ""
    except (JsonRefused, UnicodeDecodeError) as error:
        raise FileUnusable(f"{path} is no plain JSON ({error}); a file with comments is left to you.") from error
    if not isinstance(document, dict):
        raise FileUnusable(f"{path} holds no JSON object.")
    return document, text


def _servers(document: dict[str, Any], client: ClientSetup, path: Path) -> dict[str, Any]:
    found = document.get(client.member, {})
    if not isinstance(found, dict):
        raise FileUnusable(f"In {path}, {client.member} is no object.")
    return found


def _write(path: Path, document: dict[str, Any], before: str) -> None:
    """Write the whole file in one step, indented as it was and with the mode that it had."""
    found = re.search(r"^([ \t]+)\S", before, re.MULTILINE)
    text = json.dumps(document, indent=found[1] if found else 2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + ("\n" if before.endswith("\n") or not before else ""))
        Path(name).chmod(path.stat().st_mode & 0o777 if before else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
