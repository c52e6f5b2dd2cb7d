"""Whatever is sent to whatever endpoint: no fault of ours, no way to an unproven place, every error in its charset."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devgw.entropy import token
from devgw.events.taxonomy import FaultMet
from tests.support.gateway import CALLBACK, Running

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # a gateway's repr is long

HARD = settings(
    max_examples=120,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
GETS = (
    "/oauth/authorize", "/authorize", "/oauth/authorize/mcp/sample", "/oauth/callback", "/oauth/setup",
    "/oauth/dev-login", "/", "/oauth/style.css", "/oauth/jwks", "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration/mcp/sample", "/mcp/sample/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp/sample",
    "/.well-known/oauth-client/x", "/auth/connections/x/connect", "/auth/connections/x/callback",
    "/mcp-registry/v0.1/servers", "/__zuplo/oauth/authorize", "/mcp/sample",
)  # fmt: skip
POSTS = (
    "/oauth/token",
    "/token",
    "/oauth/revoke",
    "/revoke",
    "/oauth/register",
    "/register",
    "/oauth/setup",
    "/mcp/sample",
)
NAMES = (
    "client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method", "resource",
    "scope", "prompt", "response_mode", "request", "request_uri", "nonce", "login_hint", "code", "error",
    "error_description", "iss", "transaction", "decision", "csrf_token", "subject", "grant_type", "code_verifier",
    "refresh_token", "client_secret", "client_assertion", "client_assertion_type", "token", "token_type_hint",
    "assertion", "access_token", "return_to", "ticket", "cursor", "limit",
)  # fmt: skip
MEMBERS = (
    "redirect_uris", "client_name", "token_endpoint_auth_method", "grant_types", "response_types", "scope", "contacts",
    "client_uri", "logo_uri", "jwks", "jwks_uri", "software_id", "software_version", "application_type", "tos_uri",
    "policy_uri", "software_statement", "default_max_age", "require_auth_time", "keys", "kty",
)  # fmt: skip
ODD = (
    "", " ", "\x00", "a\x00b", "é", "\U0001f600", "\u202e",
    "%00", "%", "%zz", "..", "../..", "//evil.example", "\\\\evil",
    "http://[", "http://[::1", "http://localhost:99999999/", "http://localhost:٣/callback", "https://", "http://%00/",
    "https://evil.example/x", "javascript:alert(1)", "data:text/html,x", CALLBACK, f"{CALLBACK}\r\nX-Evil: 1",
    "http://localhost:1/\tcallback", "http://local\thost:33418/callback", "http://localhost:33418\\@evil.example/callback",
    "http://localhost:33418@evil.example/callback", "https://a" + "b" * 300 + ".example/c", "http://localhost:1/c",
    "https://xn--a.example/c", "https://user:pw@evil.example/c", "https://evil.example:x/c", "code", "S256", "none",
    "login", "consent", "login consent", "authorization_code", "refresh_token", "mcp:tools",
    "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "e30.e30.", "a.b.c", "W10.W10.x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "approve", "cancel", "switch", "9" * 5000,
    "x" * 20_000, "[" * 3_000, "-1", "NaN", "1e999",
)  # fmt: skip
HEADERS = (
    "authorization", "cookie", "content-type", "accept", "origin", "host", "user-agent", "x-forwarded-host",
    "x-forwarded-proto", "x-forwarded-for", "referer", "sec-fetch-mode",
    "mcp-session-id", "mcp-protocol-version", "access-control-request-method",
)  # fmt: skip
HEADER_VALUES = (
    "", "Basic", "Basic é", "Basic !!!", "Basic Og==", "Basic /////w==", "Basic ZGNyOng6eQ==", "basic  YTpi", "Bearer",
    "Bearer x", "Bearer at_x y", "Bearer é", "Negotiate x", "devgw_session=", "devgw_session=é; a=b;; =;", "=;" * 500,
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "application/json; charset=nonsense",
    "text/plain", "null", "http://evil.example", "http://localhost", "http://[", "text/html", "application/json",
    "localhost:" + "9" * 5000, "localhost:\xb2", "[::1", "a" * 5000, "chunked", "-1", "GET",
)  # fmt: skip

SHORT = tuple(each for each in ODD if len(each) < 100)
SHORT_HEADERS = tuple(each for each in HEADER_VALUES if len(each) < 100)

values = st.one_of(
    st.sampled_from(SHORT), st.text(max_size=30), st.text(alphabet="%&=;+[]<>\"'\\\r\n\x00é", max_size=20)
)
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), values), max_size=12)
header_lists = st.lists(
    st.tuples(
        st.sampled_from(HEADERS),
        st.one_of(
            st.sampled_from(SHORT_HEADERS),
            st.text(
                alphabet=st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30
            ),
        ),
    ),
    max_size=4,
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(SHORT),
    st.text(max_size=20),
    st.just("\ud800"),
)
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(MEMBERS), st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=12,
)
registrations = st.fixed_dictionaries(
    {
        "redirect_uris": st.one_of(
            st.just([CALLBACK]), st.lists(st.one_of(st.sampled_from(SHORT), documents), max_size=4)
        )
    },
    optional={name: st.one_of(documents, leaves) for name in MEMBERS[1:17]},
)


@dataclass
class Said:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    gateway: Running, method: str, path: str, query: bytes = b"", headers: Any = (), body: bytes = b""
) -> Said:
    """Send a request right into the gateway's front, past a server that would sort out some of it."""
    host = urlsplit(gateway.origin).netloc
    names = {name for name, _ in headers}
    sent = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": quote(path).encode(), "query_string": query, "root_path": "",
        "headers": ([] if "host" in names else [(b"host", host.encode())]) + sent, "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 1), "extensions": {},
    }  # fmt: skip
    said = Said(0, {}, b"")
    is_given, is_answered = False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal is_given
        if is_given:
            await is_answered.wait()  # the client stays until then, as a server would say it
            return {"type": "http.disconnect"}
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.status = message["status"]
            said.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            said.body += message.get("body", b"")
            if not message.get("more_body"):
                is_answered.set()

    await gateway.runtime.front(scope, receive, send)
    return said


def check(gateway: Running, said: Said) -> None:
    """Hold an answer against what no answer may be."""
    assert [(each.where, each.explanation) for each in gateway.events(FaultMet)] == []
    assert 200 <= said.status < 600
    assert said.status != 500, said
    location = said.headers.get("location")
    if location is not None:
        ours = urlsplit(gateway.origin).hostname
        assert urlsplit(location).hostname in {ours, "127.0.0.1", "localhost"}, location
        assert "\r" not in location
        assert "\n" not in location
        for each in parse_qs(urlsplit(location).query).get("error_description", []):
            check_description(each)
    if "json" in said.headers.get("content-type", "") and said.body:
        document = json.loads(said.body, parse_constant=pytest.fail)
        if isinstance(document, dict) and "error_description" in document:
            check_description(document["error_description"])
    if said.status == 401:
        assert "www-authenticate" in said.headers


def check_description(text: str) -> None:
    """RFC 6749 §4.1.2.1, §5.2: %x20-21 / %x23-5B / %x5D-7E."""
    assert all(" " <= each <= "~" and each not in '"\\' for each in text), text


def encoded(given: list[tuple[str, str]]) -> bytes:
    """Return parameters as a query or form, every byte of them written as it may come."""
    return "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in given
    ).encode()


@HARD
@given(
    path=st.sampled_from(GETS),
    method=st.sampled_from(("GET", "HEAD", "PUT", "OPTIONS", "X")),
    asked=pairs,
    more=header_lists,
)
async def test_no_query_and_no_header_brings_a_fault(
    gateway: Running, path: str, method: str, asked: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    check(gateway, await ask(gateway, method, path, encoded(asked), more))


@HARD
@given(asked=pairs, known=st.lists(st.sampled_from(NAMES[:9]), max_size=9))
async def test_no_authorization_request_leads_anywhere_unproven(
    gateway: Running, http: httpx2.AsyncClient, asked: list[tuple[str, str]], known: list[str]
) -> None:
    client = await gateway.register(http)
    good = parse_qs(urlsplit(gateway.authorize_url(client["client_id"], token(""))).query)
    complete = [(name, good[name][0]) for name in known if name in good] + asked
    said = await ask(gateway, "GET", "/oauth/authorize", encoded(complete))
    check(gateway, said)
    location = said.headers.get("location", "")
    if "error=" in location:
        assert location.startswith(CALLBACK), location


@HARD
@given(path=st.sampled_from(POSTS), asked=pairs, more=header_lists, query=pairs)
async def test_no_form_brings_a_fault(
    gateway: Running,
    path: str,
    asked: list[tuple[str, str]],
    more: list[tuple[str, str]],
    query: list[tuple[str, str]],
) -> None:
    form = [("content-type", "application/x-www-form-urlencoded")]
    check(gateway, await ask(gateway, "POST", path, encoded(query), more or form, encoded(asked)))


@HARD
@given(path=st.sampled_from(POSTS), body=st.binary(max_size=200), more=header_lists)
async def test_no_bytes_bring_a_fault(gateway: Running, path: str, body: bytes, more: list[tuple[str, str]]) -> None:
    form = [("content-type", "application/x-www-form-urlencoded")]
    check(gateway, await ask(gateway, "POST", path, b"", more or form, body))


@HARD
@given(document=st.one_of(registrations, documents))
async def test_no_registration_brings_a_fault(gateway: Running, document: Any) -> None:
    said = await ask(gateway, "POST", "/oauth/register", b"", [], json.dumps(document).encode())
    check(gateway, said)
    assert said.status in {201, 400}
    if said.status == 201:
        registered = json.loads(said.body)
        asked = {
            "response_type": "code", "client_id": registered["client_id"], "state": "s", "resource": gateway.mcp_url,
            "code_challenge": "x" * 43, "code_challenge_method": "S256",
        } | ({"redirect_uri": registered["redirect_uris"][0]} if registered["redirect_uris"] else {})  # fmt: skip
        begun = await ask(gateway, "GET", "/oauth/authorize", encoded(list(asked.items())))
        assert begun.status in {302, 400}, begun
        assert gateway.events(FaultMet) == []


async def test_what_was_found_once(gateway: Running) -> None:
    """Single requests that brought a fault, or might have."""
    form = ("content-type", "application/x-www-form-urlencoded")
    for value in HEADER_VALUES:
        for name in ("authorization", "cookie", "content-type", "host", "origin", "accept"):
            for method, path in (("POST", "/oauth/token"), ("GET", "/oauth/setup"), ("POST", "/mcp/sample")):
                check(
                    gateway, await ask(gateway, method, path, b"", [form, (name, value)], b"client_id=x&grant_type=y")
                )
    for odd in ODD:
        for name in ("client_id", "redirect_uri", "resource", "transaction", "state", "client_assertion", "path"):
            check(gateway, await ask(gateway, "GET", "/oauth/authorize", encoded([(name, odd)])))
            check(gateway, await ask(gateway, "POST", "/oauth/token", b"", [form], encoded([(name, odd)])))
        check(gateway, await ask(gateway, "GET", f"/oauth/authorize/{odd}"))
        check(gateway, await ask(gateway, "GET", f"/.well-known/oauth-protected-resource/{odd}"))
        check(gateway, await ask(gateway, "GET", f"/{odd}"))
    check(gateway, await ask(gateway, "POST", "/oauth/token", b"", [form], b"\xff\xfe=%ff&a=\xff"))
    check(gateway, await ask(gateway, "GET", "/oauth/authorize", b"\xff\xfe=%ff&client_id=\xff"))
    for number in ("1e999", "NaN", "-Infinity", "9" * 5000):
        check(
            gateway, await ask(gateway, "POST", "/oauth/register", b"", [], f'{{"default_max_age":{number}}}'.encode())
        )
        body = f'{{"redirect_uris":["{CALLBACK}"],"jwks":{{"keys":[{number}]}}}}'.encode()
        check(gateway, await ask(gateway, "POST", "/oauth/register", b"", [], body))
