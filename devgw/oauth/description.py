"""Sentences in the characters that OAuth allows. Source: RFC 6749 §4.1.2.1, §5.2; RFC 7230 §3.2.6."""

from devgw.problems.base import Problem

_SPELLINGS = str.maketrans({'"': "'", "\\": "/", "…": "...", "–": "-", "—": "-", "→": "->", "’": "'"})


def error_description(text: str) -> str:
    """Return `text` in %x20-21 / %x23-5B / %x5D-7E; what is foreign becomes a question mark."""
    return "".join(each if " " <= each <= "~" else "?" for each in text.translate(_SPELLINGS))


def describe(problem: Problem, trace_id: str = "") -> str:
    """Return the `error_description` of a problem: what, the one change, its page in the catalogue, the request."""
    marks = [*filter(None, [problem.diagnosis_id, trace_id and f"trace {trace_id}"])]
    tail = f" [{', '.join(marks)}]" if marks else ""
    return error_description(f"{problem.explain()} {problem.advise()}".strip() + tail)
