"""To which origin each bearer token goes: the first to which its client sent it, and no other.

A client that follows a redirect from one local port to another stays on one host, as some of them see it, and takes its
token along; between the real origins it would not have.
"""

from collections import OrderedDict

from devgw.entropy import digest
from devgw.limits import Limits


class Bearers:
    """The origins of tokens, by digest."""

    def __init__(self) -> None:
        self._origins: OrderedDict[str, str] = OrderedDict()

    def may_go(self, authorization: str, origin: str) -> bool:
        """Tell whether a bearer token may go to `origin`; what is no bearer may go anywhere, as it is not moved."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return True
        key = digest(token.strip())
        first = self._origins.setdefault(key, origin)
        self._origins.move_to_end(key)
        if len(self._origins) > Limits.WATCHED_SECRETS:
            self._origins.popitem(last=False)
        return first == origin
