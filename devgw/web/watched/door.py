"""Who may ask a watched server through us: programs and pages of this machine, under a name of this machine.

Source: MCP basic/transports, Security Warning; Fetch Metadata (`Sec-Fetch-Site`).
"""

from urllib.parse import urlsplit

from devgw.foreign.addresses import is_this_machine
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.origins import LOCAL_NAMES
from devgw.problems import Refused
from devgw.problems.watched import WatchedCallbackUnknown, WatchedHostRefused, WatchedPageRefused, WatchedTypeRefused
from devgw.web.watched.watched import WatchedCall

_BY_BROWSER = frozenset({Leg.AUTHORIZE, Leg.CALLBACK})
"""To which a page of any site may lead the browser: a client's authorization link, and the server's answer."""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_WANTED = {Leg.MCP: JSON, Leg.REGISTER: JSON, Leg.TOKEN: FORM, Leg.REVOKE: FORM, Leg.PUSHED: FORM}
"""What is sent there; nothing a page could send to another site without being asked is among MCP's and registration's,
and a form comes with its page's Origin."""


def local_name(host: str, port: int) -> str:
    """Return the loopback name in a Host header.

    Raises:
        Refused: with `WatchedHostRefused`.
    """
    name, _, said = host.lower().rpartition(":")
    if name not in LOCAL_NAMES or said != str(port):
        raise Refused(WatchedHostRefused(host, f"localhost:{port}"))
    return name


def check_caller(call: WatchedCall) -> None:
    """Refuse what a page of another site asks.

    Raises:
        Refused: with `WatchedPageRefused`, `WatchedTypeRefused`, or `WatchedCallbackUnknown`.
    """
    trace = call.trace
    page, site = trace.header(b"origin"), trace.header(b"sec-fetch-site")
    if call.leg in _BY_BROWSER and trace.method == "GET":
        return
    if page and not _is_here(page):
        raise Refused(WatchedPageRefused(page))
    if site == "cross-site" and not page:
        raise Refused(WatchedPageRefused(""))
    if call.leg is Leg.CALLBACK:  # it is ours, and no request to it is the server's
        raise Refused(WatchedCallbackUnknown())
    wanted = _WANTED.get(call.leg)
    if wanted is None or trace.method != "POST":
        return
    kind = trace.header(b"content-type").partition(";")[0].strip().lower()
    if kind != wanted:
        raise Refused(WatchedTypeRefused(kind, wanted, is_registration=call.leg is Leg.REGISTER))


def _is_here(page: str) -> bool:
    """Tell whether a page is served by this machine."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_this_machine(parts.hostname or "")
