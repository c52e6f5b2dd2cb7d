"""What is printed for a login that is asked for wrongly is done to the letter, and the same client gets through."""

from collections.abc import Callable
from urllib.parse import unquote

import httpx2
import pytest

from devgw.entropy import token
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request
from tests.support.mending import mends, written

WEB = "https://app.example.com:8443/callback"
Sent = dict[str, str | None]


@mends("RURI-01", "TOK-02")
@pytest.mark.parametrize(
    ("registered", "sent", "name", "mend"),
    [
        (
            WEB,
            {"redirect_uri": WEB.replace("8443", "9443")},
            "RURI-01",
            lambda fix: {"redirect_uri": written(fix, r"send exactly (\S+?), or")},
        ),
        (
            CALLBACK,
            {"resource": None},
            "TOK-02",
            lambda fix: {"resource": written(fix, r"resource=(\S+) \(or")},
        ),
    ],
)
async def test_the_value_that_is_printed_lets_the_same_client_through(
    gateway: Watched,
    http: httpx2.AsyncClient,
    registered: str,
    sent: Sent,
    name: str,
    mend: Callable[[str], Sent],
) -> None:
    client = Client(gateway, http, redirect_uri=registered)
    await client.register()
    await http.get(client.url(**sent))
    found = await said(gateway, name)

    await client.whole_way(**mend(found.fix))
    assert name not in await left(gateway)


@mends("RURI-10", "REQ-04", "REQ-01")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        (lambda url: url.partition("code_challenge_method=")[0] + "code_challenge_method=S2", "RURI-10", "whole URL"),
        (lambda url: url.replace("&", "&amp;"), "REQ-04", "a bare & instead of &amp;"),
        (lambda url: url.replace("&client_id", "?client_id"), "REQ-04", "& before each other"),
        (lambda url: url.replace("response_type=code&", ""), "REQ-01", "Send response_type"),
        (lambda url: f"{url}&state=another", "REQ-01", "Send state once"),
    ],
)
async def test_a_url_that_is_written_as_it_says_is_taken(
    gateway: Watched, http: httpx2.AsyncClient, spoil: Callable[[str], str], name: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    last, rest = "&code_challenge_method=S256", client.url(code_challenge_method=None)
    await http.get(spoil(rest + last))
    assert words in (await said(gateway, name)).fix

    await client.whole_way()
    assert name not in await left(gateway)


@mends("RURI-11", "PKCE-02", "REQ-05", "PKCE-03", "PKCE-04", "REQ-02", "REQ-01")
@pytest.mark.parametrize(
    ("sent", "name", "words"),
    [
        ({"code": "%ENCODED"}, "RURI-11", "Decode the redirect's query once"),
        ({"code_verifier": "of another window, which is pending"}, "PKCE-02", "send that one with its code"),
        ({"code_verifier": None}, "PKCE-03", "Send the code_verifier whose"),
        ({"code_verifier": "too-short"}, "PKCE-04", "Send 43 to 128"),
        ({"grant_type": "password"}, "REQ-02", "Send grant_type=authorization_code"),
        ({"grant_type": None}, "REQ-01", "Send grant_type"),
    ],
)
async def test_a_token_request_that_is_written_as_it_says_gives_the_tokens(
    gateway: Watched, http: httpx2.AsyncClient, sent: Sent, name: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    code = await client.get_code()
    if name == "PKCE-02":
        sent = {"code_verifier": token("")}
        await http.get(gateway.running.authorize_url(client.client_id, str(sent["code_verifier"]), state="other"))
    if name == "RURI-11":
        sent = {"code": "".join(f"%{ord(sign):02X}" if sign == "_" else sign for sign in code)}
    refused = await client.post("token", client.form(code, **sent))
    assert refused.status_code == 400
    assert words in (await said(gateway, name)).fix

    await client.redeem(unquote(code))
    await client.works()
    assert name not in await left(gateway)


@mends("REQ-05")
@pytest.mark.parametrize("where", ["json", "params"])
async def test_a_token_request_is_mended_by_the_form_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, where: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    form = client.form(await client.get_code())
    await http.request("POST", f"{gateway.origin}/oauth/token", **{where: form})  # type: ignore[arg-type]  # both are maps
    kind = written((await said(gateway, "REQ-05")).fix, r"in the body, with Content-Type: (\S+?)\.")

    answer = await http.post(
        f"{gateway.origin}/oauth/token",
        content=str(httpx2.QueryParams(form)),
        headers={"content-type": kind},
    )
    client.tokens = answer.json()
    await client.works()
    assert "REQ-05" not in await left(gateway)


@mends("SCOPE-05", "REFR-08", "REFR-09")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        ("scope", "SCOPE-05", "Leave scope out"),
        ("revoked", "REFR-08", "Authorize again"),
        ("late", "REFR-08", "Authorize again"),
        ("access token", "REFR-09", "`refresh_token` of the token answer"),
    ],
)
async def test_a_refresh_is_mended_by_what_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, spoil: str, name: str, words: str
) -> None:
    client = await Client(gateway, http).whole_way()
    refresh_token = client.tokens["refresh_token"]
    if spoil == "revoked":
        await client.post("revoke", {"token": refresh_token, "client_id": client.client_id})
    gateway.wait(31 * 24 * 3600 if spoil == "late" else 1)
    used = client.tokens["access_token"] if spoil == "access token" else refresh_token
    more = {"scope": "mcp:tools files:write"} if spoil == "scope" else {}
    assert (await client.refresh(used, **more)).status_code == 400
    assert words in (await said(gateway, name)).fix

    if spoil == "scope":
        assert (await client.refresh(refresh_token)).status_code == 200
        await client.works()
    else:
        await client.whole_way()
    assert name not in await left(gateway)


@mends("REFR-01")
async def test_one_process_that_refreshes_at_a_time_is_not_talked_about_after_ten_minutes(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = await Client(gateway, http).whole_way()
    first = client.tokens["refresh_token"]
    await client.refresh(first)
    gateway.wait(2)
    await client.refresh(first)  # the other process, or a lost answer
    found = await said(gateway, "REFR-01")
    assert "Let one process of the client refresh at a time" in found.fix
    assert found.gone_when == "ten minutes pass without another one"

    assert (await client.refresh()).status_code == 200
    await client.works()
    gateway.wait(601)
    assert "REFR-01" not in await left(gateway)


@mends("REFR-05", "REFR-06", "BEAR-06", "BEAR-03")
@pytest.mark.parametrize("name", ["REFR-05", "REFR-06", "BEAR-06", "BEAR-03"])
async def test_a_client_that_holds_on_to_an_old_token_does_what_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, name: str
) -> None:
    client = await Client(gateway, http).whole_way()
    old = dict(client.tokens)
    await HOLDS_ON[name](gateway, client)
    words, mend = DOES[name]
    assert words in (await said(gateway, name)).fix

    await mend(client, old)
    assert name not in await left(gateway)


async def _never_refreshes(gateway: Watched, client: Client) -> None:
    gateway.wait(960)
    for _ in range(3):
        assert (await client.call()).status_code == 401
        gateway.wait(5)


async def _goes_on(gateway: Watched, client: Client) -> None:
    await client.post("revoke", {"token": client.tokens["refresh_token"], "client_id": client.client_id})
    gateway.wait(1)
    await client.refresh()
    for _ in range(2):
        gateway.wait(1)
        assert (await client.call()).status_code == 401


async def _keeps_an_old_one(gateway: Watched, client: Client) -> None:
    old = dict(client.tokens)
    await client.post("revoke", {"token": old["refresh_token"], "client_id": client.client_id})
    gateway.wait(1)
    await client.redeem(await client.get_code())
    newer, client.tokens = client.tokens, old
    for _ in range(2):
        gateway.wait(1)
        assert (await client.call()).status_code == 401
    client.tokens = newer


async def _loses_its_header(gateway: Watched, client: Client) -> None:
    gateway.wait(1)
    await client.redeem(await client.get_code())
    assert (await client.call(authorization="")).status_code == 401


async def _signs_in_by_itself(client: Client, old: dict[str, str]) -> None:
    del old
    await client.whole_way()


async def _registers_anew(client: Client, old: dict[str, str]) -> None:
    del old
    client.client_id = ""
    await client.whole_way()


async def _sends_the_newer_one(client: Client, old: dict[str, str]) -> None:
    assert client.tokens["access_token"] != old["access_token"]
    await client.works()


HOLDS_ON = {
    "REFR-05": _never_refreshes,
    "REFR-06": _goes_on,
    "BEAR-06": _keeps_an_old_one,
    "BEAR-03": _loses_its_header,
}
DOES = {
    "REFR-05": ("Let the client run the OAuth flow itself", _signs_in_by_itself),
    "REFR-06": ("", _registers_anew),
    "BEAR-06": ("reads the newer token", _sends_the_newer_one),
    "BEAR-03": ("let the header through", _sends_the_newer_one),
}


@mends("REVK-04")
async def test_a_revocation_is_mended_by_the_form_that_is_printed(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await Client(gateway, http).whole_way()
    bearer = {"authorization": f"Bearer {client.tokens['access_token']}"}
    refused = await http.post(f"{gateway.origin}/oauth/revoke", headers=bearer)
    assert refused.status_code >= 400
    found = await said(gateway, "REVK-04")
    assert "Send `token` in a form" in found.fix
    assert "client_id alone if it is public" in found.fix

    form = {"token": client.tokens["refresh_token"], "client_id": client.client_id}
    assert (await client.post("revoke", form)).status_code == 200
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)).status_code == 401
    assert "REVK-04" not in await left(gateway)


async def test_a_browser_is_only_borrowed(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    client = Client(gateway, http)
    await client.register()
    await client.redeem(await client.get_code(browser))
    await client.works()
    assert await left(gateway) == []
