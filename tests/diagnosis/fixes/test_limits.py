"""What is printed for what passes a limit is done to the letter, and it is taken."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.gateway.pace import Pace
from devgw.limits import Limits
from tests.diagnosis.fixes.test_provider import World, there, world
from tests.diagnosis.fixes.test_upstream_connections import (
    Server,
    in_front_of,
    server,
    try_to_connect,
)
from tests.diagnosis.fixes.upstream import GOOD, signed_in, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.support.bytes_upstream import response
from tests.support.gateway import CALLBACK
from tests.support.mending import mends, written
from tests.support.oidc import Reply

__all__ = ["server", "there", "world"]
DOCUMENT = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}


def deep(levels: int) -> Any:
    nested: Any = "x"
    for _ in range(levels):
        nested = [nested]
    return nested


@mends("LIMIT-05", "LIMIT-06", "LIMIT-27", "REG-15")
@pytest.mark.parametrize(
    ("spoil", "headers", "name", "mend"),
    [
        ({"contacts": deep(100)}, {}, "LIMIT-05", lambda fix: {} if "64 levels deep at most" in fix else None),
        ({"tos_uri": "x" * 70_000}, {}, "LIMIT-06", lambda fix: {} if "shorter members" in fix else None),
        ({}, {"content-type": "text/plain"}, "LIMIT-27", lambda _: {}),
        (
            {"token_endpoint_auth_method": "magic"},
            {},
            "REG-15",
            lambda fix: {"token_endpoint_auth_method": written(fix, r"token_endpoint_auth_method: (\w+)")},
        ),
    ],
)
async def test_a_registration_that_is_written_as_printed_is_taken(
    gateway: Watched,
    http: httpx2.AsyncClient,
    spoil: dict[str, Any],
    headers: dict[str, str],
    name: str,
    mend: Callable[[str], dict[str, Any]],
) -> None:
    url, content = f"{gateway.origin}/oauth/register", json.dumps(DOCUMENT | spoil)
    refused = await http.post(url, content=content, headers={"content-type": "application/json"} | headers)
    assert refused.status_code >= 400
    fix = (await said(gateway, name)).fix
    kind = written(fix, r"Content-Type: (\S+)\.") if name == "LIMIT-27" else "application/json"

    answer = await http.post(url, content=json.dumps(DOCUMENT | mend(fix)), headers={"content-type": kind})
    assert answer.status_code == 201, answer.text
    await Client(gateway, http, client_id=answer.json()["client_id"]).whole_way()
    assert name not in await left(gateway)


@mends("LIMIT-23")
async def test_a_client_that_keeps_its_registration_as_printed_gets_through(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    gateway.running.runtime.served.registrations = Pace(3)
    client = Client(gateway, http)
    await client.register()
    answers = [await http.post(f"{gateway.origin}/oauth/register", json=DOCUMENT) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert "keep the registration that it has" in (await said(gateway, "LIMIT-23")).fix

    await client.whole_way()
    assert "LIMIT-23" not in await left(gateway)


@mends("LIMIT-24")
async def test_waiting_as_printed_until_open_authorizations_expire_lets_the_client_through(
    gateway: Watched, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "AUTHORIZATIONS_OPEN", 2)
    client = Client(gateway, http)
    await client.register()
    for number in range(3):
        await http.get(client.url(state=f"s{number}"))
    assert "Wait until open ones expire" in (await said(gateway, "LIMIT-24")).fix

    gateway.wait(901)
    await client.whole_way()
    assert "LIMIT-24" not in await left(gateway)


@mends("LIMIT-03")
@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (
            response(b"{}", more="".join(f"x-{n}: y\r\n" for n in range(400))),
            "LIMIT-03",
            "Look at what sends this head",
        ),
    ],
)
async def test_an_upstream_that_answers_shorter_as_printed_is_heard(
    tmp_path: Path, answer: bytes, name: str, words: str
) -> None:
    async with upstream(answer) as there_, signed_in(tmp_path, f"{there_.origin}/mcp") as client:
        await client.call()
        assert words in (await said(client.gateway, name)).fix

        there_.at["/mcp"] = GOOD
        await client.works()
        assert name not in await left(client.gateway)


@mends("LIMIT-02", "LIMIT-01")
@pytest.mark.parametrize(
    ("spoilt", "name", "words"),
    [
        (
            (200, {"content-encoding": "gzip"}, gzip.compress(b" " * 3_000_000)),
            "LIMIT-02",
            "Let the server answer without Content-Encoding",
        ),
        ((200, {}, b" " * 3_000_000), "LIMIT-01", "Check that this URL is the endpoint that is meant"),
    ],
)
async def test_a_document_that_is_as_short_as_printed_is_read(
    tmp_path: Path,
    server: Server,
    spoilt: tuple[int, dict[str, str], bytes],
    name: str,
    words: str,
) -> None:
    async with in_front_of(server, tmp_path) as client:
        server.answers["/token"] = spoilt
        await try_to_connect(client)
        assert words in (fix := (await said(client.gateway, name)).fix), fix

        server.answers.clear()
        await client.whole_way()
        assert name not in await left(client.gateway)


@mends("LIMIT-01", "LIMIT-04", "LIMIT-05")
@pytest.mark.parametrize("world", [{"remoteTimeoutMs": 700}], indirect=True)
@pytest.mark.parametrize(
    ("reply", "name", "words"),
    [
        (Reply(200, b" " * 1_200_000), "LIMIT-01", "Check that this URL is the endpoint that is meant"),
        (Reply(200, b"{", hangs=True), "LIMIT-04", "Let the server behind this URL send its whole answer within 0.7 s"),
        (Reply(200, json.dumps({"id_token": deep(200)}).encode()), "LIMIT-05", "JSON that is 64 levels deep at most"),
    ],
)
async def test_a_provider_that_answers_as_printed_lets_the_client_through(
    world: World,
    reply: Reply,
    name: str,
    words: str,
) -> None:
    world.provider.token_reply = reply
    await world.tries()
    assert words in (fix := (await said(world.gateway, name)).fix), fix

    world.provider.token_reply = None
    await world.gets_through(name)
