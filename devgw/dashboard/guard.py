"""The door as a middleware of aiohttp, in front of every route."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from devgw.dashboard.door import Decision, Door, Knock

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self' ws:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_REFUSAL = "This dashboard is for the browser that opened its one-time address. Start it again for a new one.\n"


def guard(door: Door) -> Middleware:
    """Return the middleware that asks the door."""

    @web.middleware
    async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
        decision = door.decide(_knock(request, door))
        if decision is Decision.REFUSE:
            return web.Response(status=403, text=_REFUSAL, headers=_HEADERS)
        if decision is Decision.ADMIT:
            answer = web.Response(status=303, headers={"Location": f"{door.place}/", **_HEADERS})
            answer.set_cookie(door.cookie_name, door.cookie, httponly=True, samesite="Strict", path=f"{door.place}/")
            return answer
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    return ask


def _knock(request: web.Request, door: Door) -> Knock:
    return Knock(
        request.path,
        request.headers.get("Host", ""),
        request.headers.get("Origin"),
        request.query.get("token"),
        request.cookies.get(door.cookie_name),
        request.path == f"{door.place}/ws",
    )
