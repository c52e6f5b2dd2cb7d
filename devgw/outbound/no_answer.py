"""What bytes come to that are no answer in HTTP/1: one problem, whoever met them, the proxy or an HTTP client."""

import asyncio

from devgw.outbound.exchange import Exchange, ProtocolSwitched
from devgw.outbound.framing import FramingUnsafe
from devgw.outbound.head import Http2Answered, NotHttp, TlsAnswered
from devgw.outbound.target import RequestTarget
from devgw.problems import Problem
from devgw.problems.proxy import REWRITE_PATTERN, UpstreamSpeaksTls
from devgw.problems.server import ServerSpeaksHttp2
from devgw.problems.upstream_answer import UpstreamAnswerMalformed, UpstreamFramingUnsafe, UpstreamSwitchedProtocols


class _Unpaced:
    """The read side of bytes that are all there."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def pause(self) -> None:
        """Read no more."""

    def resume(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Close at once."""


def no_answer(error: Exception, target: RequestTarget, written_in: str = REWRITE_PATTERN) -> Problem:
    """Return the problem that a failure of the reader comes to."""
    if isinstance(error, FramingUnsafe):
        return UpstreamFramingUnsafe(target.url, str(error))
    if isinstance(error, ProtocolSwitched):
        return UpstreamSwitchedProtocols(target.url)
    if isinstance(error, TlsAnswered) and not target.is_https:
        return UpstreamSpeaksTls(target.url, written_in=written_in)
    if isinstance(error, Http2Answered):
        return ServerSpeaksHttp2(target.url)
    return UpstreamAnswerMalformed(target.url, str(error))


def find_no_answer(beginning: bytes, target: RequestTarget, written_in: str) -> Problem | None:
    """Return what the beginning of an answer comes to by the proxy's own reader; None where that has nothing."""
    try:
        Exchange(_Unpaced()).take(beginning)
    except (NotHttp, FramingUnsafe) as error:
        return no_answer(error, target, written_in)
    except ValueError:  # a limit, which whoever read it has met by himself
        return None
    return None
