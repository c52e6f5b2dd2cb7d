"""Runs of a text that are written in a code: base64, and bytes by their numbers; each as what it comes to.

They are looked for in a text as it goes to a face, which is JSON: no run begins in the middle of one of its escapes.
"""

import base64
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_FOUR = range(4)
_ESCAPE = re.compile(r"\\+(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([0-7]{3}))")
_PAIR = re.compile(r"(?<=0x)[0-9A-Fa-f]{2}|(?<!0x)[0-9A-Fa-f]{2}(?!x)")
_NUMBER = re.compile(r"\d+")
_PLAIN_RUN = re.compile(rb"[\x20-\x7e]{6,}")
_RUNS = re.compile(
    r"(?P<percent>[\w.~+-]*+(?:%[0-9A-Fa-f]{2}[\w.~+-]*+)++)"
    r"|(?<!\\)(?P<escapes>(?:\\+(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-7]{3})){4,}+)"
    r"|(?P<entities>(?:&#(?:x[0-9A-Fa-f]{1,6}|[0-9]{1,7});){4,}+)"
    r"|(?P<hex>(?:0x)?[0-9A-Fa-f]{2}(?:[ :,-]{0,2}(?:0x)?[0-9A-Fa-f]{2}){5,})(?![\w+/])"
    r"|(?P<numbers>\d{1,3}(?:,[ ]?\d{1,3}){5,})(?!\w)"
    r"|\\."  # an escape of JSON: what follows it may be the beginning of a run
    r"|(?P<base64>(?:[A-Za-z0-9+/_-]|\\+/){11,}+)"
    r"|[\w.~+-]++",  # a word in which none begins, so that each is looked at once
    re.DOTALL,
)


def replace_coded(text: str, replaced: Callable[[str, Iterator[str]], str]) -> str:
    """Return `text` with each run as `replaced` gives it, which is told the run and what it may come to."""

    def replace(found: re.Match[str]) -> str:
        kind = found.lastgroup
        return found[0] if kind is None else replaced(found[0], _READERS[kind](found[0]))

    return _RUNS.sub(replace, text)


def _from_percent(run: str) -> Iterator[str]:
    yield unquote(run)


def _from_escapes(run: str) -> Iterator[str]:
    yield _ESCAPE.sub(lambda found: chr(int(found[3], 8) if found[3] else int(found[1] or found[2], 16)), run)


def _from_hex(run: str) -> Iterator[str]:
    yield bytes.fromhex("".join(_PAIR.findall(run))).decode("latin-1")


def _from_numbers(run: str) -> Iterator[str]:
    yield "".join(chr(int(each)) for each in _NUMBER.findall(run))


def _from_entities(run: str) -> Iterator[str]:
    yield html.unescape(run)


def _from_base64(run: str) -> Iterator[str]:
    """Yield what a run comes to, wherever in it the code begins: words that stand before it look like a part of it."""
    if run.islower() or run.isupper():
        return
    coded = run.replace("\\", "").replace("-", "+").replace("_", "/").encode()
    for begin in _FOUR:
        whole = coded[begin : begin + (len(coded) - begin) // 4 * 4]
        rest = coded[begin + len(whole) :]
        if len(rest) > 1:
            whole += rest + b"=" * (4 - len(rest))
        plain = base64.b64decode(whole).replace(b"\0", b"")  # UTF-16 has them between letters
        if _PLAIN_RUN.search(plain):
            yield plain.decode("latin-1")


_READERS = {
    "percent": _from_percent,
    "escapes": _from_escapes,
    "entities": _from_entities,
    "hex": _from_hex,
    "numbers": _from_numbers,
    "base64": _from_base64,
}
