"""The head of an upstream's answer, read so strictly that no two programs could read it differently.

What another program might frame otherwise (two lengths, a folded line, a line end without CR) is how one exchange's
bytes become the answer to another, so it is refused and not mended. Source: RFC 9112 §2.2, §4, §5, §6; RFC 9110 §5.6.
"""

import re
from dataclasses import dataclass

from devgw.events.trace import Headers
from devgw.limits import Limits
from devgw.outbound.framing import FIELDS, BodyByLength, BodyFraming, BodyInChunks, BodyUntilClose, FramingUnsafe

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([^\x00-\x08\x0a-\x1f\x7f]*+))?\r\n")
_SPACE_BEFORE_COLON = re.compile(rb"[^:\s]+[ \t]+:")
_LENGTH = re.compile(rb"\d{1,15}")
_BEGINNING = b"HTTP/1."
_TLS_ALERT = b"\x15\x03"
"""Content type and major version of an alert (RFC 8446 §5.1)."""
_HTTP2_SETTINGS = re.compile(rb"\0\0[\0-\xff]\x04\0\0\0\0\0")
"""Length, type, flags and stream of the frame with which a server begins (RFC 9113 §3.4, §4.1)."""
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"upgrade"})
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class NotHttp(ValueError):  # noqa: N818  it reads as what happened
    """What came is no answer in HTTP/1; the message says what came."""


class TlsAnswered(NotHttp):
    """What came is a record of TLS, to which plain http was spoken."""


class Http2Answered(NotHttp):
    """What came are the settings of HTTP/2, to which HTTP/1.1 was spoken."""


class AnswerHeadTooLarge(ValueError):  # noqa: N818  the same
    """The head passes a limit; the message names it."""


@dataclass(slots=True)
class Head:
    """Status and headers of one answer, and how its body is framed."""

    status: int
    headers: Headers
    """Names in lower case, in the order of the wire."""
    body: BodyFraming
    keeps: bool
    """Whether the upstream lets the connection be used again, and said nothing odd."""
    reason: bytes = b""
    """Its words beside the status, which some clients repeat."""


def end_of_head(received: bytes, searched: int = 0) -> int:
    """Return where the head in `received` ends, -1 while it goes on.

    Args:
        received: everything since the answer began.
        searched: how much of it was searched before.

    Raises:
        NotHttp: where it begins as no answer in HTTP/1 does; `TlsAnswered` where it begins as TLS does.
        FramingUnsafe: where its lines end without CR.
        HeadTooLarge: where it is longer than an answer's head may be.
    """
    if not received.startswith(_BEGINNING) and not _BEGINNING.startswith(received):
        raise _kind_of(received)(f"it begins with {received[:16]!r}")
    end = received.find(b"\r\n\r\n", max(0, searched - 3))
    if end < 0 and received.find(b"\n\n", max(0, searched - 1)) >= 0:
        raise FramingUnsafe("its lines end with LF alone")
    if (len(received) if end < 0 else end) > Limits.ANSWER_HEAD_BYTES:
        raise AnswerHeadTooLarge(f"more than {Limits.ANSWER_HEAD_BYTES:,} bytes")
    return end + 4 if end >= 0 else -1


def _kind_of(received: bytes) -> type[NotHttp]:
    if received.startswith(_TLS_ALERT):
        return TlsAnswered
    return Http2Answered if _HTTP2_SETTINGS.match(received) else NotHttp


def read_head(block: bytes) -> Head:
    """Return what the head in `block`, its empty line included, says.

    Raises:
        NotHttp: where the status line or a header is none.
        FramingUnsafe: where the body's end could be read in two ways, or a header could.
        HeadTooLarge: where there are more headers than an answer may have.
    """
    status_line = _STATUS.match(block)
    if status_line is None:
        first = block.partition(b"\r\n")[0]
        raise NotHttp(f"its first line is {first[:60]!r}")
    start, end = status_line.end(), len(block) - 2
    if FIELDS.fullmatch(block, start, end) is None:
        raise _why_no_fields(block[start:end])
    lines = block[start:end].split(b"\r\n")
    del lines[-1]
    if len(lines) > Limits.ANSWER_HEADERS:
        raise AnswerHeadTooLarge(f"more than {Limits.ANSWER_HEADERS} headers")
    headers: Headers = []
    framing: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        headers.append((name, value))
        if name in _FRAMING:
            framing.setdefault(name, []).append(value)
    head = _framed(int(status_line[2]), headers, framing, is_new=status_line[1] == b"1")
    head.reason = status_line[3] or b""
    return head


def _framed(status: int, headers: Headers, framing: dict[bytes, list[bytes]], *, is_new: bool) -> Head:
    """Return the head with the body that follows it (RFC 9112 §6.3)."""
    lengths, codings = framing.get(b"content-length", []), framing.get(b"transfer-encoding", [])
    keeps = is_new and b"upgrade" not in framing and _keeps(framing.get(b"connection", []))
    if lengths and codings:
        raise FramingUnsafe("it has both Content-Length and Transfer-Encoding")
    if status < 200 or status in {_NO_CONTENT, _NOT_MODIFIED}:
        return Head(status, headers, BodyByLength(0), keeps and not codings and lengths in ([], [b"0"]))
    if codings:
        return Head(status, headers, _chunked(codings, is_new=is_new), keeps)
    if lengths:
        return Head(status, headers, BodyByLength(_length(lengths)), keeps)
    return Head(status, headers, BodyUntilClose(), keeps=False)


def _keeps(options: list[bytes]) -> bool:
    """Tell whether Connection says nothing, or that it lives on."""
    return not options or {each.strip() for each in b",".join(options).lower().split(b",")} <= {b"", b"keep-alive"}


def _chunked(codings: list[bytes], *, is_new: bool) -> BodyFraming:
    if len(codings) > 1 or codings[0].lower() != b"chunked":
        said = b", ".join(codings).decode("latin-1")
        raise FramingUnsafe(f"its Transfer-Encoding is {said[:60]!r} and not chunked alone")
    if not is_new:
        raise FramingUnsafe("it has Transfer-Encoding in HTTP/1.0")
    return BodyInChunks()


def _length(lengths: list[bytes]) -> int:
    if len(lengths) > 1:
        raise FramingUnsafe("it has more than one Content-Length")
    if _LENGTH.fullmatch(lengths[0]) is None:
        raise FramingUnsafe(f"its Content-Length is {lengths[0][:40]!r}")
    return int(lengths[0])


def _why_no_fields(block: bytes) -> ValueError:
    """Return what is wrong with the first header line that is none."""
    line = next(each for each in block.split(b"\r\n") if FIELDS.fullmatch(each + b"\r\n") is None)
    if line[:1] in {b" ", b"\t"}:
        return FramingUnsafe("a header goes on in the next line")
    if b"\n" in line or b"\r" in line:
        return FramingUnsafe("a header line ends with LF or CR alone")
    if _SPACE_BEFORE_COLON.match(line):
        return FramingUnsafe("there is space between a header's name and its colon")
    # Never the line itself: it may hold a secret.
    return NotHttp("a header has characters in it that none may have" if b":" in line else "a header has no colon")
