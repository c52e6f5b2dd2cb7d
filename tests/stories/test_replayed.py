"""A recorded request asked again, of what runs now: byte for byte while it is in memory, and in no list."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from devgw.cli import main
from devgw.control.client import ask_once, snapshot_once
from devgw.control.messages import TraceRow
from devgw.monitor.comparison_view import ReplayView
from devgw.monitor.flow_file import read_row
from devgw.settings import Settings
from tests.stories.test_secrets_hidden import project, signed_in
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway
from tests.support.kept import recording, until, until_kept
from tests.support.serving import serve


class Upstream:
    """Answers with what it was asked, and keeps it."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[bytes, bytes], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        self.asked.append((dict(scope["headers"]), body))
        text = json.dumps({"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": {"times": len(self.asked)}})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": text.encode()})


async def traces(gateway: Running, state: Path, status: int) -> list[TraceRow]:
    """Return the requests so far, once the newest is the one of a route that was answered so."""
    kept = gateway.runtime.monitor.traces
    await until(lambda: [(each.kind, each.status) for each in kept][-1:] == [("mcp", status)], "it is not seen")
    return (await snapshot_once(state, ["trace"])).of("trace", TraceRow)


async def replayed(state: Path, trace_id: str) -> ReplayView:
    answer = await ask_once(state, "replay", id=trace_id)
    assert answer.ok, answer
    return read_row(ReplayView, answer.result, "it")


async def test_a_call_is_made_again_with_its_token_and_its_bytes_and_stands_in_no_list(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state, upstream = tmp_path / ".devgw", Upstream()
    async with serve(upstream) as at, Browser(CALLBACK) as browser:
        root, environ = project(tmp_path, f"{at}/mcp"), {"SHOP_THING": "x" * 20}
        async with running_gateway(root, environ=environ, settings=Settings(port=0), ephemeral=False) as gateway:
            token, _ = await signed_in(gateway, http, browser)
            headers = {"authorization": f"Bearer {token}", "x-odd": "a  b", "content-type": "application/json"}
            body = b'{"jsonrpc":"2.0",  "id":7, "method":"tools/list"}'
            answer = await http.post(f"{gateway.mcp_url}?q=%7e&z", content=body, headers=headers)
            assert answer.status_code == 200
            before = await traces(gateway, state, 200)
            view = await replayed(state, before[-1].id)
            said = await asyncio.to_thread(
                CliRunner().invoke, main, ["trace", before[-1].id, "--again", "-C", str(root)]
            )
            after = await traces(gateway, state, 200)
            assert (await ask_once(state, "revoke", kind="grant", id=before[-1].grant_id)).ok
            refused = await replayed(state, before[-1].id)

    assert upstream.asked[0][1] == upstream.asked[1][1] == body
    assert {each[0].get(b"x-odd") for each in upstream.asked} == {b"a  b"}
    assert [each.id for each in after] == [each.id for each in before]
    assert (view.then.status, view.now.row.status, view.masked) == (200, 200, 0)
    assert view.differences == []
    assert '+    "times": 2' in view.report
    assert said.exit_code == 0, said.output
    assert "then 200, now 200" in said.output
    assert refused.differences[0].sentence == "This one was answered 401, the recorded one 200."
    assert any(each.name == "www-authenticate" for each in refused.differences)
    assert token not in json.dumps([view.report, refused.report])


async def test_a_request_is_asked_of_the_configuration_as_it_is_saved_now(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state, root = tmp_path / ".devgw", project(tmp_path, "http://localhost:1/mcp")
    environ = {"SHOP_THING": "x" * 20}
    async with running_gateway(root, environ=environ, settings=Settings(port=0), ephemeral=False) as gateway:
        assert (await http.post(gateway.mcp_url, json=mcp_request("initialize"))).status_code == 401
        trace = (await traces(gateway, state, 401))[-1]
        assert "The answer is the same." in (await replayed(state, trace.id)).report
        routes = root / "config" / "routes.oas.json"
        routes.write_text(routes.read_text().replace("/mcp/echo", "/mcp/other"))
        assert (await ask_once(state, "reload")).ok
        view = await replayed(state, trace.id)
    assert (view.then.status, view.now.row.status) == (401, 404)
    assert view.differences[0].sentence == "This one was answered 404, the recorded one 401."


async def test_of_an_earlier_run_a_request_is_asked_as_it_was_kept_and_what_is_missing_is_said(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        headers = {"authorization": "Bearer at_" + "A1b2" * 8}
        asked = [http.get(gateway.at("/.well-known/oauth-protected-resource/mcp/sample"))]
        asked += [http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)]
        assert [(await each).status_code for each in asked] == [200, 401]
        id_ = await until_kept(state, "f-", 2)
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        await until(lambda: id_ in gateway.runtime.monitor.earlier, "the flow is not listed")
        told = (await recording(state, id_)).exchanges
        views = [await replayed(state, each.row.id) for each in told]
    assert [(each.then.status, each.now.row.status, each.masked) for each in views] == [(200, 200, 0), (401, 401, 1)]
    assert "1 secret of it was not kept" in views[1].report


async def test_what_was_not_kept_whole_or_is_not_known_is_not_asked(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        long = mcp_request("initialize", {"x": "y" * 70_000})
        assert (await http.post(gateway.mcp_url, json=long)).status_code == 401
        cut = await ask_once(state, "replay", id=(await traces(gateway, state, 401))[-1].id)
        unknown = await ask_once(state, "replay", id="ffffffff")
    assert "not kept whole" in cut.explanation
    assert unknown.code == "not_found"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE exchange SET detail='{}'", "not_readable"),
        ("UPDATE exchange SET detail=replace(detail, 'http://localhost', 'http://[')", ""),
    ],
    ids=["no exchange", "a URL that is none"],
)
async def test_what_was_kept_and_spoiled_since_is_asked_or_said_to_be_so(
    change: str, code: str, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    state = tmp_path / ".devgw"
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        assert (await http.post(gateway.mcp_url, json=mcp_request("initialize"))).status_code == 401
        await until_kept(state, "f-", 1)
        id_ = (await traces(gateway, state, 401))[-1].id
        assert (await ask_once(state, "clear", kind="traces")).ok
        with closing(sqlite3.connect(state / "flows.db")) as database, database:
            database.execute(change)
        answer = await ask_once(state, "replay", id=id_)
        assert not gateway.runtime.bus.guard.failures
    assert answer.code == code, answer


@pytest.mark.parametrize("words", [["trace", "--again"], ["trace", "ffffffff", "--again"]])
def test_the_command_wants_a_request(words: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(main, [*words, "-C", str(tmp_path)]).exit_code in {1, 2}
