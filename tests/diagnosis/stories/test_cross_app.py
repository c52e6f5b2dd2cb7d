"""Cross-app access fails at either of its two steps, and an upstream that leads back here: each by its own name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.events.taxonomy import HttpExchanged
from devgw.wiring.examining import examine_running
from tests.diagnosis.fixes.test_upstream_connections import NOTHING, PAGE, Server, server
from tests.diagnosis.fixes.upstream import GOOD, add_policy, change_route, signed_in, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.support.bytes_upstream import response
from tests.support.gateway import running_gateway
from tests.support.mending import mends
from tests.support.oidc import OidcProvider, oidc_provider, write_oidc_project
from tests.support.serving import listen, origin_of

__all__ = ["server"]
ASSERTION = "urn:ietf:params:oauth:token-type:id-jag"
BLAMED = {"idp": "identity_provider", "ras": "upstream"}
LEGS = {"idp": "idJag.idp", "ras": "idJag.resourceAs"}


def error(status: int, name: str) -> tuple[int, dict[str, str], Any]:
    return status, {}, {"error": name, "error_description": "as it says"}


@asynccontextmanager
async def crossing(root: Path, server: Server, provider: OidcProvider, **at: str) -> AsyncIterator[Client]:
    """Run a gateway that signs in at `provider`, and gets its credential for `server` by two steps that go well."""
    clock = provider.clock
    assert isinstance(clock, SystemClock)
    write_oidc_project(root, provider)
    auth = {"method": "client_secret_post", "clientId": "gw", "clientSecret": "s"}
    urls = {"idp": f"{server.origin}/idp", "ras": f"{server.origin}/ras"} | at
    cross = {
        "scopes": ["a"],
        "idp": {"tokenUrl": urls["idp"], "clientAuth": auth},
        "resourceAs": {"tokenUrl": urls["ras"], "audience": "https://ras.example", "clientAuth": auth},
    }
    options = {"displayName": "Notes", "authMode": "id-jag", "idJag": cross}
    export = "McpTokenExchangeInboundPolicy"
    add_policy(root, "mcp-token-exchange-notes", "mcp-token-exchange-inbound", export, options)
    change_route(root, lambda route: route["handler"]["options"].update(rewritePattern=f"{server.origin}/mcp"))
    well(server)
    async with (
        running_gateway(root, clock=clock) as running,
        httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as http,
    ):
        client = Client(Watched(running, clock), http)
        await client.register()
        yield client


def well(server: Server) -> None:
    """Let both steps go well."""
    server.access_tokens.add("crossed")
    given = {"access_token": "crossed", "token_type": "Bearer", "expires_in": 300}
    assertion = {"access_token": "jag", "token_type": "N_A", "issued_token_type": ASSERTION}
    server.answers |= {"/idp": (200, {}, assertion), "/ras": (200, {}, given)}


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(SystemClock()) as found:
        yield found


@mends("UPST-26")
@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(
    ("answer", "names", "words"),
    [
        (error(400, "invalid_grant"), "UPST-26 UPST-26", {"idp": "Sign in again", "ras": "Let that server take"}),
        (error(400, "unsupported_grant_type"), "UPST-26 UPST-26", {"idp": "offer token", "ras": "offer the jwt-"}),
        (error(403, "access_denied"), "UPST-26 UPST-26", {"idp": "let the identity", "ras": "Let that server"}),
        (error(401, "invalid_client"), "TOK-07 UPST-15", {"idp": "{}.clientAuth", "ras": "{}.clientAuth"}),
        (error(400, "unauthorized_client"), "TOK-07 UPST-15", {"idp": "{}.clientAuth", "ras": "{}.clientAuth"}),
        (error(400, "invalid_target"), "AUD-07 AUD-07", {"idp": "audience and", "ras": "audience and"}),
        (error(400, "invalid_scope"), "UPST-26 UPST-06", {"idp": "Set idJag.scopes", "ras": "Set idJag.scopes"}),
        (error(500, "server_error"), "IDT-25 UPST-13", {"idp": "own log", "ras": "own log"}),
        (error(400, "temporarily_unavailable"), "IDT-25 UPST-13", {"idp": "own log", "ras": "own log"}),
        ((429, {"retry-after": "5"}, b""), "IDT-34 UPST-13", {"idp": "in 5 s", "ras": "in 5 s"}),
        ((503, {"content-type": "text/html"}, b"<p>"), "IDT-25 UPST-13", {"idp": "own log", "ras": "own log"}),
        ((401, {"content-type": "text/plain"}, b"no"), "TOK-07 UPST-15", {"idp": "{}.clientAuth", "ras": "{}.client"}),
        ((403, {"content-type": "text/plain"}, b"no"), "UPST-26 UPST-16", {"idp": "own log", "ras": "own log"}),
        (NOTHING, "TOK-05 TOK-05", {"idp": "Correct {}.tokenUrl", "ras": "Correct {}.tokenUrl"}),
        (PAGE, "TOK-05 TOK-05", {"idp": "Correct {}.tokenUrl", "ras": "Correct {}.tokenUrl"}),
        ((200, {}, {"token_type": "Bearer"}), "TOK-08 TOK-08", {"idp": "access_token", "ras": "access_token"}),
    ],
)
async def test_each_failure_of_either_step_is_named_in_the_words_of_its_options(
    tmp_path: Path, server: Server, provider: OidcProvider, leg: str, answer: Any, names: str, words: dict[str, str]
) -> None:
    name = names.split()[list(LEGS).index(leg)]
    async with crossing(tmp_path, server, provider) as client:
        server.answers[f"/{leg}"] = answer
        await client.redeem(await client.get_code())
        error_ = (await client.call()).json()["error"]
        found = await said(client.gateway, name)
        assert error_["data"]["diagnosis"] == name
        assert words[leg].format(LEGS[leg]) in found.fix, found.fix
        assert "onnect again" not in found.fix
        assert blamed(client.gateway) == BLAMED[leg]
        assert leg == "ras" or "upstream" not in found.title, found.title

        well(server)
        await client.works()
        assert name not in await left(client.gateway)


def blamed(gateway: Watched) -> str | None:
    """Return whom the trace of the newest refused call blames."""
    refused = [each.event.trace for each in gateway.running.published if isinstance(each.event, HttpExchanged)]
    origin = next(trace.failure_origin for trace in reversed(refused) if trace.kind == "mcp" and trace.problem)
    return str(origin)


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(
    ("url", "names", "words"),
    [
        ("{nobody}/token", "IDT-13 NET-01", "nothing listens"),
        ("https{tail}/token", "IDT-13 NET-08", "no TLS"),
        ("https://nowhere.invalid/token", "IDT-13 NET-02", "DNS"),
    ],
)
async def test_a_step_whose_server_is_not_reached_says_whose_it_is_and_where_its_url_stands(
    tmp_path: Path, server: Server, provider: OidcProvider, leg: str, url: str, names: str, words: str
) -> None:
    with listen() as silent:
        dead = origin_of(silent)
    at = url.format(nobody=dead, tail=server.origin.removeprefix("http"))
    async with crossing(tmp_path, server, provider, **{leg: at}) as client:
        await client.redeem(await client.get_code())
        await client.call()
        found = await said(client.gateway, names.split()[list(LEGS).index(leg)])
        assert f"{LEGS[leg]}.tokenUrl in config/policies.json" in found.fix
        assert leg == "ras" or words in found.cause, found.cause
        assert blamed(client.gateway) in {BLAMED[leg], "gateway"}
        assert leg == "ras" or blamed(client.gateway) == BLAMED[leg]


@pytest.mark.parametrize("kind", ["urn:ietf:params:oauth:token-type:access_token", "x"])
async def test_an_identity_provider_that_gives_another_token_than_an_assertion_is_told(
    tmp_path: Path, server: Server, provider: OidcProvider, kind: str
) -> None:
    async with crossing(tmp_path, server, provider) as client:
        server.answers["/idp"] = (200, {}, {"access_token": "at", "token_type": "N_A", "issued_token_type": kind})
        await client.redeem(await client.get_code())
        await client.call()
        found = await said(client.gateway, "TOK-08")
        assert (f"issued_token_type {kind}" in found.cause, "idJag.idp.tokenUrl" in found.fix) == (True, True)


async def test_an_upstream_that_refuses_the_token_of_the_second_step_is_told(
    tmp_path: Path, server: Server, provider: OidcProvider
) -> None:
    async with crossing(tmp_path, server, provider) as client:
        server.access_tokens.clear()
        await client.redeem(await client.get_code())
        await client.call()
        assert "idJag.resourceAs.resource" in (await said(client.gateway, "UPST-03")).fix


@mends("PROXY-24")
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("status", [302, 307, 308])
async def test_an_upstream_that_sends_the_call_back_to_the_gateway_is_told_by_a_call_and_by_the_doctor(
    tmp_path: Path, name: str, status: int
) -> None:
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        origin = f"http://{name}:{httpx2.URL(client.gateway.origin).port}"
        here = client.gateway.mcp_url.replace(client.gateway.origin, origin)
        there.at["/mcp"] = response(b"", status=f"{status} Found", more=f"Location: {here}\r\n")
        answer = await client.call()
        assert answer.json()["error"]["data"]["diagnosis"] == "PROXY-24"
        found = await said(client.gateway, "PROXY-24")
        assert (here in found.cause, "Let the upstream answer by itself" in found.fix) == (True, True)
        assert len(there.seen) == 1
        bad = [each for each in await examine_running(client.gateway.running.runtime) if "upstream" in each.name]
        assert [each.diagnosis_id for each in bad if each.verdict is Verdict.FAIL] == ["PROXY-24"]

        there.at["/mcp"] = GOOD
        await client.works()
        assert "PROXY-24" not in await left(client.gateway)
