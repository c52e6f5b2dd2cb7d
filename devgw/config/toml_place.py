"""Where in a TOML file something stands, for a finding."""

import re

from devgw.config.finding import Place
from devgw.config.source import Source


def place_of(source: Source, name: str) -> Place:
    """Return where `name` is written; the reader keeps no positions. A key may have dots in it, such as a URL."""
    splits = [(name[:at], name[at + 1 :]) for at, sign in enumerate(name) if sign == "."] or [("", name)]
    found = (_find_place(source, name, table, key) for table, key in reversed(splits))
    return next(filter(None, found), Place(source.file))


def _find_place(source: Source, name: str, table: str, key: str) -> Place | None:
    current = ""
    for number, line in enumerate(source.text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([\w.\"'-]+)\s*\]+", line)
        if header:
            current = header[1].strip("\"'")
            if current == name:
                return Place(source.file, number, 1, len(line), "", line)
        member = re.match(rf"(\s*)((?:{re.escape(table)}\.)?[\"']?{re.escape(key)}[\"']?)\s*=", line)
        if member and (current == table or member[2].startswith(f"{table}.")):
            return Place(source.file, number, len(member[1]) + 1, len(member[2]), "", line)
    return None
