"""The one place that writes to a terminal or pipe. Nobody else in `cli` calls `click.echo` or writes to a stream.

What is printed carries names, URLs and sentences of clients, providers and upstreams. So every line is cleaned here,
and in JSON they are escaped: nothing foreign steers a terminal, forges a row or turns the direction of what follows.
"""

import contextlib
import getpass
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import click

from devgw.control.codec import plain_row
from devgw.foreign.text import cells, clean, clean_lines, shown_json, writable
from devgw.platforms.here import here

PLAIN = ""
_COLOURS = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2"}


def has_colours(stream: TextIO | None) -> bool:
    """Tell whether `stream` is a terminal whose user wants colours (https://no-color.org)."""
    return (
        stream is not None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
    )


def paint(text: str, colour: str) -> str:
    """Return cleaned text in a colour: a word of this module, or `PLAIN`."""
    code = _COLOURS.get(colour)
    return f"\x1b[{code}m{clean(text)}\x1b[0m" if code else clean(text)


def own_line(*words: str | Path) -> str:
    """Return a command of devgw as this system's shell reads it, to be printed: folders may have spaces in them."""
    return here().shell_line(["devgw", *(str(each) for each in words)])


def write_line(text: str, *, colour: str = PLAIN, err: bool = False) -> None:
    """Write one line; a line break in `text` is written out, since it is not ours."""
    stream = sys.stderr if err else sys.stdout
    write(paint(text, colour if has_colours(stream) else PLAIN), stream)


def write_marked(mark: str, text: str, *, colour: str) -> None:
    """Write one line that begins with a mark in a colour."""
    write(paint(mark, colour if has_colours(sys.stdout) else PLAIN) + clean(text), sys.stdout)


def write_lines(lines: Iterable[str], *, colour: str = PLAIN, err: bool = False) -> None:
    """Write lines that were laid out one by one: foreign text in them makes no further ones."""
    for each in lines:
        write_line(each, colour=colour, err=err)


def write_page(text: str, *, colour: str = PLAIN, err: bool = False) -> None:
    """Write text that has lines of its own; tabs and line breaks stay, everything else that is hidden does not."""
    stream = sys.stderr if err else sys.stdout
    painted = "\n".join(
        "\t".join(paint(each, colour if has_colours(stream) else PLAIN) for each in line.split("\t"))
        for line in clean_lines(text).split("\n")
    )
    write(painted, stream)


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON in which nothing is hidden."""
    write(as_json(value, indent=indent), sys.stdout)


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON that may be shown; rows are written as they travel, what is empty left out."""
    return shown_json(value, indent=indent, default=plain_row)


def padded(text: str, width: int) -> str:
    """Return cleaned text with blanks behind it up to `width` terminal cells."""
    text = clean(text)
    return text + " " * (width - cells(text))


def ask(question: str) -> str:
    """Write a question, which ends without a line break, to the terminal; return what is answered.

    What is in no letter of the terminal's encoding is no answer.
    """
    sys.stderr.write(writable(clean(question), sys.stderr))
    sys.stderr.flush()
    try:
        return sys.stdin.readline()
    except UnicodeDecodeError:
        return ""


def ask_hidden(question: str) -> str:
    """Ask for what nobody may see on the screen; return what is answered, nothing where it is in no letters."""
    with contextlib.suppress(UnicodeDecodeError, EOFError):
        return getpass.getpass(clean(question))
    return ""


def write(text: str, stream: TextIO | None) -> None:
    """Write what is clean already; what the stream's encoding lacks becomes `?`. A closed stream takes nothing."""
    if stream is None:
        return
    click.echo(writable(text, stream), file=stream, color=True)
