"""Kept copies of published metadata documents: taken where the network alone is in the way, and nowhere else."""

import asyncio
import base64
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.events import Bus
from devgw.gateway.clients import Clients
from devgw.oauth.redirect_uri import find_fitting
from devgw.oauth.registration import read_client_metadata
from devgw.outbound.client_documents import OFFLINE, HttpClientDocuments
from devgw.outbound.kept_documents import KeptDocuments
from devgw.problems import Refused
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from tests.outbound.test_client_documents import answering
from tests.support.certificates import key_and_certificate
from tests.support.serving import listen, origin_of, serve

CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata"
CODEX = "https://chatgpt.com/oauth/codex/client.json"
VSCODE = "https://vscode.dev/oauth/client-metadata.json"
SHIPPED = {
    CLAUDE_CODE: "http://localhost:50123/callback",
    CODEX: "http://127.0.0.1:1455/callback",
    "https://chatgpt.com/oauth/codex/" + base64.urlsafe_b64encode(b"123456789").decode() + "/client.json": (
        "http://127.0.0.1:1455/callback/" + base64.urlsafe_b64encode(b"123456789").decode()
    ),
    VSCODE: "https://vscode.dev/redirect",
    "https://zed.dev/oauth/client-metadata.json": "http://127.0.0.1:7/callback",
    "https://goose-docs.ai/oauth/client-metadata.json": "http://[::1]:7/oauth_callback",
    "https://opencode.ai/oauth/opencode/client.json": "http://localhost:7/callback",
    "https://toolhive.dev/oauth/client-metadata.json": "http://localhost:8666/callback",
    "https://nousresearch.github.io/hermes-agent/docs/oauth/client-metadata.json": "http://127.0.0.1:27893/callback",
}


@pytest.mark.parametrize(("url", "redirect_uri"), SHIPPED.items())
def test_every_copy_is_a_document_that_is_taken_with_the_redirect_that_its_client_sends(
    url: str, redirect_uri: str
) -> None:
    kept = KeptDocuments().find(url)
    assert kept is not None
    metadata = read_client_metadata(kept.document, default_auth_method="none")
    assert kept.document["client_id"] == url
    assert metadata.token_endpoint_auth_method == "none"
    assert find_fitting(metadata.redirect_uris, redirect_uri) is not None
    assert kept.seen.startswith("2026-")


@pytest.mark.parametrize(
    "url",
    [
        "https://claude.ai/oauth/other",
        "https://chatgpt.com/oauth/codex/short/client.json",
        "https://chatgpt.com.example/oauth/codex/client.json",
        CLAUDE_CODE + "/",
        CLAUDE_CODE.upper(),
    ],
)
def test_there_is_no_copy_of_what_nobody_published(url: str) -> None:
    assert KeptDocuments().find(url) is None


def own_copy(folder: Path, url: str, **more: Any) -> KeptDocuments:
    document = {"client_id": url, "client_name": "kept", "redirect_uris": ["http://localhost/cb"]} | more
    path = folder / "copy.json"
    path.write_text(json.dumps(document))
    return KeptDocuments({url: path})


async def test_a_copy_stands_in_where_nothing_answers_until_the_document_can_be_read(tmp_path: Path) -> None:
    clock = FrozenClock()
    with listen() as socket:
        origin = origin_of(socket)
    url = f"{origin}/c"
    documents = HttpClientDocuments(clock, own_copy(tmp_path, url))

    found = await documents.fetch(url)
    assert (found.members["client_name"], found.kept_copy) == ("kept", "copy named in devgw.toml")

    live = json.dumps({"client_id": url, "client_name": "live", "redirect_uris": ["http://localhost/cb"]}).encode()
    with listen(port=int(origin.rpartition(":")[2])) as again:
        async with serve(answering(live), on=again):
            clock.travel(OFFLINE + timedelta(seconds=1))
            read = await documents.fetch(url)
    assert (read.members["client_name"], read.kept_copy) == ("live", None)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_no_copy_stands_in_for_an_answer(tmp_path: Path, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serve(app) as origin:
        with pytest.raises(Refused):
            await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, f"{origin}/c")).fetch(f"{origin}/c")


async def test_no_copy_stands_in_for_a_document_that_breaks_a_rule(tmp_path: Path) -> None:
    async with serve(answering(b'{"client_id":"other"}')) as origin:
        with pytest.raises(Refused):
            await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, f"{origin}/c")).fetch(f"{origin}/c")


async def test_a_copy_that_breaks_a_rule_is_refused_too(tmp_path: Path) -> None:
    with listen() as socket:
        url = f"{origin_of(socket)}/c"
    documents = HttpClientDocuments(FrozenClock(), own_copy(tmp_path, url, client_secret="x"))
    with pytest.raises(Refused) as refused:
        await documents.fetch(url)
    assert refused.value.problem.reason == "client_document_invalid"
    assert refused.value.problem.explain().startswith(f"The copy of {url} that devgw.toml names publishes")
    assert "Publish" not in refused.value.problem.advise()


async def test_without_a_copy_an_unreachable_document_is_refused_as_before() -> None:
    with listen() as socket:
        url = f"{origin_of(socket)}/c"
    with pytest.raises(Refused) as refused:
        await HttpClientDocuments(FrozenClock()).fetch(url)
    assert refused.value.problem.reason == "client_document_unreachable"


async def test_no_copy_stands_in_where_the_certificate_is_not_believed(tmp_path: Path) -> None:
    """Somebody answers: whoever stands between must not choose which text of a document is believed."""
    pem = tmp_path / "server.pem"
    pem.write_bytes(key_and_certificate("client.example"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=tls)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/c"
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, url)).fetch(url)
    assert refused.value.problem.reason == "client_document_unreachable"
    assert refused.value.problem.advise().startswith("Set SSL_CERT_FILE")


async def test_a_copy_stands_in_where_the_connection_is_closed_amid_the_handshake(tmp_path: Path) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write_eof()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/c"
        found = await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, url)).fetch(url)
    assert found.kept_copy is not None


async def test_no_copy_stands_in_where_what_answers_is_no_tls(tmp_path: Path) -> None:
    async with serve(answering(b"{}")) as origin:
        url = f"{origin}/c".replace("http:", "https:")
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, url)).fetch(url)
    assert refused.value.problem.reason == "client_document_unreachable"


@pytest.mark.parametrize("is_silent_before_tls", [True, False])
async def test_a_copy_stands_in_where_a_server_of_tls_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_silent_before_tls: bool
) -> None:
    pem = tmp_path / "server.pem"
    pem.write_bytes(key_and_certificate("client.example"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    over = asyncio.Event()

    async def be_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0, ssl=None if is_silent_before_tls else tls)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/c"
        found = await HttpClientDocuments(FrozenClock(), own_copy(tmp_path, url), seconds=0.5).fetch(url)
        over.set()
    assert found.kept_copy is not None


async def test_no_copy_goes_over_a_document_that_was_read_before(tmp_path: Path) -> None:
    clock = FrozenClock()
    with listen() as socket:
        origin = origin_of(socket)
        url = f"{origin}/c"
        documents = HttpClientDocuments(clock, own_copy(tmp_path, url))
        clients = Clients(
            RecordStore(Database(None, MIGRATIONS)), documents, Bus(clock), clock, cimd_enabled=True, own_id=""
        )
        live = json.dumps({"client_id": url, "client_name": "live", "redirect_uris": ["http://localhost/cb"]}).encode()
        async with serve(answering(live), on=socket):
            assert (await clients.resolve(url)).name == "live"
    clock.travel(timedelta(days=2))
    assert (await documents.fetch(url)).kept_copy is not None
    known = await clients.resolve(url)
    assert (known.name, known.kept_copy) == ("live", None)


@pytest.mark.parametrize("method", ["tls_client_auth", "client_secret_jwt", 7])
def test_no_document_is_told_to_ask_for_a_secret_which_is_refused_there(method: Any) -> None:
    """OAuth Client ID Metadata Document §4.1."""
    document = {"redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": method}
    with pytest.raises(Refused) as refused:
        read_client_metadata(document, default_auth_method="none")
    assert refused.value.problem.explain().endswith("expected none or private_key_jwt.")
    with pytest.raises(Refused) as refused:
        read_client_metadata(document)
    assert "client_secret_basic" in refused.value.problem.explain()
