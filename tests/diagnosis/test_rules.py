"""Rules on recorded shapes, for failures that devgw itself does not make; each with a twin that stays silent."""

from typing import Any

import pytest

from devgw.diagnosis import diagnose_gateway
from devgw.events import Outcome
from devgw.events.flow import FlowState, Milestone
from devgw.events.taxonomy import (
    ClockSkewMeasured,
    McpAuthAuthorizationBegun,
    McpAuthClientRegistered,
    McpAuthConsentShown,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRevoked,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
    McpCapabilityEntriesUnmatched,
)
from devgw.ids import ClientId, TokenId, TransactionId
from devgw.problems.bearer import InsufficientScope
from tests.diagnosis.made import ASM, MCP, NOON, ORIGIN, PRM, RESOURCE, SERVER, Story

CLIENT = ClientId("dcr:1")
TRANSACTION = TransactionId("t-1")
CALLBACK = "http://127.0.0.1:3334/oauth/callback"
AUTHORIZE = f"/oauth/authorize?client_id=dcr%3A1&redirect_uri={CALLBACK}&code_challenge={'c' * 43}&state=s"


def test_a_client_that_finds_everything_in_order_is_left_alone() -> None:
    assert Story().discover().names() == []


@pytest.mark.parametrize(
    ("resource", "server", "name", "words"),
    [
        ({}, {"issuer": ORIGIN}, "DISC-01", "authorization_servers[0] is"),
        ({}, {"issuer": MCP + "/"}, "DISC-01", "/mcp/x/"),
        ({}, {"code_challenge_methods_supported": ["plain"]}, "PKCE-01", "S256"),
        ({}, {"code_challenge_methods_supported": None}, "PKCE-01", "S256"),
        (
            {},
            {
                "authorization_endpoint": "https://login.example/authorize",
                "authorization_response_iss_parameter_supported": False,
            },
            "DISC-06",
            "login.example",
        ),
        ({}, {"token_endpoint": "http://gateway:9000/oauth/token"}, "TOK-06", "gateway:9000"),
        ({"authorization_servers": ["http://gw:9000"]}, {"issuer": "http://gw:9000"}, "CONF-06", "gw:9000"),
        ({"resource": "http://127.0.0.1:9000/mcp/x"}, {}, "HOST-06", "127.0.0.1"),
        ({"resource": "https://localhost:9000/mcp/x"}, {}, "HOST-01", "https"),
        ({"resource": f"{ORIGIN}/mcp/other"}, {}, "AUD-01", "/mcp/other"),
    ],
)
def test_faults_in_the_metadata_that_was_served(
    resource: dict[str, Any], server: dict[str, Any], name: str, words: str
) -> None:
    story = Story().discover(RESOURCE | resource, SERVER | server)
    found = [each for each in story.said() if each.id == name]

    assert len(found) == 1, story.names()
    assert words in found[0].cause
    assert found[0].fix

    story.tell(begun())
    assert story.names() == []


def begun(scope: str = "mcp:tools") -> McpAuthAuthorizationBegun:
    return McpAuthAuthorizationBegun(
        client_id=CLIENT, transaction_id=TRANSACTION, redirect_uri=CALLBACK, resource=MCP, scope=scope, issuer=MCP
    )


def test_a_tunnels_host_with_the_local_port_in_the_metadata() -> None:
    story = Story()
    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": 'Bearer resource_metadata="x"'}, host="gw.example.com")
    story.ask("GET", PRM, 200, RESOURCE | {"resource": "http://gw.example.com:9000/mcp/x"}, host="gw.example.com")

    assert story.names() == ["HOST-05"]


def test_the_form_with_the_path_is_not_served() -> None:
    story = Story()
    story.ask("GET", PRM, 200, RESOURCE)
    story.ask("GET", ASM, 404)
    story.ask("GET", "/.well-known/openid-configuration/mcp/x", 404)
    assert story.names() == []

    assert story.wait(6).names() == ["DISC-02"]
    story.ask("GET", ASM, 200, SERVER)
    story.ask("POST", "/oauth/register", 201)
    assert story.wait(6).names() == []


def test_one_form_of_discovery_alone() -> None:
    story = Story()
    story.ask("GET", "/.well-known/openid-configuration/mcp/x", 404)

    assert story.wait(6).names() == ["DISC-04"]


def test_the_root_document_instead_of_the_routes() -> None:
    story = Story()
    story.ask("GET", PRM, 200, RESOURCE)
    story.ask("GET", "/.well-known/oauth-authorization-server", 200, SERVER)
    found = story.wait(6).said()

    assert [each.id for each in found] == ["DISC-03"]
    assert found[0].expected == ASM


def test_a_page_where_json_was_expected() -> None:
    story = Story()
    story.ask("GET", PRM, 200, b"<html>", got={"content-type": "text/html"})
    assert story.names() == ["DISC-05"]

    silent = Story()
    silent.ask("GET", "/favicon.ico", 404, b"<html>", got={"content-type": "text/html"})
    assert silent.names() == []


def test_a_guessed_endpoint() -> None:
    story = Story()
    story.ask("GET", PRM, 404)
    story.ask("POST", "/register", 404)
    found = story.said()

    assert [each.id for each in found] == ["DISC-10"]
    assert PRM in found[0].cause


@pytest.mark.parametrize(
    ("headers", "allowed", "status", "name"),
    [
        ("authorization, mcp-protocol-version", "", 401, "CORS-02"),
        ("authorization", "", 405, "CORS-01"),
        ("authorization, mcp-method", "authorization, content-type", 204, "CORS-03"),
        ("content-type", "*", 204, None),
        ("authorization", "*", 204, "CORS-03"),
    ],
)
def test_preflights(headers: str, allowed: str, status: int, name: str | None) -> None:
    story = Story("Mozilla/5.0")
    sent = {"origin": "http://localhost:6274", "access-control-request-headers": headers}
    story.ask("OPTIONS", "/mcp/x", status, sent=sent, got={"access-control-allow-headers": allowed})
    assert story.names() == []
    assert story.wait(3).names() == ([name] if name else [])

    exposed = {"www-authenticate": 'Bearer resource_metadata="x"', "access-control-expose-headers": "WWW-Authenticate"}
    story.ask("POST", "/mcp/x", 401, sent={"origin": "http://localhost:6274"}, got=exposed)
    assert story.names() == []


def test_a_challenge_that_a_page_cannot_read() -> None:
    story = Story("Mozilla/5.0")
    challenge = {"www-authenticate": 'Bearer resource_metadata="x"'}
    story.ask("POST", "/mcp/x", 401, sent={"origin": "http://localhost:6274"}, got=challenge)

    assert story.names() == ["CORS-04"]


def test_a_public_page_that_may_not_reach_this_machine() -> None:
    story = Story("Mozilla/5.0")
    story.ask("OPTIONS", "/mcp/x", 204, sent={"origin": "https://playground.example"})

    assert story.wait(5).names() == ["CORS-05"]


def test_a_challenge_without_the_way_to_the_login() -> None:
    story = Story()
    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": "Bearer"})

    assert story.names() == ["BEAR-01"]


@pytest.mark.parametrize(("issuer", "name"), [("", "DISC-07"), (ORIGIN, "DISC-08"), (MCP, None)])
def test_the_issuer_in_the_answer(issuer: str, name: str | None) -> None:
    story = Story().discover()
    story.tell(begun())
    story.ask("POST", "/oauth/setup", 303, got={"location": f"{CALLBACK}?code=c&iss={issuer}&state=s"})

    assert story.names() == ([name] if name else [])


@pytest.mark.parametrize(
    ("policy", "blocked"),
    [
        ("form-action 'self'", True),
        ("default-src 'none'; form-action 'self' http://127.0.0.1:3334", False),
        ("form-action 'self' http://127.0.0.1:*", False),
        ("default-src 'self'", False),
    ],
)
def test_the_policy_of_the_consent_page(policy: str, blocked: bool) -> None:
    story = Story()
    story.tell(begun())
    story.ask("GET", "/oauth/setup", 200, b"<form>", got={"content-security-policy": policy})
    story.ask("POST", "/oauth/setup", 303, got={"location": f"{CALLBACK}?code=c&iss={MCP}"})
    assert story.names() == []

    assert story.wait(4).names() == (["CONS-01"] if blocked else [])


def login(story: Story, took: float, email: str) -> None:
    links: dict[str, Any] = {"client_id": CLIENT, "transaction_id": TRANSACTION}
    story.tell(McpAuthLoginBegun(**links, provider_url="https://idp.example", callback_uri=f"{ORIGIN}/oauth/callback"))
    story.wait(took).tell(McpAuthLoginFinished(**links, email=email))


def test_another_person_without_being_asked() -> None:
    story = Story()
    login(story, 9, "ada@example.com")
    login(story, 0.2, "bob@example.com")
    assert story.names() == ["SESS-07"]

    asked = Story()
    login(asked, 9, "ada@example.com")
    login(asked, 9, "bob@example.com")
    assert "SESS-07" not in asked.names()


def test_an_authorization_that_is_lost_after_the_login() -> None:
    story = Story()
    login(story, 3, "ada@example.com")
    assert story.wait(10).names() == []

    assert story.wait(15).names() == ["SESS-06"]
    story.tell(McpAuthConsentShown(client_id=CLIENT, transaction_id=TRANSACTION, redirect_host="127.0.0.1"))
    assert story.names() == []


def test_a_state_that_outlives_its_error() -> None:
    story = Story()
    story.ask("GET", "/oauth/callback?error=access_denied&state=s", 400)
    story.ask("GET", "/oauth/callback?code=c&state=s", 303, got={"location": "/oauth/setup"})

    assert story.names() == ["SESS-08"]


def issued(number: int = 1) -> McpAuthDownstreamTokenIssued:
    return McpAuthDownstreamTokenIssued(
        client_id=CLIENT,
        transaction_id=TRANSACTION,
        access_token_id=TokenId(f"at:{number}"),
        access_expires_at=NOON.replace(hour=23),
        resource=MCP,
        scope="mcp:tools",
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


CHALLENGE = {"www-authenticate": 'Bearer resource_metadata="x"'}


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


def connect_asked(story: Story) -> None:
    error = {"code": -32042, "message": "connect", "data": {"authUrl": f"{ORIGIN}/auth/connections/notes/connect"}}
    story.ask("POST", "/mcp/x", 200, {"error": error}, outcome="connect_required", token_id=TokenId("at:1"))


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


def test_an_upstream_that_took_its_credential_back_until_it_is_connected_again() -> None:
    story = Story()
    lost: dict[str, Any] = {"upstream_server_id": "notes", "operation_id": story.flow.operation_id}
    story.tell(McpAuthUpstreamConnectionLost(**lost, cause="disconnected"))
    assert story.names() == []

    failed: dict[str, Any] = {"cause": "reconsent_required", "outcome": Outcome.FAILURE}
    story.tell(McpAuthUpstreamConnectionLost(**lost, **failed, explanation="The upstream gave no refresh token."))
    assert story.names() == ["UPST-04"]
    story.tell(McpAuthUpstreamConnectionLost(**lost, **failed, explanation="invalid_grant"))
    assert story.names() == ["UPST-08"]

    story.tell(McpAuthUpstreamConnectionEstablished(upstream_server_id="notes"))
    assert story.names() == []


def registered(client_id: str, by: str, name: str = "editor") -> McpAuthClientRegistered:
    return McpAuthClientRegistered(
        client_id=ClientId(client_id),
        transaction_id=TRANSACTION,
        client_name=name,
        registered_by=by,
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
    )


def test_a_configured_client_that_registers_anyway() -> None:
    story = Story().tell(registered("editor", "configured")).tell(registered("dcr:1", "dcr"))
    found = story.said()
    assert [(each.id, each.expected) for each in found] == [("REG-04", "editor")]

    other = Story().tell(registered("dcr:1", "dcr"))
    assert other.names() == []


def test_a_client_that_cannot_forget() -> None:
    story = Story()
    story.flow.client_name = "mcp-remote"
    for _ in range(3):
        story.ask("GET", AUTHORIZE, 400, reason_code="client_expired")
    found = {each.id: each for each in story.said()}

    assert "rm -rf ~/.mcp-auth" in found["REVK-03"].fix


def test_what_was_registered_is_refused() -> None:
    story = Story().tell(registered("dcr:1", "dcr"))
    story.ask("GET", AUTHORIZE, 400, reason_code="redirect_uri_mismatch")

    assert "REG-06" in story.names()


def test_a_callback_on_the_gateways_own_port() -> None:
    story = Story()
    story.ask("GET", "/oauth/authorize?redirect_uri=http://localhost:9000/callback", 303)
    assert story.names() == ["PORT-05"]

    fine = Story()
    fine.ask("GET", AUTHORIZE, 303)
    assert fine.names() == []


def test_a_client_without_a_resource_where_one_is_needed() -> None:
    story = Story()
    story.ask("GET", AUTHORIZE, 400, reason_code="resource_missing")

    assert "TOK-02" in story.names()


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        (CALLBACK, ["PORT-02", "SESS-05"]),
        ("http://localhost:3334/cb", ["PORT-02", "HOST-03", "SESS-05"]),
        ("cursor://anysphere.cursor-mcp/oauth/callback", ["RURI-06"]),
        ("https://vscode.dev/redirect", ["RURI-11"]),
    ],
)
def test_a_code_that_stays_where_it_was_sent(uri: str, names: list[str]) -> None:
    story = Story()
    story.flow.redirect_uri = uri
    story.ask("POST", "/oauth/setup", 303)
    story.reach(Milestone.CODE_SENT)
    assert story.wait(29).names() == []

    assert story.wait(2).names() == names
    assert story.reach(Milestone.TOKEN_ISSUED).names() == []


def test_a_flow_that_is_done_is_suspected_of_nothing() -> None:
    story = Story()
    story.reach(Milestone.CODE_SENT, FlowState.DONE)

    assert story.wait(600).names() == []

    other = Story()
    login(other, 9, "ada@example.com")
    login(other, 0.2, "bob@example.com")
    assert other.reach(Milestone.MCP_ACCEPTED, FlowState.DONE).names() == []


def test_a_token_answer_of_the_wrong_shape() -> None:
    story = Story()
    story.ask("POST", "/oauth/token", 200, {"access_token": "x", "token_type": "Bearer", "expires_in": "900"})
    found = story.said()

    assert [each.id for each in found] == ["TOK-08"]
    assert "expires_in is str" in found[0].cause


def test_an_issuer_that_follows_a_forwarded_header() -> None:
    story = Story()
    story.ask("GET", ASM, 200, SERVER)
    story.ask(
        "GET", ASM, 200, SERVER | {"issuer": "https://evil.example/mcp/x"}, sent={"x-forwarded-host": "evil.example"}
    )

    assert "HOST-04" in story.names()


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

    story.ask("POST", "/mcp/x", 401, got=CHALLENGE, sent={"authorization": "Bearer x"}, reason_code="token_expired")
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
    for number in range(3):
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
