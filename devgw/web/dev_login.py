"""Signing in without any provider, on loopback alone (`gateway.md` §2)."""

import ipaddress

from quart import Blueprint, Response, request

from devgw.gateway.login import DEV_SUBJECT
from devgw.oauth.urls import DEV_LOGIN
from devgw.web import serving
from devgw.web.pages import page

blueprint = Blueprint("dev_login", __name__)


@blueprint.get(DEV_LOGIN)
async def dev_login() -> Response:
    """Show the one-click sign-in; 403 to anybody who is not on this machine, 404 where a provider is configured."""
    if not serving.gateway().login.is_dev_login:
        return Response("dev-login is not configured; people sign in at the identity provider", 404)
    if not _is_loopback(request.remote_addr or ""):
        return Response("dev-login works on this machine only", 403)
    return await page(
        "dev_login.html",
        subject=DEV_SUBJECT,
        state=request.args.get("state", ""),
        callback=serving.urls().callback,
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
