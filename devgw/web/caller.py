"""Which page asks, as far as its browser says so: what it may make us fetch, and how much it may learn.

A browser names the page in `Origin`, but for navigations and plain reads; there `Sec-Fetch-Site` says whether it is
another site's, and in a browser of before 2023 only `Referer`, unless the page forbade it. A program says none of
these, and may ask for anything: it runs on this machine already.

Source: Fetch §3.2 (`Origin`); Fetch Metadata §2.3; RFC 9110 §10.1.3.
"""

from quart import request

from devgw.problems import Refused
from devgw.web import serving
from devgw.web.hosts import Hosts


def is_page_of_elsewhere() -> bool:
    """Tell whether a page asks that is neither of this machine nor allowed by the settings."""
    origin = request.headers.get("Origin")
    if origin is None and "Sec-Fetch-Site" in request.headers:
        return request.headers["Sec-Fetch-Site"] == "cross-site"
    origin = _origin_of_referrer() if origin is None else origin
    if not origin:
        return False
    try:
        Hosts(serving.gateway().ground.settings).check_caller(origin, serving.origin())
    except Refused:
        return True
    return False


def _origin_of_referrer() -> str:
    """Return the origin of the page that led here, as an old browser says it; empty where none is said."""
    scheme, _, rest = request.headers.get("Referer", "").partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if rest else ""


def is_of_another_origin() -> bool:
    """Tell whether a page of another origin than ours may read the answer, be it on this machine."""
    origin = request.headers.get("Origin")
    return origin is not None and origin not in {serving.origin(), serving.canonical_urls().origin}
