"""Signing out: whose session this browser has, and its end. The grants given in it live on (RFC 7009 ends those)."""

from quart import Blueprint, Response

from devgw.entropy import digest, same
from devgw.gateway.login import SESSION_COOKIE
from devgw.gateway.records import Session
from devgw.oauth.urls import LOGOUT, SCRIPT
from devgw.problems import Refused
from devgw.problems.consent import ConsentStale
from devgw.web import browser, serving
from devgw.web.pages import page

blueprint = Blueprint("logout", __name__)


@blueprint.get(LOGOUT)
async def show_logout() -> Response:
    """Show who is signed in in this browser, and the form that ends it."""
    return await _page(next(iter(browser.sessions()), None))


@blueprint.post(LOGOUT)
async def logout() -> Response:
    """End the session whose form this is; a form of before ends nothing."""
    browser.check_sender()
    form = await serving.form("logout")
    session = next((each for each in browser.sessions() if same(_token(each), form.get("csrf_token", ""))), None)
    if session is None:
        raise Refused(ConsentStale("its token does not belong to this session"))
    serving.gateway().ground.revocation.sign_out(session)
    response = await _page(None, has_ended=True)
    browser.forget_session(response)
    return response


async def _page(session: Session | None, *, has_ended: bool = False) -> Response:
    urls = serving.canonical_urls()
    return await page(
        "logout.html",
        form_action="'self'",
        script=urls.at(SCRIPT) if has_ended else "",
        session=session,
        has_ended=has_ended,
        action=urls.at(LOGOUT),
        csrf_token=_token(session) if session else "",
    )


def _token(session: Session) -> str:
    """Return what ties a form to its session. Who has the cookie can work it out, and could end the session anyway."""
    cookie = next(each for each in browser.cookies()[SESSION_COOKIE] if digest(each) == session.cookie_digest)
    return digest(f"logout:{cookie}")
