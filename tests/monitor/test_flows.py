"""Each client is followed on its way, from its first 401 to its first call (house.md §4, ux.md §8)."""

from datetime import timedelta
from typing import Any

import pytest

from devgw.events.flow import Diagnosis, Flow, FlowState, Lane, Milestone, Step
from devgw.events.taxonomy import DiagnosisMade, DiagnosisWithdrawn
from devgw.events.trace import CLIENT_LEFT
from devgw.ids import TransactionId
from devgw.monitor import flow_view
from devgw.monitor.judging import Judgement
from devgw.monitor.rows import FlowRow
from devgw.problems import Problem
from devgw.problems.login import LoginCookieMissing, StateUnknown
from devgw.problems.provider_reach import ProviderUnreachable
from devgw.problems.provider_refusal import ProviderRefused
from tests.monitor.walk import CLIENT, GRANT, Walk
from tests.support.heard import Heard


def flows(walk: Walk) -> list[Flow]:
    return list(walk.monitor.flow_book.flows)


def only(walk: Walk) -> Flow:
    (flow,) = flows(walk)
    return flow


def row(walk: Walk) -> FlowRow:
    return flow_view.row_of(only(walk))


STEPS: list[tuple[str, str, Milestone]] = [
    ("challenged", ">........", Milestone.MCP_401),
    ("resource_metadata", ">........", Milestone.RESOURCE_METADATA),
    ("server_metadata", "#........", Milestone.SERVER_METADATA),
    ("registered", "##.......", Milestone.REGISTERED),
    ("authorized", "###>.....", Milestone.SENT_TO_IDP),
    ("signed_in", "#####....", Milestone.SIGNED_IN),
    ("consent_shown", "#####>...", Milestone.CONSENT_SHOWN),
    ("consent_given", "#######..", Milestone.CODE_SENT),
    ("redeemed", "########.", Milestone.TOKEN_ISSUED),
    ("called", "#########", Milestone.MCP_ACCEPTED),
]


def test_every_step_shows_how_far_the_client_came() -> None:
    walk = Walk()
    for step, track, seen in STEPS:
        getattr(walk, step)()
        assert (step, only(walk).track, only(walk).last_seen) == (step, track, seen)
    flow = only(walk)
    assert flow.state is FlowState.DONE
    assert (flow.client_id, flow.grant_id, flow.client_name) == (CLIENT, GRANT, "Claude Code")
    assert not flow.guessed


def test_a_call_whose_client_left_before_it_was_answered_is_no_arrival() -> None:
    walk = Walk()
    for step, _, _ in STEPS[:-1]:
        getattr(walk, step)()
    walk.called(status=CLIENT_LEFT)
    assert (only(walk).track, only(walk).state) == ("########>", FlowState.ACTIVE)
    walk.called()
    assert only(walk).state is FlowState.DONE


def test_the_ladder_has_each_message_once_and_in_order() -> None:
    walk = Walk()
    walk.all_the_way()
    messages = only(walk).messages
    assert [each.number for each in messages] == list(range(1, len(messages) + 1))
    assert [each.at for each in messages] == sorted(each.at for each in messages)
    told = [(str(each.sender), str(each.receiver), each.label) for each in messages]
    assert told[0] == ("client", "gateway", "POST /mcp/calc initialize")
    assert ("browser", "idp", "GET /user_management/authorize") in told
    assert told.index(("idp", "browser", "302 back with a code")) + 1 == told.index(
        ("browser", "gateway", "GET /oauth/callback")
    )
    assert {each.trace_id for each in messages if each.receiver is Lane.UPSTREAM} == set(only(walk).trace_ids[-3:])


def test_a_refused_registration_fails_the_flow_and_a_second_try_mends_it() -> None:
    walk = Walk()
    walk.challenged()
    walk.server_metadata()
    trace = walk.registration_refused()
    refused = row(walk)
    assert (refused.state, refused.track, refused.reason_code) == ("failed", "#X.......", "redirect_uri_refused")
    assert refused.why == "http to a host that is not loopback."
    assert [each.label for each in only(walk).messages if each.failed] == ["POST /oauth/register"]
    failure = flow_view.detail_of(only(walk), []).failure
    assert failure is not None
    assert failure.trace_id == trace.id
    walk.registered()
    mended = row(walk)
    assert (mended.state, mended.track, mended.reason_code) == ("active", "##.......", "")


@pytest.mark.parametrize(
    ("problem", "track", "step", "seen"),
    [
        (StateUnknown(), "####X....", Step.CALLBACK, Milestone.CALLBACK_REFUSED),
        (LoginCookieMissing("a", "b"), "####X....", Step.CALLBACK, Milestone.CALLBACK_REFUSED),
        (ProviderUnreachable("https://idp.example/token", "refused"), "####X....", Step.CALLBACK, Milestone.IDP_FAILED),
        (ProviderRefused("access_denied", ""), "###X.....", Step.LOGIN, Milestone.IDP_FAILED),
    ],
)
def test_a_failed_sign_in_stops_where_it_failed(problem: Problem, track: str, step: Step, seen: Milestone) -> None:
    walk = Walk()
    for each in ("challenged", "server_metadata", "registered", "authorized"):
        getattr(walk, each)()
    walk.login_failed(problem)
    flow = only(walk)
    assert (flow.track, flow.step, flow.last_seen) == (track, step, seen)


def test_a_silent_refresh_is_a_message_of_its_grant_and_no_new_flow() -> None:
    walk = Walk()
    walk.all_the_way()
    walk.wait(900)
    walk.refused()
    assert only(walk).needs_attention
    assert row(walk).why == "401 token expired"
    walk.resource_metadata()
    walk.server_metadata()
    walk.refreshed()
    assert only(walk).last_words == "401 then refreshed"
    assert "200 new tokens" in [each.label for each in only(walk).messages]
    walk.called(token="at:2")
    assert not only(walk).needs_attention
    assert only(walk).track == "#########"


def test_signing_in_again_after_a_revocation_is_a_new_flow_that_begins_with_the_refusal() -> None:
    walk = Walk()
    walk.all_the_way()
    walk.refused("token_revoked")
    walk.resource_metadata()
    walk.server_metadata()
    walk.authorized(TransactionId("t-2"))
    first, second = flows(walk)
    assert (first.state, first.needs_attention) == (FlowState.DONE, False)
    assert first.last_words == f"401 token revoked, then signed in again as {second.id}"
    assert (second.track, second.client_id, second.transaction_id) == ("#-#>.....", CLIENT, "t-2")
    assert second.messages[0].label == "401 token expired".replace("expired", "revoked")


def test_a_client_that_was_forgotten_and_registers_again_goes_on_in_its_flow() -> None:
    walk = Walk(peer="127.0.0.1:40001")  # over its socket, which alone says that it is the same
    walk.challenged()
    walk.unknown()
    assert (row(walk).track, row(walk).reason_code, row(walk).client_id) == ("#-X......", "client_unknown", "dcr:gone")
    walk.registered()
    walk.authorized()
    assert (row(walk).track, row(walk).state, row(walk).client_id) == ("###>.....", "active", CLIENT)


def test_two_clients_at_the_same_time_are_two_flows() -> None:
    walk = Walk()
    walk.challenged()
    walk.agent = "cursor/1.0"
    walk.challenged()
    walk.resource_metadata()
    walk.agent = "claude-code/2.0"
    walk.server_metadata()
    one, other = flows(walk)
    assert (one.user_agent, one.last_seen) == ("claude-code/2.0", Milestone.SERVER_METADATA)
    assert (other.user_agent, other.last_seen) == ("cursor/1.0", Milestone.RESOURCE_METADATA)


def test_a_client_that_registers_under_another_user_agent_is_guessed_and_marked() -> None:
    walk = Walk()
    walk.challenged()
    walk.agent = "node"
    walk.registered()
    assert only(walk).guessed
    assert [each.guessed for each in only(walk).messages] == [False, False, True, True]


def test_a_client_that_has_a_token_already_skips_the_way() -> None:
    walk = Walk()
    walk.peer = "127.0.0.1:50001"
    walk.challenged()
    walk.called("initialize", None)
    assert only(walk).state is FlowState.DONE
    assert only(walk).track == "#-------#"


def test_a_client_that_shows_an_old_token_and_then_a_good_one_over_its_socket_has_arrived() -> None:
    """Its pool may open a socket for the call that is refused: nothing else says then whose the first was."""
    walk = Walk()
    walk.peer = "127.0.0.1:50001"
    walk.refused("token_unknown")
    assert only(walk).state is FlowState.ACTIVE
    walk.called("initialize", None)
    assert only(walk).state is FlowState.DONE


def test_another_programs_call_does_not_let_a_row_arrive_however_alike_it_is() -> None:
    walk = Walk()
    walk.peer = "127.0.0.1:50001"
    walk.challenged()
    walk.peer = "127.0.0.1:50002"
    walk.called("initialize", None)
    assert only(walk).state is FlowState.ACTIVE


def test_a_client_that_says_nothing_more_has_given_up_and_may_come_back() -> None:
    walk = Walk()
    walk.challenged()
    walk.wait(60)
    walk.monitor.tick()
    assert only(walk).state is FlowState.ACTIVE
    walk.wait(60)
    walk.monitor.tick()
    assert only(walk).state is FlowState.ABANDONED


def test_a_person_at_the_sign_in_page_has_a_quarter_of_an_hour() -> None:
    walk = Walk()
    for each in ("challenged", "server_metadata", "registered", "authorized"):
        getattr(walk, each)()
    walk.wait(600)
    walk.monitor.tick()
    assert (only(walk).state, row(walk).waiting_for) == (FlowState.ACTIVE, "browser")
    walk.signed_in()
    assert only(walk).track == "#####...."


def test_calls_after_the_first_do_not_grow_a_flow() -> None:
    walk = Walk()
    walk.all_the_way()
    told = len(only(walk).messages)
    for _ in range(500):
        trace = walk.called()
    assert len(only(walk).messages) == told
    assert walk.monitor.flow_of(trace.id) == only(walk).id


def test_a_flow_of_many_refusals_stays_within_bounds() -> None:
    walk = Walk()
    for _ in range(500):
        walk.challenged()
    assert len(only(walk).messages) <= 202
    assert len(only(walk).trace_ids) == 400


def test_a_client_that_discovers_without_a_user_agent_is_no_guess_while_it_is_the_only_one() -> None:
    walk = Walk()
    walk.challenged()
    walk.agent = ""
    walk.server_metadata()
    walk.registered()
    assert (only(walk).track, only(walk).guessed) == ("##.......", False)
    walk.agent = "other/1"
    walk.challenged()
    walk.agent = "third/1"
    walk.challenged()
    walk.agent = ""
    walk.resource_metadata()
    assert [flow.guessed for flow in flows(walk)] == [False, False, True]


def test_a_refused_refresh_is_a_failed_message_and_wants_attention() -> None:
    walk = Walk()
    walk.all_the_way()
    walk.refresh_refused()
    flow = only(walk)
    assert (flow.state, flow.needs_attention, "the whole grant is revoked" in flow.last_words) == (
        FlowState.DONE,
        True,
        True,
    )
    assert [each.label for each in flow.messages if each.failed] == ["POST /oauth/token refresh"]


def test_a_report_tells_the_whole_story_in_markdown() -> None:
    walk = Walk()
    walk.challenged()
    walk.registration_refused()
    report = flow_view.detail_of(only(walk), []).report
    assert "failed at register" in report
    assert "**Stopped at register: redirect_uri_refused.** http to a host that is not loopback." in report
    assert "- fix: Use https." in report
    assert "  3" in report


class Suspicious:
    """Suspects a client that was challenged and says nothing, until it goes on."""

    def judge(self, flow: Flow, traces: Any, now: Any) -> Judgement:
        yield
        silent = now - (flow.last_at or flow.started_at) >= timedelta(seconds=5)
        assert [trace.id for trace in traces] == flow.trace_ids
        if flow.last_seen is Milestone.MCP_401 and silent:
            return [Diagnosis("BEAR-01", "No challenge", "It did not see it.", "Look at it.", certain=False)]
        return []

    def judge_gateway(self, now: Any) -> Judgement:
        del now
        yield
        return []


def test_an_absence_is_named_though_the_clock_was_set_back() -> None:
    walk = Walk()
    walk.monitor.take_diagnoser(Suspicious())
    walk.wait(2)
    walk.monitor.tick()
    walk.wait(-3_600)
    walk.challenged()
    walk.monitor.tick()
    walk.wait(6)
    walk.monitor.tick()
    assert [each.id for each in only(walk).diagnoses] == ["BEAR-01"]


def test_an_absence_is_named_when_its_time_comes_and_taken_back_when_the_client_goes_on() -> None:
    walk = Walk()
    heard = Heard(walk.bus)
    walk.monitor.take_diagnoser(Suspicious())
    walk.challenged()
    walk.monitor.tick()
    assert only(walk).diagnoses == ()
    walk.wait(6)
    walk.monitor.tick()
    assert [each.id for each in only(walk).diagnoses] == ["BEAR-01"]
    walk.resource_metadata()
    walk.monitor.tick()
    assert only(walk).diagnoses == ()
    news = [each for each in heard.events if isinstance(each, DiagnosisMade | DiagnosisWithdrawn)]
    assert [type(each) for each in news] == [DiagnosisMade, DiagnosisWithdrawn]
    (diagnosis,) = walk.monitor.diagnoses.book
    assert (diagnosis.state, diagnosis.count, diagnosis.severity) == ("withdrawn", 1, "warning")
