"""In which coding a body stands that is not in UTF-8 and does not say so: told by how it begins.

Source: RFC 8259 §8.1 (JSON is in UTF-8); RFC 4627 §3 (where its zero bytes stand else); RFC 1950, RFC 1952 and RFC 8878
(by what packed bodies begin).
"""

import re
import zlib

_WIDE = (
    (re.compile(rb"\xff\xfe\0\0|[\t-~]\0\0\0"), "UTF-32", "utf-32-le"),
    (re.compile(rb"\0\0\xfe\xff|\0\0\0[\t-~]"), "UTF-32", "utf-32-be"),
    (re.compile(rb"\xff\xfe|[\t-~]\0[^\0]\0"), "UTF-16", "utf-16-le"),
    (re.compile(rb"\xfe\xff|\0[\t-~]\0[^\0]"), "UTF-16", "utf-16-be"),
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x78\x01": "deflate",
    b"\x78\x9c": "deflate",
    b"\x78\xda": "deflate",
    b"\x28\xb5": "zstd",
}
_GZIP_OR_DEFLATE = 47
_SHOWN = 65_536
"""Bytes of one that are read for its words: pages say them early."""


def miscoding_of(content: bytes) -> str:
    """Return in what a body stands, as the end of a sentence about it; empty where it may be in UTF-8."""
    if (wide := _wide(content)) is not None:
        return f"it is in {wide[0]}, and JSON has to be in UTF-8"
    packed = _PACKED.get(content[:2])
    return f"it is packed with {packed} once more than Content-Encoding says" if packed else ""


def in_utf8(content: bytes) -> bytes:
    """Return how a body begins, in UTF-8; the body itself where it is, or where it stands in nothing known here."""
    if (wide := _wide(content)) is not None:
        return content[:_SHOWN].decode(wide[1], "replace").lstrip("\ufeff").encode()
    if content[:2] not in _PACKED:
        return content
    try:
        return zlib.decompressobj(_GZIP_OR_DEFLATE).decompress(content, _SHOWN)
    except zlib.error:
        return content


def _wide(content: bytes) -> tuple[str, str] | None:
    """Return the name of a coding of two or four bytes to a character, and Python's name of it."""
    return next(((name, codec) for begins, name, codec in _WIDE if begins.match(content)), None)
