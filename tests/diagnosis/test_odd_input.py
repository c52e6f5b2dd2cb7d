"""No rule and no verdict fails on what others send: a rule that did would be set aside, and its failure unnamed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from devgw.control.codec import row_to_line
from devgw.diagnosis import SeenFlow
from devgw.diagnosis.rules import GATEWAY_RULES, RULES
from devgw.diagnosis.verdicts import Answer
from devgw.diagnosis.verdicts.login_page import AskedLogin, login_page
from devgw.diagnosis.verdicts.metadata import ShownMetadata, strict_eyes
from devgw.diagnosis.verdicts.provider import Configured, discovery, id_and_key, keys, registered_uris
from devgw.diagnosis.verdicts.upstream import AskedUpstream, upstream
from devgw.events.flow import FlowState, Milestone
from devgw.events.taxonomy import (
    HttpExchanged,
    McpAuthAuthorizationBegun,
    McpAuthConsentShown,
    McpAuthDownstreamTokenIssued,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
)
from devgw.events.trace import Body
from devgw.ids import ClientId, TokenId, TraceId, TransactionId
from devgw.monitor.opening import open_record
from devgw.monitor.reading import snapshot
from devgw.monitor.rows import TraceRow
from devgw.outbound.probes.asking import skew
from tests.diagnosis.made import ASM, PRM, RESOURCE, SERVER, Story
from tests.monitor.walk import Walk

ROUNDS = 1_500
DEEP = b"[" * 60_000
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e300, 10**400, "", "x", [], {}, [None], [[]], [{}], {"a": 1}, [1, "x"], [["x"]], {"x": ["y"]},
    "http://[", "http://localhost:port/cb", "http://a@b:99999999/", "//", "javascript:alert(1)//", "\ud800", "%zz",
    "\0",     "http://xn--/\u202e", "a" * 5_000, [{"kid": []}], "{got}", "{0}", "{", "%s", "\r\nx: y", "http://localhost:0/",
)  # fmt: skip
MEMBERS = (
    "resource", "authorization_servers", "issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint",
    "code_challenge_methods_supported", "authorization_response_iss_parameter_supported", "error", "code", "data",
    "access_token", "token_type", "expires_in", "scope", "refresh_token", "redirect_uris", "client_name", "method",
    "jsonrpc", "id", "result", "supported", "keys", "jwks_uri", "message", "protocolVersion", "supportedVersions",
    "token_endpoint_auth_methods_supported", "scopes_supported", "client_id_metadata_document_supported",
)  # fmt: skip
P = "http://p.example"
PATHS = (
    PRM, ASM, "/mcp/x", "/oauth/authorize", "/oauth/token", "/oauth/register", "/oauth/callback", "/oauth/setup",
    "/oauth/revoke", "/register", "/", "", "//", "/oauth/token/", "/auth/connections/x/connect", "/\udcff", "/{got}",
)  # fmt: skip
HEADERS = (
    b"location", b"content-type", b"www-authenticate", b"authorization", b"origin", b"host", b"x-forwarded-host",
    b"x-forwarded-proto", b"accept", b"mcp-session-id", b"mcp-method", b"mcp-protocol-version", b"content-encoding",
    b"content-security-policy", b"access-control-request-headers", b"access-control-allow-headers", b"x-api-key",
    b"access-control-expose-headers",
)  # fmt: skip
WORDS = (
    b"", b"Bearer ", b"Bearer x", b"text/html", b"application/json", b"application/x-www-form-urlencoded", b"${X}",
    b"text/event-stream", b"http://[", b"http://localhost:port/?code=x&error=y", b"form-action 'self' http://a:*",
    b"\xff\xfe", b",;=,", b"gzip", b"$env(", b"x" * 3_000, b"http://localhost:33418/cb?code=a&iss=b", b"2026-07-28",
    b"{env:", b"${ \x01", b"https://page.example",
)  # fmt: skip
NO_OBJECTS = (DEEP, b"", b"\xff", b"null", b"[]", b'"x"', b"{", b'{"a":1,"a":2}', b"data: {\n\n", b"1e999")
REASONS = (None, "token_missing", "token_expired", "token_revoked", "client_unknown", "verifier_wrong", "made_up")


def body(random: Random) -> bytes:
    kind = random.randrange(8)
    if kind == 0:
        return random.choice(
            [DEEP, b"", b"\xff", b"null", b"[]", b'"x"', b"{", b'{"a":1,"a":2}', b"data: {\n\n", b"1e999"]
        )
    names = random.sample(MEMBERS, random.randrange(1, 8))
    found: dict[str, Any] = {name: random.choice(ODD_VALUES) for name in names}
    if kind == 1:
        found["error"] = {"code": random.choice((-32042, -32022, -32601, -32020, "x", None, [])), "data": found.copy()}
    text = json.dumps(found).encode()
    return b"event: message\ndata: " + text + b"\n\n" if kind == 2 else text


def headers(random: Random) -> dict[str, str]:
    names = random.sample(HEADERS, random.randrange(6))
    return {name.decode(): random.choice(WORDS).decode("latin-1") for name in names}


def query(random: Random) -> str:
    names = ("client_id", "redirect_uri", "state", "code_challenge", "code", "error", "scope", "%zz", "", "&&")
    pairs = (f"{random.choice(names)}={random.choice(ODD_VALUES)!s:.90}" for _ in range(random.randrange(6)))
    return "&".join(pairs).encode("utf-8", "replace").decode("latin-1")


def story(random: Random) -> Story:
    told = Story(user_agent=random.choice(("node", "", "curl/8", "claude-code/2.0", "\x00", "devgw-doctor")))
    if random.randrange(2):
        told.discover(_spoilt(random, RESOURCE), _spoilt(random, SERVER))
    for _ in range(random.randrange(1, 12)):
        sent = {**headers(random), "content-type": random.choice(WORDS).decode("latin-1")}
        trace = _asked(told, random, sent)
        told.tell(HttpExchanged(trace=trace))
    _tell_some(told, random)
    told.flow.state = random.choice(list(FlowState))
    told.reach(random.choice(list(Milestone)), told.flow.state)
    told.flow.redirect_uri = random.choice((None, "", "http://localhost:port/", "x:y", "http://["))
    return told.wait(random.choice((0, 3, 31, 61, 700)))


def _spoilt(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with some of its members odd."""
    return document | {name: random.choice(ODD_VALUES) for name in random.sample(sorted(document), random.randrange(4))}


def _asked(told: Story, random: Random, sent: dict[str, str]) -> Any:
    status = random.choice((0, 101, 200, 201, 202, 302, 303, 400, 401, 403, 404, 405, 406, 421, 499, 500, 502))
    trace = told.ask(random.choice(("GET", "POST", "OPTIONS", "DELETE", "")), random.choice(PATHS), status)
    trace.query = query(random).encode("utf-8", "surrogateescape")
    trace.request_headers += [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    trace.response_headers += [(name.encode(), value.encode("latin-1")) for name, value in headers(random).items()]
    trace.request_body, trace.response_body = (Body(each, len(each)) for each in (body(random), body(random)))
    trace.reason_code, trace.host = random.choice(REASONS), random.choice(("localhost:9000", "", "[", "a:port"))
    trace.token_id = random.choice((None, TokenId("at:1")))
    trace.upstream_status, trace.upstream_url = random.choice((None, 200, 401)), random.choice((None, "", "http://["))
    return trace


def _tell_some(told: Story, random: Random) -> None:
    odd = random.choice([each for each in ODD_VALUES if isinstance(each, str)])
    known: dict[str, Any] = {"transaction_id": TransactionId("t-1"), "client_id": ClientId("dcr:1")}
    events = [
        McpAuthAuthorizationBegun(**known, redirect_uri=odd, resource=odd, scope=odd, issuer=odd),
        McpAuthLoginBegun(**known, provider_url=odd, callback_uri=odd),
        McpAuthLoginFinished(**known, email=odd),
        McpAuthConsentShown(**known, redirect_host=odd, not_connected=(odd,)),
        McpAuthDownstreamTokenIssued(
            **known, access_token_id=TokenId("at:1"), access_expires_at=told.now, resource=odd, scope=odd
        ),
    ]
    for event in random.sample(events, random.randrange(len(events))):
        told.tell(event)


def test_no_rule_fails_on_what_clients_upstreams_and_providers_send() -> None:
    random, said = Random(11), set[str]()
    for _ in range(ROUNDS):
        told = story(random)
        view = SeenFlow.of(told.flow, told.traces, told.around)
        said |= {each.id for rule in RULES for each in rule.check(view, told.now)}
        said |= {each.id for rule in GATEWAY_RULES for each in rule.check(told.around, told.now)}
    assert len(said) > 25, "most rules must have something to say, or nothing is tried"


def test_no_request_is_missing_among_those_that_are_shown() -> None:
    """Each stands among the traces, in its flow, on its line; and what is shown of it can be sent."""
    random = Random(13)
    walk = Walk(kept=5_000)
    for number in range(300):
        for trace in story(random).traces:
            walk.count += 1
            trace.id = TraceId(f"{walk.count:08x}")
            trace.kind = random.choice(("mcp", "oauth", "page", "metadata", "connect", "other"))
            trace.upstream_ms, trace.duration_ms = random.choice((0.0, 1e12, -1.0)), random.choice((0.0, 1e6))
            walk.exchange(trace, trace.status)
            sent = open_record(walk.monitor, "trace", trace.id)
            assert sent is not None
            assert row_to_line(sent)
        if number % 30 == 0:
            walk.monitor.tick()
            for flow in list(walk.monitor.flow_book.flows)[-20:]:
                assert row_to_line(open_record(walk.monitor, "flow", flow.id))  # type: ignore[arg-type]  # it is there
    assert walk.bus.guard.failures == 0
    rows = [row for part in snapshot(walk.monitor) for kind in part.values() for row in kind]
    assert len([row for row in rows if isinstance(row, TraceRow)]) == min(walk.count, 5_000)
    assert "cannot be shown" not in "".join(map(row_to_line, rows))


def answers(random: Random) -> Iterator[Answer]:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    while True:
        status = random.choice((0, 200, 302, 401, 403, 404, 421, 500))
        kind = random.choice(("application/json", "text/event-stream", "", "text/html"))
        yield Answer("http://p.example/x", status, headers(random) | {"content-type": kind}, body(random), "", now, now)


VERDICTS: dict[str, Callable[[Iterator[Answer]], Any]] = {
    "keys": lambda some: keys(next(some), None),
    "id_and_key": lambda some: id_and_key(next(some), None),
    "discovery": lambda some: list(
        discovery(next(some), Configured(P, (), f"{P}/jwks", f"{P}/authorize", f"{P}/token"))
    ),
    "registered_uris": lambda some: registered_uris(
        next(some), AskedLogin("http://localhost:9000/oauth/callback", "c", f"{P}/a", is_workos=True)
    ),
    "login_page": lambda some: login_page(
        next(some), AskedLogin("http://localhost:1/cb", "c", f"{P}/a", is_workos=True)
    ),
    "upstream": lambda some: upstream(AskedUpstream("x", "http://u.example/mcp"), next(some), next(some)),
    "strict_eyes": lambda some: list(
        strict_eyes(ShownMetadata("http://g/mcp", next(some), next(some), next(some), next(some)))
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_no_verdict_fails_on_what_a_provider_or_an_upstream_answers(name: str) -> None:
    some = answers(Random(12))
    for _ in range(ROUNDS):
        VERDICTS[name](some)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sun, 22 Nov 2026 12:00:05 GMT", 5),
        ("Sun, 22 Nov 2026 12:00:05 -0000", 5),
        ("Sun, 22 Nov 2026 13:00:05 +0100", 5),
        ("Sun, 22 Nov 99999999999999999999 12:00:00 GMT", None),
        ("Sun, 22 Nov 2026 12:00:05 +999999999999", None),
        ("yesterday", None),
        ("", None),
        ("0", None),
    ],
)
def test_a_date_is_read_as_far_as_it_is_one(date: str, seconds: int | None) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    answer = Answer("http://p.example", 200, {"date": date}, asked_at=now, answered_at=now)
    found = skew(answer)
    assert found == seconds if seconds is not None else found is None or abs(found) > timedelta(days=1).total_seconds()
