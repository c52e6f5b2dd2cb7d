"""JSON as it was written: every value knows where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from devgw.config.finding import Place
from devgw.config.source import Source

Scalar: TypeAlias = "str | int | float | bool | None"


@dataclass(slots=True, eq=False)
class Node:
    """A value of a JSON document with its place in the text."""

    source: Source
    start: int
    end: int = 0
    scalar: Scalar = None
    members: "dict[str, Node] | None" = None
    """Of an object, in order."""
    items: "list[Node] | None" = None
    """Of an array."""
    parent: "Node | None" = None
    key: str | int = ""
    """Its name or index in `parent`."""
    key_start: int = -1
    key_end: int = -1
    resolved: Any = field(default=None)
    """A string whose `$env(...)` were replaced; None where nothing was."""

    @property
    def pointer(self) -> str:
        """Return the JSON pointer of this value (RFC 6901)."""
        parts: list[str] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            parts.append(str(node.key).replace("~", "~0").replace("/", "~1"))
            node = node.parent
        return "".join("/" + part for part in reversed(parts))

    @property
    def place(self) -> Place:
        """Return where the value stands; for an object or array, its opening bracket."""
        end = self.start + 1 if self.members is not None or self.items is not None else self.end
        return self.source.place(self.start, end, self.pointer)

    @property
    def key_place(self) -> Place:
        """Return where the name of this member stands, or the value where it has none."""
        return self.place if self.key_start < 0 else self.source.place(self.key_start, self.key_end, self.pointer)

    @property
    def line(self) -> int:
        """Return the line of the value, or of its name where it has one."""
        return self.source.position(self.start if self.key_start < 0 else self.key_start)[0]

    @property
    def text(self) -> str | None:
        """Return the string this is, with `$env(...)` replaced; None where it is no string."""
        if isinstance(self.resolved, str):
            return self.resolved
        return self.scalar if isinstance(self.scalar, str) else None

    @property
    def kind(self) -> str:
        """Return what JSON calls it, with its article."""
        if self.members is not None:
            return "an object"
        if self.items is not None:
            return "an array"
        names: dict[type, str] = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}
        return names.get(type(self.scalar), "null")

    def get(self, *path: str | int) -> "Node | None":
        """Return the value at `path` below this one, None where a step of it is missing."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = node.step(step)
        return node

    def step(self, key: str | int) -> "Node | None":
        """Return the member or item `key`, None where there is none."""
        if isinstance(key, str):
            return (self.members or {}).get(key)
        items = self.items or []
        return items[key] if -len(items) <= key < len(items) else None

    def children(self) -> Iterator["Node"]:
        """Yield members or items in order."""
        yield from (self.members or {}).values()
        yield from self.items or ()

    def walk(self) -> Iterator["Node"]:
        """Yield this value and all below it, in the order of the text."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children())))

    def plain(self) -> Any:
        """Return the value as Python's json would, with `$env(...)` replaced. Depth is bounded by the parser."""
        if self.members is not None:
            return {key: node.plain() for key, node in self.members.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.resolved if self.resolved is not None else self.scalar
