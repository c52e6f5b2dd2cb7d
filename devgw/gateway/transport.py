"""How the proxy talks HTTP to an upstream, seen from the inside: what is asked, what streams back."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

from devgw.events.trace import Headers
from devgw.limits import Limits


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """One request towards an upstream, complete."""

    method: str
    url: str
    """Absolute, with its query."""
    headers: Headers
    """Without Host, Content-Length and hop-by-hop headers, which are the transport's."""
    body: bytes = b""
    certificate: str | None = None
    """The PEM file with the client certificate and its key."""
    owner: Hashable = ()
    """For whom it is, with which credential: its connection carries nobody else's requests."""
    led_by: str = ""
    """The address of whoever redirected here, or its host where a proxy stands between; of several the farthest.

    Empty for the developer's own URL, which may lie anywhere.
    """


@dataclass(slots=True)
class Timing:
    """Steady nanoseconds of what the transport did, for the trace's phases; zero where it did not happen."""

    connect_began: int = 0
    connected: int = 0
    sent: int = 0
    answered: int = 0


class StreamedAnswer(Protocol):
    """An answer that has begun: status and headers are there, the body streams."""

    status: int
    headers: Headers
    """Names in lower case, in the order of the wire."""
    reason: bytes
    """Its words beside the status."""

    @property
    def peer(self) -> str:
        """Return the address that answered; empty where it is a proxy's."""

    @property
    def received(self) -> int:
        """Return how many bytes of the body have arrived."""

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole body has arrived (it may not have been read yet)."""

    async def read(self) -> bytes:
        """Return what has arrived since the last call, waiting for the first byte; empty at the end.

        Raises:
            Refused: with `UpstreamClosedEarly`, `UpstreamAnswerMalformed` or `UpstreamFramingUnsafe`.
        """

    async def read_in_time(self) -> bytes:
        """Return as `read` does, of an answer that is no stream: silence has a limit, and so has all waiting together.

        Raises:
            Refused: as `read` does, and with `AnswerUnfinished`.
        """

    def hold(self, size: int, *, is_leaving: bool = False) -> None:
        """Say that `size` bytes of it are held here; the longest answer ends where all together are too much.

        Args:
            size: bytes, in place of what was said before.
            is_leaving: whether they wait for the client alone.
        """

    def abort(self) -> None:
        """Close the connection now; nothing more is wanted. Harmless once the answer is complete."""

    def distrust(self) -> None:
        """Close the connection, complete or not: what came over it was not meant for this request."""


class UpstreamTransport(Protocol):
    """Opens exchanges with upstreams, over connections that it keeps alive."""

    async def open(self, request: UpstreamRequest, timing: Timing) -> StreamedAnswer:
        """Send `request` and return its answer as soon as the head has arrived.

        Raises:
            Refused: with a problem of `problems.proxy`.
        """


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """Limits of the transport, in seconds; a stream that has begun has none."""

    connect_timeout: float = 10.0
    response_timeout: float = 120.0
    idle_timeout: float = field(default=4.0)
    """How long a connection is kept for the next request: less than the 5 s after which uvicorn closes it."""
    silence_timeout: float = Limits.WHOLE_SILENCE_SECONDS
    """Between two pieces of an answer that is no stream."""
    whole_timeout: float = Limits.WHOLE_SECONDS
    """Of all waiting for the body of such an answer."""
    are_proxy_settings: bool = False
    """Whether the first two are what `[proxy]` in `devgw.toml` says, so that whoever meets one is told of it."""
