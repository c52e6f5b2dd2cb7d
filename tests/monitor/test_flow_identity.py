"""A flow is an attempt by one client, recognised by identity: never by time or likeness alone."""

from typing import Any
from urllib.parse import urlencode

import pytest

from devgw.events import refusal
from devgw.events import taxonomy as told
from devgw.events.flow import Flow, FlowState
from devgw.events.trace import Body, Trace
from devgw.ids import ClientId, GrantId, TransactionId
from devgw.monitor import flow_view
from devgw.oauth.pkce import challenge_of
from devgw.problems import Problem
from devgw.problems.authorization import RedirectUriMismatch
from devgw.problems.client_id import ClientUnknown
from tests.monitor.walk import CALC, RESOURCE, Walk

VERIFIER = "v" * 43
MISMATCH = RedirectUriMismatch("c", "http://localhost:1/x", ("http://localhost:1/y",), "http://localhost:1/y", "", ())


class Client:
    """One client of several, with a socket and ids of its own."""

    def __init__(self, walk: Walk, name: str, agent: str = "node") -> None:
        self.walk, self.name, self.agent = walk, name, agent
        self.client_id = ClientId(f"dcr:{name}")
        self.port = 3000 + len(name)
        self.attempts = 0

    def trace(self, method: str, path: str, **facts: object) -> Trace:
        trace = self.walk.trace(method, path, peer=f"127.0.0.1:{self.port}", **facts)
        trace.request_headers = [(b"user-agent", self.agent.encode())]
        return trace

    def challenged(self) -> None:
        trace = self.trace("POST", "/mcp/calc", kind="mcp", operation_id=CALC, reason_code="token_missing")
        event = told.McpRequestRejected(trace_id=trace.id, operation_id=CALC, status=401, reason_code="token_missing")
        self.walk.exchange(trace, 401, event)

    def looked(self) -> None:
        for word in ("oauth-protected-resource", "oauth-authorization-server"):
            self.walk.exchange(self.trace("GET", f"/.well-known/{word}/mcp/calc", kind="metadata"), 200)

    def registered(self) -> None:
        trace = self.trace("POST", "/oauth/register", kind="oauth")
        event = told.McpAuthClientRegistered(
            trace_id=trace.id,
            client_id=self.client_id,
            client_name=self.name,
            registered_by="dcr",
            redirect_uris=(self.callback,),
            token_endpoint_auth_method="none",
        )
        self.walk.exchange(trace, 201, event)

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    @property
    def transaction(self) -> TransactionId:
        return TransactionId(f"t-{self.name}-{self.attempts}")

    def asked(self, callback: str | None = None, *, refused: Problem | None = None, again: bool = False) -> None:
        """Open the authorization request in the browser, which is everybody's."""
        self.attempts += not again
        trace = self.walk.trace("GET", "/oauth/authorize", kind="page", peer="127.0.0.1:9")
        trace.request_headers = [(b"user-agent", b"Mozilla/5.0")]
        sent = {
            "client_id": self.client_id,
            "redirect_uri": callback or self.callback,
            "state": f"s{self.attempts}",
            "code_challenge": challenge_of(f"{self.name}{self.attempts}{VERIFIER}"),
        }
        trace.query = urlencode(sent).encode()
        known: dict[str, Any] = {"trace_id": trace.id, "client_id": self.client_id, "client_name": self.name}
        if refused:
            event: told.Event = told.McpAuthAuthorizationRefused(
                **known, redirect_uri=sent["redirect_uri"], outcome=told.Outcome.FAILURE, **refusal(refused)
            )
            self.walk.exchange(trace, 400, event)
            return
        trace.transaction_id = self.transaction
        begun = told.McpAuthAuthorizationBegun(
            **known,
            transaction_id=self.transaction,
            operation_id=CALC,
            redirect_uri=sent["redirect_uri"],
            resource=RESOURCE,
            scope="mcp:tools",
            issuer=RESOURCE,
        )
        login = told.McpAuthLoginBegun(
            trace_id=trace.id, transaction_id=self.transaction, provider_url="https://idp.example/", callback_uri="x"
        )
        self.walk.exchange(trace, 302, begun, login)

    def came_back(self) -> None:
        trace = self.walk.trace("GET", "/oauth/callback", kind="page", transaction_id=self.transaction)
        trace.request_headers = [(b"user-agent", b"Mozilla/5.0")]
        event = told.McpAuthLoginFinished(trace_id=trace.id, transaction_id=self.transaction, email="dev@example.test")
        self.walk.exchange(trace, 302, event)

    def called(self) -> None:
        grant = GrantId(f"g-{self.name}")
        trace = self.trace("POST", "/mcp/calc", kind="mcp", operation_id=CALC, grant_id=grant, mcp_method="tools/list")
        self.walk.exchange(trace, 200)


def rows(walk: Walk) -> list[tuple[str, str, str]]:
    return [(flow.client_name or "", str(flow.state), flow.track) for flow in walk.monitor.flow_book.flows]


def flow_of(walk: Walk, name: str) -> list[Flow]:
    return [flow for flow in walk.monitor.flow_book.flows if flow.client_name == name]


def test_a_second_try_leaves_the_first_failure_where_it_was_and_follows_it() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.challenged()
    client.looked()
    client.registered()
    client.asked("http://localhost:1/other", refused=MISMATCH)
    client.asked()
    first, second = walk.monitor.flow_book.flows
    assert (first.state, first.failure and first.failure.reason_code) == (FlowState.FAILED, "redirect_uri_mismatch")
    assert (second.state, second.before, second.attempt) == (FlowState.ACTIVE, first.id, 2)
    assert first.after == second.id


def test_another_clients_failure_does_not_take_the_name_of_whoever_tries_again() -> None:
    walk = Walk()
    waits, fails = Client(walk, "waits"), Client(walk, "fails!")
    for client in (waits, fails):
        client.challenged()
        client.looked()
        client.registered()
    waits.asked()
    fails.asked(refused=MISMATCH)
    waits.asked()
    assert rows(walk) == [
        ("waits", "abandoned", "###>....."),
        ("fails!", "failed", "##X......"),
        ("waits", "active", "--#>....."),
    ]


@pytest.mark.parametrize("agents", [("node", "node"), ("claude-code/2", "codex/1"), ("", "")])
def test_two_clients_at_once_stay_two_whatever_they_call_themselves(agents: tuple[str, str]) -> None:
    walk = Walk()
    one, two = Client(walk, "one", agents[0]), Client(walk, "other", agents[1])
    one.challenged()
    two.challenged()
    one.looked()
    two.looked()
    one.registered()
    two.registered()
    two.asked()
    one.asked()
    one.came_back()
    for client in (one, two):
        (flow,) = flow_of(walk, client.name)
        assert flow.client_id == client.client_id
        assert flow.transaction_ids == [client.transaction]
    assert flow_of(walk, "one")[0].subject_email == "dev@example.test"
    assert flow_of(walk, "other")[0].subject_email is None


def test_a_login_begun_again_is_another_attempt_that_takes_its_own_beginning_along() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.challenged()
    client.looked()
    client.registered()
    client.asked()
    walk.wait(20)
    client.challenged()
    client.looked()
    client.asked()
    first, second = walk.monitor.flow_book.flows
    assert (first.state, first.after) == (FlowState.ABANDONED, second.id)
    assert first.last_words.endswith(f"then began again as {second.id}")
    assert [each.label for each in first.messages].count("POST /mcp/calc") == 1
    assert [each.label for each in second.messages].count("POST /mcp/calc") == 1
    assert second.messages[0].label == "POST /mcp/calc"
    assert second.track.startswith("#")


def test_an_abandoned_attempt_whose_browser_comes_back_goes_on() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.registered()
    client.asked()
    first_transaction = client.transaction
    client.asked()
    trace = walk.trace("GET", "/oauth/callback", kind="page", transaction_id=first_transaction)
    walk.exchange(
        trace, 302, told.McpAuthLoginFinished(trace_id=trace.id, transaction_id=first_transaction, email="a@b.test")
    )
    first, second = walk.monitor.flow_book.flows
    assert (first.state, first.subject_email, first.after) == (FlowState.ACTIVE, "a@b.test", None)
    assert (second.state, second.subject_email) == (FlowState.ACTIVE, None)


def test_the_same_request_asked_twice_is_one_attempt() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.registered()
    client.asked()
    client.asked(again=True)
    (flow,) = walk.monitor.flow_book.flows
    assert flow.attempt == 1


def test_a_client_of_the_same_make_that_comes_after_a_failure_is_not_joined_to_it() -> None:
    walk = Walk()
    fails, works = Client(walk, "fails"), Client(walk, "works!")
    fails.challenged()
    fails.looked()
    fails.registered()
    fails.asked(refused=MISMATCH)
    walk.wait(1)
    works.challenged()
    works.looked()
    works.registered()
    works.asked()
    first, second = walk.monitor.flow_book.flows
    assert (first.client_name, first.state) == ("fails", FlowState.FAILED)
    assert (second.client_name, second.state, second.before) == ("works!", FlowState.ACTIVE, None)
    assert len(second.messages) > 5


def test_a_refused_callback_that_is_nobodys_is_pinned_on_nobody() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.registered()
    client.asked()
    stray = walk.trace("GET", "/oauth/callback", kind="page")
    event = told.McpAuthLoginFinished(trace_id=stray.id, outcome=told.Outcome.FAILURE, reason_code="state_missing")
    walk.exchange(stray, 400, event)
    innocent, other = walk.monitor.flow_book.flows
    assert (innocent.client_name, innocent.state) == ("one", FlowState.ACTIVE)
    assert (other.client_name, other.state) == (None, FlowState.FAILED)


def test_a_verifier_finds_its_attempt_where_the_request_names_no_client() -> None:
    walk = Walk()
    one, two = Client(walk, "one"), Client(walk, "other")
    for client in (one, two):
        client.registered()
        client.asked()
    trace = one.trace("POST", "/oauth/token", kind="oauth")
    trace.request_headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    body = f"grant_type=authorization_code&code_verifier={one.name}1{VERIFIER}".encode()
    trace.request_body = Body(body, len(body))
    walk.exchange(trace, 400)
    assert flow_of(walk, "one")[0].trace_ids[-1] == trace.id
    assert trace.id not in flow_of(walk, "other")[0].trace_ids


def test_a_call_with_a_good_token_says_nothing_of_a_stranger_who_waits() -> None:
    walk = Walk()
    worker, stranger = Client(walk, "one"), Client(walk, "other")
    stranger.challenged()
    walk.wait(20)
    worker.called()
    assert [state for _, state, _ in rows(walk)] == ["active"]
    stranger.called()
    assert [state for _, state, _ in rows(walk)] == ["done"]


def test_a_browser_lends_no_client_its_name() -> None:
    walk = Walk()
    client = Client(walk, "one")
    client.asked(refused=ClientUnknown("dcr:gone", looks_registered=True))
    (flow,) = walk.monitor.flow_book.flows
    assert flow.user_agent == ""
    assert flow_view.name_of(flow) == "one"
