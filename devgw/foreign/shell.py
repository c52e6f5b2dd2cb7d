"""Commands that a person copies into a shell: what a project names is one word of them, whatever is in it.

The id and the path of a route may come from somebody else's project, and `;`, `$` and quotes are good letters there.
"""

import re
from collections.abc import Iterable
from itertools import count
from typing import Final

PASTE_ADDRESS: Final = """read -r A; curl --noproxy '*' "$A\""""
"""Asks for the address that is pasted to it: the shell reads nothing of a redirect, of which strangers write the path,
and no proxy is shown its code.
"""
_LETTERS = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 64


def server_name(wanted: str) -> str:
    """Return a name under which a client can keep a server: of letters, digits, `_` and `-`, as Claude Code wants."""
    return _LETTERS.sub("-", wanted).strip("-")[:_LONGEST] or "devgw"


def server_names(wanted: Iterable[str]) -> list[str]:
    """Return a name for each, as `server_name` makes it, and none twice: a client would keep the last server alone."""
    names: list[str] = []
    taken: set[str] = set()
    for each in wanted:
        name = server_name(each)
        numbered = (f"{name[: _LONGEST - 6]}-{number}" for number in count(2))
        names.append(name if name.lower() not in taken else next(new for new in numbered if new.lower() not in taken))
        taken.add(names[-1].lower())
    return names
