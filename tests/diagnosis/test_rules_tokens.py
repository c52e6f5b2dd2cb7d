"""Rules about tokens, upstreams and the gateway as a whole, on recorded shapes; each with a twin that stays silent."""

from typing import Any

import pytest

from devgw.diagnosis import diagnose_gateway
from devgw.events import Outcome
from devgw.events.flow import Milestone
from devgw.events.taxonomy import (
    ClockSkewMeasured,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRevoked,
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
    McpCapabilityEntriesUnmatched,
)
from devgw.ids import ClientId, TokenId
from devgw.problems.bearer import (
    InsufficientScope,
    TokenExpired,
)
from devgw.problems.token_shape import TokenShape, TokenUnknown
from tests.diagnosis.made import MCP, NOON, ORIGIN, Story
from tests.diagnosis.told import (
    CHALLENGE,
    CLIENT,
    TRANSACTION,
    begun,
    connect_asked,
    issued,
    registered,
)


def test_a_login_loop() -> None:
    story = Story()
    for number in (1, 2):
        story.tell(issued(number))
        story.ask(
            "POST", "/mcp/y", 401, sent={"authorization": "Bearer at_x"}, got=CHALLENGE, reason_code="token_unknown"
        )
    found = {each.id: each for each in story.said()}

    assert "2 times" in found["AUD-03"].cause
    assert found["AUD-03"].expected.endswith("/mcp/y")


def test_a_step_up_loop() -> None:
    story = Story()
    problem = InsufficientScope("mcp:tools", "mcp:tools files:write")
    refused: dict[str, Any] = {"problem": problem, "reason_code": problem.reason, "got": CHALLENGE}
    story.ask("POST", "/mcp/x", 403, sent={"authorization": "Bearer at_x"}, **refused)
    story.tell(begun("files:write"))
    story.ask("POST", "/mcp/x", 403, sent={"authorization": "Bearer at_x"}, **refused)
    found = {each.id: each for each in story.said()}

    assert found["SCOPE-02"].got == "files:write"
    assert found["SCOPE-02"].expected == "mcp:tools files:write"


def test_a_session_that_died_with_the_upstream() -> None:
    story = Story()
    for _ in range(2):
        story.ask("POST", "/mcp/x", 400, sent={"mcp-session-id": "s1"}, upstream_status=400)
    found = story.said()

    assert [each.id for each in found] == ["PROXY-04"]
    assert "only 404" in found[0].cause
    story.ask("POST", "/mcp/x", 200, {"result": {}}, upstream_status=200)
    assert story.names() == []


def test_a_compressed_event_stream() -> None:
    story = Story()
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    story.ask("POST", "/mcp/x", 200, b"", got=headers, token_id=TokenId("at:1"))

    assert story.names() == ["PROXY-02"]


def test_a_connect_link_that_the_client_does_not_show() -> None:
    story = Story()
    connect_asked(story)
    assert story.wait(30).names() == []

    connect_asked(story)
    found = story.said()
    assert [each.id for each in found] == ["UPST-01"]
    assert f"{ORIGIN}/auth/connections/notes/connect" in found[0].fix
    story.tell(McpAuthUpstreamConnectionBegun(transaction_id=TRANSACTION, authorization_server="https://as.example"))
    assert story.names() == []


def test_the_old_form_for_a_modern_client() -> None:
    story = Story()
    error = {"code": -32042, "message": "connect"}
    story.ask("POST", "/mcp/x", 200, {"error": error}, sent={"mcp-protocol-version": "2026-07-28"}, upstream_status=200)

    assert story.names() == ["UPST-02"]


@pytest.mark.parametrize(("holds_a_token", "met_it", "is_told"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
def test_a_lost_connection_is_told_of_who_met_it_or_holds_a_token_for_it(
    holds_a_token: int, met_it: int, is_told: int
) -> None:
    """An attempt that ended before it had a token met nothing of it, and no later one mends that."""
    story = Story()
    story.flow.token_ids += [TokenId("at:1")] * holds_a_token
    trace = story.ask("POST", "/mcp/x", 401)
    failed: dict[str, Any] = {"cause": "reconsent_required", "outcome": Outcome.FAILURE, "diagnosis_id": "UPST-08"}
    lost: dict[str, Any] = {"upstream_server_id": "notes", "operation_id": story.flow.operation_id}
    story.tell(McpAuthUpstreamConnectionLost(**lost, **failed, trace_id=trace.id if met_it else None))
    assert story.names() == ["UPST-08"] * is_told


def test_an_upstream_that_took_its_credential_back_until_it_is_connected_again() -> None:
    story = Story()
    story.flow.token_ids.append(TokenId("at:1"))
    lost: dict[str, Any] = {"upstream_server_id": "notes", "operation_id": story.flow.operation_id}
    story.tell(McpAuthUpstreamConnectionLost(**lost, cause="disconnected"))
    assert story.names() == []

    failed: dict[str, Any] = {"cause": "reconsent_required", "outcome": Outcome.FAILURE}
    story.tell(McpAuthUpstreamConnectionLost(**lost, **failed, diagnosis_id="UPST-04"))
    assert story.names() == ["UPST-04"]
    story.tell(McpAuthUpstreamConnectionLost(**lost, **failed, diagnosis_id="UPST-08"))
    assert story.names() == ["UPST-08"]
    story.tell(
        McpAuthUpstreamConnectionLost(
            **lost, **failed, diagnosis_id="UPST-12", explanation="devgw was ended before it came"
        )
    )
    assert story.names() == ["UPST-12"]

    story.tell(McpAuthUpstreamConnectionEstablished(upstream_server_id="notes"))
    assert story.names() == []


def test_a_token_answer_of_the_wrong_shape() -> None:
    story = Story()
    story.ask("POST", "/oauth/token", 200, {"access_token": "x", "token_type": "Bearer", "expires_in": "900"})
    found = story.said()

    assert [each.id for each in found] == ["TOK-08"]
    assert "expires_in is str" in found[0].cause


def test_a_token_that_works_after_its_revocation() -> None:
    story = Story().tell(issued(7))
    story.tell(McpAuthDownstreamTokenRevoked(token_ids=(TokenId("at:7"),), cause="revoked_by_user"))
    story.ask("POST", "/mcp/x", 200, {"result": {}}, token_id=TokenId("at:7"))

    assert story.names() == ["REVK-01"]


@pytest.mark.parametrize(("grant", "name"), [("authorization_code", "REFR-02"), ("refresh_token", "REFR-04")])
def test_an_answer_without_a_refresh_token_and_an_expired_token_after_it(grant: str, name: str) -> None:
    story = Story()
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = {"access_token": "x", "token_type": "Bearer", "expires_in": 900}
    story.ask("POST", "/oauth/token", 200, answer, sent=form, content=f"grant_type={grant}".encode())
    assert story.names() == []

    story.ask(
        "POST", "/mcp/x", 401, got=CHALLENGE, sent={"authorization": "Bearer x"}, problem=TokenExpired(NOON, NOON)
    )
    assert story.names() == [name]


def test_a_refresh_that_lost_its_resource() -> None:
    story = Story().tell(issued())
    refreshed: dict[str, Any] = {"client_id": CLIENT, "transaction_id": TRANSACTION, "scope": "mcp:tools"}
    refreshed |= {"spent_token_id": TokenId("rt:1"), "access_token_id": TokenId("at:2")}
    refreshed["access_expires_at"] = NOON.replace(hour=23)
    story.tell(McpAuthDownstreamTokenRefreshed(**refreshed, resource=MCP))
    assert story.names() == []

    story.tell(McpAuthDownstreamTokenRefreshed(**refreshed, resource=ORIGIN))
    assert story.names() == ["AUD-08"]


def test_a_client_that_left_without_revoking() -> None:
    story = Story().tell(registered("dcr:1", "dcr"))
    for number in range(20):
        story.tell(issued(number))
    assert diagnose_gateway(story.around, story.now) == []

    story.tell(registered("dcr:2", "dcr"))
    assert [each.id for each in diagnose_gateway(story.around, story.now)] == ["REVK-02"]


def test_entries_of_a_filter_that_name_nothing() -> None:
    story = Story()
    unmatched = McpCapabilityEntriesUnmatched(policy="filter", capability_kind="tools", entries=(("Echo", "echo"),))
    story.tell(unmatched)
    found = diagnose_gateway(story.around, story.now)
    assert [(each.id, each.got, each.expected) for each in found] == [("CONF-08", "Echo", "echo")]

    story.tell(McpCapabilityEntriesUnmatched(policy="filter", capability_kind="tools"))
    assert diagnose_gateway(story.around, story.now) == []


def test_a_clock_that_is_wrong() -> None:
    story = Story().tell(ClockSkewMeasured(url="https://idp.example", skew_seconds=120.0))
    assert [each.id for each in diagnose_gateway(story.around, story.now)] == ["IDT-07"]

    story.tell(ClockSkewMeasured(url="https://idp.example", skew_seconds=0.4))
    assert diagnose_gateway(story.around, story.now) == []


def test_a_token_that_is_never_used_is_suspected_where_something_is_in_between() -> None:
    story = Story()
    story.ask("POST", "/oauth/token", 200, {"access_token": "at_x", "token_type": "Bearer"})
    story.reach(Milestone.TOKEN_ISSUED)
    story.flow.hosts = ["localhost:9000"]
    assert story.wait(600).names() == []  # a login command that ended

    story.flow.hosts = ["gateway.example.com"]
    assert [(each.id, each.certain) for each in story.said()] == [("PROXY-08", False)]


@pytest.mark.parametrize(("peer", "is_healed"), [("10.0.0.1:1", True), ("10.0.0.1:2", False), ("", False)])
def test_a_token_of_another_program_of_that_make_forgives_nothing_that_was_seen(peer: str, is_healed: bool) -> None:
    story = Story()
    story.flow.client_id, story.flow.peers = None, ["10.0.0.1:1"]
    problem = TokenUnknown(TokenShape.OURS)
    refused: dict[str, Any] = {"problem": problem, "reason_code": problem.reason, "got": CHALLENGE}
    story.ask("POST", "/mcp/x", 401, sent={"authorization": "Bearer at_x"}, **refused)
    story.wait(3)
    assert "BEAR-06" in story.names()

    other = story.ask("POST", "/oauth/token", 200, {}, peer=peer, client_id=ClientId("dcr:2"))
    story.traces.remove(other)
    story.around.requests.add(other)
    assert ("BEAR-06" in story.names()) is not is_healed


def test_a_token_over_another_socket_of_the_same_client_forgives() -> None:
    story = Story()
    story.flow.client_id, story.flow.peers = None, ["10.0.0.1:1"]
    problem = TokenUnknown(TokenShape.OURS)
    before = story.ask("POST", "/oauth/register", 201, {}, peer="10.0.0.1:1", client_id=ClientId("dcr:2"))
    story.ask("POST", "/mcp/x", 401, got=CHALLENGE, problem=problem, reason_code=problem.reason)
    story.wait(3)
    after = story.ask("POST", "/oauth/token", 200, {}, peer="10.0.0.1:2", client_id=ClientId("dcr:2"))
    for each in (before, after):
        story.traces.remove(each)
        story.around.requests.add(each)
    assert "BEAR-06" not in story.names()
