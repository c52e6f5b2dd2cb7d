"""What was seen between a client and somebody's MCP server: told by the server's answers, since nobody here decides."""

from dataclasses import dataclass

from devgw.events.event import Event
from devgw.ids import TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedStepTaken(Event):
    """A client came one step further, or was refused, at a server that is only watched.

    An event of its own, beside those of devgw's authorization server: what rules and books conclude from those (how
    long a code lives, which tokens there are) would be said of a server of which nobody here knows it.
    """

    step: str
    """A value of `monitor.flow_moves.Seen`."""
    words: str
    """What was seen, for the list."""
    redirect_uri: str | None = None
    resource: str | None = None
    scope: str | None = None
    issuer: str | None = None
    registered_by: str | None = None
    code_id: TokenId | None = None
    access_token_id: TokenId | None = None
    refresh_token_id: TokenId | None = None
