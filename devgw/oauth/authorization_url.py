"""An authorization request as the URL to which a browser is sent.

Source: RFC 6749 §3.1: the endpoint's own query is kept, and no parameter is sent more than once; RFC 9101 §5: where
`request` or `request_uri` stands, the other parameters are not read.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus, urlencode

from devgw.oauth.redirect_uri import in_ascii

_DECIDED_HERE = frozenset(
    {
        "response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method",
        "resource", "nonce", "response_mode", "request", "request_uri", "code", "error", "iss",
    }
)  # fmt: skip
"""Ours to say, or the answer's: an endpoint that brings one would speak in our name."""
_JOINED = re.compile(r"[. ]")


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Return `endpoint`, its host in ASCII, with `parameters` alone under each name that is decided here."""
    url, _, query = in_ascii(endpoint).partition("?")
    return f"{url}?{with_own(query, parameters, _DECIDED_HERE)}"


def with_own(query: str, parameters: Mapping[str, str], decided: frozenset[str] = frozenset()) -> str:
    """Return a query with `parameters` in place of whatever it has under their names, or one of `decided`."""
    ours = decided | parameters.keys()
    kept = [each for each in query.split("&") if each and not ours.intersection(_names(each))]
    return "&".join([*kept, urlencode(parameters)])


def _names(pair: str) -> set[str]:
    """Return under which names servers may read a pair: some part at `;` too, and take `state[]` or `client.id`."""
    names = (unquote_plus(each.partition("=")[0]).partition("[")[0].strip() for each in pair.split(";"))
    return {_JOINED.sub("_", each).lower() for each in names}
