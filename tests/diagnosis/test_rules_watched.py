"""Rules about a server that is only watched, on recorded shapes: what was asked and what came after is looked at."""

from typing import Any

import pytest

from devgw.diagnosis import SeenFlow
from devgw.diagnosis.rules.watched_steps import RULES
from devgw.events.flow import Diagnosis
from tests.diagnosis.made import MCP, Story

TOKENS: dict[str, Any] = {"access_token": "at", "token_type": "Bearer"}
RESULT: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "result": {}}
USELESS = [{"expires_in": 0}, {"expires_in": -(10**400)}, {"expires_in": "never"}, {"access_token": "a b"}]
BACK = "http://localhost:33418/callback"


def said(story: Story, seconds: float = 5) -> list[Diagnosis]:
    """Return what the rules say of the steps once the client has been silent for so long."""
    story.wait(seconds)
    view = SeenFlow.of(story.flow, story.traces, story.around)
    return [each for rule in RULES for each in rule.ask(view, story.now)]


def given(members: dict[str, Any]) -> Story:
    """Return a flow that got tokens."""
    story = Story()
    story.ask("POST", "/token", 200, TOKENS | members, asked="token")
    return story


@pytest.mark.parametrize("members", USELESS)
def test_tokens_of_no_use_are_told_where_no_call_came_with_them(members: dict[str, Any]) -> None:
    (found,) = said(given(members))
    assert (found.id, found.gone_when) == ("TOK-08", "a call of the client's is answered")


@pytest.mark.parametrize("members", USELESS)
def test_tokens_with_which_a_call_was_answered_are_of_use(members: dict[str, Any]) -> None:
    story = given(members)
    story.ask("POST", "/mcp/x", 200, RESULT, sent={"authorization": "Bearer at"})
    assert said(story) == []


@pytest.mark.parametrize("members", USELESS)
def test_tokens_that_are_refused_are_told_at_once(members: dict[str, Any]) -> None:
    story = given(members)
    story.ask("POST", "/mcp/x", 401, sent={"authorization": "Bearer at"})
    assert [each.id for each in said(story, 0)] == ["TOK-08"]


@pytest.mark.parametrize("members", USELESS)
def test_a_client_that_may_still_call_is_waited_for(members: dict[str, Any]) -> None:
    assert said(given(members), 1) == []


@pytest.mark.parametrize("lives", [10**400, 1, 0.5, "3600", "1" * 400])
def test_a_lifetime_to_come_is_not_talked_about(lives: Any) -> None:
    assert said(given({"expires_in": lives})) == []


@pytest.mark.parametrize(
    ("state", "names"), [("&state=s1", ["SESS-11"]), ("", []), ("&state=", []), ("&state=s1%20", ["SESS-11"])]
)
def test_a_state_is_lost_only_where_the_client_sent_one(state: str, names: list[str]) -> None:
    at_once, by_callback = Story(), Story()
    asked = f"/authorize?client_id=c&redirect_uri={BACK}{state}"
    at_once.ask("GET", asked, 302, got={"location": f"{BACK}?code=c"}, asked="authorize")
    by_callback.ask("GET", asked, 302, got={"location": f"{MCP}/login"}, asked="authorize")
    by_callback.ask("GET", "/__devgw/callback?code=c", 302, asked="callback")
    assert [each.id for each in said(at_once)] == names
    assert [each.id for each in said(by_callback)] == names


def test_a_later_login_without_a_state_says_nothing_of_the_one_before() -> None:
    story = Story()
    story.ask("GET", f"/authorize?client_id=c&redirect_uri={BACK}&state=s1", 200, asked="authorize")
    story.ask("GET", "/__devgw/callback?code=c", 302, asked="callback")
    story.ask("GET", f"/authorize?client_id=c&redirect_uri={BACK}", 200, asked="authorize")
    assert [each.id for each in said(story)] == ["SESS-11"]
