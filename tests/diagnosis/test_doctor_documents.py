"""What the doctor says of a document says no more than the document: what is there, whose it is, who keeps it back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Verdict
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.third_party import METADATA, NOTHING, RESOURCE, go, named
from tests.outbound.upstream import running_upstream
from tests.support.kept import until
from tests.watched.bench import Watching, watching

JSON, TEXT = ({"content-type": each} for each in ("application/json", "text/plain"))


def answers(path: str, status: int, headers: dict[str, str], body: Any = b"") -> Any:
    return lambda upstream: upstream.answers.update({path: (status, headers, body)})


@pytest.mark.parametrize(
    ("inject", "name", "saw", "todo"),
    [
        (answers(METADATA, 200, JSON, b"{}"), "DISC-05", "and that is an empty object", "or with 404"),
        (answers(METADATA, 200, JSON, b'{"issuer":' + b"[" * 200 + b"]" * 200 + b"}"), "LIMIT-05",
         "more than 64 deep", "Answer with JSON that is 64 levels deep at most"),
        (answers(RESOURCE, 200, JSON, b'{"a":' * 70 + b"1" + b"}" * 70), "LIMIT-05", "64 deep", "64 levels deep"),
        (answers(METADATA, 200, JSON, b'{"a":1,"a":2}'), "DISC-05", "stands twice", "each member of an object once"),
        (answers(METADATA, 200, JSON, b'{"a":'), "DISC-05", "it is no JSON", "Answer with the document as JSON"),
        (lambda one: one.server_metadata.update(token_endpoint=["x"]), "DISC-11",
         'its `token_endpoint` is ["x"], and no string', "Publish `token_endpoint`"),
        (lambda one: one.resource_metadata.update(resource=["y"]), "AUD-01",
         'its `resource` is ["y"], and no string', "Write `resource`"),
        (lambda one: one.server_metadata.update(issuer=7), "DISC-11", "its `issuer` is 7, and no string", "Write"),
        (answers(RESOURCE, 401, {"www-authenticate": "Bearer"}), "DISC-17", "which is refused (401",
         "Let everybody read http"),
        (answers(RESOURCE, 429, {"retry-after": "5"}), "PROXY-17", "429", "as often as they come"),
        (answers(METADATA, 429, {"retry-after": "5"}), "UPST-13", "429", "as often as they come"),
        (answers(RESOURCE, 302, {"location": "/oauth2/start?rd=x"}), "DISC-05", "a login page", "past that login"),
        (lambda one: one.server_metadata.update(token_endpoint="/token"), "UPST-10", "is not used",
         "Write an absolute URL"),
        (lambda one: one.server_metadata.update(authorization_endpoint=f"{one.origin}/authorize#x"), "UPST-10",
         "it has a fragment", "without user and fragment"),
    ],
)  # fmt: skip
async def test_what_stands_there_is_said_and_its_change_mends_it(inject: Any, name: str, saw: str, todo: str) -> None:
    async with running_upstream() as upstream:
        inject(upstream)
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    failed = [each for each in checks if each.verdict is Verdict.FAIL]
    assert [each for each in failed if (each.diagnosis_id, saw in each.saw, todo in each.todo) == (name, True, True)], (
        failed
    )


async def test_a_member_without_a_value_is_of_whoever_publishes_it() -> None:
    async with running_upstream() as upstream:
        upstream.resource_metadata["scopes_supported"] = []
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    (found,) = [each for each in checks if "without a value" in each.saw]
    assert (found.name, "MCP server" in found.fault, "RFC 9728" in found.saw) == ("resource.members", True, True)


async def test_a_server_without_the_grant_of_a_login_is_told() -> None:
    async with running_upstream() as upstream:
        upstream.server_metadata["grant_types_supported"] = ["client_credentials"]
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    (found,) = [each for each in checks if each.diagnosis_id == "UPST-21"]
    assert "log in by authorization_code" in found.saw


@pytest.mark.parametrize(
    ("location", "name", "words"),
    [
        ("/mcp/", "PROXY-13", "redirects to {origin}/mcp/, which answered 404"),
        ("/oauth2/start?rd=%2Fmcp", "PROXY-22", "answered 302 and leads to {origin}/oauth2/start, a login page"),
        ("/outpost.goauthentik.io/start?rd=x", "PROXY-22", "a login page"),
    ],
)
async def test_what_a_redirect_led_to_is_not_said_of_the_url_that_was_typed(
    location: str, name: str, words: str
) -> None:
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = (302, {"location": location}, b"")
        upstream.answers["/mcp/"] = NOTHING
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
        wanted = words.format(origin=upstream.origin)
    assert [(each.diagnosis_id, wanted in each.saw) for each in checks] == [(name, True)], checks


async def test_of_a_document_that_was_not_reached_nobody_says_that_it_is_not_published(tmp_path: Path) -> None:
    async with running_upstream() as upstream, watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        upstream.resource_metadata["authorization_servers"] = ["http://127.0.0.1:1"]
        await go(watched)
        await named(watched, "NET-01")
        clock = watched.runtime.clock
        assert isinstance(clock, SystemClock)
        clock.travel(timedelta(seconds=9))
        watched.runtime.monitor.tick()
        while not watched.runtime.monitor.judging.is_idle:
            watched.runtime.monitor.tick()
        said = [each.id for flow in watched.flows() for each in flow.diagnoses]
    assert "NET-01" in said
    assert "DISC-02" not in said


async def test_a_server_that_publishes_a_private_key_is_told_to_rotate_it() -> None:
    key = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "k7"}
    async with running_upstream() as upstream:
        upstream.server_metadata["jwks_uri"] = f"{upstream.origin}/jwks"
        answers("/jwks", 200, JSON, {"keys": [key, key | {"d": "AA"}]})(upstream)
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
    (found,) = [each for each in checks if each.diagnosis_id == "IDT-36"]
    assert found.verdict is Verdict.FAIL
    assert f"{upstream.origin}/jwks: the key k7 has d" in found.saw
    assert "rotate the key" in found.todo


@pytest.mark.parametrize(
    ("session", "odd"),
    [("z 1", "a blank"), ("caf\xe9", "a character that is not ASCII"), ("a\tb", "a control character")],
)
async def test_a_session_id_that_some_clients_cannot_send_back_is_told_without_it(
    session: str, odd: str, tmp_path: Path
) -> None:
    initialized = {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25"}}
    async with running_upstream() as upstream:
        upstream.answers["/mcp"] = (200, JSON | {"mcp-session-id": session}, initialized)
        checks = (await examine_server(f"{upstream.origin}/mcp", SystemClock())).checks
        async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
            await go(watched)
            await until(lambda: _of_sessions(watched), "the note of the call")
            (note,) = _of_sessions(watched)
    (found,) = [each for each in checks if each.name == "server.sessions"]
    assert (found.verdict, odd in found.saw, odd in note) == (Verdict.FAIL, True, True)
    assert session not in f"{found} {note}"


def _of_sessions(watched: Watching) -> set[str]:
    return {each for trace in watched.traces() for each in trace.notes if "Mcp-Session-Id" in each}
