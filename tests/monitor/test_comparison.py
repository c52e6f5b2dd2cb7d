"""Two flows beside each other: what can be the reason stands first, what is another in every attempt not at all."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from devgw.monitor.comparison import compare_flows, last_good
from devgw.monitor.details import BodyView, DiagnosisView, FailureView, FlowDetail, HeaderView, TraceDetail
from devgw.monitor.recorded_flow import FORMAT, RecordedFlow, RunView
from devgw.monitor.rows import FlowRow, TraceRow

RUN = RunView("r-1", 1_795_000_000.0, "0.1.0")
FORM = "application/x-www-form-urlencoded"
CALLBACK = "http://127.0.0.1:3000/callback"
RESOURCE = "http://localhost:9000/mcp/calc"


def asked(number: int, method: str, path: str, status: int = 200, kind: str = "", **headers: str) -> TraceDetail:
    row = TraceRow(f"{number:08x}", 1_795_000_000.0 + number, method, path, status, kind=kind)
    return TraceDetail(
        row, request_headers=[HeaderView(name.replace("_", "-"), value) for name, value in headers.items()]
    )


def authorize(number: int, status: int = 302, **parameters: str) -> TraceDetail:
    usual = {"client_id": f"dcr:{number}", "redirect_uri": CALLBACK, "resource": RESOURCE, "state": f"s{number}"}
    usual |= {"code_challenge": f"c{number}", "code_challenge_method": "S256"}
    told = {name: value for name, value in (usual | parameters).items() if value}
    return asked(number, "GET", f"/oauth/authorize?{urlencode(told)}", status)


def token(number: int, status: int = 200, **fields: str) -> TraceDetail:
    usual = {"grant_type": "authorization_code", "code": "…#12ab", "redirect_uri": CALLBACK}
    told = {name: value for name, value in (usual | fields).items() if value}
    body = BodyView("&".join(f"{name}={value}" for name, value in told.items()), 100, FORM)
    return replace(asked(number, "POST", "/oauth/token", status), request_body=body)


def called(number: int, status: int = 200, **headers: str) -> TraceDetail:
    trace = asked(number, "POST", "/mcp/calc", status, kind="mcp", authorization="Bearer at_…#12ab", **headers)
    trace.row.mcp_method = "tools/call"
    return trace


def flow(name: str, *exchanges: TraceDetail, state: str = "failed") -> RecordedFlow:
    row = FlowRow(name, state, RUN.started, "##X......", "authorize", client="Acme")
    return RecordedFlow(FORMAT, RUN, FlowDetail(row), list(exchanges))


def good() -> RecordedFlow:
    return flow("f-good", authorize(1), token(2), called(3), state="done")


def told(this: RecordedFlow, other: RecordedFlow | None = None) -> list[str]:
    """Return the sentences of what matters, in their order."""
    return [each.sentence for each in compare_flows(this, other or good()).differences if each.matters]


def test_two_attempts_that_went_alike_do_not_differ_although_each_has_its_own_codes_and_secrets() -> None:
    this = flow("f-this", authorize(11), token(12, code="…#ffff"), called(13), state="done")

    assert told(this) == []
    assert "Nothing that matters differs" in compare_flows(this, good()).report
    assert compare_flows(this, good()).alike == 3


def test_what_the_good_one_sent_and_this_one_does_not_stands_on_top() -> None:
    compared = compare_flows(flow("f-this", authorize(11, 400, resource="")), good())

    assert compared.differences[0].sentence == "The good one sent `resource`, this one does not."
    assert compared.differences[0].expected == RESOURCE
    assert compared.differences[0].step == "authorize"
    assert compared.went_on == ["POST /oauth/token", "POST /mcp/calc tools/call"]
    assert compared.report.index("`resource`") < compared.report.index("was answered 400")


@pytest.mark.parametrize("name", ["state", "code_challenge", "client_id"])
def test_that_something_is_missing_which_is_another_in_each_attempt_is_told(name: str) -> None:
    assert (
        told(flow("f-this", authorize(11, 400, **{name: ""})))[0] == f"The good one sent `{name}`, this one does not."
    )


def test_a_value_is_compared_to_the_character() -> None:
    this = flow("f-this", authorize(11, 400, redirect_uri=f"{CALLBACK}s"))
    (first, *_) = compare_flows(this, good()).differences

    assert first.place == "`redirect_uri` of GET /oauth/authorize"
    assert first.got == f"{CALLBACK}s"
    assert first.got_marks.index("^") == len(CALLBACK)
    assert "callbacks" in first.sentence


def test_what_a_diagnosis_is_about_comes_before_what_was_sent_earlier() -> None:
    this = flow("f-this", authorize(11, prompt="login"), token(12, 400, redirect_uri=f"{CALLBACK}/"))
    assert told(this)[0] == "This one sent `prompt`, the good one does not."

    this.flow.diagnoses = [DiagnosisView("TOK-01", "t", "c", "f", got=f"{CALLBACK}/", trace_ids=["0000000c"])]
    assert "slash" in told(this)[0]


def test_what_the_request_said_that_failed_comes_before_what_was_sent_earlier() -> None:
    this = flow("f-this", authorize(11, prompt="login"), token(12, 400, resource="http://localhost:9000/mcp/x"))
    this.flow.failure = FailureView("token", "invalid_target", trace_id="0000000c")

    assert told(this)[0] == "This one sent `resource`, the good one does not."


def test_of_what_the_request_said_that_failed_the_one_comes_first_of_which_the_failure_speaks() -> None:
    this = flow("f-this", authorize(11, 302, state="", resource=""))
    this.flow.failure = FailureView("authorize", "x", "`resource` is missing.", "Send resource.", trace_id="0000000b")

    assert told(this)[:2] == [
        "The good one sent `resource`, this one does not.",
        "The good one sent `state`, this one does not.",
    ]


def test_ports_of_this_machine_are_of_no_weight_unless_a_diagnosis_names_them() -> None:
    moved = CALLBACK.replace("3000", "4111")
    this = flow("f-this", authorize(11, redirect_uri=moved), token(12, redirect_uri=moved), called(13))
    compared = compare_flows(this, good())
    assert [each.matters for each in compared.differences] == [False, False]
    assert "of no weight" in compared.report

    this.flow.diagnoses = [DiagnosisView("RURI-01", "t", "c", "f", got=moved)]
    assert "port 4111" in told(this)[0]


def test_a_port_of_another_machine_matters() -> None:
    this = flow("f-this", authorize(11, resource="https://mcp.example:8443/x"))
    other = flow("f-good", authorize(1, resource="https://mcp.example/x"), state="done")

    assert "port 8443" in told(this, other)[0]


def test_a_request_that_only_one_of_them_made_is_told_and_what_came_after_the_end_is_not() -> None:
    metadata = asked(10, "GET", "/.well-known/oauth-protected-resource/mcp/calc")
    other = flow(
        "f-good",
        asked(1, "GET", "/.well-known/oauth-protected-resource/mcp/calc"),
        authorize(2),
        token(3),
        state="done",
    )

    missing = "The good one asked GET /.well-known/oauth-protected-resource/mcp/calc, this one did not."
    assert told(flow("f-this", authorize(11, 400)), other)[0] == missing
    assert told(flow("f-this", metadata, authorize(11)))[0].startswith("This one asked GET /.well-known/")
    assert not any("/oauth/token" in each for each in told(flow("f-this", authorize(11, 400)), other))


def test_more_calls_of_one_that_arrived_are_of_no_weight() -> None:
    assert told(flow("f-this", authorize(11), token(12), called(13), called(14), state="done")) == []


def test_a_cookie_that_did_not_come_is_told_by_its_name() -> None:
    this = flow("f-this", asked(11, "GET", "/oauth/callback", 400))
    other = flow("f-good", asked(1, "GET", "/oauth/callback", 303, cookie="devgw_login=…#12ab; x=…#34cd"), state="done")
    first = compare_flows(this, other).differences[0]

    assert first.sentence == "The good one sent the header `cookie`, this one does not."
    assert first.expected == "devgw_login x"


def test_members_of_documents_are_compared_by_name() -> None:
    def metadata(number: int, issuer: str) -> TraceDetail:
        text = f'{{"issuer": "{issuer}", "scopes_supported": ["a", "b"], "deep": {{"x": 1}}}}'
        body = BodyView(text, 10, "application/json")
        return replace(asked(number, "GET", "/.well-known/oauth-authorization-server"), response_body=body)

    (said,) = told(flow("f-this", metadata(11, "http://h/")), flow("f-good", metadata(1, "http://h"), state="done"))
    assert "slash" in said


def test_between_two_that_failed_neither_is_called_good() -> None:
    this, other = flow("f-this", authorize(11, prompt="x")), flow("f-other", authorize(1))
    assert told(this, other) == ["This one sent `prompt`, the other one does not."]


def test_where_no_request_is_kept_nothing_is_said_to_be_alike() -> None:
    report = compare_flows(flow("f-this"), good()).report

    assert "None of the requests of f-this is kept" in report
    assert "Nothing that matters" not in report


def test_no_answer_of_a_tool_is_compared() -> None:
    this = flow("f-this", replace(called(1), response_body=BodyView('{"result": 1}', 9)), state="done")
    assert (
        told(this, flow("f-good", replace(called(2), response_body=BodyView('{"result": 2}', 9)), state="done")) == []
    )


def row(name: str, state: str = "done", started: float = 1.0, **facts: str) -> FlowRow:
    return FlowRow(name, state, started, "#########", "mcp", **{"client": "Acme", **facts})  # type: ignore[arg-type]


def test_the_last_good_one_is_of_the_same_client_and_route_and_the_newest() -> None:
    this = row("f-this", "failed", 9.0, client_id="dcr:1", operation_id="calc")
    rows = [
        row("f-1", started=1.0, client_id="dcr:1", operation_id="calc"),
        row("f-2", started=2.0, client_id="dcr:1", operation_id="calc"),
        row("f-3", started=3.0, client_id="dcr:1", operation_id="notes"),
        row("f-4", started=4.0, client="Other", operation_id="calc"),
        row("f-5", "failed", 5.0, client_id="dcr:1", operation_id="calc"),
        this,
    ]
    assert getattr(last_good(rows, this), "id", "") == "f-2"
    assert getattr(last_good([row("f-6", client_id="dcr:9")], this), "id", "") == "f-6", "registered anew"
    assert last_good(rows[3:], this) is None
    assert last_good([row("f-7", client="?")], row("f-8", "failed", client="?")) is None, "nobody knows who that is"
