"""What a command is about: the folder of a project, or the URL of somebody's MCP server."""

import re
from pathlib import Path
from typing import Any

import click

from devgw.foreign.addresses import NEAR, find_literal, is_this_machine, kind_of
from devgw.foreign.urls import UrlRefused, read_url, without_user

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)"
_WITH_PORT = re.compile(rf"{_HOST}:\d{{1,5}}(?:[/?].*)?")
_DOTTED = re.compile(rf"{_HOST}\.[A-Za-z0-9-]+/.*")
_HERE = re.compile(r"localhost(?:/.*)?", re.IGNORECASE)

_TRY = "Give it as http(s)://host/path, without user and fragment; what opens it goes with --header 'Name: value'."


class ServerUrl(str):
    """The URL of an MCP server, absolute, as it was typed but for a scheme that was left out."""

    __slots__ = ()


class ServerArgument(click.ParamType[ServerUrl]):
    """The URL of an MCP server, with a scheme or without."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a `ServerUrl`."""
        try:
            return ServerUrl(read_url(with_scheme(value)).text)
        except UrlRefused as refused:
            self.fail(f"{without_user(str(value))!r} is no URL of an MCP server: {refused}. {_TRY}", param, ctx)


class ProjectOrServer(click.Path):
    """A folder that exists, or a URL: with http(s)://, or as host:port, host.name/path or localhost without it."""

    name = "project or url"

    def __init__(self) -> None:
        super().__init__(file_okay=False, exists=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a `ServerUrl`, or a `Path`; a folder that exists goes first."""
        if not isinstance(value, str) or not is_like_url(value):
            return super().convert(value, param, ctx)
        return ServerArgument().convert(value, param, ctx)


def is_like_url(text: str) -> bool:
    """Tell whether a text is meant as a URL, and not as a folder's name."""
    if "://" in text:
        return True
    is_bare = any(each.fullmatch(text) for each in (_WITH_PORT, _DOTTED, _HERE))
    return is_bare and not Path(text).is_dir()


def with_scheme(text: str) -> str:
    """Return a URL with its scheme: http for what is on this machine or network, else https."""
    if "://" in text:
        return text
    host = re.match(_HOST, text)
    name = host[0].strip("[]") if host else text
    literal = find_literal(name)
    is_near = is_this_machine(name) or (literal is not None and kind_of(literal) in NEAR)
    return f"{'http' if is_near else 'https'}://{text}"


def read_header(text: str) -> tuple[str, str]:
    """Return name and value of a header as curl takes it, `Name: value`.

    Raises:
        click.BadParameter: where it is none that may be sent.
    """
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
        raise click.BadParameter("a header is written as 'Name: value'.", param_hint="--header")
    if not value.strip() or not value.strip().isascii() or not value.strip().isprintable():
        raise click.BadParameter(f"the value of {name} is empty, or has characters that no header has.")
    return name.strip(), value.strip()
