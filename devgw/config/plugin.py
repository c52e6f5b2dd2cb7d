"""The two Zuplo files beside `config/`: the plugin's literal in `modules/zuplo.runtime.ts`, and `zuplo.jsonc`.

The TypeScript is not run: a literal `basePath` or `registry` is read, anything computed is a finding.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from devgw.config.finding import Findings, Place
from devgw.config.jsonc import parse
from devgw.config.members import near
from devgw.config.node import Node
from devgw.config.source import Source, read_source
from devgw.departure import Departure
from devgw.oauth.urls import ALIAS_BASE, base_path_of

RUNTIME_FILE = "modules/zuplo.runtime.ts"
ZUPLO_FILE = "zuplo.jsonc"
OLDEST = date(2026, 3, 1)
"""The first compatibility date on which the MCP Gateway runs."""

PROJECT_FILES = Departure(
    name="project-files",
    here="A project runs without modules/zuplo.runtime.ts, without McpGatewayPlugin in it, and with any "
    "compatibilityDate; `devgw check` tells.",
    deployed="Without the plugin it serves no OAuth, and with a compatibilityDate before 2026-03-01 it is not built.",
    why="Two files in config/ are enough to try a login.",
    source="https://zuplo.com/docs/mcp-gateway/code-config/compatibility-dates",
    setting="[deployed]\nproject_files = true",
    is_made=lambda settings: not settings.deployed.project_files,
)
BASE_PATH = Departure(
    name="base-path",
    here="Where the plugin names no base path, the endpoints are /oauth/…; /__zuplo/oauth/… is answered too.",
    deployed="Where the plugin names none, they are /__zuplo/oauth/…, and so is the callback that is registered at the "
    "identity provider.",
    why="The WorkOS guide registers http://localhost:9000/oauth/callback, without a base path.",
    source="https://zuplo.com/docs/programmable-api/mcp-gateway-plugin",
    setting="[deployed]\nbase_path = true",
    is_made=lambda settings: not settings.deployed.base_path and settings.base_path != ALIAS_BASE,
)
# Nothing is tried twice (`++`), and an escape outside of a string ends none: so the time grows as the text does.
_STRINGS = r"\"(?:[^\"\\\n]++|\\.)*+\"|'(?:[^'\\\n]++|\\.)*+'"
_SKIPPED = re.compile(rf"\\[\s\S]|//[^\n]*+|/\*|{_STRINGS}|`(?:[^`\\]++|\\[\s\S])*+`")
_PLUGIN = r"new\s++(?:[\w$]++\s*+\.\s*+)*+{}\s*+(?:<[^<>()]*+>)?\s*+\("
_RENAMED = re.compile(r"\bMcpGatewayPlugin\s+as\s+([\w$]+)")
_MEMBERS = ("basePath", "registry")
_NAMED = re.compile(r"(?<=[{,\s\"'])(\w++)[\"']?\s*+(?=[:,}])")
_MEMBER = re.compile(r"\b(basePath|registry)\b[\"'`]?\s*+\]?\s*+(?::\s*+([^,}\n]++)|(?=[,}]))")


@dataclass(frozen=True, slots=True)
class Plugin:
    """What the plugin is told."""

    base_path: str | None = None
    base_path_at: Place | None = None
    registry: bool = True


def read_plugin(root: Path, findings: Findings, *, must_build: bool = False) -> Plugin:
    """Return what `new McpGatewayPlugin({...})` says; the defaults where there is no such file.

    Args:
        root: the project directory.
        findings: takes what is found.
        must_build: whether what the deployed gateway needs is an error where it is missing.
    """
    source = read_source(root, RUNTIME_FILE, findings)
    if source is None:
        _say_missing(findings, must_build=must_build)
        return Plugin()
    code = _with(source.text, lambda text: _spaces(text) if text[0] == "/" else text)
    found = _made(code)
    if found is None:
        message = "McpGatewayPlugin is not registered; the deployed gateway would not serve OAuth."
        fix = "Add runtime.addPlugin(new McpGatewayPlugin())."
        say = findings.error if must_build else findings.warning
        say("plugin-missing", source.place(0, 1), message, fix)
        return Plugin()
    end = _closing(code, found.end())
    _check_alone(code, end, source, findings)
    given = code[found.end() : end].strip().rstrip(")").rstrip()
    if given and not given.startswith("{"):
        message = f"The plugin is given `{given[:40]}`, which devgw does not run; it uses the defaults."
        fix = 'Write the options there, such as new McpGatewayPlugin({ basePath: "/" }).'
        findings.warning("plugin-not-literal", source.place(found.end(), end), message, fix)
    spread = re.compile(r"\.\.\.\s*[\w$.]+").search(_bare(code), found.end(), end)
    if spread is not None:
        message = f"`{spread[0][:40]}` is computed: devgw does not run the module and cannot see what is in it."
        fix = 'Write the options themselves, such as basePath: "/".'
        findings.warning("plugin-not-literal", source.place(spread.start(), spread.end()), message, fix)
    _check_names(code, found.end(), end, source, findings)
    plugin = Plugin()
    for member in _MEMBER.finditer(code, found.end(), end):
        value = (member[2] or member[1]).strip()
        place = source.place(member.start(2) if member[2] else member.start(1), member.end())
        plugin = _with_member(plugin, member[1], value, place, findings)
    return plugin


def _made(code: str, start: int = 0) -> re.Match[str] | None:
    """Return where the plugin is made, whatever name it was imported under; a text that speaks of it is no place."""
    bare = _bare(code)
    renamed = _RENAMED.search(bare)
    name = re.escape(renamed[1] if renamed else "McpGatewayPlugin")
    return re.compile(_PLUGIN.format(name)).search(bare, start)


def _check_alone(code: str, end: int, source: Source, findings: Findings) -> None:
    """Find a plugin that is made once more, behind the one that is read."""
    second = _made(code, end)
    if second is not None:
        message = "McpGatewayPlugin is made a second time; devgw reads the first one alone."
        findings.warning("plugin-twice", source.place(second.start(), second.end()), message, "Keep one of the two.")


def _bare(code: str) -> str:
    """Return code with the inside of its strings blanked out."""
    return _with(code, lambda text: text[0] + _spaces(text[1:-1]) + text[-1])


def _with(code: str, change: Callable[[str], str]) -> str:
    """Return code with `change` of each of its strings and comments; what is never closed is neither."""
    pieces: list[str] = []
    at, place, last = 0, 0, code.rfind("*/")
    while match := _SKIPPED.search(code, place):
        start, place = match.span()
        if match[0] == "/*":
            if last < place:
                continue
            place = code.find("*/", place) + 2
        pieces += code[at:start], change(code[start:place])
        at = place
    return "".join([*pieces, code[at:]])


def _check_names(code: str, start: int, end: int, source: Source, findings: Findings) -> None:
    """Find each option that is hardly meant to be another one than those that the plugin has."""
    for named in _NAMED.finditer(code, start, end):
        meant = None if named[1] in _MEMBERS else near(named[1], _MEMBERS)
        if meant is not None:
            at = source.place(named.start(1), named.end(1))
            findings.error("misspelt-member", at, f"`{named[1]}` is read by nobody.", f"Did you mean `{meant}`?", meant)


def _say_missing(findings: Findings, *, must_build: bool) -> None:
    if any(each.file == RUNTIME_FILE for each in findings.found):
        return
    message = f"There is no {RUNTIME_FILE}: without McpGatewayPlugin the deployed gateway would not serve OAuth."
    if must_build:
        fix = (
            "Write one that calls runtime.addPlugin(new McpGatewayPlugin()); `devgw init` in an empty folder shows it."
        )
        findings.error("plugin-missing", Place(RUNTIME_FILE), message, fix)
        return
    findings.note("plugin-missing", Place(RUNTIME_FILE), message, "`devgw init` writes one; devgw runs without it.")


def _with_member(plugin: Plugin, name: str, value: str, place: Place, findings: Findings) -> Plugin:
    """Return `plugin` with one more option, or with a finding about it."""
    literal = re.fullmatch(r"[\"'`]([^\"'`$]*)[\"'`](?:\s+(?:as|satisfies)\s+\w+)?", value)
    if name == "basePath" and literal:
        base_path = base_path_of(literal[1])
        if base_path is not None:
            return replace(plugin, base_path=base_path, base_path_at=place)
        message = f"`basePath` is no path: {value[:40]}; devgw uses its default."
        findings.warning("plugin-base-path", place, message, 'Write a path such as basePath: "/dev".')
    elif name == "registry" and (value in ("true", "false") or value.startswith("{")):
        return replace(plugin, registry=value != "false")
    else:
        message = f"`{name}` is not a literal; devgw does not run the module and uses its default."
        findings.warning("plugin-not-literal", place, message, 'Write it as a literal, such as basePath: "/".')
    return plugin


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _closing(code: str, start: int) -> int:
    """Return where the bracket that was opened just before `start` is closed, or the end of the text."""
    depth = 1
    for match in re.compile(rf"[()]|\\[\s\S]|{_STRINGS}").finditer(code, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(code)


def check_zuplo_file(root: Path, findings: Findings, *, must_build: bool = False) -> None:
    """Look at the compatibility date in `zuplo.jsonc`, where that file exists; see `read_plugin`."""
    source = read_source(root, ZUPLO_FILE, findings)
    document = parse(source, findings) if source is not None else None
    if source is not None and document is not None:
        _check_date(document, source, findings.error if must_build else findings.warning)


def _check_date(document: Node, source: Source, say: Callable[[str, Place, str, str], None]) -> None:
    node = document.get("compatibilityDate")
    fix = f'Write "compatibilityDate": "{OLDEST.isoformat()}" or later.'
    if node is None:
        message = "No `compatibilityDate`: the deployed gateway would run with the oldest behaviour."
        say("compatibility-date", source.place(document.start), message, fix)
        return
    try:
        written = date.fromisoformat(node.text or "")
    except ValueError:
        say("compatibility-date", node.place, "This is no date.", fix)
        return
    if written < OLDEST:
        message = f"The MCP Gateway needs a compatibility date of {OLDEST.isoformat()} or later; this is {written}."
        say("compatibility-date", node.place, message, fix)
