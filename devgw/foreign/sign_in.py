"""Whether a redirect leads to a page on which a person would sign in: told by where it leads, never by its page."""

from urllib.parse import parse_qsl, unquote, urlsplit

from devgw.foreign.urls import ForeignUrl

_NAMES = frozenset(
    {
        "login", "log-in", "logon", "log-on", "signin", "sign-in", "signon", "sign-on", "wp-login", "sso", "saml",
        "adfs", "cas", "auth", "authn", "authenticate", "authentication", "oauth", "oauth2", "oidc", "openid",
        "authorize", "idp", "pf-signin", "outpost",
    }
)  # fmt: skip
"""Names of paths and hosts at which people sign in; some write `_` for `-`. An outpost is authentik's."""
_HOSTS = frozenset({"accounts", "id", "identity", *_NAMES})
_NEW_SESSION = ("session/new", "sessions/new")
"""What servers in the style of Rails call the page, beside `sign_in`."""


def leads_to_sign_in(asked: str, target: ForeignUrl) -> bool:
    """Tell whether a redirect of `asked` leads there: by its path or host, or as it says where to return."""
    path = urlsplit(asked).path.rstrip("/")
    if target.path.rstrip("/") == path and not target.query:
        return False
    written = target.path.lower().replace("_", "-")
    segments = {each.partition(".")[0] for each in written.split("/")} - set(path.lower().replace("_", "-").split("/"))
    returns = {unquote(value).partition("?")[0].rstrip("/") for _, value in parse_qsl(target.query)}
    comes_back = bool(path) and any(each.endswith(path) for each in returns)
    is_named = bool(segments & _NAMES) or written.rstrip("/").endswith(_NEW_SESSION)
    goes_away = target.host != urlsplit(asked).hostname and target.host.partition(".")[0].lower() in _HOSTS
    return is_named or goes_away or comes_back
