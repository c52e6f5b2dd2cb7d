"""Registration, client metadata documents and private_key_jwt over real sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.clock import epoch
from devgw.entropy import token
from devgw.events.taxonomy import McpAuthClientRegistered
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, Running
from tests.support.serving import serve


async def test_what_is_not_offered_is_left_out_of_a_registration(gateway: Running, http: httpx2.AsyncClient) -> None:
    """RFC 7591 §3.2.1: the server may replace what was asked for; it says what it registered."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    client = await gateway.register(http, grant_types=["authorization_code", "refresh_token", device])
    assert client["grant_types"] == ["authorization_code", "refresh_token"]


async def test_a_client_may_register_as_many_redirect_uris_as_its_bytes_allow(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    uris = [f"http://127.0.0.1:{port}/callback" for port in range(20_000, 20_110)]
    assert (await gateway.register(http, redirect_uris=uris))["redirect_uris"] == uris


async def test_a_client_that_asks_for_nothing_that_is_offered_is_refused(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    for asked in (["urn:ietf:params:oauth:grant-type:device_code"], ["refresh_token"], ["client_credentials"]):
        document = {"redirect_uris": [CALLBACK], "grant_types": asked}
        assert (await http.post(f"{gateway.origin}/oauth/register", json=document)).status_code == 400


@pytest.mark.parametrize(
    ("document", "error", "reason"),
    [
        ("[]", "invalid_client_metadata", "registration_unreadable"),
        ("nonsense", "invalid_client_metadata", "registration_unreadable"),
        ("[" * 60_000, "invalid_client_metadata", "registration_unreadable"),
        ("[" * 100_000, "invalid_client_metadata", "registration_too_large"),
        ('{"a":' * 480 + "1" + "}" * 480, "invalid_client_metadata", "registration_unreadable"),
        ('{"client_name":"a","client_name":"b"}', "invalid_client_metadata", "registration_unreadable"),
        ('{"client_id_issued_at":' + "9" * 5000 + "}", "invalid_client_metadata", "registration_unreadable"),
        ({}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": []}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": "http://localhost/cb"}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": [CALLBACK], "scope": "admin"}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": [CALLBACK], "grant_types": ["implicit"]}, "invalid_client_metadata", None),
        ({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "magic"}, "invalid_client_metadata", None),
        (
            {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"},
            "invalid_client_metadata",
            None,
        ),
        (
            {"redirect_uris": [CALLBACK], "client_name": "a\u202eb"},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "client_name": "a\x1b]52;"},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "client_name": "n" * 201},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "contacts": ["a\u202e"]},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "client_uri": "javascript://x/%0aalert(1)"},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "logo_uri": "data://x/y"},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "logo_uri": "data:text/html,<script>"},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        (
            {"redirect_uris": [CALLBACK], "tos_uri": "data:image/png;base64,AA=="},
            "invalid_client_metadata",
            "client_metadata_invalid",
        ),
        ({"redirect_uris": [CALLBACK], "client_name": "a\nb"}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": [CALLBACK], "software_id": "\u2066"}, "invalid_client_metadata", "client_metadata_invalid"),
        ({"redirect_uris": [CALLBACK, "smb://host/x"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["http://example.com/cb"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["file:///etc/passwd"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["http://localhost/cb#x"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["/callback"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["http://localhost:port/cb"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["http://user@localhost/cb"]}, "invalid_redirect_uri", "redirect_uri_refused"),
        ({"redirect_uris": ["https://*.example.com/cb"]}, "invalid_redirect_uri", "redirect_uri_refused"),
    ],
)
async def test_a_wrong_registration_gets_the_standards_error_and_our_reason(
    gateway: Running, http: httpx2.AsyncClient, document: Any, error: str, reason: str | None
) -> None:
    """RFC 7591 §3.2.2."""
    body = document if isinstance(document, str) else json.dumps(document)
    url = f"{gateway.origin}/oauth/register"
    answer = await http.post(url, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    assert reason in (None, answer.json()["reason"])


@pytest.mark.parametrize(
    ("document", "said", "name"),
    [
        ([], "but an array", "REQ-01"),
        ('"text"', "but a string", "REQ-01"),
        ({"redirect_uris": CALLBACK}, "redirect_uris is a string; expected an array of strings", "REQ-01"),
        ({"redirect_uris": [CALLBACK, None]}, "redirect_uris is an array with null in it", "REQ-01"),
        (
            {"redirect_uris": [CALLBACK], "scope": ["mcp:tools"]},
            "scope is an array; expected the string mcp:tools",
            "REQ-01",
        ),
        ({"redirect_uris": [CALLBACK], "scope": "mcp:admin"}, "scope is 'mcp:admin'", "REG-12"),
        ({"redirect_uris": [CALLBACK], "client_name": 5}, "client_name is a number", "REQ-01"),
        (
            {"redirect_uris": [CALLBACK], "grant_types": ["refresh_token"]},
            "refresh_token may stand beside it, not alone",
            "REQ-02",
        ),
        ({"redirect_uris": ["http://localhost:99999/cb"]}, "has a port that is no number up to 65535", "REG-05"),
        ({"redirect_uris": ["http://localhost:*/cb"]}, "has a port that is no number up to 65535", "REG-05"),
        ({"redirect_uris": ["http://0.0.0.0:8080/cb"]}, "Register http://localhost:8080/cb for development.", "REG-05"),
        (
            {"redirect_uris": ["http://10.0.0.1:8080/cb"]},
            "https://10.0.0.1:8080/cb, or http://localhost:8080/cb for development.",
            "REG-05",
        ),
    ],
)
async def test_a_refused_registration_says_what_came_in_the_words_of_json(
    gateway: Running, http: httpx2.AsyncClient, document: Any, said: str, name: str
) -> None:
    body = document if isinstance(document, str) else json.dumps(document)
    url = f"{gateway.origin}/oauth/register"
    answer = (await http.post(url, content=body, headers={"content-type": "application/json"})).json()
    assert said in answer["error_description"]
    assert f"[{name}, " in answer["error_description"]


@pytest.mark.parametrize("blank", [" ", "\u00a0\u3000", "\ufe0f", "\u0301\u0327 \ufe0e"])
async def test_a_name_of_nothing_is_no_name(gateway: Running, http: httpx2.AsyncClient, blank: str) -> None:
    await gateway.register(http, client_name=blank, software_id=blank)
    known = gateway.events(McpAuthClientRegistered)[-1]
    assert known.client_name == f"unnamed client ({CALLBACK})"


async def test_what_real_clients_register_is_taken(gateway: Running, http: httpx2.AsyncClient) -> None:
    """Cursor registers three URIs, one of them private, and says `web` (`spec.md` §4)."""
    cursor = await gateway.register(
        http,
        client_name="Cursor",
        application_type="web",
        redirect_uris=[
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "http://localhost:8787/cb",
            "https://c.example/x",
        ],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        unheard_of={"a": 1},
    )
    assert cursor["client_id"].startswith("dcr:")
    assert "client_secret" not in cursor
    assert cursor["application_type"] == "web"
    secret = await gateway.register(http, token_endpoint_auth_method="client_secret_post")
    assert secret["client_secret"].startswith("cs_")
    assert secret["client_secret_expires_at"] > secret["client_id_issued_at"]


@asynccontextmanager
async def published(document: dict[str, Any], **headers: str) -> AsyncIterator[str]:
    """Serve a client metadata document on loopback and yield its URL; `document` may still be changed."""
    hits: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        hits.append(scope["path"])
        await receive()
        given = {"content-type": "application/json"} | headers
        pairs = [(name.encode(), value.encode()) for name, value in given.items()]
        status = int(document.get("_status", 200))
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        shown = {name: value for name, value in document.items() if not name.startswith("_")}
        await send({"type": "http.response.body", "body": document.get("_body", json.dumps(shown)).encode()})

    async with serve(app) as origin:
        document.setdefault("client_id", f"{origin}/client.json")
        document["_hits"] = hits
        yield f"{origin}/client.json"


async def test_a_client_metadata_document_is_a_client(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """A document that lists a portless loopback URI fits any port; it is fetched once while it is fresh."""
    document = {"client_name": "By document", "redirect_uris": ["http://localhost/callback"]}
    async with published(document, **{"cache-control": "max-age=60"}) as url:
        for _ in range(2):
            verifier = token("")
            await gateway.sign_in(browser, gateway.authorize_url(url, verifier))
            if browser.location is None:
                assert browser.page is not None
                assert url in browser.page.text
                await browser.press("Allow")
            assert browser.location is not None
            code = Code(url, verifier, dict(httpx2.URL(browser.location).params))
            answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
            assert answer.status_code == 200, answer.text
        assert document["_hits"] == ["/client.json"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"client_id": "https://other.example/client.json"}, "names another client_id"),
        ({"client_id": None}, "has no client_id"),
        ({"scope": "openid"}, "document with scope: mcp:tools"),
        ({"redirect_uris": ["http://10.1.2.3/cb"]}, "Publish the document with https://10.1.2.3/cb"),
        ({"client_name": ""}, "has no client_name"),
        ({"redirect_uris": []}, "has no redirect_uris"),
        ({"client_secret": "x"}, "publishes client_secret"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "shared secret"),
        ({"_status": 404}, "answered 404"),
        ({"_status": 404}, "Publish the document at that URL"),
        ({"_status": 403}, "Let that URL be read by everybody"),
        ({"_status": 429}, "Wait until that server answers again"),
        ({"_status": 503}, "Wait until that server answers again"),
        ({"_status": 302}, "redirects"),
        ({"_body": "nonsense"}, "is not taken"),
        ({"_body": "x" * 6000}, "too long"),
    ],
)
async def test_a_document_that_is_not_taken_says_why(
    gateway: Running, http: httpx2.AsyncClient, change: dict[str, Any], says: str
) -> None:
    document = {"client_name": "By document", "redirect_uris": [CALLBACK]} | change
    async with published(document, location="https://elsewhere.example") as url:
        answer = await http.get(gateway.authorize_url(url, token("")), headers={"accept": "text/html"})
    assert answer.status_code == 400, answer.text
    assert says in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/client.json",
        "https://169.254.169.254/client.json",
        "https://192.0.2.1/c",
        "https://[fd00::1]/c",
    ],
)
async def test_special_use_addresses_are_never_asked(gateway: Running, http: httpx2.AsyncClient, url: str) -> None:
    """OAuth Client ID Metadata Document §6.5."""
    answer = await http.get(gateway.authorize_url(url, token("")), headers={"accept": "text/html"})
    assert (answer.status_code, "client_document_forbidden" in answer.text) == (400, True), answer.text


async def test_a_client_signs_its_way_in_with_its_own_key(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """`private_key_jwt`, RFC 7523 §3: right audience, in time, once."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "alg": "ES256"}
    client = await gateway.register(http, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]})
    verifier = token("")
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], verifier))
    await browser.press("Allow")
    assert browser.location is not None
    code = Code(client["client_id"], verifier, dict(httpx2.URL(browser.location).params))
    url = f"{gateway.origin}/oauth/token"
    now = epoch(gateway.runtime.clock.now())

    def signed(by: Any = key, **change: Any) -> dict[str, str]:
        claims = {"iss": client["client_id"], "sub": client["client_id"], "aud": gateway.origin, "exp": now + 60}
        assertion = jwt.encode(claims | {"jti": token("")} | change, by, "ES256", headers={"kid": "k1"})
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": assertion}

    form = code.form(resource=gateway.mcp_url)
    other = ec.generate_private_key(ec.SECP256R1())
    for wrong in (
        signed(other),
        signed(aud="https://elsewhere"),
        signed(exp=now - 120),
        signed(iss="x"),
        signed(jti=""),
    ):
        refused = await http.post(url, data=form | wrong)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client"), refused.text
        assert refused.json()["reason"] == "client_assertion_invalid"
    good = signed()
    assert (await http.post(url, data=form | good)).status_code == 200
    replayed = await http.post(url, data=form | good)
    assert replayed.json()["reason"] == "client_assertion_invalid"


@pytest.mark.parametrize(
    "logo", ["data:image/png;base64,iVBORw0KGgo=", "data:image/svg+xml,%3Csvg/%3E", "https://x.example/l"]
)
async def test_a_logo_may_be_an_image_in_itself(gateway: Running, http: httpx2.AsyncClient, logo: str) -> None:
    """RFC 7591 §2 wants a URL of an image; it is shown nowhere here, so that nobody is shut out for it."""
    document = {"redirect_uris": [CALLBACK], "logo_uri": logo}
    answer = await http.post(f"{gateway.origin}/oauth/register", json=document)
    assert (answer.status_code, answer.json()["logo_uri"]) == (201, logo)


async def test_what_a_logo_should_be_is_said_as_it_is_taken(gateway: Running, http: httpx2.AsyncClient) -> None:
    for name, value in (("logo_uri", "data:text/html,x"), ("tos_uri", "ftp://x/y")):
        document = {"redirect_uris": [CALLBACK], name: value}
        said = (await http.post(f"{gateway.origin}/oauth/register", json=document)).json()["error_description"]
        assert "an absolute http(s) URL" in said
        assert ("data:image/" in said) == (name == "logo_uri")
