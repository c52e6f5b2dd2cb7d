"""Styled text as plain values: a `Line` is a tuple of (text, look) spans. No Textual here, only Rich's cell widths."""
