"""Reads JSON with comments and trailing commas, keeps every position, and never raises: what is wrong is a finding.

Own code, because no parser of the standard library keeps positions, and a Zuplo project is full of comments. It keeps
its own stack, so that deep nesting is a finding and no crash. After a missing comma it reads on; anything else that is
not JSON ends the reading of that file with one finding.
"""

import json
import math
import re
from dataclasses import dataclass, field

from devgw.config.finding import Findings, Place
from devgw.config.node import Node
from devgw.config.source import Source

DEPTH_LIMIT = 128
"""Objects and arrays within each other."""

FAULT_LIMIT = 50
"""Faults noted in one file before the reading ends; a file of a million missing commas must not hold up anything."""

_SKIP = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_SKIPPED = " \t\r\n/"
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\.)*+)"')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[^\s,:\[\]{}\"/]+")
_WORDS = {"true": True, "false": False, "null": None}
_MEANT = {"True": "true", "False": "false", "None": "null", "undefined": "null", "NaN": "null", "Infinity": "null"}
_TYPOGRAPHIC = frozenset("“”„‟‘’‚«»″")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _NotJson(Exception):  # noqa: N818  raised to stop reading, never seen outside
    """What stands here is not JSON."""

    def __init__(self, at: int, message: str, fix: str = "", end: int | None = None) -> None:
        super().__init__(message)
        self.at, self.message, self.fix, self.end = at, message, fix, end


@dataclass(slots=True)
class _Reader:
    """One pass over one text."""

    source: Source
    findings: Findings
    at: int = 0
    faults: int = 0
    stack: list[Node] = field(default_factory=list)

    def read(self) -> Node:
        """Return the document."""
        root = self._value(None, "")
        while self.stack:
            self._continue(self.stack[-1])
        self._skip()
        if self.at < len(self.source.text):
            message = "Something stands after the end of the document."
            raise _NotJson(self.at, message, "Remove it, or check the brackets before it.")
        return root

    def _peek(self) -> str:
        """Return the next character that means something; the short cut halves the time of a large file."""
        here = self.source.text[self.at : self.at + 1]
        if here and here not in _SKIPPED:
            return here
        self._skip()
        return self.source.text[self.at : self.at + 1]

    def _skip(self) -> None:
        match = _SKIP.match(self.source.text, self.at)
        self.at = match.end() if match else self.at
        if self.source.text.startswith("/*", self.at):
            raise _NotJson(self.at, "A comment begins here and never ends.", "Close it with */.")

    def _continue(self, parent: Node) -> None:
        """Read the next member or item of `parent`, or its closing bracket."""
        closing = "}" if parent.members is not None else "]"
        here = self._peek()
        first = not parent.members and not parent.items
        if here == closing:
            self._close(parent)
            return
        if not first:
            self._comma(here, closing)
            if self._peek() == closing:
                self._close(parent)
                return
        if parent.members is not None:
            self._member(parent, parent.members)
        elif parent.items is not None:
            parent.items.append(self._value(parent, len(parent.items)))

    def _close(self, parent: Node) -> None:
        self.at += 1
        parent.end = self.at
        self.stack.pop()

    def _comma(self, here: str, closing: str) -> None:
        if here == ",":
            self.at += 1
            return
        if here in ("", "}", "]"):
            self._stopped(here, closing)
        if here == ":":
            raise _NotJson(self.at, "A colon stands where a comma belongs.", "Write a comma.")
        before = self.at - 1
        while self.source.text[before] in _SKIPPED:
            before -= 1
        self._fault("json-syntax", self.source.place(before), "A comma is missing after this.", "Add a comma.")

    def _fault(self, code: str, at: Place, message: str, fix: str) -> None:
        """Note a fault after which the reading goes on; but not for ever."""
        self.findings.error(code, at, message, fix)
        self.faults += 1
        if self.faults >= FAULT_LIMIT:
            raise _NotJson(self.at, f"More than {FAULT_LIMIT} faults; the rest of the file was not read.")

    def _stopped(self, here: str, closing: str) -> None:
        opened = self.source.position(self.stack[-1].start)
        where = f"the bracket opened at line {opened[0]}, column {opened[1]}"
        if here:
            raise _NotJson(self.at, f"`{here}` stands where {where} needs `{closing}`.", f"Write `{closing}`.")
        raise _NotJson(self.at, f"The file ends before {where} is closed.", f"Add the missing `{closing}`.")

    def _member(self, parent: Node, members: dict[str, Node]) -> None:
        start = self.at
        if self._peek() != '"':
            self._no_name()
        name = self._string()
        end = self.at
        if self._peek() != ":":
            raise _NotJson(self.at, f'A colon is missing after "{name[:60]}".', "Write a colon before the value.")
        self.at += 1
        node = self._value(parent, name)
        node.key_start, node.key_end = start, end
        if name in members:
            first = self.source.position(members[name].key_start)[0]
            message = (
                f'"{name[:60]}" stands twice in this object, first on line {first}; most readers take the last one.'
            )
            self._fault("duplicate-key", node.key_place, message, "Keep one of the two.")
        members[name] = node

    def _no_name(self) -> None:
        here = self.source.text[self.at : self.at + 1]
        if here in ("", "]"):
            self._stopped(here, "}")
        if here == ",":
            raise _NotJson(self.at, "A comma too many.", "Remove it.")
        self._no_typographic_quotes(here)
        word = _WORD.match(self.source.text, self.at)
        quoted = word[0].strip("'") if word else here
        fix = f'Write "{quoted[:60]}".'
        raise _NotJson(self.at, "A name in double quotes belongs here.", fix, word.end() if word else None)

    def _no_typographic_quotes(self, here: str) -> None:
        """Find quotes that a word processor or a chat made of straight ones."""
        if here in _TYPOGRAPHIC:
            raise _NotJson(self.at, f"{here} is no quotation mark of JSON.", 'Write " before and after it.')

    def _value(self, parent: Node | None, key: str | int) -> Node:
        here = self._peek()
        node = Node(self.source, self.at, parent=parent, key=key)
        if here in ("{", "["):
            self._open(node, here)
        else:
            node.scalar = self._string() if here == '"' else self._other(here)
            node.end = self.at
        return node

    def _open(self, node: Node, bracket: str) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            message = f"Objects and arrays are nested more than {DEPTH_LIMIT} deep."
            raise _NotJson(self.at, message, "Check that the file is what you meant.")
        self.at += 1
        node.end = self.at
        if bracket == "{":
            node.members = {}
        else:
            node.items = []
        self.stack.append(node)

    def _string(self) -> str:
        match = _STRING.match(self.source.text, self.at)
        if match is None:
            self._bad_string()
            raise AssertionError
        raw, start = match[1], self.at
        self.at = match.end()
        if "\\" not in raw:
            return raw
        try:
            value: str = json.loads(match[0])
        except ValueError as error:
            message = "A backslash begins an escape that JSON does not have."
            raise _NotJson(start, message, r"Write \\ for a backslash.", self.at) from error
        if _SURROGATE.search(value):
            raise _NotJson(
                start, "Half of a surrogate pair stands in this string.", "Write the character itself.", self.at
            )
        return value

    def _bad_string(self) -> None:
        text = self.source.text
        stop = re.compile(r"[\x00-\x1f]|$").search(text, self.at)
        end = stop.start() if stop else len(text)
        if end < len(text) and text[end] not in "\r\n":
            raise _NotJson(
                end, f"A control character (U+{ord(text[end]):04X}) stands in a string.", "Escape or remove it."
            )
        raise _NotJson(self.at, "This string has no end on its line.", 'Close it with ".', end)

    def _other(self, here: str) -> str | int | float | bool | None:
        if here in ("", "}", "]", ",", ":"):
            what = "The file ends" if not here else f"`{here}` stands"
            raise _NotJson(self.at, f"{what} where a value belongs.", "Write the value.")
        number = _NUMBER.match(self.source.text, self.at)
        if number:
            self.at = number.end()
            return self._number(number)
        self._no_typographic_quotes(here)
        word = _WORD.match(self.source.text, self.at)
        text = word[0] if word else here
        if text in _WORDS:
            self.at += len(text)
            return _WORDS[text]
        fix = (
            f"Write {_MEANT[text]}." if text in _MEANT else f'Write "{text.strip(chr(39))[:60]}" if a string is meant.'
        )
        raise _NotJson(self.at, f"`{text[:60]}` is not JSON.", fix, self.at + len(text))

    def _number(self, match: re.Match[str]) -> int | float:
        try:
            value: int | float = json.loads(match[0])
        except ValueError as error:
            raise _NotJson(match.start(), "This number has too many digits.", "", match.end()) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise _NotJson(match.start(), "This number is too large.", "", match.end())
        return value


def parse(source: Source, findings: Findings) -> Node | None:
    """Return the document in `source`; None, and a finding, where it is not JSON."""
    before = len(findings.found)
    try:
        root = _Reader(source, findings).read()
    except _NotJson as wrong:
        findings.error("json-syntax", source.place(wrong.at, wrong.end), wrong.message, wrong.fix)
        return None
    unusable = any(each.code == "json-syntax" for each in findings.found[before:])
    return None if unusable else root
