"""Signing in without any provider, on loopback alone (`gateway.md` §2).

It asks nobody who they are, so both its page and its callback are for this machine's browser. A tunnel or proxy on this
machine comes from loopback, too; it is known by the name that it was asked under, or by what it says of its client.
"""

import ipaddress
from urllib.parse import urlsplit

from quart import Blueprint, Response, request

from devgw.gateway.login import DEV_SUBJECT
from devgw.oauth.urls import DEV_LOGIN
from devgw.problems import Refused
from devgw.problems.login import DevLoginElsewhere
from devgw.web import serving
from devgw.web.hosts import is_loopback
from devgw.web.pages import page

blueprint = Blueprint("dev_login", __name__)
_OF_PROXIES = frozenset({"Forwarded", "X-Real-Ip", "X-Client-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "Via"})
_FORWARDED = "X-Forwarded-"


@blueprint.get(DEV_LOGIN)
async def dev_login() -> Response:
    """Show the one-click sign-in; 403 to anybody who is not on this machine, 404 where a provider is configured."""
    if not serving.gateway().login.is_dev_login:
        return Response("dev-login is not configured; people sign in at the identity provider", 404)
    check_is_here()
    return await page(
        "dev_login.html",
        subject=DEV_SUBJECT,
        state=request.args.get("state", ""),
        callback=serving.urls().callback,
    )


def check_is_here() -> None:
    """Refuse a request that did not begin on this machine, where people sign in without any provider.

    Raises:
        Refused: with `DevLoginElsewhere`.
    """
    if not serving.gateway().login.is_dev_login:
        return
    named = urlsplit(serving.origin()).hostname or ""
    came_by = next((name for each, _ in request.headers if _is_of_proxy(name := each.title())), "")
    if came_by or not is_loopback(named) or not _is_loopback(request.remote_addr or ""):
        raise Refused(DevLoginElsewhere(serving.origin(), came_by))


def _is_of_proxy(header: str) -> bool:
    return header in _OF_PROXIES or header.startswith(_FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
