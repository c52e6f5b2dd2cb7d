"""Who may see the dashboard in a browser: one who has the word, once, and from then on that browser alone.

Any page on the web can make a browser send requests to this machine. So the Host must be ours (no DNS rebinding), an
Origin must be ours (no foreign page opens the WebSocket), and without the cookie nothing is answered. A browser sends a
cookie to every port of its host, so that any other server here would get it: hence it is for a path that nobody knows.
"""

from dataclasses import dataclass
from enum import Enum

from devgw.entropy import same, token


class Decision(Enum):
    """What becomes of a request."""

    PASS = "pass"
    ADMIT = "admit"
    """Set the cookie and go to the page without the word in its address."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Knock:
    """What matters of a request."""

    path: str
    host: str
    origin: str | None = None
    word: str | None = None
    """The `token` of the query."""
    cookie: str | None = None
    is_websocket: bool = False


class Door:
    """Decides about requests to one address."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.cookie_name = f"devgw_web_{port}"
        self.cookie = token("web_")
        self.place = f"/{token('')}"
        """The path below which the dashboard is, and where alone browsers send the cookie."""
        self._word: str | None = token("")
        self.url = f"http://{self.host}/?token={self._word}"
        """Where the person goes first; it works once."""

    def decide(self, knock: Knock) -> Decision:
        """Return what becomes of a request."""
        if knock.host != self.host or not self._comes_from_here(knock):
            return Decision.REFUSE
        if knock.cookie is not None and same(knock.cookie, self.cookie):
            return Decision.PASS if knock.path.startswith(f"{self.place}/") else Decision.REFUSE
        if knock.path == "/" and knock.word and self._word and same(knock.word, self._word):
            self._word = None
            return Decision.ADMIT
        return Decision.REFUSE

    def _comes_from_here(self, knock: Knock) -> bool:
        ours = f"http://{self.host}"
        return knock.origin == ours if knock.is_websocket else knock.origin in {None, ours}
