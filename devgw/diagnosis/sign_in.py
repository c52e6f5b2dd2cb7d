"""Whether a redirect leads to a page on which a person would sign in: told by where it leads, never by its page."""

from urllib.parse import parse_qsl, unquote, urlsplit

from devgw.foreign.urls import ForeignUrl

_NAMES = frozenset(
    {"login", "log-in", "signin", "sign-in", "sso", "saml", "auth", "oauth", "oauth2", "authorize", "idp"}
)
"""Names of paths and hosts at which people sign in."""


def leads_to_sign_in(asked: str, target: ForeignUrl) -> bool:
    """Tell whether a redirect of `asked` leads there: by its path or host, or as it says where to return."""
    path = urlsplit(asked).path.rstrip("/")
    if target.path.rstrip("/") == path and not target.query:
        return False
    segments = {each.partition(".")[0].lower() for each in target.path.split("/")} - set(path.lower().split("/"))
    returns = {unquote(value).partition("?")[0].rstrip("/") for _, value in parse_qsl(target.query)}
    comes_back = bool(path) and any(each.endswith(path) for each in returns)
    return bool(segments & _NAMES) or target.host.partition(".")[0].lower() in _NAMES or comes_back
