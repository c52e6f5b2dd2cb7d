"""What a value of the environment is hardly meant to be, and how other tools write a variable: nobody replaces that.

No text of this module carries the value itself.
"""

import re
from collections.abc import Iterator

from devgw.foreign.text import hidden_in

QUOTES = frozenset("\"'`“”‘’„«»")
_PLACEHOLDER = re.compile(
    r"^(your|my|the)[-_ ].*|^<.*>$|^(change|replace)[-_ ]?(me|this).*|^(xxx+|todo|tbd|dummy|example|placeholder)$"
    r"|.*\.\.\.$|.*…$|.*[-_ ](here|goes[-_ ]here)$|^(sk|client)_(test_|live_)?(xxx+|your[-_].*|<.*>)$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:client|sk|pk)_\w+[,;]")
_REFERENCES = re.compile(
    r"\$\{\{?\s*(?:\w+[.:])*(?P<braces>\w+)[^}]*\}\}?"
    r"|\{\{\s*[$.]?(?:\w+\.)*(?P<double>\w+)\s*\}\}"
    r"|\{env:(?P<opencode>\w+)\}"
    r"|\$(?i:env)\s*[({\[:]\s*[\"']?(?P<env>\w+)[\"']?\s*[)}\]]?"
    r"|(?<![\w$])(?i:env)\([\"']?(?P<call>\w+)[\"']?\)"
    r"|\$\((?P<make>\w+)\)"
    r"|(?:process|import\.meta)\.env\.(?P<node>\w+)"
    r"|(?:^|(?<=\s))\$(?P<shell>[A-Z_][A-Z0-9_]*)$"
    r"|(?:^|(?<=\s))%(?P<windows>[A-Za-z_]\w*)%$"
    r"|(?:^|(?<=\s))op://(?P<vault>\S+)$"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_placeholder(value: str) -> bool:
    """Tell whether a value only says what belongs in its place."""
    return _PLACEHOLDER.match(value.strip()) is not None


def foreign_reference(text: str) -> tuple[str, str] | None:
    """Return how a variable is written here, and its name, where it is in another tool's way; None where none is."""
    found = None if "$env(" in text else _REFERENCES.search(text)
    if found is None:
        return None
    name = next(each for each in found.groups() if each is not None)
    return found[0][:60], name if _NAME.fullmatch(name) else "NAME"


def faults(name: str, value: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, message and advice for each thing about `value` that is hardly meant."""
    if "-----BEGIN " in value:
        return  # a key is written over several lines
    yield from _around(name, value, value.strip())
    if "$env(" in value or foreign_reference(value):
        wrong = f"The value of {name} is itself a reference that nobody replaces."
        yield "env-unexpanded", wrong, "Write the value itself."
    elif is_placeholder(value):
        yield "env-placeholder", f"The value of {name} is a placeholder.", f"Put the real value of {name} there."


def _around(name: str, value: str, stripped: str) -> Iterator[tuple[str, str, str]]:
    """Yield what came with the value when it was copied."""
    if "\n" in value or "\r" in value:
        yield "env-newline", f"The value of {name} contains a line break.", "Put it on one line."
    elif value != stripped:
        yield "env-whitespace", f"The value of {name} begins or ends with a space.", "Remove the space."
    elif hidden := hidden_in(value):
        yield "env-hidden", f"The value of {name} contains a character that is not seen: {hidden}.", "Type it anew."
    if stripped and QUOTES.intersection((stripped[0], stripped[-1])):
        yield "env-quotes", f"The value of {name} contains its quotes.", "Remove the quotes."
    if _LISTED.fullmatch(stripped):
        yield "env-punctuation", f"The value of {name} ends with `{stripped[-1]}`.", f"Remove the `{stripped[-1]}`."
