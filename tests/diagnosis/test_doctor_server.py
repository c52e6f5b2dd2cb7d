"""`devgw doctor URL`: somebody's server as clients meet it; each fault named, and whom it stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devgw.cli import main
from devgw.clock import SystemClock
from devgw.diagnosis.clients.demands import demands
from devgw.diagnosis.verdicts import Answer, Check, Verdict
from devgw.diagnosis.verdicts.metadata import ShownMetadata, strict_eyes
from devgw.diagnosis.verdicts.server import Examination
from devgw.outbound.probes.outward import Outward
from devgw.outbound.probes.server import looked
from devgw.outbound.server_doctor import examine_server
from devgw.problems.upstream_document import ResourceMetadataForeign
from tests.outbound.upstream import Upstream, running_upstream

PAGE = (200, {"content-type": "text/html"}, b"<title>Welcome</title>")
BROKEN = (500, {"content-type": "text/plain"}, b"out of memory")
NOTHING = (404, {"content-type": "text/plain"}, b"")
RESOURCE = "/.well-known/oauth-protected-resource/mcp"
SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
DRIVEN = {"Claude Code", "Codex", "Gemini CLI", "Python SDK 2", "Python SDK 1", "TypeScript SDK 2", "TypeScript SDK 1"}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.knows_its_clients = True
        yield served


async def examined(upstream: Upstream, path: str = "/mcp") -> Examination:
    return await examine_server(upstream.origin + path, SystemClock())


def failed(found: Examination) -> list[Check]:
    return [each for each in found.checks if each.verdict is Verdict.FAIL]


def verdict_of(found: Examination, client: str) -> str:
    return next(each.verdict for each in found.clients if each.client == client)


async def run(*arguments: str) -> Result:
    """Run the command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["doctor", *arguments])


async def test_a_server_that_is_good_passes_and_every_client_that_was_driven_with_it(upstream: Upstream) -> None:
    found = await examined(upstream)

    assert failed(found) == []
    assert {each.client for each in found.clients if each.verdict == "passes"} == DRIVEN
    assert {each.client: each.verdict for each in found.clients}["Cursor"] == "not known"


async def test_a_resource_that_is_another_is_compared_with_the_url_that_was_given(upstream: Upstream) -> None:
    """Nobody asked for it, and no route of ours is meant."""
    upstream.resource_metadata = {"resource": f"{upstream.origin.replace('http', 'https')}/mcp"}
    odd = next(each for each in (await examined(upstream)).checks if each.name == "resource.identifier")
    assert odd.saw == "The resource differs in one place: found https, expected is http."


async def test_nothing_is_changed_at_a_server_that_is_looked_at(upstream: Upstream) -> None:
    await examined(upstream)

    assert upstream.clients == {}
    assert upstream.codes == {}
    assert upstream.access_tokens == set()
    assert {each.method for each in upstream.asked} <= {"GET", "POST", "OPTIONS"}
    assert not any("authorization" in each.headers for each in upstream.asked)


@pytest.mark.parametrize(
    ("resource", "server", "answers", "check", "name", "refused_by"),
    [
        ({"resource": "SLASH"}, {}, {}, "resource.identifier", "AUD-02", {"Claude Code", "Codex", "TypeScript SDK 2"}),
        ({"resource": "OTHER"}, {}, {}, "resource.identifier", "AUD-01", DRIVEN),
        ({"resource": "http://127.0.0.2/mcp"}, {}, {}, "resource.identifier", "AUD-01", DRIVEN),
        ({"resource": None}, {}, {}, "resource.identifier", "AUD-01", {"Codex"}),
        ({}, {"issuer": "ISSUER/"}, {}, "issuer.identifier", "DISC-01", {"Python SDK 2", "TypeScript SDK 2"}),
        ({}, {"issuer": "http://login.example"}, {}, "issuer.identifier", "DISC-01", {"Codex", "Python SDK 1"}),
        ({}, {"issuer": None}, {}, "issuer.identifier", "DISC-11", {"Claude Code", "TypeScript SDK 1"}),
        ({}, {"code_challenge_methods_supported": ["plain"]}, {}, "issuer.pkce", "PKCE-01", {"Codex", "Claude Code"}),
        ({}, {"code_challenge_methods_supported": None}, {}, "issuer.pkce", "PKCE-01", set()),
        ({}, {"registration_endpoint": None}, {}, "issuer.registration", "REG-01", DRIVEN),
        ({}, {"require_pushed_authorization_requests": True}, {}, "issuer.demands", "UPST-21", DRIVEN),
        ({"dpop_bound_access_tokens_required": True}, {}, {}, "resource.tokens", "UPST-21", set()),
        ({}, {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, {}, "issuer.demands", "UPST-21", set()),
        ({}, {"token_endpoint": None}, {}, "issuer.endpoints", "DISC-11", set()),
        ({}, {"authorization_endpoint": "javascript:alert(1)"}, {}, "issuer.endpoints", "DISC-13", set()),
        ({}, {}, {RESOURCE: BROKEN}, "resource.documents", "PROXY-19", {"Python SDK 2", "Python SDK 1", "Codex"}),
        ({}, {}, {RESOURCE: PAGE}, "resource.documents", "DISC-05", set()),
        ({}, {}, {SERVER: PAGE}, "issuer.documents", "DISC-05", {"Claude Code", "TypeScript SDK 2"}),
        ({}, {}, {SERVER: BROKEN}, "issuer.documents", "UPST-13", {"Codex", "TypeScript SDK 1"}),
        ({}, {}, {SERVER: NOTHING}, "issuer.documents", "DISC-02", set()),
        ({}, {}, {"/token": PAGE}, "issuer.token", "DISC-05", set()),
        ({}, {}, {"/token": BROKEN}, "issuer.token", "UPST-13", {"TypeScript SDK 2", "Python SDK 2"}),
        ({}, {}, {"/authorize": BROKEN}, "issuer.authorize", "UPST-13", set()),
        ({}, {}, {"/authorize": NOTHING}, "issuer.authorize", "DISC-15", set()),
        ({"authorization_servers": []}, {}, {}, "resource.authorization_servers", "DISC-09", set()),
    ],
)
async def test_a_fault_is_named_with_whose_it_is_and_whom_it_stops(
    upstream: Upstream,
    resource: dict[str, Any],
    server: dict[str, Any],
    answers: dict[str, Any],
    check: str,
    name: str,
    refused_by: set[str],
) -> None:
    stands_for = {
        "SLASH": f"{upstream.origin}/mcp/",
        "OTHER": f"{upstream.origin}/elsewhere",
        "ISSUER/": f"{upstream.issuer}/",
    }
    upstream.resource_metadata = {key: stands_for.get(str(each), each) for key, each in resource.items()}
    upstream.server_metadata = {key: stands_for.get(str(each), each) for key, each in server.items()}
    upstream.answers = answers

    found = await examined(upstream)

    odd = next(each for each in found.checks if each.name == check)
    assert odd.verdict in {Verdict.FAIL, Verdict.WARN}
    assert odd.diagnosis_id == name
    assert upstream.origin in odd.fault
    assert odd.todo
    assert odd.did
    assert refused_by <= {each.client for each in found.clients if each.verdict == "refuses"}
    assert all(each.why for each in found.clients if each.verdict != "passes")


async def test_a_client_that_passes_where_another_refuses_is_told_apart(upstream: Upstream) -> None:
    upstream.resource_metadata = {"resource": f"{upstream.origin}/mcp/"}
    found = await examined(upstream)

    assert verdict_of(found, "Python SDK 2") == "passes"
    assert verdict_of(found, "TypeScript SDK 2") == "refuses"


async def test_a_challenge_that_says_nothing_is_only_a_doubt_where_the_metadata_is_found(upstream: Upstream) -> None:
    upstream.challenge = "Bearer"
    found = await examined(upstream)

    assert failed(found) == []
    assert next(each for each in found.checks if each.name == "server.challenge").verdict is Verdict.WARN
    assert verdict_of(found, "Claude Code") == "passes"


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        ("bearer {}", "in just these letters"),
        ("BEARER {}", "in just these letters"),
        ('Basic realm="x", Bearer {}', "Bearer is not the first challenge"),
        ("DPoP algs=ES256, Bearer {}", "Bearer is not the first challenge"),
    ],
)
async def test_a_challenge_that_some_clients_overlook_is_doubted_for_what_it_is(
    upstream: Upstream, challenge: str, said: str
) -> None:
    found = await examined(upstream)
    pointer = next(each for each in found.checks if each.name == "server.challenge").saw.removeprefix("Bearer ")
    upstream.challenge = challenge.format(pointer)
    check = next(each for each in (await examined(upstream)).checks if each.name == "server.challenge")

    assert (check.verdict, check.diagnosis_id) == (Verdict.WARN, "BEAR-01")
    assert said in check.saw


async def test_a_challenge_that_points_to_nothing_is_a_fault(upstream: Upstream) -> None:
    upstream.challenge = f'Bearer resource_metadata="{upstream.origin}/nowhere"'
    found = await examined(upstream)

    assert [(each.name, each.diagnosis_id) for each in failed(found)] == [("resource.documents", "DISC-17")]


@pytest.mark.parametrize(
    ("status", "name"), [(403, "PROXY-18"), (407, "PROXY-20"), (421, "PROXY-16"), (423, "PROXY-20"), (451, "PROXY-20")]
)
async def test_who_turns_the_request_away_is_not_said_to_hide_no_server(
    upstream: Upstream, status: int, name: str
) -> None:
    upstream.answers = {"/mcp": (status, {"content-type": "text/plain"}, b"not from here")}
    (found,) = failed(await examined(upstream))

    assert found.diagnosis_id == name
    assert f"answered {status}: “not from here”" in found.saw
    assert "is not known" in found.saw
    assert "no MCP server" not in found.saw


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "into the log of http://"), (502, "a proxy in front of it"), (504, "a proxy in front"), (525, "a proxy in")],
)
async def test_a_proxy_that_answers_in_a_servers_place_is_told_from_a_server_that_fails(
    upstream: Upstream, status: int, words: str
) -> None:
    upstream.answers = {"/mcp": (status, {"content-type": "text/plain"}, b"no")}
    (found,) = failed(await examined(upstream))

    assert found.diagnosis_id == "PROXY-19"
    assert words in found.todo


async def test_a_server_with_sessions_is_asked_for_one_and_leaves_none_behind(upstream: Upstream) -> None:
    initialized = {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25"}}
    upstream.answers = {"/mcp": (200, {"mcp-session-id": "s1"}, initialized)}
    found = await examined(upstream)

    assert "2025-11-25" in next(each.saw for each in found.checks if each.name == "server.revisions")
    ended = [each for each in upstream.asked if each.method == "DELETE"]
    assert [each.headers["mcp-session-id"] for each in ended] == ["s1"]
    assert not any(each.name.startswith(("resource.", "issuer.")) for each in found.checks)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (dict.fromkeys(("/mcp", "/sse"), PAGE), "No MCP server is seen at"),
        (dict.fromkeys(("/mcp", "/sse"), NOTHING), "There is no MCP server at"),
        ({"/mcp": BROKEN}, "answered 500: “out of memory”"),
        ({"/mcp": (429, {"retry-after": "7"}, b"")}, "answered 429"),
        ({"/mcp": (302, {"location": "https://login.example/start?from=here"}, b"")}, "https://login.example/start"),
        ({"/mcp": (302, {"location": "http://["}, b"")}, "302"),
        ({"/mcp": (405, {}, b""), "/sse": (200, {"content-type": "text/event-stream"}, b"")}, "HTTP+SSE"),
    ],
)
async def test_what_is_no_mcp_server_is_said_in_a_sentence_and_ends_with_2(
    upstream: Upstream, answers: dict[str, Any], said: str
) -> None:
    upstream.answers = answers
    result = await run(f"{upstream.origin}/mcp")

    assert result.exit_code == 2
    assert said in result.output
    assert "do:" in result.output
    assert "Traceback" not in result.output
    assert "passes" not in result.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/mcp", "the connection was refused"),
        ("http://no-such-host.invalid/mcp", "does not resolve"),
        ("localhost:1/mcp", "http://localhost:1/mcp"),
    ],
)
async def test_a_server_that_is_not_reached_is_said_in_the_words_of_the_url(url: str, said: str) -> None:
    result = await run(url)

    assert result.exit_code == 2
    assert said in result.output
    assert "the URL that you gave" in result.output
    assert "rewritePattern" not in result.output
    assert "sent POST" not in result.output, "nothing was sent where nothing was reached"


async def test_a_wrong_path_leads_to_the_usual_one_of_the_origin(upstream: Upstream) -> None:
    found = await examined(upstream, "/")

    assert found.url == f"{upstream.origin}/mcp"
    assert f"Give clients {upstream.origin}/mcp." in [each.todo for each in found.checks]


async def test_the_exit_code_says_whether_something_fails_and_json_says_what(upstream: Upstream) -> None:
    assert (await run(f"{upstream.origin}/mcp")).exit_code == 0
    upstream.server_metadata = {"issuer": "http://login.example"}
    result = await run(f"{upstream.origin}/mcp", "--json")
    told = json.loads(result.stdout)

    assert result.exit_code == told["exitCode"] == 1
    assert told["url"] == f"{upstream.origin}/mcp"
    assert "DISC-01" in {each.get("diagnosis_id") for each in told["checks"]}
    assert {each["client"] for each in told["clients"]} >= DRIVEN | {"VS Code", "Cursor"}


async def test_a_registration_is_made_only_where_it_is_asked_for(upstream: Upstream) -> None:
    result = await run(f"{upstream.origin}/mcp", "--register", "--all")

    assert list(upstream.clients) == ["c1"]
    assert upstream.clients["c1"]["application_type"] == "native"
    assert "the client c1 stays registered" in result.output


async def test_what_was_registered_is_deleted_where_the_server_says_how(upstream: Upstream) -> None:
    given = {"client_id": "c9", "registration_client_uri": f"{upstream.origin}/register/c9"}
    given["registration_access_token"] = "the-word"
    upstream.answers = {"/register": (201, {}, given), "/register/c9": (204, {}, b"")}
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock(), registers=True)

    (deleted,) = upstream.asked_at("/register/c9")
    assert (deleted.method, deleted.headers["authorization"]) == ("DELETE", "Bearer the-word")
    assert "deleted the client again" in next(each.saw for each in found.checks if each.name == "issuer.registered")


async def test_a_deletion_that_is_offered_and_refused_is_no_missing_offer(upstream: Upstream) -> None:
    given = {"client_id": "c9", "registration_client_uri": f"{upstream.origin}/register/c9"}
    given["registration_access_token"] = "the-word"
    upstream.answers = {"/register": (201, {}, given), "/register/c9": (403, {}, {})}
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock(), registers=True)

    saw = next(each.saw for each in found.checks if each.name == "issuer.registered")
    assert saw == "the client c9 stays registered: deleting it (RFC 7592) brought 403 application/json"


async def test_the_word_that_deletes_goes_to_nobody_but_who_gave_it(upstream: Upstream) -> None:
    async with running_upstream() as other:
        given = {"client_id": "c9", "registration_client_uri": f"{other.origin}/register/c9"}
        upstream.answers = {"/register": (201, {}, given | {"registration_access_token": "the-word"})}
        await examine_server(f"{upstream.origin}/mcp", SystemClock(), registers=True)

        assert other.asked == []


async def test_a_server_of_the_internet_opens_nothing_on_this_machine(upstream: Upstream) -> None:
    """MCP Security Best Practices §SSRF: what it names is judged before anything is sent."""
    async with running_upstream() as inside:
        upstream.challenge = f'Bearer resource_metadata="{inside.origin}/hint"'
        upstream.resource_metadata = {"authorization_servers": [inside.origin]}
        seen = await looked(Outward(SystemClock(), local_allowed=False), f"{upstream.origin}/mcp")

        assert inside.asked == []
        assert seen.server is None
        assert {place.answer.problem.diagnosis_id for place in seen.servers if place.answer.problem} == {"UPST-10"}


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "https://10.0.0.1/", "http://[fe80::1]/"])
async def test_link_local_and_private_addresses_are_not_asked_for_a_server_of_the_internet(address: str) -> None:
    answer = await Outward(SystemClock(), local_allowed=False).foreign("GET", address)

    assert answer.status == 0
    assert answer.problem is not None
    assert answer.problem.diagnosis_id == "UPST-10"


async def test_a_header_of_the_persons_own_goes_to_the_endpoint_alone(upstream: Upstream) -> None:
    async with running_upstream() as other:
        upstream.resource_metadata = {"authorization_servers": [other.origin]}
        other.server_metadata = {"jwks_uri": f"{upstream.origin}/keys"}
        await run(f"{upstream.origin}/mcp", "--header", "X-API-Key: the-key")

        told = [each.path for each in (*upstream.asked, *other.asked) if "x-api-key" in each.headers]
        assert set(told) == {"/mcp"}
        assert not any(each.method == "OPTIONS" for each in upstream.asked if "x-api-key" in each.headers)


async def test_a_header_is_not_carried_along_a_redirect_to_another_origin(upstream: Upstream) -> None:
    async with running_upstream() as other:
        upstream.answers = {"/mcp": (307, {"location": f"{other.origin}/mcp"}, b"")}
        result = await run(f"{upstream.origin}/mcp", "--header", "Authorization: Bearer secret")

        assert other.asked == []
        assert result.exit_code == 2


async def test_foreign_text_cannot_steer_the_terminal(upstream: Upstream) -> None:
    upstream.resource_metadata = {"resource": "http://x/\x1b]0;owned\x07\u202e"}
    upstream.challenge = 'Bearer realm="\u009b2J"'.encode().decode("latin-1")
    result = await run(f"{upstream.origin}/mcp", "--all")

    assert not set(result.output) & {"\x1b", "\x07", "\u202e", "\x9b"}


@pytest.mark.parametrize("flag", [("--port", "9000"), ("--callback", "http://localhost/"), ("--trust",)])
async def test_what_is_about_a_project_is_refused_with_a_url(flag: tuple[str, ...]) -> None:
    assert "about a project" in (await run("http://localhost:1/mcp", *flag)).output


JSON_TYPE = {"content-type": "application/json"}


@pytest.mark.parametrize("place", [RESOURCE, SERVER])
@pytest.mark.parametrize(
    ("answer", "of_another"),
    [
        ((503, {}, b"later"), "500"),
        ((502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>"), "500"),
        ((429, {}, b"slow down"), "500"),
        ((200, JSON_TYPE, b'{"issuer": '), "'<'"),
        ((200, JSON_TYPE, b"[]"), "'<'"),
        ((200, {"content-type": "text/plain"}, b"nothing here"), "'<'"),
    ],
)
async def test_no_client_is_said_to_refuse_in_the_words_that_it_has_for_another_fault(
    upstream: Upstream, place: str, answer: tuple[int, dict[str, str], bytes], of_another: str
) -> None:
    """What it does at a server with this very fault was not tried: that is said, and nobody passes by guess."""
    upstream.answers = {place: answer}
    found = await examined(upstream)
    assert any(each.verdict is Verdict.FAIL for each in found.checks)
    assert not any(of_another in each.why for each in found.clients)
    assert {each.verdict for each in found.clients} == {"not known"}


@pytest.mark.parametrize("status", [401, 404, 405])
async def test_a_refusal_repeats_no_status_that_the_server_did_not_answer(upstream: Upstream, status: int) -> None:
    upstream.answers = dict.fromkeys((RESOURCE, SERVER, "/register", "/authorize", "/token"), (status, {}, b""))
    found = await examined(upstream)
    assert not any(
        f"HTTP {other}" in each.why for each in found.clients for other in (404, 405, 500) if other != status
    )


async def test_each_family_says_when_and_how_it_was_tried() -> None:
    for family in demands():
        assert family.source
        assert bool(family.seen) == bool(family.version)
        assert not family.passes & family.refuses.keys()
        assert not family.passes & family.depends.keys()
        assert all(": " in each for each in family.refuses.values())


HOSTILE: list[Any] = [
    "http://[",
    "http://[::1",
    "//",
    "",
    "http://x:99999/",
    "http://\x00/",
    "http://user:pw@127.0.0.1/",
    "javascript:alert(1)",
    "http://" + "a" * 100_000,
    "\x1b[2J\u202e",
    7,
    None,
    True,
    [],
    ["http://["],
    [7],
    {"a": 1},
    [["http://127.0.0.1/"]],
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_document_stops_the_look_or_fills_a_screen(upstream: Upstream, value: Any) -> None:
    """Each member in turn says what nobody would: a sentence comes of it, and never a traceback."""
    resource = ("resource", "authorization_servers", "scopes_supported", "bearer_methods_supported")
    server = (
        *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri"),
        *("code_challenge_methods_supported", "token_endpoint_auth_methods_supported", "scopes_supported"),
    )
    usual = {"resource": upstream.origin + "/mcp", "authorization_servers": [upstream.issuer]}
    for name in resource:
        upstream.answers = {RESOURCE: (200, {}, usual | {name: value})}
        _assert_readable(await examined(upstream))
    for name in server:
        upstream.answers = {SERVER: (200, {}, {"issuer": upstream.issuer, name: value})}
        _assert_readable(await examined(upstream))
    given = {"client_id": value, "registration_client_uri": value, "registration_access_token": value}
    upstream.answers = {"/register": (201, {}, given)}
    _assert_readable(await examine_server(f"{upstream.origin}/mcp", SystemClock(), registers=True))


def _assert_readable(found: Examination) -> None:
    for each in found.checks:
        assert max(len(each.did), len(each.saw), len(each.todo)) < 4_000, each.name


@pytest.mark.parametrize("hint", ["http://[", "/relative", "javascript:x", "http://169.254.169.254/", "x" * 60_000])
async def test_no_challenge_stops_the_look(upstream: Upstream, hint: str) -> None:
    upstream.challenge = f'Bearer resource_metadata="{hint}", realm="\u00ff"'
    _assert_readable(await examined(upstream))


@pytest.mark.parametrize("location", ["http://[", "", "?", "//[", "javascript:x", "/mcp", "http://127.0.0.1:1/"])
async def test_no_redirect_stops_the_look(upstream: Upstream, location: str) -> None:
    upstream.answers = {"/mcp": (302, {"location": location}, b"")}
    _assert_readable(await examined(upstream))


@pytest.mark.parametrize(
    ("member", "check"),
    [
        ("authorization_endpoint", "issuer.authorize"),
        ("token_endpoint", "issuer.token"),
        ("jwks_uri", "issuer.keys"),
        ("registration_endpoint", "issuer.registered"),
    ],
)
@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "ftp://a.example/x", "http://a.example/\x1b[31m"])
async def test_what_was_not_asked_is_not_said_to_answer(upstream: Upstream, member: str, check: str, url: str) -> None:
    upstream.server_metadata = {member: url}
    found = await examine_server(f"{upstream.origin}/mcp", SystemClock(), registers=True)
    told = next(each for each in found.checks if each.name == check)

    assert told.verdict is Verdict.FAIL
    assert told.did.startswith("looked where ")
    assert "is not used: " in told.saw
    assert told.diagnosis_id == "UPST-10"
    assert "answer" not in told.saw + told.todo
    assert "log" not in told.todo


async def test_a_hint_that_was_not_followed_is_not_said_to_have_been_asked(upstream: Upstream) -> None:
    upstream.challenge = 'Bearer resource_metadata="http://169.254.169.254/x"'
    told = next(each for each in (await examined(upstream)).checks if each.name == "resource.documents")

    assert "asked for" in told.did
    assert "169.254" not in told.did
    assert "169.254.169.254/x is not used" in told.saw


async def test_a_long_document_is_read_as_the_gateway_reads_it(upstream: Upstream) -> None:
    upstream.resource_metadata = {"scopes_supported": ["a" * 400_000]}
    upstream.server_metadata = {"scopes_supported": ["a" * 400_000]}

    assert failed(await examined(upstream)) == []

    upstream.resource_metadata = {"scopes_supported": ["a" * 1_100_000]}
    told = failed(await examined(upstream))[0]
    assert told.name == "resource.documents"
    assert told.diagnosis_id.startswith("LIMIT-")


async def test_the_query_of_a_url_stands_on_no_screen(upstream: Upstream) -> None:
    """Some servers take a key there."""
    for answers in ({}, {"/mcp": PAGE, "/sse": PAGE}, {"/mcp": BROKEN}, {"/mcp": (302, {"location": "/x"}, b"")}):
        upstream.answers = answers
        for form in ("--all", "--json"):
            result = await run(f"{upstream.origin}/mcp?key=s3cret", form)
            assert "s3cret" not in result.output
    assert "s3cret" not in (await run("http://nobody.invalid/mcp?key=s3cret")).output


def test_nor_does_it_where_a_document_speaks_of_another_resource() -> None:
    problem = ResourceMetadataForeign(
        "https://a.example/x?key=s3cret", "https://a.example/mcp?key=s3cret", "https://b/"
    )
    assert problem.explain() == (
        "https://a.example/x?… says resource 'https://b/', but the route's upstream is 'https://a.example/mcp?…'."
    )


@pytest.mark.parametrize(
    ("resource", "server", "refused_by"),
    [
        ({}, {}, set()),
        ({"resource": "http://g/mcp/"}, {}, {"claude-code", "codex", "typescript-sdk-2"}),
        ({}, {"issuer": "http://g/other"}, {"python-sdk-1", "python-sdk-2", "typescript-sdk-2", "codex"}),
        ({}, {"code_challenge_methods_supported": ["plain"]}, {"typescript-sdk-1", "codex"}),
    ],
)
def test_the_gateways_own_metadata_is_read_by_the_same_table(
    resource: dict[str, Any], server: dict[str, Any], refused_by: set[str]
) -> None:
    """A strict client meets devgw as it meets anybody."""
    url, kind = "http://g/mcp", {"content-type": "application/json"}
    own = {"resource": url, "authorization_servers": [url], **resource}
    metadata = {
        "issuer": url,
        "authorization_endpoint": "http://g/authorize",
        "token_endpoint": "http://g/token",
        "registration_endpoint": "http://g/register",
        "code_challenge_methods_supported": ["S256"],
        **server,
    }
    hint = {"www-authenticate": 'Bearer resource_metadata="http://g/.well-known/oauth-protected-resource/mcp"'}
    allowed = {"access-control-allow-headers": "*"}
    shown = ShownMetadata(
        url,
        Answer(url, 401, hint),
        Answer(f"{url}/r", 200, kind, json.dumps(own).encode()),
        Answer(f"{url}/s", 200, kind, json.dumps(metadata).encode()),
        Answer(url, 204, allowed),
    )
    found = {each.name.removeprefix("metadata.mcp."): each for each in strict_eyes(shown)}

    assert refused_by <= {name for name, each in found.items() if each.verdict is Verdict.FAIL}
    assert bool(refused_by) == any(each.verdict is Verdict.FAIL for each in found.values())
    assert {family.key for family in demands() if family.seen} <= found.keys()
