"""A restart loses nothing: clients, grants, tokens, sessions; and nothing secret is ever on the disk."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx2

from devgw.entropy import token
from devgw.settings import Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway


async def test_a_restart_loses_nothing_and_the_disk_keeps_no_secret(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    settings = Settings(port=0)
    async with Browser(CALLBACK) as browser:
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            tokens = await gateway.tokens(http, browser)
            settings = replace(settings, port=gateway.runtime.settings.port)
        async with running_gateway(tmp_path, ephemeral=False, settings=settings) as gateway:
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code != 401
            await browser.open(gateway.authorize_url(tokens["client_id"], token("")))
            assert browser.location is not None, "client, session and consent are all there"
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            form |= {"client_id": tokens["client_id"], "resource": gateway.mcp_url}
            assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 200
    state = tmp_path / ".devgw"
    assert (state / ".gitignore").read_text() == "*\n"
    assert (state / "devgw.db").stat().st_mode & 0o077 == 0
    kept = b"".join(each.read_bytes() for each in state.iterdir() if each.is_file())
    for secret in (tokens["access_token"], tokens["refresh_token"]):
        assert secret.encode() not in kept


async def test_uses_are_written_down(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    async with (
        Browser(CALLBACK) as browser,
        running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway,
    ):
        tokens = await gateway.tokens(http, browser)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        for _ in range(3):
            await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
    with sqlite3.connect(tmp_path / ".devgw" / "devgw.db") as database:
        assert database.execute("SELECT uses FROM access_token").fetchall() == [(3,)]
    database.close()
