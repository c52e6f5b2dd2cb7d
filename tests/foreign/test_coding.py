"""In which coding a body stands is told by how it begins; what may be UTF-8 is left alone."""

import gzip
import zlib

import pytest

from devgw.foreign.coding import in_utf8, miscoding_of

TEXT = '{"message": "no such tenant: München"}'


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [TEXT, f"data: {TEXT}\n\n", "<p>x", "[1]"])
def test_text_of_two_or_four_bytes_to_a_character_is_known(codec: str, text: str) -> None:
    body = text.encode(codec)
    assert codec[:6].upper() in miscoding_of(body)
    assert in_utf8(body).decode() == text


@pytest.mark.parametrize(
    "packed", [gzip.compress(TEXT.encode()), *(zlib.compress(TEXT.encode(), at) for at in (1, 6, 9))]
)
def test_what_is_packed_is_known(packed: bytes) -> None:
    assert "once more than Content-Encoding says" in miscoding_of(packed)
    assert in_utf8(packed).decode() == TEXT


@pytest.mark.parametrize(
    "body", [b"", b"x", b"{}", b"\xef\xbb\xbf{}", TEXT.encode(), b"\0", b"(\xb5\x2f", b"\x1f\x8bno"]
)
def test_what_is_not_unpacked_here_is_as_it_came(body: bytes) -> None:
    assert in_utf8(body) == body


@pytest.mark.parametrize("body", [b"", b"x", b"{}", b"\xef\xbb\xbf{}", TEXT.encode(), b"\xff", b"{\0", b"x=1&y=2"])
def test_what_may_be_in_utf8_is_said_to_be_in_nothing_else(body: bytes) -> None:
    assert miscoding_of(body) == ""


def test_a_bomb_is_not_unpacked_whole() -> None:
    assert len(in_utf8(gzip.compress(b"\0" * 50_000_000))) <= 65_536
