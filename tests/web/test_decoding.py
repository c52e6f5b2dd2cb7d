"""Packed bodies are unpacked a little at a time, and to the last byte."""

import gzip
import zlib

import pytest

from devgw.problems import Refused
from devgw.problems.limit import AnswerUnpacksTooLong
from devgw.problems.upstream_answer import UpstreamEncodingUnreadable
from devgw.web.decoding import Decoder, decoder_of

SLICE = 65_536
URL = "http://u/mcp"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("size", [0, 1, SLICE - 1, SLICE, SLICE + 1, SLICE + 258, 2 * SLICE, 3 * SLICE + 5, 10 * SLICE])
@pytest.mark.parametrize("step", [1, 7, 1_000_000])
def test_everything_comes_out_in_slices_wherever_the_pieces_are_cut(pack: object, size: int, step: int) -> None:
    plain = b"ab" * (size // 2) + b"c" * (size % 2)
    packed = pack(plain)  # type: ignore[operator]
    encoding = "deflate" if pack is zlib.compress else "gzip"
    decoder = Decoder(encoding, URL, None)
    slices = [each for at in range(0, len(packed), step) for each in decoder.feed(packed[at : at + step])]
    assert b"".join(slices) == plain
    assert all(0 < len(each) <= SLICE for each in slices)


def test_of_half_a_body_everything_comes_out_that_a_client_reads() -> None:
    """What stays inside the unpacker would be read by the client and not by us."""
    packed = zlib.compress(b"ab" * SLICE)
    for end in range(len(packed)):
        unpacked = b"".join(Decoder("deflate", URL, None).feed(packed[:end]))
        assert unpacked == zlib.decompressobj().decompress(packed[:end])


@pytest.mark.parametrize("step", [1, 1_000_000])
def test_several_members_are_one_body(step: int) -> None:
    """RFC 1952 §2.2."""
    packed = b"".join(map(gzip.compress, (b"one", b"", b"x" * SLICE, b"two")))
    decoder = Decoder("gzip", URL, None)
    pieces = [packed[at : at + step] for at in range(0, len(packed), step)]
    assert b"".join(each for piece in pieces for each in decoder.feed(piece)) == b"one" + b"x" * SLICE + b"two"


@pytest.mark.parametrize("more", [0, 1])
def test_the_limit_is_of_what_comes_out_of_all_pieces_together(more: int) -> None:
    packed = gzip.compress(b"x" * (2 * SLICE + more))
    decoder = Decoder("gzip", URL, 2 * SLICE)
    halves = packed[: len(packed) // 2], packed[len(packed) // 2 :]
    if more:
        with pytest.raises(Refused) as refused:
            [each for half in halves for each in decoder.feed(half)]
        assert isinstance(refused.value.problem, AnswerUnpacksTooLong)
    else:
        assert sum(len(each) for half in halves for each in decoder.feed(half)) == 2 * SLICE


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, identity", "x-snail"])
def test_what_cannot_be_unpacked_is_never_let_through(encoding: str) -> None:
    with pytest.raises(Refused) as refused:
        decoder_of([(b"content-encoding", encoding.encode())], URL)
    assert isinstance(refused.value.problem, UpstreamEncodingUnreadable)


@pytest.mark.parametrize("content", [b"plain", gzip.compress(b"x") + b"garbage"])
def test_what_is_not_packed_as_it_says_is_refused(content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        list(Decoder("gzip", URL, None).feed(content))
    assert isinstance(refused.value.problem, UpstreamEncodingUnreadable)


def test_an_answer_of_thousands_of_empty_members_is_refused() -> None:
    """Each took a copy of all that followed: four megabytes held everybody up for half a minute."""
    with pytest.raises(Refused) as refused:
        list(Decoder("gzip", URL, None).feed(gzip.compress(b"") * 200_000))
    assert "over 1,000 members" in refused.value.problem.explain()
    plain = b"".join(Decoder("gzip", URL, None).feed(gzip.compress(b"x") * 999))
    assert plain == b"x" * 999
