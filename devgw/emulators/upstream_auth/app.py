"""The ASGI app: the MCP path to the protected resource, everything else to the authorization server."""

from functools import cached_property
from typing import TYPE_CHECKING

from devgw.clock import Clock
from devgw.emulators.upstream.asgi import OpenRequests, Receive, Scope, Send, answer_text, drain, is_for_loopback
from devgw.emulators.upstream.server import MCP_PATH, SampleServer
from devgw.emulators.upstream_auth.breakage import CUT_HEADER, Cut, cut_where_marked
from devgw.emulators.upstream_auth.faults import SetFaults
from devgw.emulators.upstream_auth.metadata import Metadata
from devgw.emulators.upstream_auth.records import SampleRecords
from devgw.emulators.upstream_auth.resource import ProtectedResource

if TYPE_CHECKING:
    from quart import Quart

NAME = "devgw-sample-oauth"
INSTRUCTIONS = "A sample server behind OAuth of its own. whoami shows who the token is for; add_note needs notes:write."


class UpstreamWithOAuth:
    """The sample upstream with its authorization server, as one ASGI app on one origin."""

    def __init__(self, clock: Clock, origin: str) -> None:
        self.faults = SetFaults()
        self.records = SampleRecords(clock)
        self.metadata = Metadata(origin, self.faults)
        self._mcp = SampleServer(clock, NAME, INSTRUCTIONS)
        self._resource = ProtectedResource(self._mcp, self.records, self.metadata, self.faults)
        self._open = OpenRequests()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through the host's lifespan."""
        if scope["type"] != "http":
            await self._mcp(scope, receive, send)
        elif not is_for_loopback(scope):
            await drain(receive)
            await answer_text(send, 421, "This emulator answers for loopback names alone.\n")
        elif scope["path"].rstrip("/") == MCP_PATH:
            await self._open.hold(self._resource(scope, receive, send))
        else:
            await self._open.hold(self._answer_as_server(scope, receive, send))

    def close(self) -> None:
        """End every open request and stream at once."""
        self._open.close()
        self._mcp.close()

    @cached_property
    def _server(self) -> "Quart":
        # Here and not above: most gateways start, are used and end without anybody connecting to this upstream.
        from devgw.emulators.upstream_auth.server import create_server  # noqa: PLC0415

        return create_server(self.records, self.metadata, self.faults)

    async def _answer_as_server(self, scope: Scope, receive: Receive, send: Send) -> None:
        marking = cut_where_marked(send, CUT_HEADER)
        try:
            # Quart's types are hypercorn's TypedDicts, ours are ASGI's plain mappings.
            await self._server(scope, receive, marking)  # type: ignore[arg-type]
        except* Cut:
            pass  # an app that ends before its answer makes the host break the connection


def create_app(clock: Clock, origin: str = "http://localhost:9003") -> UpstreamWithOAuth:
    """Return the sample upstream with OAuth; `origin` is the one it is served at, and its issuer."""
    return UpstreamWithOAuth(clock, origin)
