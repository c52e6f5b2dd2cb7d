"""Host names and origins of pages in devgw's own settings, as requests carry them: the two are compared as text.

Source: RFC 9110 §7.2 (Host), RFC 6454 §6.2 (Origin).
"""

import re

from devgw.foreign.urls import read_url

_NOT_IN_HOST = re.compile(r"[/?*]|:$")
_OTHER_ORIGIN = re.compile(r"null|(?!https?:)[a-z][a-z0-9+.-]*://[a-z0-9._~-]+(?::\d{1,5})?")
"""Of a page without an origin, an extension of a browser, or an editor."""


def host_of(value: object) -> str:
    """Return a host name, with its port where one is written, as a Host header has it.

    Raises:
        ValueError: no request comes under this: it is a URL, a pattern, or no text.
    """
    if not isinstance(value, str) or not value or _NOT_IN_HOST.search(value):
        raise ValueError(value)
    read = read_url(f"http://{value}")
    host = f"[{read.host}]" if ":" in read.host else read.host
    return f"{host}:{read.port}" if re.search(r":\d+$", value) else host


def origin_of(value: object) -> str:
    """Return an origin as browsers write it: small letters, no usual port, no slash at the end.

    Raises:
        ValueError: it is no http(s) URL, or one of more than an origin.
    """
    read = read_url(value if isinstance(value, str) else "")
    if read.path.strip("/") or read.query or "*" in read.host:
        raise ValueError(value)
    return read.origin


def page_of(value: object) -> str:
    """Return the origin of a page, which may be one that is not of the web.

    Raises:
        ValueError: no page has this origin.
    """
    if isinstance(value, str) and _OTHER_ORIGIN.fullmatch(value.lower()):
        return value.lower()
    return origin_of(value)
