"""Commands that a person copies into a shell: what a project names is one word of them, whatever is in it.

The id and the path of a route may come from somebody else's project, and `;`, `$` and quotes are good letters there.
"""

import re
import shlex

_LETTERS = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 64


def server_name(wanted: str) -> str:
    """Return a name under which a client can keep a server: of letters, digits, `_` and `-`, as Claude Code wants."""
    return _LETTERS.sub("-", wanted).strip("-")[:_LONGEST] or "devgw"


def add_to_claude(wanted: str, url: str) -> str:
    """Return the command that adds the server at `url` to Claude Code, under a name like `wanted`."""
    return f"claude mcp add --transport http {server_name(wanted)} {shlex.quote(url)}"
