"""Which page asks, as far as its browser says so: what it may make us fetch, and how much it may learn.

A browser names the page in `Origin`, but for navigations and plain reads; there `Sec-Fetch-Site` says whether it is
another site's. A program says neither, and may ask for anything: it runs on this machine already.

Source: Fetch §3.2 (`Origin`); Fetch Metadata §2.3.
"""

from quart import request

from devgw.problems import Refused
from devgw.web import serving
from devgw.web.hosts import Hosts


def is_page_of_elsewhere() -> bool:
    """Tell whether a page asks that is neither of this machine nor allowed by the settings."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "") == "cross-site"
    try:
        Hosts(serving.gateway().ground.settings).check_caller(origin, serving.origin())
    except Refused:
        return True
    return False


def is_of_another_origin() -> bool:
    """Tell whether a page of another origin than ours may read the answer, be it on this machine."""
    origin = request.headers.get("Origin")
    return origin is not None and origin not in {serving.origin(), serving.canonical_urls().origin}
