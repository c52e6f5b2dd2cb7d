"""The MCP Server Registry v0.1, read-only: one entry per MCP route, made from the configuration at each question.

Entries stand in the registry's own form (`server`, `_meta`) and carry the same members flat, as the deployed gateway's
documentation shows them: readers of either form find what they look for.

Source: the MCP Registry's generic API (v0.1 freeze); the public page zuplo.com/docs/mcp-gateway/server-registry.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from devgw.config.project import Route
from devgw.entropy import digest
from devgw.oauth.urls import Urls

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
VERSION = "1.0.0"
"""Routes have no version of their own."""
LATEST = "latest"
DEFAULT_LIMIT, LARGEST_LIMIT = 30, 100
_LONGEST_NAME, _LONGEST_DESCRIPTION = 200, 100
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]+")


class BadQuestion(ValueError):  # noqa: N818  it reads as what happened
    """A parameter of a list request cannot be read; the message says which and how it should be."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list request asks."""

    after: str = ""
    """The name after which the page begins."""
    limit: int = DEFAULT_LIMIT
    search: str = ""
    version: str = ""


def read_question(query: Mapping[str, str]) -> ListQuery:
    """Return what the parameters of a list request ask.

    Raises:
        BadQuestion: where one cannot be read.
    """
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", limit):
        raise BadQuestion(f"limit must be a number from 1 to {LARGEST_LIMIT}, not {limit!r}")
    if since := query.get("updated_since"):
        _check_moment(since)
    after = _read_cursor(query["cursor"]) if query.get("cursor") else ""
    return ListQuery(after, min(int(limit), LARGEST_LIMIT), query.get("search", ""), query.get("version", ""))


def _check_moment(text: str) -> None:
    """Refuse what is no RFC 3339 moment. It filters nothing: every entry may have changed since."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadQuestion(f"updated_since must be an RFC 3339 date-time such as 2026-01-02T03:04:05Z, not {text!r}")


def _read_cursor(cursor: str) -> str:
    """Return the name in a cursor of ours."""
    try:
        return base64.b64decode(cursor.encode(), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadQuestion("cursor is none that this registry gave") from error


def name_of(route: Route, urls: Urls) -> str:
    """Return a route's name: the host backwards, a slash, the operation id; at most 200 characters."""
    host = (urlsplit(urls.origin).hostname or "localhost").strip("[]")
    parts = [each for each in _UNNAMEABLE.sub("-", host).split(".") if each]
    space = ".".join(reversed(parts)) if any(c.isalpha() for c in host) else "-".join(parts) or "localhost"
    own = _UNNAMEABLE.sub("-", route.operation_id)
    name = f"{space.strip('-')}/{own}"
    is_step = not own.strip(".")  # `..` in a URL leads elsewhere
    return _told_apart(name, route) if is_step or len(name) > _LONGEST_NAME else name


def _told_apart(name: str, route: Route) -> str:
    """Return a name with a mark of the very operation id at its end."""
    return f"{name[: _LONGEST_NAME - 9]}-{digest(route.operation_id)[:8]}"


def named(routes: Sequence[Route], urls: Urls) -> dict[str, Route]:
    """Return each route by a name of its own: of those that would have the same one, the first keeps it."""
    found: dict[str, Route] = {}
    for route in (each for each in routes if "{" not in each.path):
        name = name_of(route, urls)
        found[_told_apart(name, route) if name in found else name] = route
    return found


def entry_of(name: str, route: Route, urls: Urls) -> dict[str, Any]:
    """Return a route's entry under its name."""
    server: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": name,
        "description": (route.summary or f"MCP route {route.path}")[:_LONGEST_DESCRIPTION],
        "version": VERSION,
        "remotes": [{"type": "streamable-http", "url": urls.resource(route)}],
    }
    if route.summary:
        server["title"] = route.summary[:_LONGEST_DESCRIPTION]
    return {"server": server, "_meta": {}, **server}


def list_servers(routes: Sequence[Route], urls: Urls, question: ListQuery) -> dict[str, Any]:
    """Return one page of entries in order of their names, and the cursor of the next where there is one."""
    by_name = named(routes, urls)
    found = [
        entry_of(name, by_name[name], urls)
        for name in sorted(by_name)
        if name > question.after
        and question.search.casefold() in name.casefold()
        and question.version in {"", LATEST, VERSION}
    ]
    page = found[: question.limit]
    metadata: dict[str, Any] = {"count": len(page)}
    if len(found) > len(page):
        metadata["nextCursor"] = base64.urlsafe_b64encode(page[-1]["name"].encode()).decode()
    return {"servers": page, "metadata": metadata}


def find_server(routes: Sequence[Route], urls: Urls, name: str, version: str = LATEST) -> dict[str, Any] | None:
    """Return the entry called `name`, in this version or the latest; None where there is none."""
    if version not in {LATEST, VERSION}:
        return None
    route = named(routes, urls).get(name)
    return entry_of(name, route, urls) if route is not None else None
