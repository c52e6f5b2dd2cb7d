"""From the text of a filter to its tokens."""

import re
from dataclasses import dataclass


class FilterMistake(ValueError):  # noqa: N818  it reads as what was typed
    """A filter that cannot be read: what is wrong, at which column, and what may have been meant."""

    def __init__(self, message: str, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `(`, `)`, `|`, `!`, a `field` with operator and value, a `tilde` or a `word`."""

    kind: str
    column: int
    text: str = ""
    operator: str = ""
    value: str | None = None


_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PATTERN = re.compile(
    rf"""\s*(?:
      (?P<open>\() | (?P<close>\))
    | (?P<either>\||(?:or|OR)\b(?=\s|$))
    | (?P<both>(?:and|AND)\b(?=\s|$)|&)
    | (?P<not>!(?!=)|-(?=[\w"(~])|(?:not|NOT)\b(?=\s))
    | (?P<field>[a-z_]+)(?P<operator>!=|>=|<=|:|=|>|<|~)(?P<value>{_QUOTED}|[^\s()|]+)?
    | (?P<tilde>~[a-z]+)(?:\s+(?P<argument>{_QUOTED}|[^\s()|]+))?
    | (?P<quoted>{_QUOTED})
    | (?P<word>[^\s()|]+)
    )""",
    re.VERBOSE,
)
_SIGNS = {"open": "(", "close": ")", "either": "|", "not": "!", "both": "&"}


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`; every text has some reading, so nothing is refused here."""
    found: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end and (match := _PATTERN.match(text, place)):
        found.append(_token(match))
        place = match.end()
    return found


def _token(match: re.Match[str]) -> Token:
    for name, sign in _SIGNS.items():
        if match[name]:
            return Token(sign, match.start(name), match[name])
    if match["field"]:
        return Token("field", match.start("field"), match["field"], match["operator"], unquoted(match["value"]))
    if match["tilde"]:
        return Token("tilde", match.start("tilde"), match["tilde"], value=unquoted(match["argument"]))
    name = "quoted" if match["quoted"] else "word"
    return Token("word", match.start(name), unquoted(match[name]) or "")


def unquoted(value: str | None) -> str | None:
    """Return `value` without its quotation marks, where it has some."""
    if value is not None and len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
