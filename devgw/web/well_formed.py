"""Refuses a response that no MCP client reads, before it is passed on."""

from codecs import BOM_UTF8

from devgw.foreign.text import clean
from devgw.mcp.well_formed import ResponseMalformed, check_well_formed
from devgw.problems import Refused
from devgw.problems.upstream_answer import UpstreamResponseMalformed

_REFUSALS = 400
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


def check_response(text: bytes, url: str, status: int = 200) -> None:
    """Refuse a whole answer; what comes under a status of refusal is relayed as it is, and so is nothing.

    Raises:
        Refused: with `UpstreamResponseMalformed`.
    """
    if status >= _REFUSALS or not text.strip():
        return
    try:
        check_well_formed(text)
    except ResponseMalformed as malformed:
        raise Refused(UpstreamResponseMalformed(url, clean(str(malformed), 200))) from malformed


class EventCheck:
    """Looks at the responses among whole events, where a piece of a stream begins and ends with one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_between = self._is_first = True

    def look(self, piece: bytes) -> None:
        """Take what arrived.

        Raises:
            Refused: as `check_response` does.
        """
        if self._is_first and piece:
            piece, self._is_first = piece.removeprefix(BOM_UTF8), False  # it is no part of the stream's first line
        begins, self._is_between = self._is_between, piece.endswith(_EVENT_ENDS)
        if not (begins and self._is_between):
            return
        for event in piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
            lines = [line[5:] for line in event.split(b"\n") if line.startswith(b"data:")]
            text = b"\n".join(lines)
            if b'"result"' in text or b'"error"' in text:
                check_response(text, self._url)
