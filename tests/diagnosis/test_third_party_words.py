"""What is said of somebody's server that errs is so: who asked for what, with which token, and where a name stands."""

import asyncio
import contextlib
import json
from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.diagnosis.verdicts.server import Examination
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.third_party import METADATA, NOTHING, PAGE, RESOURCE, go, named, refusing, told
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.support.serving import serve
from tests.watched.bench import watching
from tests.watched.raw import RawClient, Stopped

NOT_FOUND = refusing("not_found", 404)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


async def failing(upstream: Upstream, name: str) -> Check:
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    return next(each for each in found.checks if each.name == name and each.verdict is Verdict.FAIL)


@pytest.mark.parametrize("said", [{"message": "Forbidden"}, {"error": "ip_not_allowed"}, b"<h1>Blocked</h1>"], ids=str)
async def test_a_403_for_a_call_without_a_token_is_not_told_as_one_of_a_token(
    upstream: Upstream, said: object, tmp_path: Path
) -> None:
    upstream.answers["/mcp"] = (403, {}, said)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) != "passes"
        made = await named(watched, "PROXY-18")
        assert "without a credential" in (made.explanation or "")
        assert not [each for each in told(watched) if "with a token" in each]


@pytest.mark.parametrize("more", ["/v1", "/../x", "/tools"])
async def test_a_resource_of_another_path_is_what_the_server_publishes_and_not_what_a_client_asked_for(
    upstream: Upstream, more: str, tmp_path: Path
) -> None:
    upstream.resource_metadata = {"resource": f"{upstream.origin}/mcp{more}"}
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "AUD-01")
    saw = (await failing(upstream, "resource.identifier")).saw
    for text in (made.explanation or "", saw):
        assert "found path" in text
        assert "client asked" not in text
        assert "route" not in text


@pytest.mark.parametrize("place", ["resource", "hint", "registration_endpoint"])
async def test_a_name_that_is_not_known_is_corrected_where_it_stands(upstream: Upstream, place: str) -> None:
    url = "http://auth.nowhere.invalid"
    if place == "resource":
        upstream.resource_metadata = {"authorization_servers": [url]}
    elif place == "hint":
        upstream.challenge = f'Bearer resource_metadata="{url}/x"'
    else:
        upstream.server_metadata[place] = f"{url}/register"
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    bad = next(each for each in found.checks if each.diagnosis_id == "NET-02")
    assert "the document that names it" in bad.todo
    assert "the URL that you gave" not in bad.todo


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_registration_endpoint_that_is_not_there_has_refused_no_metadata(
    upstream: Upstream, status: int, tmp_path: Path
) -> None:
    upstream.answers["/register"] = refusing("not_found", status)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "REG-16")
    assert "its metadata names it" in (made.explanation or "")


async def test_nor_has_one_that_no_metadata_names(upstream: Upstream, tmp_path: Path) -> None:
    upstream.challenge = "Bearer"
    upstream.answers |= {"/register": NOT_FOUND, METADATA: NOTHING, RESOURCE: NOTHING}
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "REG-01")
    assert "the client assumed it" in (made.explanation or "")


# --- what shows where a client only stops ---


@pytest.mark.parametrize(
    ("kind", "said"), [(None, "no token_type"), ("DPoP", "token_type DPoP"), ("mac", "mac"), (7, "7")]
)
async def test_tokens_that_are_none_of_bearers_are_named_where_no_call_comes(
    upstream: Upstream, kind: object, said: str, tmp_path: Path
) -> None:
    upstream.token_answer = lambda _, usual: (
        200,
        {},
        {
            name: kind if name == "token_type" else each
            for name, each in usual.items()
            if kind is not None or name != "token_type"
        },
    )
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched, httpx2.AsyncClient() as http:
        client = RawClient(http, watched.url)
        await client.discover()
        await client.register()
        code = await client.authorize()
        with contextlib.suppress(Stopped):
            await client.redeem(code)
        made = await named(watched, "TOK-08")
        assert said in (made.explanation or "")


@pytest.mark.parametrize("path", [METADATA, RESOURCE, "/register", "/token"])
async def test_a_client_that_gives_a_slow_server_up_is_told_as_that(
    upstream: Upstream, path: str, tmp_path: Path
) -> None:
    usual, going = upstream.__call__, asyncio.Event()

    async def slow(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path") == path:
            await going.wait()
        await usual(scope, receive, send)

    async with serve(slow) as origin:
        upstream.origin = upstream.issuer = origin
        async with watching(f"{origin}/mcp", tmp_path) as watched, httpx2.AsyncClient(timeout=3.2) as http:
            with contextlib.suppress(Stopped, httpx2.HTTPError):
                await RawClient(http, watched.url).go()
            made = await named(watched, "NET-04")
            assert f"{origin}{path} had not answered after 3 s" in (made.explanation or "")
            assert not [each for each in told(watched) if "499" in each or "publishes no" in each]
        going.set()


@pytest.mark.parametrize("place", ["authorization_servers", "registration_endpoint", "hint"])
async def test_a_name_that_is_not_known_is_told_though_no_request_comes_by(
    upstream: Upstream, place: str, tmp_path: Path
) -> None:
    url = "http://auth.nowhere.invalid"
    if place == "hint":
        upstream.challenge = f'Bearer resource_metadata="{url}/x"'
    elif place == "authorization_servers":
        upstream.resource_metadata = {place: [url]}
    else:
        upstream.server_metadata[place] = f"{url}/register"
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "NET-02")
        assert "auth.nowhere.invalid" in (made.explanation or "")
        assert "the document that names it" in (made.hint or "")


@pytest.mark.parametrize(
    "hint", ["/.well-known/oauth-protected-resource/mcp", "mcp.example.com/x", "ftp://a.example/x"]
)
async def test_a_hint_that_is_no_url_is_named_by_both(upstream: Upstream, hint: str, tmp_path: Path) -> None:
    upstream.challenge = f'Bearer resource_metadata="{hint}"'
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        made = await named(watched, "DISC-13")
        assert hint in (made.explanation or "")
    check = await failing(upstream, "server.challenge")
    assert check.diagnosis_id == "DISC-13"
    assert f"{upstream.origin}{RESOURCE}" in check.todo


# --- what `devgw doctor URL` says of clients is what they do ---


def of_client(found: Examination, name: str) -> str:
    return next(each.verdict for each in found.clients if each.client == name)


async def test_a_server_that_begins_with_an_error_of_json_rpc_lets_nobody_pass(upstream: Upstream) -> None:
    refusal = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Unauthorized"}}
    upstream.answers["/mcp"] = (200, {}, refusal)
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    check = next(each for each in found.checks if each.verdict is Verdict.FAIL)
    assert "-32001 Unauthorized" in check.saw
    assert found.is_failed
    assert not [each for each in found.clients if each.verdict == "passes"]


async def test_a_resource_without_its_name_leads_nobody_to_another_origin(upstream: Upstream) -> None:
    async with running_upstream() as other:
        upstream.resource_metadata = {"resource": None, "authorization_servers": [other.issuer]}
        upstream.answers[METADATA] = NOTHING
        found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    assert not [each for each in found.clients if each.verdict == "passes"]


async def test_metadata_that_is_a_page_leads_nobody_on_where_there_is_no_other(upstream: Upstream) -> None:
    upstream.answers |= {RESOURCE: PAGE, METADATA: NOTHING, "/token": NOTHING, "/authorize": NOTHING}
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    assert not [each for each in found.clients if each.verdict == "passes"]


async def test_a_server_that_gives_no_code_is_refused_by_who_looks(upstream: Upstream) -> None:
    upstream.server_metadata["response_types_supported"] = ["token", "id_token"]
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    assert "UPST-21" in {each.diagnosis_id for each in found.checks if each.verdict is Verdict.FAIL}
    assert of_client(found, "TypeScript SDK 2") == of_client(found, "TypeScript SDK 1") == "refuses"
    assert of_client(found, "Python SDK 2") == "passes"


@pytest.mark.parametrize(
    ("servers", "name", "todo"),
    [
        ("ORIGIN", "DISC-11", "Write a list"),
        (["ORIGIN/.well-known/oauth-authorization-server"], "DISC-02", "Name the issuer"),
        (["ORIGIN/.well-known/openid-configuration"], "DISC-02", "Name the issuer"),
    ],
)
async def test_a_server_that_is_named_in_another_way_is_told_how(
    upstream: Upstream, servers: Any, name: str, todo: str
) -> None:
    upstream.resource_metadata = {
        "authorization_servers": json.loads(json.dumps(servers).replace("ORIGIN", upstream.origin))
    }
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    said = [each.todo for each in found.checks if each.diagnosis_id == name and each.verdict is Verdict.FAIL]
    assert any(each.startswith(todo) for each in said)


@pytest.mark.parametrize(
    ("location", "leads_to", "todo"),
    [
        ("/mcp", "ORIGIN/mcp", "never ends"),
        (
            "https://u:hunter2@sso.example/login?key=hunter2",
            "https://…@sso.example/login",
            "https://…@sso.example/login is",
        ),
        ("//u:hunter2@sso.example/x", "http://…@sso.example/x", "a browser's session"),
    ],
)
async def test_where_a_redirect_leads_is_said_in_full_and_without_a_password(
    upstream: Upstream, location: str, leads_to: str, todo: str, tmp_path: Path
) -> None:
    upstream.answers["/mcp"] = (302, {"location": location}, b"")
    check = await failing(upstream, "server.reached")
    assert leads_to.replace("ORIGIN", upstream.origin) in check.saw
    assert todo in check.todo
    assert "hunter2" not in f"{check.saw} {check.todo}"
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        await go(watched)
        await named(watched, "PROXY-11" if location == "/mcp" else "PROXY-01")
        assert "hunter2" not in " ".join(told(watched))


@pytest.mark.parametrize("path", [METADATA, RESOURCE])
async def test_a_mark_of_byte_order_is_named_to_who_may_not_read_past_it(
    upstream: Upstream, path: str, tmp_path: Path
) -> None:
    usual = json.dumps(upstream.answer(Asked("GET", path, {}, {}, b""))[2]).encode()
    upstream.answers[path] = (200, {}, BOM_UTF8 + usual)
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
    bad = next(each for each in found.checks if each.verdict is Verdict.FAIL)
    assert (bad.diagnosis_id, bad.saw.startswith(f"{upstream.origin}{path} begins with")) == ("DISC-05", True)
    assert of_client(found, "TypeScript SDK 2") == "passes"
    assert of_client(found, "Python SDK 2") == "not known"
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched, httpx2.AsyncClient() as http:
        await RawClient(http, watched.url).discover()
        assert "mark of byte order" in ((await named(watched, "DISC-05")).explanation or "")
