"""Rules about the browser's way and about clients, on recorded shapes; each with a twin that stays silent."""

import pytest

from devgw.events.flow import FlowState, Milestone
from devgw.events.taxonomy import (
    McpAuthConsentShown,
)
from devgw.problems.authorization import RedirectUriMismatch, ResourceMissing
from devgw.problems.client_id import ClientExpired
from tests.diagnosis.made import ASM, MCP, NOON, ORIGIN, SERVER, Story
from tests.diagnosis.told import AUTHORIZE, CALLBACK, CLIENT, TRANSACTION, begun, login, registered


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
        story.ask("GET", AUTHORIZE, 400, problem=ClientExpired("dcr:1", NOON))
    found = {each.id: each for each in story.said()}

    assert "rm -rf ~/.mcp-auth" in found["REVK-03"].fix


def test_what_was_registered_is_refused() -> None:
    story = Story().tell(registered("dcr:1", "dcr"))
    story.ask("GET", AUTHORIZE, 400, problem=RedirectUriMismatch("dcr:1", CALLBACK, (CALLBACK,), CALLBACK, ""))

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
    story.ask("GET", AUTHORIZE, 400, problem=ResourceMissing(()))

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


def test_an_issuer_that_follows_a_forwarded_header() -> None:
    story = Story()
    story.ask("GET", ASM, 200, SERVER)
    story.ask(
        "GET", ASM, 200, SERVER | {"issuer": "https://evil.example/mcp/x"}, sent={"x-forwarded-host": "evil.example"}
    )

    assert "HOST-04" in story.names()
