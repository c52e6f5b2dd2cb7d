"""Every secret that the project itself configures, wherever an upstream, a client or an error message says it again.

Names and shapes (`masking`) know what secrets are called and look like; this knows what they are. It hides them at the
last moment, in the text that goes to a face: plain, as JSON writes them, percent-encoded, or in base64. What was once
configured stays hidden after a reload, for it stands in older traces.
"""

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from devgw.monitor.masking import mask

SHORTEST = 6
"""Characters: what is shorter stands everywhere by chance."""
_SHORTEST_ENCODED = 8
_WORDS = frozenset({"secret", "password", "passwd", "client_secret", "bearer", "changeme"})
"""Values that are words of the field: to hide them would take the names of things out of every sentence."""


class ConfiguredSecrets:
    """The values, and what takes them out of a text."""

    def __init__(self) -> None:
        self._forms: dict[str, str] = {}
        """What is looked for, longest first, and what stands in its place."""

    def keep(self, values: Iterable[str]) -> None:
        """Hide these values too from now on."""
        for value in values:
            text = value.strip()
            if len(text) >= SHORTEST and text.lower() not in _WORDS:
                self._forms |= dict.fromkeys(_forms(text), mask(text))
        self._forms = dict(sorted(self._forms.items(), key=lambda each: -len(each[0])))

    def hide(self, text: str) -> str:
        """Return `text` with every configured secret masked."""
        for form, shown in self._forms.items():
            if form in text:
                text = text.replace(form, shown)
        return text


def _forms(value: str) -> list[str]:
    """Return how a value may be written."""
    forms = {value, quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="").lower()}
    forms |= {"\\n".join(value.split("\n")), *value.split("\n")} if "\n" in value else set()
    forms |= {part for each in tuple(forms) for part in _in_json(each)}
    forms |= set(_in_base64(value.encode()))
    return [each for each in forms if len(each) >= SHORTEST]


def _in_json(text: str) -> list[str]:
    """Return a text as JSON writes it, in ASCII or not, up to two strings inside one another."""
    once = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    twice = {json.dumps(each, ensure_ascii=False)[1:-1] for each in once}
    return [*once, *twice]


def _in_base64(value: bytes) -> list[str]:
    """Return what base64 makes of a value wherever it stands in what is encoded (RFC 4648 §4, §5)."""
    found = []
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + value).rstrip(b"=")
        is_cut = (before + len(value)) % 3 != 0  # the last letter then depends on what follows too
        core = coded[(0, 2, 3)[before] : len(coded) - is_cut].decode()
        if len(core) >= _SHORTEST_ENCODED:
            found += [core, core.replace("+", "-").replace("/", "_")]
    return found
