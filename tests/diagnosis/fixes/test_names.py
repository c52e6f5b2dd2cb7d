"""What is printed for a gateway under other names, behind proxies and for pages is done, and it helps."""

from pathlib import Path

import httpx2
import pytest

from tests.diagnosis.fixes.upstream import GOOD, signed_in, upstream
from tests.diagnosis.fixes.way import Client, discover, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import CALLBACK
from tests.support.mending import mends, written

PROXIED = {"host": "box.lan", "x-forwarded-proto": "https", "x-forwarded-host": "box.lan"}
WAY = "/.well-known/oauth-protected-resource/mcp/thing"


def at_its_port(client: Client) -> Client:
    """Let the client come to the port: the public name of the gateway leads nowhere here."""
    watched = client.gateway
    watched.origin = f"http://localhost:{watched.running.runtime.settings.port}"
    watched.mcp_url = f"{watched.origin}/mcp/thing"
    return client


async def served(client: Client, **headers: str) -> str:
    """Return the `resource` of the metadata as it is served to a client that comes with these headers."""
    answer = await client.http.get(f"{client.gateway.origin}{WAY}", headers=headers)
    return str(answer.json()["resource"])


async def is_registered(client: Client, host: str) -> bool:
    """Tell whether the next step is taken too."""
    document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    answer = await client.http.post(f"{client.gateway.origin}/oauth/register", json=document, headers={"host": host})
    return answer.status_code == 201


@mends("HOST-01")
@pytest.mark.parametrize(
    ("pattern", "public"),
    [
        (r"(trusted_proxies = \[\S+\])", "https://box.lan"),
        (r'(origin = "\S+")', "https://box.lan"),
    ],
)
async def test_the_line_that_is_printed_for_devgw_toml_gives_the_metadata_its_public_name(
    tmp_path: Path, pattern: str, public: str
) -> None:
    toml = tmp_path / "devgw.toml"
    toml.write_text('allowed_hosts = ["box.lan"]\n')
    async with upstream(GOOD) as server:
        async with signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
            await discover(at_its_port(client).gateway, client.http, **PROXIED)
            line = written((await said(client.gateway, "HOST-01")).fix, pattern)
        toml.write_text(f'{line}\nallowed_hosts = ["box.lan"]\n')
        async with signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
            await discover(at_its_port(client).gateway, client.http, **PROXIED)
            assert await served(client, **PROXIED) == f"{public}/mcp/thing"
            assert await is_registered(client, "box.lan")
            assert await left(client.gateway) == []


@mends("HOST-04")
async def test_an_origin_that_is_written_as_printed_stays_whatever_is_forwarded(tmp_path: Path) -> None:
    toml, hosts = tmp_path / "devgw.toml", 'allowed_hosts = ["a.test", "b.test"]\n'
    toml.write_text(f'{hosts}trusted_proxies = ["127.0.0.0/8"]\n')
    ways = [{"x-forwarded-host": host, "x-forwarded-proto": "https"} for host in ("a.test", "b.test")]
    async with upstream(GOOD) as server:
        async with signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
            for way in ways:
                await discover(client.gateway, client.http, **way)
            fix = (await said(client.gateway, "HOST-04")).fix
            assert "list only your own proxy in trusted_proxies" in fix
        line = written(fix, r'(origin = "[^"]+")')
        toml.write_text(f'{line}\n{hosts}trusted_proxies = ["10.0.0.1"]\n')
        async with signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
            for way in ways:
                await discover(at_its_port(client).gateway, client.http, host="a.test", **way)
                assert await served(client, host="a.test", **way) == "https://a.test/mcp/thing"
            assert await is_registered(client, "a.test")
            assert await left(client.gateway) == []


@mends("CONF-06", "TOK-06")
@pytest.mark.parametrize("name", ["CONF-06", "TOK-06"])
async def test_a_loopback_name_as_printed_gets_the_whole_way(tmp_path: Path, name: str) -> None:
    (tmp_path / "devgw.toml").write_text('allowed_hosts = ["box.lan"]\n')
    async with upstream(GOOD) as server, signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
        await discover(client.gateway, client.http, host=f"box.lan:{client.gateway.origin.rpartition(':')[2]}")
        host = written((await said(client.gateway, name)).fix, r"Use https, or 127.0.0.1 or (\w+), in the URL")
        assert host in client.gateway.origin

        await client.whole_way()
        assert name not in await left(client.gateway)


@mends("PROXY-08")
async def test_a_call_that_comes_through_the_tunnel_again_withdraws_the_suspicion(tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text('allowed_hosts = ["box.lan"]\n')
    async with upstream(GOOD) as server, signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
        await discover(client.gateway, client.http, host="box.lan")
        await client.register()
        await client.redeem(await client.get_code())
        client.gateway.wait(60)
        assert "Look into the log of the tunnel or CDN" in (await said(client.gateway, "PROXY-08")).fix

        await client.works()
        assert "PROXY-08" not in await left(client.gateway)


@mends("CORS-01")
async def test_a_page_that_leaves_alone_what_is_printed_gets_its_token(gateway: Watched) -> None:
    asks = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    page = httpx2.AsyncClient(headers={"origin": asks["origin"], "user-agent": "page/1"})
    answer = await page.request("OPTIONS", f"{gateway.origin}/oauth/authorize", headers=asks)
    assert answer.status_code >= 400
    path = written((await said(gateway, "CORS-01")).fix, r"Let the page not ask (\S+): it is not for pages")
    assert path == "/oauth/authorize"

    await Client(gateway, page).whole_way()
    await page.aclose()
    gateway.wait(120)  # until then it is said of the gateway as a whole
    assert "CORS-01" not in await left(gateway)


@mends("PORT-05", "PORT-01")
async def test_another_callback_port_as_printed_lets_the_client_listen(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    port = gateway.origin.rpartition(":")[2]
    client = Client(gateway, http, redirect_uri=f"http://localhost:{port}/callback")
    await client.register()
    await http.get(client.url())
    assert "Give the client another callback port" in (await said(gateway, "PORT-05")).fix

    client.redirect_uri = CALLBACK
    await client.whole_way()
    assert "PORT-05" not in await left(gateway)


@mends("AUD-03")
async def test_a_token_that_is_used_at_the_url_that_is_printed_is_taken(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = Client(gateway, http)
    await client.register()
    for _ in range(2):
        await client.redeem(await client.get_code())
        assert (await client.call(gateway.running.url_of("notes"))).status_code == 401
        gateway.wait(2)
    url = written((await said(gateway, "AUD-03")).fix, r"Its token is for (\S+); use that URL")

    await client.works(url)
    assert "AUD-03" not in await left(gateway)
