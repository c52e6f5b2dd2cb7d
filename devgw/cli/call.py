"""`devgw call`: the tools of a route, and a call of one, by the built-in client."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devgw.cli.box import client_at, person_option, route_argument, run_client
from devgw.cli.joining import directory_argument, fail, json_option
from devgw.cli.printing import as_json as in_json
from devgw.cli.printing import write_json, write_page
from devgw.cli.tables import write_table

if TYPE_CHECKING:
    from devgw.wiring.own_client import OwnClient

HEADS = ("TOOL", "ARGUMENTS", "WHAT IT DOES")
_TEXT = "string"


@click.command("call")
@route_argument
@click.argument("tool", required=False, default="")
@click.argument("arguments", nargs=-1)
@person_option
@directory_argument
@json_option
def command(
    route: str, tool: str, arguments: Sequence[str], person: str | None, directory: Path, *, as_json: bool
) -> None:
    """Call a tool of a route; without TOOL, list what there is. Signs in first where nobody has.

    ROUTE is its path, the last part of it, its operation id or its URL. ARGUMENTS are NAME=VALUE, or one JSON object.
    Ends with 1 where the tool says that it failed.
    """
    client = client_at(directory, route, person)
    if tool:
        result = run_client(client, lambda http: _called(client, http, tool, arguments))
        write_json(result) if as_json else write_page("\n".join(_texts(result)))
        sys.exit(1 if result.get("isError") is True else 0)
    tools = run_client(client, lambda http: _tools(client, http))
    if as_json:
        for each in tools:
            write_json(each)
    else:
        write_table(HEADS, [tool_cells(each) for each in tools], "It has no tools.")


async def _tools(client: "OwnClient", http: Any) -> list[dict[str, Any]]:
    return await (await client.session(http)).tools()


async def _called(client: "OwnClient", http: Any, tool: str, arguments: Sequence[str]) -> dict[str, Any]:
    session = await client.session(http)
    tools = {name: each for each in await session.tools() if (name := text_of(each, "name"))}
    if tool not in tools:
        fail(f"There is no tool {tool}.", f"There are: {', '.join(tools)}." if tools else "The route has none.")
    return await session.call(tool, _arguments(_properties(tools[tool]), arguments))


def _arguments(properties: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return the arguments as the tool wants them: a text as it was typed, anything else as JSON."""
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        return _object(given[0])
    found = dict[str, Any]()
    for each in given:
        name, sign, value = each.partition("=")
        if not sign:
            fail(f"{each} is no argument.", "Write NAME=VALUE, or all of them as one JSON object.")
        wanted = properties.get(name)
        is_text = isinstance(wanted, dict) and wanted.get("type") == _TEXT
        found[name] = value if is_text else _value(value)
    return found


def _object(text: str) -> dict[str, Any]:
    from devgw.foreign.json import JsonRefused, read_object  # noqa: PLC0415  `--help` must be quick

    try:
        return read_object(text.encode("utf-8", "surrogateescape"))
    except JsonRefused as refused:
        fail(f"The arguments are no JSON object: {refused}.", "Write NAME=VALUE for each, or mend the JSON.")


def _value(text: str) -> Any:
    from devgw.foreign.json import JsonRefused, read_json  # noqa: PLC0415  `--help` must be quick

    try:
        return read_json(text.encode("utf-8", "surrogateescape"))
    except JsonRefused:
        return text


def _properties(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = tool.get("inputSchema")
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def tool_cells(tool: Mapping[str, Any]) -> list[str]:
    """Return the line of a tool, which may say anything of itself; an argument that may be left out is in brackets."""
    schema = tool.get("inputSchema")
    listed = schema.get("required") if isinstance(schema, dict) else None
    required = listed if isinstance(listed, list) else []
    names = [name if name in required else f"[{name}]" for name in _properties(tool)]
    return [text_of(tool, "name"), " ".join(names), text_of(tool, "description") or text_of(tool, "title")]


def text_of(tool: Mapping[str, Any], member: str) -> str:
    """Return a member of what a server says; empty where it is no text."""
    found = tool.get(member)
    return found if isinstance(found, str) else ""


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    """Give what a result says, as text; what is none is named, or written as JSON."""
    content = result.get("content")
    parts = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
    for each in parts:
        text = each.get("text")
        yield text if isinstance(text, str) else in_json(each)
    if not parts:
        yield in_json(result.get("structuredContent", result))
