"""Members put into a JSON text and taken out of it: no other letter of the text changes.

A document that is read and written anew keeps its values, and not how they were written: line ends, escapes, the form
of a number, two arrays on one line.
"""

import json
import re
from typing import Any

from devgw.config.finding import Findings
from devgw.config.jsonc import parse
from devgw.config.node import Node
from devgw.config.source import Source

_INDENT = "  "


class NoMembers(ValueError):  # noqa: N818  it reads as what is wrong
    """The text is no JSON object that can be edited; the message says why and where, as a sentence."""


def put_member(text: str, table: str, name: str, value: Any) -> str:
    """Return `text`, a JSON object, with one member more in the object that its member `table` is, as the last one.

    Raises:
        NoMembers: where it cannot be edited.
    """
    root = _read(text)
    held = (root.members or {}).get(table)
    if held is None:
        return _put(text, root, table, {name: value})
    return _put(text, _object(held), name, value)


def drop_member(text: str, table: str, name: str) -> str:
    """Return `text`, a JSON object, without one member of the object that its member `table` is; it has to be there.

    Raises:
        NoMembers: where it cannot be edited.
    """
    held = _object((_read(text).members or {})[table])
    members = list((held.members or {}).values())
    at = [each.key for each in members].index(name)
    if len(members) == 1:
        begin, end = held.start + 1, held.end - 1
    elif at == 0:
        begin, end = members[0].key_start, members[1].key_start
    else:
        begin, end = members[at - 1].end, members[at].end
    return text[:begin] + text[end:]


def _read(text: str) -> Node:
    findings = Findings()
    root = parse(Source("", text), findings)
    if root is None:
        wrong = findings.in_order()[0]
        raise NoMembers(f"line {wrong.line}, column {wrong.column}: {wrong.message} {wrong.fix}".strip())
    return _object(root)


def _object(node: Node) -> Node:
    if node.members is None:
        raise NoMembers(f"line {node.line}: an object belongs where it has {node.kind}.")
    return node


def _put(text: str, into: Node, name: str, value: Any) -> str:
    members = list((into.members or {}).values())
    break_ = "\r\n" if "\r\n" in text else "\n"
    if members:
        before = text[: members[-1].key_start].rpartition("\n")[2]
        lead = break_ + before if not before.strip() and "\n" in text else " "
        return text[: members[-1].end] + "," + lead + _written(text, name, value, lead) + text[members[-1].end :]
    if "\n" not in text:
        return text[: into.start] + "{" + _written(text, name, value, " ") + "}" + text[into.end :]
    line = text[: into.start].rpartition("\n")[2]
    outer = break_ + line[: len(line) - len(line.lstrip(" \t"))]
    lead = outer + _indent(text)
    return text[: into.start] + "{" + lead + _written(text, name, value, lead) + outer + "}" + text[into.end :]


def _written(text: str, name: str, value: Any, lead: str) -> str:
    """Return a member behind `lead`: on lines of its own where that begins one, else on this line."""
    own_lines = _indent(text) if lead.strip(" \t") else None
    return f"{json.dumps(name)}: " + json.dumps(value, indent=own_lines).replace("\n", lead)


def _indent(text: str) -> str:
    """Return by what the text indents."""
    found = re.search(r"^([ \t]+)[^\s]", text, re.MULTILINE)
    return found[1] if found else _INDENT
