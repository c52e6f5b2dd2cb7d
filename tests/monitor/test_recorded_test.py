"""A flow as a test: whatever stands in a foreign file, it is a literal in the source and never code."""

import ast
import json
from dataclasses import replace

import pytest

from devgw.monitor.details import BodyView, HeaderView
from devgw.monitor.flow_file import read_recording
from devgw.monitor.recorded_test import write_test
from tests.monitor.test_comparison import authorize, called, flow, token
from tests.monitor.test_flow_file import values

EVIL = [
    '"""\nimport os; os.system("touch /tmp/x")\n"""',
    "');import os#",
    "\\",
    "{x}",
    "{attempt.access_token}",
    "a\nb",
    "\u2028import os",
    "é\u202e",
    "",
]


def names_in(source: str) -> set[str]:
    """Return every name, attribute and module that a source speaks of."""
    nodes = [*ast.walk(ast.parse(source))]
    found = {each.id for each in nodes if isinstance(each, ast.Name)}
    found |= {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    return found | {each.module or "" for each in nodes if isinstance(each, ast.ImportFrom)}


KNOWN = {
    *("attempt", "recorded_attempt", "devgw.testing", "ask", "says", "sign_in", "register", "url", "client_id"),
    *("state", "challenge", "verifier", "code", "access_token", "refresh_token", "client_secret", "None"),
}


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_nothing_of_a_foreign_file_becomes_code(evil: str) -> None:
    told = values()
    told["flow"]["row"] |= {"client": evil, "state": evil, "step": evil, "diagnoses": [evil], "client_id": evil}
    told["flow"]["redirect_uri"] = evil
    for each in told["exchanges"]:
        each["row"]["method"] = evil
        each["row"]["path"] += f"&x={evil}&{evil}=1"
        each["url"] = f"http://localhost:9000/{evil}"
        each["request_headers"] = [{"name": "accept", "value": evil}, {"name": evil, "value": evil}]
        each["request_body"] = {"text": json.dumps({evil: [evil, {evil: None}]}), "media_type": "application/json"}
        each["response_body"] = {"text": json.dumps({"error": evil})}
    source = write_test(read_recording(json.dumps(told).encode()))

    assert names_in(source) <= KNOWN
    assert [each.name[:5] for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)] == ["test_"]
    assert "\u202e" not in source


def test_the_clients_requests_are_asked_with_what_is_the_attempts_own_made_anew() -> None:
    source = write_test(flow("f-good", authorize(1), token(2), called(3), state="done"))

    assert source.index("attempt.register(") < source.index('"/oauth/authorize"') < source.index("attempt.sign_in()")
    assert source.index("attempt.sign_in()") < source.index('"/oauth/token"') < source.index('"/mcp/calc"')
    assert '"code_challenge": attempt.challenge,' in source
    assert '"code": attempt.code,' in source
    assert '"authorization": f"Bearer {attempt.access_token}",' in source
    assert ").says(302)" in source


def test_an_error_is_wanted_where_one_was_recorded() -> None:
    answered = replace(token(2, 400), response_body=BodyView('{"error": "invalid_grant"}', 9, "application/json"))
    sent = replace(authorize(1), response_headers=[HeaderView("location", "http://h/cb?error=invalid_target&state=x")])

    assert '.says(400, "invalid_grant")' in write_test(flow("f-this", authorize(1), answered))
    assert '.says(302, "invalid_target")' in write_test(flow("f-this", sent))


def test_a_secret_that_was_not_kept_is_marked() -> None:
    source = write_test(flow("f-this", token(1, 400, client_assertion="eyJ…#12ab")))

    (line,) = [each for each in source.splitlines() if "client_assertion" in each]
    assert line.endswith("# a secret that was not kept")


@pytest.mark.parametrize("url", ["http://[", "http://[::1", "//[x]y/", "http://a]b/", "", "x://", "http://h:port/"])
def test_a_url_that_is_none_is_written_down_as_it_stands(url: str) -> None:
    sent = replace(authorize(1, redirect_uri=url or "-"), url=url, response_headers=[HeaderView("location", url)])

    source = write_test(flow("f-this", sent, replace(called(3), url=f"{url}/mcp/calc")))

    assert names_in(source) <= KNOWN
    assert ").says(302)" in source


def test_an_error_is_wanted_wherever_it_was_sent() -> None:
    for there in ("cursor://x/cb?error=access_denied&code=1", "http://h/cb?error=access_denied#here"):
        sent = replace(authorize(1), response_headers=[HeaderView("location", there)])
        assert '.says(302, "access_denied")' in write_test(flow("f-this", sent))


def test_what_happened_in_the_browser_is_said_to_be_missing() -> None:
    this = flow("f-this", authorize(1))
    this.flow.row.step = "callback"

    assert "# It ended at callback, in the browser" in write_test(this)
