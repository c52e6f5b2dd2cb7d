"""Sentences in the characters that OAuth allows. Source: RFC 6749 §4.1.2.1, §5.2; RFC 7230 §3.2.6."""

import re

from devgw.problems.base import Problem

_MARKS = '"“”’'
_SPELLINGS = str.maketrans({"…": "..."} | dict.fromkeys(_MARKS, "'"))
_SECTION = re.compile(r"(?<=RFC \d{4} )§(?=\d)")
_NOTE = " [' stands for another quotation mark]"


def error_description(text: str) -> str:
    """Return `text` in %x20-21 / %x23-5B / %x5D-7E.

    What is foreign is named by its code point (`<U+005C>`), and what is said of quotation marks stands at the end:
    another character in their place would quote another string than was sent.
    """
    text = _SECTION.sub("section ", text)
    note = _NOTE if any(each in text for each in _MARKS) else ""
    return "".join(each if _is_taken(each) else f"<U+{ord(each):04X}>" for each in text.translate(_SPELLINGS)) + note


def _is_taken(character: str) -> bool:
    return " " <= character <= "~" and character != "\\"


def describe(problem: Problem, trace_id: str = "") -> str:
    """Return the `error_description` of a problem: what, the one change, its page in the catalogue, the request."""
    marks = [*filter(None, [problem.diagnosis_id, trace_id and f"trace {trace_id}"])]
    tail = f" [{', '.join(marks)}]" if marks else ""
    return error_description(f"{problem.explain()} {problem.advise()}".strip() + tail)
