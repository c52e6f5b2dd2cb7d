"""The browser behind a request: every cookie that it sent, and whether one of our own pages sent it here.

Cookies live below the browser's endpoints only, so that other pages on this host name are not handed them by the way.
That stops nobody who wants them: what a cookie is worth here, and what else is asked, says `gateway.page_proof`.

Source: RFC 6265 §8.5, §8.6; RFC 6265bis §4.1.3 (`__Host-`); Fetch Metadata Request Headers §2.
"""

from urllib.parse import urlsplit

from quart import Response, request

from devgw.diagnosis.exchange import FRAMES
from devgw.gateway.login import SESSION_COOKIE, Cookies
from devgw.gateway.records import Session
from devgw.oauth.urls import CONNECTIONS
from devgw.problems import Refused
from devgw.problems.consent import ConsentStale, PageAskedByScript
from devgw.web import serving

_HOST_PREFIX = "__Host-"
_OURS = frozenset({"same-origin", "none"})
_PAGE = "document"
_NO_ORIGIN = "null"
"""What browsers send as Origin of a page without referrer, such as ours."""


def cookies() -> Cookies:
    """Return every value of every cookie that came, by the name that it has here."""
    prefix = _prefix()
    names = [name for name in request.cookies if name.startswith(prefix)]
    return {name.removeprefix(prefix): request.cookies.getlist(name) for name in names}


def sessions() -> list[Session]:
    """Return the live sessions of the cookies that came; more than one where somebody set one beside ours."""
    return serving.gateway().proofs.sessions_of(cookies().get(SESSION_COOKIE, ()))


def has_shown_itself() -> bool:
    """Tell whether this is a browser that opens a page, as far as one can know: those of today say so."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate"


def check_opens_page() -> None:
    """Refuse a script that asks for a page of ours: its cookies stay away, and nobody would see it.

    Raises:
        Refused: with `PageAskedByScript`.
    """
    purpose = request.headers.get("Sec-Fetch-Dest", _PAGE)
    if purpose not in FRAMES | {_PAGE}:
        raise Refused(PageAskedByScript(request.path, purpose))


def is_led_here_by_another_page() -> bool:
    """Tell whether another page than ours may have sent the browser here: an old one does not say."""
    return request.headers.get("Sec-Fetch-Site") not in _OURS


def check_sender() -> None:
    """Refuse a form that another page sent, on another port of this host name or elsewhere.

    Raises:
        Refused: with `ConsentStale`.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", _NO_ORIGIN)
    ours = {_NO_ORIGIN, serving.origin(), serving.canonical_urls().origin}
    if site not in _OURS or origin not in ours:
        raise Refused(ConsentStale("another page than ours sent it"))


def set_session(response: Response, secret: str) -> None:
    """Set the session cookie (host-only, for as long as the browser runs; the gateway knows when it expires)."""
    for path in _session_paths():
        set_cookie(response, SESSION_COOKIE, secret, path)


def forget_session(response: Response) -> None:
    """Let the browser drop the session cookie."""
    for path in _session_paths():
        forget_cookie(response, SESSION_COOKIE, path)


def set_cookie(response: Response, name: str, value: str, path: str, max_age: int | None = None) -> None:
    """Set a cookie that pages' scripts never read, below `path` (`__Host-` has no paths)."""
    is_https = _is_https()
    shown = "/" if is_https else path
    response.set_cookie(
        _prefix() + name, value, max_age=max_age, httponly=True, samesite="Lax", secure=is_https, path=shown
    )


def forget_cookie(response: Response, name: str, path: str) -> None:
    """Let the browser drop a cookie that `set_cookie` set."""
    is_https = _is_https()
    response.delete_cookie(_prefix() + name, path="/" if is_https else path, secure=is_https)


def path_of(endpoint: str) -> str:
    """Return the path of an endpoint below the base path, as the browser sees it."""
    return urlsplit(serving.canonical_urls().at(endpoint)).path


def _session_paths() -> tuple[str, str]:
    return path_of("/oauth"), path_of(CONNECTIONS)


def _prefix() -> str:
    return _HOST_PREFIX if _is_https() else ""


def _is_https() -> bool:
    return serving.canonical_urls().origin.startswith("https:")
