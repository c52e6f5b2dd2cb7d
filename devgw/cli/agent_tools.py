"""What a coding agent may ask devgw for, each a command of devgw: reading always, changing only where it was allowed.

No secret is among it: what these commands print is masked, and none of them reveals one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_TEXT = {"type": "string"}
_Words = Callable[[Mapping[str, Any]], list[str]]


@dataclass(frozen=True, slots=True)
class AgentTool:
    """One tool: how it is told, and the command that answers it."""

    name: str
    description: str
    words: _Words
    """Returns the words of the command; values stand behind `--`, or in one word with their flag."""
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    changes: bool = False
    folder: Literal["option", "argument", "none"] = "option"
    """How its command is told the project."""
    may_end_with_1: bool = False
    """Whether its command answers so, too: with what it found, and that something is wrong there."""

    def command_at(self, folder: str, given: Mapping[str, Any]) -> list[str]:
        """Return the words of its command for a project."""
        name, *words = self.words(given)
        match self.folder:
            case "option":
                return [name, f"-C{folder}", *words]
            case "argument":
                return [name, *words, "--", folder]
            case "none":
                return [name, *words]

    def told(self) -> dict[str, Any]:
        """Return it as `tools/list` has it (MCP 2025-11-25 §Tools)."""
        schema = {
            "type": "object",
            "properties": self.properties,
            "required": list(self.required),
            "additionalProperties": False,
        }
        hints = {"readOnlyHint": not self.changes, "openWorldHint": False}
        return {"name": self.name, "description": self.description, "inputSchema": schema, "annotations": hints}

    def find_mistake(self, given: Mapping[str, Any]) -> str:
        """Return what is wrong with arguments, in words; empty where nothing is."""
        for name in self.required:
            if name not in given or (isinstance(given[name], str) and not given[name].strip()):
                return f"{self.name} wants `{name}`."
        for name, value in given.items():
            if name not in self.properties:
                return f"{self.name} has no argument `{name}`; it has: {', '.join(self.properties) or 'none'}."
            if not _is_of(self.properties[name]["type"], value):
                return f"`{name}` must be of the type {self.properties[name]['type']}."
        return ""


def _is_of(wanted: str, value: object) -> bool:
    if wanted == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    from devgw.foreign.text import can_be_written  # noqa: PLC0415  `--help` must be quick

    if wanted == "object":
        return isinstance(value, dict)
    return isinstance(value, str) and "\0" not in value and can_be_written(value)


def _one(name: str) -> _Words:
    """Return what puts one argument behind `--`, where it is given."""
    return lambda given: ["--", str(given[name])] if given.get(name) else []


def _with(command: str, *flags: str, then: _Words = lambda _given: []) -> _Words:
    return lambda given: [command, *flags, *then(given)]


def _newest(command: str, *flags: str) -> _Words:
    return lambda given: [command, *flags, f"-n{min(max(int(given.get('count', 20)), 1), 200)}"]


def _person(given: Mapping[str, Any]) -> list[str]:
    """Return whom of the emulator signs in: an agent has no browser."""
    return [f"--as={given['person']}", "--", str(given.get("route", ""))]


def _call(given: Mapping[str, Any]) -> list[str]:
    from devgw.foreign.text import shown_json  # noqa: PLC0415  rarely wanted

    arguments = shown_json(given.get("arguments", {}))
    return [f"--as={given['person']}", "--", str(given["route"]), str(given["tool"]), arguments]


def _fault(given: Mapping[str, Any]) -> list[str]:
    return [f"--times={int(given.get('times', 1))}", "--", str(given["name"])]


_COUNT = {"count": {"type": "integer", "description": "How many of the newest; 20 where it is left out."}}
_SOMEBODY = {"type": "string", "description": "Who of the emulator signs in: a name or an email, such as ada."}
_ROUTE = {"type": "string", "description": "The path of an MCP route, or its last part."}
READING = (
    AgentTool(
        "why",
        "Why the newest thing that went wrong did, or a flow by its id: cause, what came, what was expected, the one "
        "change that mends it, the source. Ask this first.",
        _with("why", "--json", then=_one("flow")),
        {"flow": {**_TEXT, "description": "The id of a flow; the newest fault where it is left out."}},
    ),
    AgentTool(
        "list_flows", "Each login so far: its client, how far it came, and what failed.", _with("flows", "--json")
    ),
    AgentTool(
        "show_flow",
        "One flow as a report: its steps, its requests, and what went wrong.",
        _with("flows", then=_one("id")),
        {"id": {**_TEXT, "description": "The id of a flow, such as f-8fbbb3."}},
        ("id",),
    ),
    AgentTool("list_requests", "The newest requests, and those under way.", _newest("trace", "--json"), _COUNT),
    AgentTool(
        "show_request",
        "One request with its headers and bodies (secrets masked), and what the gateway decided.",
        _with("trace", "--json", then=_one("id")),
        {"id": {**_TEXT, "description": "The id of a request, as flows and `why` name it."}},
        ("id",),
    ),
    AgentTool("list_events", "What happened, the newest last.", _newest("tail", "--once", "--json"), _COUNT),
    AgentTool("list_tokens", "The live tokens: whose, for which route, how long still.", _with("tokens", "--json")),
    AgentTool(
        "explain",
        "What a failure id (RURI-02), an error code (invalid_client) or an error text means, and what mends it.",
        _with("explain", "--json", then=_one("what")),
        {"what": {**_TEXT, "description": "An id, a code or a text."}},
        ("what",),
        folder="none",
        may_end_with_1=True,
    ),
    AgentTool(
        "check",
        "Every finding in the configuration of the project.",
        _with("check", "--format=json"),
        folder="argument",
        may_end_with_1=True,
    ),
    AgentTool(
        "doctor",
        "Probe all that a login depends on; takes some seconds.",
        _with("doctor", "--json"),
        folder="argument",
        may_end_with_1=True,
    ),
    AgentTool("list_faults", "What can be made to go wrong at the emulators, and what is.", _with("fault", "--json")),
)
CHANGING = (
    AgentTool(
        "sign_in",
        "Sign in at a route without a browser, as a person of the emulator.",
        _with("login", then=_person),
        {"person": _SOMEBODY, "route": _ROUTE},
        ("person",),
        changes=True,
    ),
    AgentTool(
        "call_tool",
        "Call a tool of a route as a person of the emulator.",
        _with("call", "--json", then=_call),
        {"person": _SOMEBODY, "route": _ROUTE, "tool": _TEXT, "arguments": {"type": "object"}},
        ("person", "route", "tool"),
        changes=True,
    ),
    AgentTool(
        "set_fault",
        "Make something go wrong at an emulator, so many times.",
        _with("fault", then=_fault),
        {"name": {**_TEXT, "description": "One of list_faults."}, "times": {"type": "integer"}},
        ("name",),
        changes=True,
    ),
    AgentTool("clear_faults", "End every fault that was set.", _with("fault", "--clear"), changes=True),
)
