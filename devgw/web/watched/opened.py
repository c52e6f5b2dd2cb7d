"""One origin that the forward proxy opened: an ASGI app that sends on what a client asks it, letter for letter.

Who asks was told by the credential of the proxy, so that no page is looked for here: what `Origin` or content type a
client sends is the server's to judge.
"""

from typing import ClassVar

from devgw.foreign.urls import same_origin
from devgw.gateway.watched.legs import Leg
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.watched import WatchedHostRefused
from devgw.web.watched.authorize import pass_authorize
from devgw.web.watched.metadata import answer_metadata
from devgw.web.watched.port import Answers, WatchedPort
from devgw.web.watched.pushed import answer_pushed
from devgw.web.watched.register import answer_register
from devgw.web.watched.token import answer_form
from devgw.web.watched.watched import Watched, WatchedCall

_READ_WHOLE = frozenset({Leg.REGISTER, Leg.TOKEN, Leg.REVOKE, Leg.PUSHED})


class OpenedOrigin(WatchedPort):
    """What a client asks one real origin through the proxy; login pages too, where it looks at them itself."""

    answers: ClassVar[Answers] = {
        (Leg.RESOURCE_METADATA, "GET"): answer_metadata,
        (Leg.SERVER_METADATA, "GET"): answer_metadata,
        (Leg.REGISTER, "POST"): answer_register,
        (Leg.AUTHORIZE, "GET"): pass_authorize,
        (Leg.TOKEN, "POST"): answer_form,
        (Leg.REVOKE, "POST"): answer_form,
        (Leg.PUSHED, "POST"): answer_pushed,
    }

    def __init__(self, watched: Watched, origin: str) -> None:
        super().__init__(watched, origin, 0)
        self._scheme, _, self._host = origin.partition("://")

    def _check(self, call: WatchedCall) -> None:
        """Let everybody ask: they had the credential."""

    def _most_bytes(self, leg: Leg) -> int:
        return Limits.OAUTH_BODY_BYTES if leg in _READ_WHOLE else self._watched.settings.proxy.request_limit

    def _name_of(self, host: str) -> str:
        if not same_origin(
            f"{self._scheme}://{host}", self._origin
        ):  # another virtual host of the same address is another server
            raise Refused(WatchedHostRefused(host, self._host))
        return self._host
