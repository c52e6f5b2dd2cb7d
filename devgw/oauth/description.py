"""Sentences in the characters that OAuth allows. Source: RFC 6749 §4.1.2.1, §5.2; RFC 7230 §3.2.6."""

_SPELLINGS = str.maketrans({'"': "'", "\\": "/", "…": "...", "–": "-", "—": "-", "→": "->", "’": "'"})


def error_description(text: str) -> str:
    """Return `text` in %x20-21 / %x23-5B / %x5D-7E; what is foreign becomes a question mark."""
    return "".join(each if " " <= each <= "~" else "?" for each in text.translate(_SPELLINGS))
