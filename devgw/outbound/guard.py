"""The one guard over where foreign documents may send us: what a URL's form allows, and what its addresses do.

The form is checked before anything is stored, shown or sent; the addresses by `outbound.client`, on every address of
the name and on the connected peer, before the first byte leaves. A URL that the developer wrote may lie anywhere.

Source: MCP Security Best Practices §SSRF; RFC 6890.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from devgw.foreign.addresses import (
    LOOPBACK,
    NEAR,
    PUBLIC,
    find_literal,
    is_near,
    is_this_machine,
    kind_of,
    read_address,
)
from devgw.foreign.lookalike import imitation_in_host
from devgw.foreign.urls import ForeignUrl, UrlRefused, read_url
from devgw.oauth.discovery import without_query
from devgw.oauth.redirect_uri import in_ascii
from devgw.outbound.client import CheckAddress
from devgw.outbound.proxies import find_proxy
from devgw.outbound.reach import gives_no_answer
from devgw.outbound.transport import chain_of
from devgw.problems import Problem, Refused
from devgw.problems.proxy import UpstreamNameUnknown
from devgw.problems.upstream import AddressForbidden

PLAIN_HTTP = "plain http is for this machine alone"


def address_check(allowed: frozenset[str], refusal: Callable[[str, str], Problem]) -> CheckAddress:
    """Return a check that lets addresses of the `allowed` kinds pass.

    Args:
        allowed: kinds of `foreign.addresses`.
        refusal: gives the problem for an address and its kind.
    """

    def check(text: str) -> None:
        address = read_address(text)
        kind = kind_of(address)
        if kind not in allowed:
            raise Refused(refusal(str(address), kind))

    return check


def upstream_check(url: str, *, local_allowed: bool) -> CheckAddress:
    """Return the check of a URL that an upstream's documents name: plain http leads near, and only for near ones."""
    allowed = NEAR if local_allowed else frozenset[str]()
    if not url.startswith("http:"):
        allowed |= {PUBLIC}

    def refusal(address: str, kind: str) -> Problem:
        where = "an address of this machine or network" if kind in NEAR else "no public address"
        return AddressForbidden(url=url, why=PLAIN_HTTP if kind == PUBLIC else f"{address} is {where} ({kind})")

    return address_check(allowed, refusal)


def client_check(is_loopback_allowed: bool, refusal: Callable[[str, str], Problem]) -> CheckAddress:
    """Return the check of a URL by which a client is known: public, or loopback where it says so itself."""
    return address_check(frozenset({PUBLIC, LOOPBACK} if is_loopback_allowed else {PUBLIC}), refusal)


def check_form(url: str, *, local_allowed: bool) -> ForeignUrl:
    """Return what a URL of an upstream's documents says, once its form allows to ask it or to send a browser there.

    Raises:
        Refused: with `AddressForbidden`.
    """
    try:
        read = read_url(url)
    except UrlRefused as error:
        raise Refused(AddressForbidden(url=url, why=str(error), is_malformed=True)) from error
    if read.scheme == "http" and not local_allowed:
        raise Refused(AddressForbidden(url=url, why=PLAIN_HTTP))
    literal = find_literal(read.host)
    if literal is not None:
        upstream_check(url, local_allowed=local_allowed)(str(literal))
    elif is_this_machine(read.host) and not local_allowed:
        raise Refused(AddressForbidden(url=url, why=f"{read.host} is this machine"))
    elif read.scheme == "http" and find_proxy(url):
        raise Refused(AddressForbidden(url=url, why=PLAIN_HTTP))
    return read


def check_page(url: str, *, local_allowed: bool) -> None:
    """Refuse a page of an upstream's documents to which no browser is sent: its host may read as another one, too.

    Raises:
        Refused: with `AddressForbidden`.
    """
    read = check_form(url, local_allowed=local_allowed)
    oddness = imitation_in_host(read.host)
    if oddness:
        raise Refused(AddressForbidden(url=in_ascii(url), why=oddness, imitates=True))


async def check_url(url: str, *, local_allowed: bool) -> None:
    """Refuse a URL to which no request of ours may be sent, by its form and by its addresses.

    Raises:
        Refused: with `AddressForbidden`, or `UpstreamNameUnknown` where its name is not known.
    """
    read = check_form(url, local_allowed=local_allowed)
    if find_proxy(url):  # the proxy looks names up; here they may mean nothing
        return
    check = upstream_check(url, local_allowed=local_allowed)
    for address in await _addresses(url, read.host, read.port):
        check(address)


async def is_local(url: str) -> bool:
    """Tell whether a URL of the developer's lies on this machine or in a private network.

    A name lies where all of its addresses do; what it leads to the next time, whoever owns it says (`near_name`).

    Raises:
        Refused: with `UpstreamNameUnknown` where its name is not known.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if find_literal(host) is not None or is_near(host):
        return is_near(host)
    if find_proxy(url):
        return False
    return all(kind_of(read_address(each)) in NEAR for each in await _addresses(url, host, parts.port))


def near_name(url: str, *, is_near: bool) -> str:
    """Return the host of a URL that `is_local` only by what its name led to; empty where it can lead nowhere else.

    Else its owner would let it lead here while that is asked, and elsewhere for what it then says (DNS rebinding).
    """
    host = urlsplit(url).hostname or ""
    return host if is_near and find_literal(host) is None and not is_this_machine(host) else ""


def find_near_check(url: str, name: str) -> CheckAddress | None:
    """Return the check that holds a host to this network, where it is the one called `name`; else None."""
    if not name or urlsplit(url).hostname != name:
        return None

    def refusal(address: str, kind: str) -> Problem:
        return AddressForbidden(url=url, why=f"{name} led into this network before, and now to {address} ({kind})")

    return address_check(NEAR, refusal)


async def _addresses(url: str, host: str, port: int | None) -> list[str]:
    import httpcore2  # noqa: PLC0415  with httpx2: 140 ms that a gateway at rest does without

    from devgw.outbound.network import addresses_of  # noqa: PLC0415  comes with it

    try:
        return await addresses_of(host, port)
    except httpcore2.ConnectError as error:
        is_unanswered = any(map(gives_no_answer, chain_of(error)))
        raise Refused(UpstreamNameUnknown(without_query(url), host, is_unanswered=is_unanswered)) from error
