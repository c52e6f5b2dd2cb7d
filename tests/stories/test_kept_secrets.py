"""A login with a secret of every kind in it, planted where clients, servers and people put them: no file has one."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx2
from click.testing import CliRunner

from devgw.cli import main
from devgw.entropy import fingerprint
from devgw.monitor.flow_file import read_recording
from devgw.settings import Settings
from tests.monitor.test_secret_kinds import FIELDS, HEADERS, PARAMETERS, SHAPES
from tests.stories.test_secrets_hidden import project, signed_in
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway
from tests.support.kept import bytes_on_disk, recording, until_kept
from tests.support.serving import serve

CONFIGURED = "correct horse/battery"
"""From the environment: without any shape, under a name that says nothing."""
SHORT = "hunter2"
"""What anybody would try first; it stands under names that tell it."""


def planted() -> dict[str, str]:
    """Return secrets without any shape, each under the name that tells what it is."""
    return {name: f"plain words of {name}" for name in FIELDS}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer as a careless server does, with everything that it was sent and more."""
    if scope["type"] != "http":
        return
    asked = json.loads((await receive())["body"])
    got = dict(scope["headers"])[b"x-shop-thing"].decode()
    said = planted() | {"said": got, "coded": b64encode(got.encode()).decode(), "password": SHORT, "again": SHAPES}
    text = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {**said, "text": json.dumps(said)}})
    headers = [(b"content-type", b"application/json"), (b"x-echo", got.encode()), (b"set-cookie", b"sid=plain words")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def with_everything(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> list[str]:
    """Log in and call, with a secret in every place; return what no file may have."""
    token, code = await signed_in(gateway, http, browser)
    bearer = {"authorization": f"Bearer {token}"}
    names = {name: f"plain words in {name}" for name in HEADERS if name not in {"authorization", "cookie"}}
    query = "&".join(f"{name}={quote(f'plain words as {name}')}" for name in PARAMETERS)
    shapes = {f"x-note-{index}": each.replace("\n", " ") for index, each in enumerate(SHAPES)}
    for headers in (names, shapes, {"cookie": f"sid={SHORT}; other={SHORT}"}):
        params = {"name": "echo", "arguments": {**planted(), "password": SHORT, "note": SHAPES}}
        for asked, status in ((query, 400), (query.replace("&access_token", "&auth_token"), 200)):
            message = mcp_request("x", params)
            answer = await http.post(f"{gateway.mcp_url}?{asked}", json=message, headers=bearer | headers)
            assert answer.status_code == status, answer.text
    other = await http.post(gateway.mcp_url, json=mcp_request("y"), headers={"authorization": f"Bearer at_{SHORT}"})
    assert other.status_code == 401
    whole = [token, code, CONFIGURED, "correct horse", "horse/battery", b64encode(CONFIGURED.encode()).decode()[:20]]
    shaped = [each.split("\n")[1] if "\n" in each else each[-12:] for each in SHAPES]
    return [*whole, *shaped, "plain words", SHORT, *browser.cookies.values()]


def never(secrets: list[str]) -> list[str]:
    """Return what else no file may have: digests that could be tried with every word of a list."""
    return [*secrets, *(fingerprint(each) for each in (SHORT, CONFIGURED, *secrets[:2]))]


async def test_no_secret_of_any_kind_is_in_what_is_kept_or_given_away(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state, file = tmp_path / ".devgw", tmp_path / "saved.devgw"
    async with serve(echo) as upstream, Browser(CALLBACK) as browser:
        root, environ = project(tmp_path, f"{upstream}/mcp"), {"SHOP_THING": CONFIGURED}
        async with running_gateway(root, environ=environ, settings=Settings(port=0), ephemeral=False) as gateway:
            secrets = await with_everything(gateway, http, browser)
            id_ = await until_kept(state, '"state": "done"', 9)
            words = ["flows", id_, "--save", str(file), "-C", str(root)]
            saved = await asyncio.to_thread(CliRunner().invoke, main, words)
            assert saved.exit_code == 0, saved.output
            told = await recording(state, id_)
    disk, content = bytes_on_disk(state), file.read_bytes()
    assert len(told.exchanges) >= 9
    assert b"x-echo" in disk
    assert b"x-echo" in content
    for name, text in (("disk", disk.decode("utf-8", "replace")), ("file", content.decode())):
        seen = (text, unquote(text), unquote(unquote(text)), text.encode().decode("unicode_escape", "replace"))
        assert [each for each in never(secrets) for one in seen if each in one] == [], name
    assert b"dev-browser-user@" not in content
    assert len(read_recording(content).exchanges) == len(told.exchanges)


async def test_of_two_equal_secrets_a_file_shows_that_they_are(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        for token in ("at_one", "at_one", "at_two"):
            headers = {"authorization": f"Bearer {token}{'A1b2' * 8}"}
            assert (await http.post(gateway.mcp_url, json=mcp_request("x"), headers=headers)).status_code == 401
        id_ = await until_kept(state, "f-", 3)
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False):
        exchanges = (await recording(state, id_)).exchanges
    shown = [next(h.value for h in each.request_headers if h.name == "authorization") for each in exchanges]
    assert shown[0] == shown[1] != shown[2]
    assert all(each.startswith("Bearer at_…#") for each in shown)
