"""The dashboard in a browser: for the one who was given the word, and for nobody's page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from devgw.dashboard.door import Decision, Door, Knock
from devgw.dashboard.guard import guard


@dataclass
class House:
    """A door, and a page and a WebSocket behind it, on a real port."""

    door: Door
    base: str
    inside: str


@pytest.fixture
async def house() -> AsyncIterator[House]:
    runner, door = await open_house()
    yield House(door, f"http://{door.host}", f"http://{door.host}{door.place}")
    await runner.cleanup()


async def open_house() -> tuple[web.AppRunner, Door]:
    import socket  # noqa: PLC0415  only to know the port before the door is made

    listening = socket.create_server(("127.0.0.1", 0))
    door = Door(listening.getsockname()[1])
    inside = web.Application()
    inside.add_routes([web.get("/", page), web.get("/ws", echo)])
    application = web.Application(middlewares=[guard(door)])
    application.add_subapp(door.place, inside)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return runner, door


async def page(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="the dashboard")


async def echo(request: web.Request) -> web.StreamResponse:
    response = web.WebSocketResponse()
    await response.prepare(request)
    await response.send_str("welcome")
    await response.close()
    return response


async def test_the_word_lets_one_browser_in_once(house: House) -> None:
    unsafe = aiohttp.CookieJar(unsafe=True)  # it stands on an IP address
    other = aiohttp.CookieJar(unsafe=True)
    async with (
        aiohttp.ClientSession(cookie_jar=unsafe) as first,
        aiohttp.ClientSession(cookie_jar=other) as second,
    ):
        async with first.get(house.door.url) as answer:
            assert (answer.status, await answer.text()) == (200, "the dashboard")
            assert str(answer.url) == f"{house.inside}/"  # the word is not left in the address
        async with second.get(house.door.url) as answer:
            assert answer.status == 403
        async with first.get(f"{house.inside}/") as answer:
            assert answer.status == 200
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_nobody_comes_in_without_the_word(house: House) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in ("/", "/ws", "/static/x.js", "/?token=guess"):
            for base in (house.base, house.inside):
                async with stranger.get(base + path) as answer:
                    assert answer.status == 403


async def test_no_server_on_another_port_gets_the_cookie(house: House) -> None:
    """Browsers send a cookie to every port of its host: with that one, the other could have looked in, too."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser, browser.get(house.door.url) as answer:
        assert answer.status == 200
    for path in ("/", "/ws", "/static/", "/index.html"):
        assert not jar.filter_cookies(URL(f"http://127.0.0.1:1{path}"))
    assert jar.filter_cookies(URL(f"{house.inside}/ws"))[house.door.cookie_name].value == house.door.cookie
    sent = {"Cookie": f"{house.door.cookie_name}={house.door.cookie}"}
    async with aiohttp.ClientSession() as other, other.get(house.base, headers=sent) as answer:
        assert answer.status == 403


async def test_a_foreign_page_cannot_open_the_websocket_even_with_the_cookie(house: House) -> None:
    """textual-serve took `Origin: http://evil.example`: any page could have read the tokens."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(house.door.url):
            pass
        for origin in ("http://evil.example", "null"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await browser.ws_connect(f"{house.inside}/ws", headers={"Origin": origin})
            assert refused.value.status == 403
        async with browser.ws_connect(f"{house.inside}/ws", headers={"Origin": house.base}) as socket:
            assert await socket.receive_str() == "welcome"


async def test_another_host_name_is_refused(house: House) -> None:
    """DNS rebinding: a name of the attacker's that leads to 127.0.0.1."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
        browser.get(house.door.url, headers={"Host": "evil.example"}) as answer,
    ):
        assert answer.status == 403


def test_a_websocket_without_an_origin_is_no_browser() -> None:
    door = Door(1)

    ws = f"{door.place}/ws"
    assert door.decide(Knock(ws, door.host, None, cookie=door.cookie, is_websocket=True)) is Decision.REFUSE
    assert door.decide(Knock(f"{door.place}/", door.host, None, cookie=door.cookie)) is Decision.PASS
    assert door.decide(Knock(f"{door.place}x/", door.host, None, cookie=door.cookie)) is Decision.REFUSE
