"""What comes, or does not come, from a provider's URLs: page, `why` and doctor give one id and one text for each."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock, epoch
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthLoginFinished
from devgw.wiring.examining import examine_running
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_oidc_provider import World, world
from tests.support.browser import Browser
from tests.support.certificates import key_and_certificate
from tests.support.gateway import CALLBACK, running_gateway
from tests.support.mending import mends
from tests.support.oidc import OidcProvider, Reply, oidc_provider, public_jwk, rsa_key, write_oidc_project
from tests.support.serving import listen, origin_of

__all__ = ["world"]
HTML = "text/html"


def keys(body: Any, status: int = 200, kind: str = "application/json") -> Reply:
    return Reply(status, body if isinstance(body, bytes) else json.dumps(body).encode(), kind)


async def looked(gateway: Watched, name: str) -> Check:
    """Return what the doctor says of the running gateway under this name."""
    return next(each for each in await examine_running(gateway.running.runtime) if each.name == name)


PUBLISHED = public_jwk(rsa_key("first"), "k1")
ENCRYPTING = public_jwk(rsa_key("first"), "k1", use="enc")


@pytest.mark.parametrize(
    ("reply", "name", "words", "change"),
    [
        (keys(b"<title>Sign in</title>", kind=HTML), "IDT-05", "no JSON Web Key Set", "jwks_uri"),
        (keys({}), "IDT-05", "it has no list `keys`", "jwks_uri"),
        (keys([]), "IDT-05", "an array", "jwks_uri"),
        (keys({"keys": {"k1": 1}}), "IDT-05", "it has no list `keys`", "jwks_uri"),
        (keys(b'{"keys": [{'), "IDT-05", "is not taken (it is no JSON", "publish its keys there with JSON"),
        (keys(b"", 302), "IDT-05", "it answered 302", "jwks_uri"),
        (keys(b"", 410), "IDT-05", "it answered 410", "jwks_uri"),
        (keys({"keys": []}), "IDT-01", "no key in it can verify", "publish the key"),
        (keys({"keys": [ENCRYPTING]}), "IDT-01", "no key in it can verify", "publish the key"),
        (keys({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}), "IDT-01", "can verify", "publish the key"),
        (keys({"keys": [PUBLISHED | {"d": "AQAB"}]}), "IDT-36", "the key k1 has d", "rotate the key"),
        (
            keys({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}, PUBLISHED]}),
            "IDT-36",
            "a key without kid has d",
            "rotate the key",
        ),
        (keys({"keys": [PUBLISHED | {"p": "AA", "q": "AA"}]}), "IDT-36", "the key k1 has p, q", "public half alone"),
        (keys(b"", 429), "IDT-08", "it answered 429", "Ask the URL with curl"),
        (keys(b"", 401), "IDT-08", "it answered 401", "Ask the URL with curl"),
    ],
)
async def test_what_is_no_key_set_is_told_from_one_that_cannot_be_fetched(
    world: World, reply: Reply, name: str, words: str, change: str
) -> None:
    """The doctor and the gateway as a whole say what the flow says."""
    world.provider.keys_reply = reply
    found = await world.named(name)
    assert words in found.cause
    assert change in found.fix
    (whole,) = await world.gateway.of_gateway()
    check = await looked(world.gateway, "provider.keys")
    assert {(each.id, each.cause, each.fix) for each in (found, whole)} == {
        (check.diagnosis_id, check.saw, check.todo),
    }


async def test_a_key_set_that_is_too_slow_is_slow_everywhere(world: World) -> None:
    world.provider.keys_reply = Reply(200, b"{", hangs=True)
    found = await world.named("LIMIT-04")
    (whole,) = await world.gateway.of_gateway()
    assert (whole.id, whole.cause, whole.fix) == (found.id, found.cause, found.fix)


def answer(status: int, body: Any, kind: str = "application/json") -> Reply:
    return keys(body, status, kind)


@pytest.mark.parametrize(
    ("reply", "name", "words", "change"),
    [
        (answer(400, {"error": "server_error"}), "IDT-25", "server_error", "Wait"),
        (answer(400, {"error": "temporarily_unavailable"}), "IDT-25", "temporarily_unavailable", "Wait"),
        (answer(400, {"error": {"code": "quota", "message": "No more today."}}), "IDT-27", "quota: No more today.", ""),
        (answer(403, b"<title>Attention Required!</title>", HTML), "IDT-27", "Attention Required!", "Go by its words"),
        (answer(400, b""), "IDT-27", "without a word", "the provider's own log"),
        (answer(400, {"error": 400}), "IDT-27", "without a word", "the provider's own log"),
        (answer(408, b""), "IDT-25", "408: it waited in vain for the whole request", "Start the connection again"),
        (answer(425, b"<h1>Too Early</h1>", HTML), "IDT-25", "so early in a connection", "Start the connection again"),
        (answer(407, b""), "IDT-27", "407", "127.0.0.1 into NO_PROXY"),
        (answer(407, b"<h1>Sign in</h1>", HTML), "IDT-27", "407, Sign in", "write them into the URLs in HTTP_PROXY"),
        (answer(421, b"no such host"), "IDT-27", "421", "Correct the host in browserLogin.tokenUrl"),
        (answer(421, {"error": "misdirected"}), "IDT-27", "421, misdirected", "answer to 127.0.0.1"),
        (answer(200, {"issuer": "https://x.example"}), "TOK-05", "the members issuer", "token_endpoint"),
        (answer(200, {"access_token": 5, "token_type": "Bearer"}), "IDT-20", "no id_token", "Switch OpenID Connect on"),
        (answer(200, {"id_token": {}}), "TOK-08", "an id_token that is no text", ""),
    ],
)
async def test_token_answers_are_read_by_the_doctor_as_by_a_login(
    world: World, reply: Reply, name: str, words: str, change: str
) -> None:
    world.provider.token_reply = reply
    found = await world.named(name)
    assert words in found.cause
    assert ".." not in found.cause
    assert change in found.fix
    check = await looked(world.gateway, "provider.credentials")
    assert check.verdict is Verdict.FAIL
    assert (check.diagnosis_id, check.saw, check.todo) == (found.id, found.cause, found.fix)


@pytest.mark.parametrize("issuer", [7, ["x"], {"a": 1}, True])
async def test_an_issuer_that_is_no_text_has_another_form_and_is_no_other_issuer(world: World, issuer: Any) -> None:
    world.provider.claims = {"iss": issuer}
    found = await world.named("IDT-15")
    assert f"got {issuer!r}" in found.cause


async def test_a_token_that_ended_a_day_ago_by_a_slow_clock_ended_before_now(world: World) -> None:
    then = epoch(world.clock.now() - timedelta(days=1))
    world.provider.claims = {"iat": then, "exp": then + 300}
    world.provider.date = (world.clock.now() - timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    found = await world.named("IDT-07")
    assert "before this machine's time" in found.cause


@mends("IDT-32")
@pytest.mark.parametrize("callback", [{"foo": "1"}, {"code": ""}, {"id_token": "x"}, {"error": ""}])
async def test_a_callback_without_code_and_error_is_the_providers_and_no_request_of_the_clients(
    world: World, callback: dict[str, str]
) -> None:
    """Once the provider answers as is printed, the person comes in."""
    world.provider.callback = callback
    found = await world.named("IDT-32")
    assert "neither a code nor an error" in found.cause
    assert "authorization request" not in found.cause
    assert "with `code` and `state` in the query" in found.fix
    world.provider.callback = None
    assert await world.is_let_in()


REGISTERED = "http://127.0.0.1:9000/oauth/callback"
OF_REDIRECTS = [
    ("server_error", "AADSTS50011: The redirect URI specified in the request does not match those configured.", ""),
    ("invalid_request", "Invalid parameter: redirect_uri", ""),
    ("unauthorized_client", "Callback URL mismatch. It is not in the list of allowed callback URLs.", ""),
    ("invalid_grant", "The redirect_uri does not match the one of the authorization request.", ""),
    ("redirect_uri_mismatch", "", ""),
    ("invalid_grant", f"redirect URI mismatch, expected {REGISTERED}", REGISTERED),
]


def is_of_the_callback(found: Diagnosis, world: World, error: str, instead: str) -> bool:
    """Tell whether a diagnosis says what was sent, what came, and marks where a named one differs."""
    sent = f"{world.gateway.origin}/oauth/callback"
    assert f"{error}" in found.cause
    assert f"The gateway sent redirect_uri={sent}" in found.cause
    assert f"Add exactly {sent} to" in found.fix
    assert (found.got, found.expected) == (sent, instead)
    return any("^" in line for line in found.marks) == bool(instead)


@mends("RURI-04")
@pytest.mark.parametrize(("error", "words", "instead"), OF_REDIRECTS)
async def test_an_answer_that_speaks_against_the_callback_is_of_it_whatever_its_code_says(
    world: World, error: str, words: str, instead: str
) -> None:
    """The client is told that it lies with us, and once the callback is registered people are let in."""
    world.provider.callback = {"error": error} | ({"error_description": words} if words else {})
    client = await world.gateway.running.register(world.http)
    async with Browser(CALLBACK) as browser:
        await browser.open(world.gateway.running.authorize_url(client["client_id"], token("")))
        assert browser.location is not None or browser.page is not None
    found = await world.gateway.only("RURI-04")
    assert is_of_the_callback(found, world, error, instead)
    event = world.gateway.running.events(McpAuthLoginFinished)[-1]
    assert (event.explanation, event.hint) == (found.cause, found.fix)
    world.provider.callback = None
    assert await world.is_let_in()


@mends("RURI-04")
@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize(("error", "words", "instead"), OF_REDIRECTS)
async def test_a_token_endpoint_that_speaks_against_the_callback_asks_for_no_second_try(
    world: World, error: str, words: str, instead: str, status: int
) -> None:
    """The doctor, which asks with the same callback, says the same."""
    world.provider.token_reply = answer(status, {"error": error} | ({"error_description": words} if words else {}))
    found = await world.named("RURI-04")
    assert is_of_the_callback(found, world, error, instead)
    check = await looked(world.gateway, "provider.credentials")
    assert (check.diagnosis_id, check.saw, check.todo) == (found.id, found.cause, found.fix)
    world.provider.token_reply = None
    assert await world.is_let_in()


async def test_a_refused_code_whose_words_list_all_that_may_be_wrong_is_no_matter_of_the_callback(world: World) -> None:
    words = "The grant is invalid, expired, does not match the redirection URI, or was issued to another client."
    world.provider.token_reply = answer(400, {"error": "invalid_grant", "error_description": words})
    await world.named("WORK-06")


async def test_the_doctor_says_of_an_answer_at_once_against_the_callback_that_it_is_not_taken(world: World) -> None:
    world.provider.callback = {"error": "server_error", "error_description": "AADSTS50011: The redirect URI differs."}
    check = await looked(world.gateway, "provider.redirect_uri")
    assert (check.verdict, check.diagnosis_id) == (Verdict.FAIL, "RURI-04")
    assert "accepted" not in check.saw
    assert f"Add exactly {world.gateway.origin}/oauth/callback" in check.todo


# --- nothing comes ---


@mends("NET-14")
@pytest.mark.parametrize(
    ("variable", "content"),
    [
        ("REQUESTS_CA_BUNDLE", None),
        ("REQUESTS_CA_BUNDLE", b""),
        ("REQUESTS_CA_BUNDLE", b"no PEM"),
        ("DEVGW_CA_FILE", None),
    ],
)
async def test_a_file_of_authorities_that_cannot_be_used_is_one_thing_to_mend(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, content: bytes | None
) -> None:
    """The doctor meets it with every request, and says it once; without the variable people are let in."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(variable, str(file))
    found = await world.named("NET-14")
    assert variable in found.cause
    assert f" names {file}" in found.cause
    assert "or unset it" in found.fix
    checks = [each for each in await examine_running(world.gateway.running.runtime) if each.diagnosis_id == "NET-14"]
    assert [(each.saw, each.todo) for each in checks] == [(found.cause, found.fix)]

    monkeypatch.delenv(variable)
    assert await world.is_let_in()


@asynccontextmanager
async def port(answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answer each connection with these bytes, and close it."""

    async def on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answers)
        writer.close()

    async with await asyncio.start_server(on, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def sent_to(root: Path, url: str, option: str) -> AsyncIterator[World]:
    """Run a gateway whose provider has one URL elsewhere."""
    clock = SystemClock()
    async with oidc_provider(clock) as provider, httpx2.AsyncClient(timeout=20) as http:
        write_project(root, provider, url, option)
        async with running_gateway(root, clock=clock) as running:
            yield World(provider, Watched(running, clock), http, clock)


def write_project(root: Path, provider: OidcProvider, url: str, option: str) -> None:
    login: dict[str, Any] = {"remoteTimeoutMs": 3_000}
    write_oidc_project(root, provider, login=login | ({"tokenUrl": url} if option == "tokenUrl" else {}))
    if option == "jwksUrl":
        file = root / "config" / "policies.json"
        file.write_text(file.read_text().replace(f"{provider.origin}/jwks", url))


NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize("where", [("tokenUrl", "IDT-13", "credentials"), ("jwksUrl", "IDT-08", "keys")])
@pytest.mark.parametrize(
    ("at", "is_trusted", "words", "change"),
    [
        (NOW, False, "the TLS certificate is not trusted", "Set SSL_CERT_FILE"),
        (NOW - 2 * DAY, True, "the TLS certificate is not valid now", "Renew the certificate"),
        (NOW + 2 * DAY, True, "the TLS certificate is not valid now", "or set this machine's clock"),
    ],
)
async def test_each_fault_of_a_certificate_is_told_by_its_own_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[str, str, str],
    at: datetime,
    is_trusted: bool,
    words: str,
    change: str,
) -> None:
    (option, name, check), file = where, tmp_path / "c.pem"
    file.write_bytes(key_and_certificate("127.0.0.1", at=at))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with port(b"", tls) as number, sent_to(tmp_path, f"https://127.0.0.1:{number}/x", option) as there:
        await there.sign_in()
        found = next(each for each in await there.gateway.said() if each.id == name)
        seen = await looked(there.gateway, f"provider.{check}")
    assert words in found.cause
    assert change in found.fix
    assert (seen.diagnosis_id, seen.saw, seen.todo) == (found.id, found.cause, found.fix)


@pytest.mark.parametrize(
    ("answers", "scheme", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "https", "what answered there is no TLS"),
        (b"", "http", "the connection was closed before an answer came"),
        (b"220 mail.test ESMTP\r\n\r\n", "http", "what came is no HTTP (its first line is b'220 mail.test ESMTP')"),
        (b"\x16\x03\x01\x00\x05hello", "http", "it begins with a byte with which no answer begins"),
        (b"\x00\x00\x00\x00\x00\x00\x00\x08", "http", "it begins with a byte with which no answer begins"),
        (b"HTTP/1.1 200 OK\r\nx-key t0p-secret\r\n\r\n", "http", "a header has no colon"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nt0p-secret\r\n", "http", "length of a chunk is none"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{", "http", "closed in the middle of the answer"),
    ],
)
async def test_what_broke_off_is_told_without_the_words_of_a_library(
    tmp_path: Path, answers: bytes, scheme: str, words: str
) -> None:
    async with port(answers) as number, sent_to(tmp_path, f"{scheme}://127.0.0.1:{number}/x", "tokenUrl") as there:
        found = await there.named("IDT-13")
    assert words in found.cause
    assert all(each not in found.cause for each in ("RemoteProtocolError", "illegal", "request line", "t0p-secret"))
    assert ".." not in found.cause


async def test_a_refused_connection_is_mended_by_what_is_printed(tmp_path: Path) -> None:
    with listen() as closed:
        nowhere = origin_of(closed)
    async with sent_to(tmp_path, f"{nowhere}/x", "tokenUrl") as there:
        found = await there.named("IDT-13")
    assert found.fix.startswith("Start what is to listen there, or correct host and port in that URL.")


async def test_a_token_url_with_http_on_a_port_with_tls_that_only_closes_is_told(tmp_path: Path) -> None:
    file = tmp_path / "c.pem"
    file.write_bytes(key_and_certificate("127.0.0.1"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with port(b"", tls) as number, sent_to(tmp_path, f"http://127.0.0.1:{number}/x", "tokenUrl") as there:
        await there.sign_in()
        found = await there.gateway.only("NET-08")
    assert "Write https:// in browserLogin.tokenUrl" in found.fix
