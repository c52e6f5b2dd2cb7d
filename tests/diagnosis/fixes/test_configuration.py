"""What is printed for a configuration, and for clients that are known by a document, is done, and it helps."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devgw.diagnosis.verdicts import Check, Verdict, machine
from devgw.outbound.probes.machine import port_state
from devgw.wiring.examining import examine_running
from tests.config.bench import policy, read, workos_options, write
from tests.diagnosis.fixes.upstream import GOOD, save, signed_in, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.support.gateway import CALLBACK
from tests.support.mending import mends, written
from tests.support.serving import listen, origin_of, serve


@mends("CONF-02")
def test_a_value_in_the_form_that_the_finding_shows_is_taken(tmp_path: Path) -> None:
    spoilt = {
        "auth0Domain": "https://tenant.eu.auth0.com/",
        "clientId": "a",
        "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
    }
    kind, export = "mcp-auth0-oauth-inbound", "McpAuth0OAuthInboundPolicy"
    loaded = read(write(tmp_path, [policy(spoilt, kind, export)]))
    (found,) = [each for each in loaded.findings if each.pointer.endswith("auth0Domain")]
    host = written(found.fix, r'"([a-z0-9.]+)"')

    loaded = read(write(tmp_path, [policy(spoilt | {"auth0Domain": host}, kind, export)]))
    assert [each for each in loaded.findings if each.pointer.endswith("auth0Domain")] == []


@mends("CONF-03")
def test_one_of_two_policies_is_removed_as_printed(tmp_path: Path) -> None:
    options = workos_options()
    loaded = read(write(tmp_path, [policy(options), policy(options, name="another")]))
    (found,) = [each for each in loaded.findings if each.code == "second-oauth-policy"]
    assert found.fix == "Remove one of the two."

    loaded = read(write(tmp_path, [policy(options)]))
    assert [each for each in loaded.findings if each.severity == "error"] == []


@mends("CONF-04")
async def test_a_changed_env_is_read_as_printed(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("A=1\n")
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        later = client.gateway.clock.now().timestamp() + 60
        os.utime(dotenv, (later, later))
        client.gateway.wait(120)
        check = await dotenv_of(client)
        assert check.diagnosis_id == "CONF-04"
        assert "press R in the dashboard" in check.todo

        await save(client)  # which R does
        assert (await dotenv_of(client)).verdict is Verdict.PASS
        await client.works()


async def dotenv_of(client: Client) -> Check:
    checks = await examine_running(client.gateway.running.runtime)
    return next(each for each in checks if each.name == "configuration.dotenv")


@mends("PORT-04")
async def test_a_port_that_is_stopped_as_printed_is_free() -> None:
    with listen() as busy:
        busy.listen()
        port = int(origin_of(busy).rpartition(":")[2])
        check = machine.port("machine.port", await port_state(port), "the gateway")
        assert check.diagnosis_id == "PORT-04"
        assert f"Stop it, or use another port than {port}" in check.todo
    assert machine.port("machine.port", await port_state(port), "the gateway").verdict is Verdict.PASS


@dataclass
class Document:
    """A client metadata document that can be spoiled."""

    changes: dict[str, Any] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        client_id = f"http://{dict(scope['headers'])[b'host'].decode()}/client.json"
        document = {"client_id": client_id, "client_name": "Documented", "redirect_uris": [CALLBACK]}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document | self.changes).encode()})


@asynccontextmanager
async def with_document(root: Path, changes: dict[str, Any]) -> AsyncIterator[tuple[Client, Document]]:
    document = Document(changes)
    async with (
        serve(document) as origin,
        upstream(GOOD) as there,
        signed_in(root, f"{there.origin}/mcp", signs_in=False) as client,
    ):
        client.client_id = f"{origin}/client.json"
        yield client, document


@mends("REG-09")
async def test_a_document_that_is_published_as_printed_is_taken(tmp_path: Path) -> None:
    async with with_document(tmp_path, {"client_id": "http://localhost:1/other.json"}) as (client, document):
        await client.http.get(client.url())
        fix = (await said(client.gateway, "REG-09")).fix
        document.changes = {"client_id": written(fix, r"(http\S+/client\.json)")}

        client.gateway.wait(60)
        await client.whole_way()
        assert "REG-09" not in await left(client.gateway)


@mends("REG-08")
async def test_a_document_that_can_be_reached_as_printed_is_taken(tmp_path: Path) -> None:
    with listen() as silent:
        origin = origin_of(silent)
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp", signs_in=False) as client:
        client.client_id = f"{origin}/client.json"
        await client.http.get(client.url())
        assert "Make the URL reachable from this machine" in (await said(client.gateway, "REG-08")).fix

        async with serve(Document(), on=listen(port=int(origin.rpartition(":")[2]))):
            client.gateway.wait(60)
            await client.whole_way()
        assert "REG-08" not in await left(client.gateway)


@mends("REG-13")
async def test_a_client_that_registers_as_printed_gets_through(tmp_path: Path) -> None:
    async with with_document(tmp_path, {}) as (client, _):
        file = tmp_path / "config" / "policies.json"
        policies = json.loads(file.read_text())
        policies["policies"][0]["handler"]["options"]["gateway"] = {"cimdEnabled": False}
        file.write_text(json.dumps(policies))
        await save(client)
        await client.http.get(client.url())
        assert "Make the client register" in (await said(client.gateway, "REG-13")).fix

        client.client_id = ""
        await client.whole_way()
        assert "REG-13" not in await left(client.gateway)


@mends("REFR-09", "REQ-06")
@pytest.mark.parametrize("name", ["REFR-09", "REQ-06"])
async def test_a_request_that_is_sent_as_printed_is_taken(tmp_path: Path, name: str) -> None:
    async with upstream(GOOD) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        url, form = (
            f"{client.gateway.origin}/oauth/token",
            {"grant_type": "refresh_token", "client_id": client.client_id},
        )
        if name == "REFR-09":
            await client.refresh("undefined")
        else:
            await client.http.get(url, params=form | {"refresh_token": client.tokens["refresh_token"]})
        fix = (await said(client.gateway, name)).fix
        assert ("refresh_token" if name == "REFR-09" else "POST") in fix, fix

        assert (await client.refresh()).status_code == 200
        await client.works()
        assert name not in await left(client.gateway), fix
