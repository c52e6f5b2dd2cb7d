"""What rules ask for is found without looking at all of it, and is what looking at all of it would find."""

from datetime import timedelta
from random import Random
from typing import Any

from devgw.diagnosis.recent import RecentEvents, RecentRequests
from devgw.diagnosis.surroundings import Surroundings
from devgw.events import Event, Published, Trace
from devgw.events.taxonomy import (
    McpAuthClientRegistered,
    McpAuthConsentDenied,
    McpAuthConsentShown,
    McpAuthDownstreamTokenIssued,
)
from devgw.events.trace import Body
from devgw.ids import ClientId, GrantId, TokenId, TraceId, TransactionId
from tests.diagnosis.made import NOON


def some_event(random: Random) -> Event:
    known: dict[str, Any] = {
        "trace_id": random.choice([None, TraceId(f"{random.randrange(6):08x}")]),
        "transaction_id": random.choice([None, TransactionId(f"t-{random.randrange(4)}")]),
        "grant_id": random.choice([None, GrantId(f"g-{random.randrange(3)}")]),
    }
    return random.choice([McpAuthConsentDenied(**known), McpAuthConsentShown(**known, redirect_host="x")])


def test_events_are_found_by_what_they_are_about_and_by_kind_as_far_as_they_are_kept() -> None:
    random, recent, told = Random(7), RecentEvents(40), list[Published]()
    for seq in range(1, 400):
        told.append(Published(seq, NOON + timedelta(seconds=seq), some_event(random)))
        recent.add(told[-1])
        kept = told[-40:]
        keys = {TraceId("00000001"), TransactionId("t-2"), GrantId("g-0")}
        about = [p for p in kept if keys & {p.event.trace_id, p.event.transaction_id, p.event.grant_id}]
        assert recent.about(keys) == about
        denied = [(p.at, p.event) for p in reversed(kept) if isinstance(p.event, McpAuthConsentDenied)]
        assert list(recent.of_kind(McpAuthConsentDenied)) == denied


def request(number: int, method: str, path: str, query: str = "", status: int = 200, body: bytes = b"") -> Trace:
    trace = Trace(TraceId(f"{number:08x}"), NOON + timedelta(seconds=number), method, path, query.encode())
    trace.request_headers = [(b"user-agent", b"agent-%d" % (number % 3))]
    trace.status, trace.request_body = status, Body(body, len(body))
    return trace


def some_request(random: Random, number: int) -> Trace:
    asked = f"client_id=c{random.randrange(3)}&code_challenge=x{random.randrange(3)}"
    name = random.randrange(3)
    body = b'{"client_name":"n%d","redirect_uris":["http://localhost:%d/cb"]}' % (name, number)
    return random.choice(
        [
            request(number, "GET", "/oauth/authorize", asked, 302),
            request(number, "POST", "/oauth/token", status=random.choice([200, 400])),
            request(number, "POST", "/oauth/register", status=201, body=body),
            request(number, "GET", "/.well-known/oauth-protected-resource/mcp/x"),
            request(number, "POST", "/elsewhere"),
        ]
    )


def test_requests_are_found_by_who_asked_and_for_what_as_far_as_they_are_kept() -> None:
    random, recent, asked = Random(8), RecentRequests(30), list[Trace]()
    named: list[Trace] = []
    for number in range(400):
        asked.append(some_request(random, number))
        recent.add(asked[-1])
        kept = asked[-30:]
        assert list(recent) == kept
        of_agent = [each for each in reversed(kept) if each.user_agent == "agent-1"]
        way = [each for each in of_agent if "authorize" not in each.path and "elsewhere" not in each.path]
        assert list(recent.on_the_way("agent-1")) == way
        authorizations = [each for each in reversed(kept) if "authorize" in each.path]
        assert list(recent.authorizations()) == authorizations
        assert list(recent.authorizations("c1")) == [each for each in authorizations if b"id=c1" in each.query]
        if b'"n2"' in asked[-1].request_body.content:
            named.append(asked[-1])
        shown = [each for each in reversed(named) if each in kept]
        assert [each.trace for each in recent.registrations(("n2", "localhost/cb"))] == shown
        if number % 5 == 0:  # the monitor takes the bodies of old traces away
            asked[max(0, number - 20)].request_body = Body()


def issued(number: int, client: str) -> McpAuthDownstreamTokenIssued:
    return McpAuthDownstreamTokenIssued(
        client_id=ClientId(client),
        access_token_id=TokenId(f"at:{number}"),
        access_expires_at=NOON + timedelta(hours=1),
        resource="r",
        scope="s",
    )


def registered(client: str, name: str, by: str = "dcr") -> McpAuthClientRegistered:
    return McpAuthClientRegistered(
        client_id=ClientId(client),
        client_name=name,
        registered_by=by,
        redirect_uris=(),
        token_endpoint_auth_method="none",
    )


def test_tokens_stand_under_the_name_of_their_client_as_long_as_they_are_kept() -> None:
    around, seq = Surroundings(), 0
    events: list[Event] = [registered("c-1", "one"), registered("c-2", "two"), registered("c-0", "zero", "configured")]
    events += [issued(number, f"c-{1 + number % 2}") for number in range(5_000)]
    for seq, event in enumerate(events, 1):
        around.fold(Published(seq, NOON, event))
    assert len(around.tokens) == sum(map(len, around.tokens_by_name.values())) == 2_000
    assert set(around.tokens_by_name) == {"one", "two"}
    assert all(around.tokens[id_] is story for own in around.tokens_by_name.values() for id_, story in own.items())
    around.fold(Published(seq + 1, NOON, issued(4_999, "c-1")))
    assert len(around.tokens) == sum(map(len, around.tokens_by_name.values()))
    assert list(around.configured) == ["c-0"]
    assert around.newest["one"].id == "c-1"
