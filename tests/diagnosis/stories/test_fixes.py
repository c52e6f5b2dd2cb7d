"""Every fix is tried: a failure over real sockets, the change as it is printed, and the flow that succeeds with it.

What is changed is read out of the printed words wherever they name a value.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.emulators.workos import AnswerFault, CallbackFault, Fault, WorthlessCode
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.oauth.pkce import challenge_of
from devgw.wiring.examining import examine_running
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_provider import log_in
from tests.diagnosis.stories.test_tokens import call, refresh
from tests.diagnosis.stories.test_upstreams import answering, plain_project, rpc
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, mcp_request, running_gateway, write_project
from tests.support.mending import mends, written
from tests.support.oidc import oidc_provider, write_oidc_project
from tests.support.serving import listen, origin_of, serve

Sent = dict[str, str | None]


async def told(gateway: Watched, failure_id: str) -> Diagnosis:
    """Return what is said under this id, once the patience of its rule is over; the trace says the same words."""
    gateway.wait(3)
    found = next((each for each in [*await gateway.said(), *await gateway.of_gateway()] if each.id == failure_id), None)
    assert found is not None, [each.id for each in await gateway.said()]
    assert found.fix
    return found


async def reads_alike(gateway: Watched, found: Diagnosis) -> None:
    """See that the trace of a refusal says what the diagnosis says: one failure, one text."""
    traces = [each for each in gateway.running.runtime.monitor.traces if each.id in found.trace_ids]
    said = [(each.explanation, each.hint) for each in traces if each.explanation]
    assert any(found.cause.startswith(str(cause).rstrip(".")) for cause, _ in said), (found.cause, said)
    assert any(str(hint) in found.fix for _, hint in said), (found.fix, said)


async def whole_way(gateway: Watched, http: httpx2.AsyncClient, **sent: str | None) -> dict[str, Any]:
    """Sign in with these parameters, redeem the code and call a tool; return the tokens."""
    async with Browser(CALLBACK) as browser:
        code = await gateway.running.code(http, browser, **sent)
    return await redeemed(gateway, http, code)


async def redeemed(gateway: Watched, http: httpx2.AsyncClient, code: Code, **sent: str) -> dict[str, Any]:
    form = {"resource": gateway.mcp_url} | code.form() | sent
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    tokens = answer.json() | {"client_id": code.client_id}
    assert "result" in (await call(gateway, http, tokens["access_token"])).text
    return dict(tokens)


def value(name: str, pattern: str) -> Callable[[str], Sent]:
    """Return what takes one parameter's value out of a printed change."""
    return lambda fix: {name: written(fix, pattern)}


SLASH, NOWHERE = "{origin}/", "{origin}/mcp/nothing"
REDIRECT = value("redirect_uri", r"send exactly (\S+?), or")
RESOURCE = value("resource", r"resource=(\S+?),")
METHOD = value("code_challenge_method", r"code_challenge_method=(\w+)")


@mends("RURI-02", "RURI-03", "RURI-07", "RURI-12", "RURI-13", "RURI-15", "PKCE-03", "PKCE-04", "SCOPE-01")
@mends("AUD-05", "AUD-01", "REQ-02")
@pytest.mark.parametrize(
    ("sent", "name", "mend"),
    [
        ({"redirect_uri": "http://127.0.0.1:33418/callback"}, "RURI-02", REDIRECT),
        ({"redirect_uri": f"{CALLBACK}/"}, "RURI-03", REDIRECT),
        ({"redirect_uri": "http://localhost:33418/oauth/callback"}, "RURI-07", REDIRECT),
        ({"redirect_uri": "https://app.example.com/callback"}, "RURI-12", REDIRECT),
        (
            {"redirect_uri": "http%3A%2F%2Flocalhost%3A33418%2Fcallback"},
            "RURI-13",
            value("redirect_uri", r"so that (\S+) arrives"),
        ),
        ({"redirect_uri": f"{CALLBACK},http://localhost:1/b"}, "RURI-15", value("redirect_uri", r"alone: (\S+?)\.$")),
        ({"redirect_uri": f"http://a.example/b {CALLBACK}"}, "RURI-15", value("redirect_uri", r"alone: (\S+?)\.$")),
        ({"redirect_uri": f'["{CALLBACK}"]'}, "RURI-15", value("redirect_uri", r"alone: (\S+?)\.$")),
        ({"code_challenge_method": "plain"}, "PKCE-03", METHOD),
        ({"code_challenge_method": None}, "PKCE-03", METHOD),
        ({"code_challenge": None, "code_challenge_method": None}, "PKCE-03", METHOD),
        ({"code_challenge": "x" * 43 + "="}, "PKCE-04", lambda fix: {} if "without padding" in fix else {"scope": "x"}),
        ({"scope": "files:write"}, "SCOPE-01", value("scope", r"scope=(\S+?),")),
        ({"resource": SLASH}, "AUD-05", RESOURCE),
        ({"resource": NOWHERE}, "AUD-01", RESOURCE),
        ({"response_type": "token"}, "REQ-02", value("response_type", r"response_type=(\w+)")),
    ],
)
async def test_an_authorization_request_is_mended_by_the_value_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, sent: Sent, name: str, mend: Callable[[str], Sent]
) -> None:
    client = await gateway.running.register(http)
    asked = {key: each.format(origin=gateway.origin) if each else each for key, each in sent.items()}
    await http.get(gateway.running.authorize_url(client["client_id"], token(""), **asked))
    found = await told(gateway, name)
    await reads_alike(gateway, found)

    mended = mend(found.fix)
    if "resource" in mended:  # the nearest route may be one whose upstream wants a person
        assert mended["resource"] in [gateway.running.url_of(each) for each in ("sample", "notes")]
        mended = mended if mended["resource"] == gateway.mcp_url else {}
    await whole_way(gateway, http, **mended)


@mends("RURI-08", "AUD-06", "TOK-03", "TOK-09", "PKCE-03")
@pytest.mark.parametrize(
    ("wrong", "late", "name", "mend"),
    [
        (
            {"redirect_uri": "http://127.0.0.1:33418/callback"},
            0,
            "RURI-08",
            lambda found: {"redirect_uri": written(found.fix, r"redirect_uri=(\S+?),")},
        ),
        ({"resource": "{origin}/mcp/notes"}, 0, "AUD-06", lambda found: RESOURCE(found.fix)),
        ({}, 83, "TOK-03", lambda found: {} if "at once" in found.fix else {"code": ""}),
        ({"client_id": "OTHER"}, 0, "TOK-09", lambda found: {} if "with which it was obtained" in found.fix else None),
        (
            {"code_verifier": "v" * 50},
            0,
            "PKCE-03",
            lambda found: {} if "that one with its code" in found.fix else None,
        ),
    ],
)
async def test_a_token_request_is_mended_by_what_is_printed(
    gateway: Watched,
    http: httpx2.AsyncClient,
    browser: Browser,
    wrong: dict[str, str],
    late: int,
    name: str,
    mend: Callable[[Diagnosis], dict[str, str]],
) -> None:
    code = await gateway.running.code(http, browser)
    other = (await gateway.running.register(http, client_name="another"))["client_id"]
    sent = {key: each.format(origin=gateway.origin).replace("OTHER", other) for key, each in wrong.items()}
    gateway.wait(late)
    form = {"resource": gateway.mcp_url} | code.form() | sent
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    assert answer.status_code == 400
    found = await told(gateway, name)
    await reads_alike(gateway, found)
    assert found.fix in answer.json()["error_description"]

    async with Browser(CALLBACK) as anew:
        fresh = await gateway.running.code(http, anew)
        await redeemed(gateway, http, fresh, **mend(found))


@mends("BEAR-02", "BEAR-04", "BEAR-05", "CONF-01")
@pytest.mark.parametrize(
    ("header", "name", "words"),
    [
        ("Bearer", "BEAR-02", "so that the client signs in"),
        ("Basic dXNlcjpwYXNz", "BEAR-04", "so that the client signs in"),
        ("Bearer at_abc[redacted]90", "BEAR-05", "Send the real value"),
        ("Bearer ${TOKEN}", "CONF-01", "so that the client signs in"),
    ],
)
async def test_a_header_that_holds_no_token_is_mended_by_signing_in_and_sending_what_that_gives(
    gateway: Watched, http: httpx2.AsyncClient, header: str, name: str, words: str
) -> None:
    headers = {"authorization": header}
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)).status_code == 401
    found = await told(gateway, name)
    assert words in found.fix

    await whole_way(gateway, http)


@mends("PROXY-03")
async def test_an_accept_header_is_mended_by_the_one_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    bearer = {"authorization": f"Bearer {(await gateway.running.tokens(http, browser))['access_token']}"}
    request = mcp_request("tools/list")
    refused = await http.post(gateway.mcp_url, json=request, headers=bearer | {"accept": "application/json"})
    assert refused.status_code == 406
    accept = written((await told(gateway, "PROXY-03")).fix, r"Accept: ([^.]+)")

    assert (await http.post(gateway.mcp_url, json=request, headers=bearer | {"accept": accept})).status_code == 200


@mends("HOST-02")
async def test_a_host_that_is_refused_is_mended_by_the_one_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    url = f"{gateway.origin}/.well-known/oauth-authorization-server"
    assert (await http.get(url, headers={"host": "gateway.example.com"})).status_code == 421
    host = written((await told(gateway, "HOST-02")).fix, r"Use (\S+?), or")

    assert (await http.get(url, headers={"host": host})).status_code == 200


@mends("DISC-14")
@pytest.mark.parametrize("path", ["/mcp/sampel", "/mcp/sample/sse", "/sample"])
async def test_a_wrong_url_is_mended_by_the_one_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, path: str
) -> None:
    await http.post(f"{gateway.origin}{path}", json=mcp_request("initialize"))
    url = written((await told(gateway, "DISC-14")).fix, r"Use (\S+) as")
    tokens = await gateway.running.tokens(http, browser)

    assert (await call(gateway, http, tokens["access_token"], url)).status_code == 200


@mends("REG-02")
async def test_a_stale_client_is_mended_by_registering_anew(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.get(gateway.running.authorize_url("dcr:" + "0" * 32, token("")))
    assert "it registers anew" in (await told(gateway, "REG-02")).fix

    await whole_way(gateway, http)


@mends("RURI-09")
async def test_a_url_that_was_cut_is_mended_by_the_whole_one(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.get(f"{gateway.origin}/oauth/authorize?response_type=code")
    assert "Open the whole URL" in (await told(gateway, "RURI-09")).fix

    await whole_way(gateway, http)


@mends("REG-05", "REG-12")
@pytest.mark.parametrize(
    ("document", "name", "mend"),
    [
        (
            {"redirect_uris": ["http://10.0.0.7/callback"]},
            "REG-05",
            lambda fix: {"redirect_uris": [written(fix, r"Register (\S+?), or")]},
        ),
        (
            {"redirect_uris": ["http://10.0.0.7/callback"]},
            "REG-05",
            lambda fix: {"redirect_uris": [written(fix, r"or (http://localhost\S+) for")]},
        ),
        ({"scope": "openid email"}, "REG-12", lambda fix: {"scope": written(fix, r"scope: (\S+?),")}),
    ],
)
async def test_a_registration_is_mended_by_what_is_printed(
    gateway: Watched,
    http: httpx2.AsyncClient,
    document: dict[str, Any],
    name: str,
    mend: Callable[[str], dict[str, Any]],
) -> None:
    good = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    assert (await http.post(f"{gateway.origin}/oauth/register", json=good | document)).status_code == 400
    found = await told(gateway, name)
    await reads_alike(gateway, found)

    assert (await http.post(f"{gateway.origin}/oauth/register", json=good | mend(found.fix))).status_code == 201


@mends("TOK-01")
async def test_an_authentication_is_mended_by_the_method_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http, token_endpoint_auth_method="client_secret_basic")
    verifier = token("")
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], verifier))
    await gateway.running.allow(browser)
    assert browser.location is not None
    answer = dict(httpx2.QueryParams(browser.location.partition("?")[2]))
    form = Code(client["client_id"], verifier, answer).form(resource=gateway.mcp_url)
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 401
    method = written((await told(gateway, "TOK-01")).fix, r"Authenticate with (\w+)")

    assert method == "client_secret_basic"
    basic = httpx2.BasicAuth(client["client_id"], client["client_secret"])
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form, auth=basic)).status_code == 200


@mends("REFR-03")
async def test_a_refresh_token_that_ended_is_mended_by_signing_in_again(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens["access_token"])
    fresh = (await refresh(gateway, http, tokens)).json()
    gateway.wait(3600)
    assert (await refresh(gateway, http, tokens | fresh)).status_code == 200
    assert (await refresh(gateway, http, tokens)).status_code == 400
    assert "Authorize again" in (await told(gateway, "REFR-03")).fix
    gone = await refresh(gateway, http, tokens | fresh)
    assert gone.status_code == 400
    assert "Authorize again" in gone.json()["error_description"]

    await whole_way(gateway, http)


@mends("WORK-06", "SESS-01", "IDT-21", "IDT-25", "IDT-34", "IDT-08", "WORK-03")
@pytest.mark.parametrize(
    ("fault", "name", "words"),
    [
        (WorthlessCode(code_is="spent"), "WORK-06", "Start the connection again"),
        (CallbackFault(parameters={"state": "made-up"}), "SESS-01", "Start the connection again"),
        (CallbackFault(parameters={"state": None}), "WORK-03", "Start the login from the MCP client"),
        (CallbackFault(parameters={"code": None, "error": "access_denied"}), "IDT-21", "connect again"),
        (AnswerFault(path="/user_management/authenticate", status=503), "IDT-25", "start the connection again"),
        (AnswerFault(path="/user_management/authenticate", status=429), "IDT-34", "Wait a minute"),
        (AnswerFault(path="/sso/jwks/*", status=503), "IDT-08", ""),
    ],
)
async def test_a_login_that_passes_the_second_time_is_told_to_be_begun_again(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, fault: Fault, name: str, words: str
) -> None:
    await log_in(gateway, http, browser, fault)
    found = await told(gateway, name)
    assert words in found.fix

    gateway.wait(30)
    await whole_way(gateway, http)
    assert name not in [each.id for each in await gateway.of_gateway()]


@mends("RURI-04")
async def test_a_callback_is_mended_by_adding_exactly_what_is_printed_at_the_provider(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    from devgw.wiring.probing import probe  # noqa: PLC0415  beside its only use

    environments = list(gateway.running.runtime.companions.emulator.environments.values())
    for each in environments:
        each.redirect_uris.clear()
    await probe(gateway.running.runtime)
    rows = {each.name: each for each in gateway.running.runtime.monitor.health.look().checks}
    uri = written(rows["provider.redirect_uri"].fix, r"Add exactly (\S+)")
    policy = gateway.running.runtime.gateway.policy.login
    url = policy.token_url.replace("/authenticate", "/redirect_uris")
    bearer = {"authorization": f"Bearer {policy.client_secret.value}"}
    assert (await http.post(url, json={"uri": uri}, headers=bearer)).status_code == 201

    await whole_way(gateway, http)


@mends("RURI-04")
async def test_a_callback_is_mended_in_the_emulators_own_file_as_printed(tmp_path: Path) -> None:
    """The WorkOS that signs in is the emulator of the project's file: nothing is to be done at WorkOS."""
    root, clock = tmp_path / "p", SystemClock()
    shutil.copytree(sample_root(), root)
    async with (
        running_gateway(root, clock=clock, registered=False) as running,
        httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as http,
    ):
        gateway = Watched(running, clock)
        client = await running.register(http)
        async with Browser(CALLBACK) as browser:
            await browser.open(running.authorize_url(client["client_id"], token("")))
            async with asyncio.timeout(10):
                while "RURI-04" not in await gateway.names():
                    await asyncio.sleep(0.05)
        found = next(each for each in await gateway.said() if each.id == "RURI-04")
        rows = {each.name: each for each in await examine_running(running.runtime)}
        assert rows["provider.redirect_uri"].todo == rows["provider.registered_uris"].todo == found.fix
        uri = written(found.fix, r"Add exactly (\S+) to redirectUris in emulators/workos.json, and save")

        seed = root / "emulators" / "workos.json"
        document = json.loads(seed.read_text())
        document["environments"][0]["redirectUris"].append(uri)
        seed.write_text(json.dumps(document))
        assert await Reloading(running.runtime).reload()
        await whole_way(gateway, http)


@mends("PROXY-01", "NET-01")
async def test_a_redirect_and_a_dead_upstream_are_mended_by_the_url_that_is_printed(tmp_path: Path) -> None:
    """The route's upstream is first not there, then one that redirects; each time what is printed is done."""
    socket = listen()
    origin = origin_of(socket)
    root = plain_project(tmp_path, f"{origin}/mcp")
    app = redirecting(f"{origin}/mcp/", answering(rpc(result={"tools": []})))
    clock = SystemClock()
    socket.close()
    async with (
        running_gateway(root, clock=clock) as running,
        httpx2.AsyncClient() as http,
        Browser(CALLBACK) as browser,
    ):
        gateway = Watched(running, clock)
        bearer = (await running.tokens(http, browser))["access_token"]
        assert "error" in (await call(gateway, http, bearer)).json()
        assert "Start the server that should listen there" in (await told(gateway, "NET-01")).fix

        async with serve(app, on=listen(port=int(origin.rpartition(":")[2]))):
            assert "error" in (await call(gateway, http, bearer)).json()
            target = written((await told(gateway, "PROXY-01")).fix, r"(http://\S+/mcp/)")
            routes = root / "config" / "routes.oas.json"
            routes.write_text(routes.read_text().replace(json.dumps(f"{origin}/mcp"), json.dumps(target)))
            assert await Reloading(running.runtime).reload()
            assert "result" in (await call(gateway, http, bearer)).json()


def redirecting(target: str, app: Any) -> Any:
    """Return an app that answers at the target's path, and redirects there from anywhere else."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or target.endswith(scope["path"]):
            await app(scope, receive, send)
            return
        await answering((307, {"location": target}, b""))(scope, receive, send)

    return answer


def test_a_challenge_is_what_the_printed_words_say() -> None:
    """PKCE-04: 43 characters of base64url, without padding."""
    challenge = challenge_of(token(""))
    assert len(challenge) == 43
    assert "=" not in challenge


@mends("CONF-08")
async def test_a_filters_entry_is_mended_by_the_name_that_is_printed(tmp_path: Path) -> None:
    """And what was said of the old file is not said of the new one."""
    root, clock = plain_project(tmp_path, "http://127.0.0.1:1/mcp"), SystemClock()
    async with serve(answering(rpc(result={"tools": [{"name": "echo", "inputSchema": {}}]}))) as origin:
        filtered(root, f"{origin}/mcp", "Echo")
        async with running_gateway(root, clock=clock) as running, httpx2.AsyncClient() as http:
            gateway = Watched(running, clock)
            async with Browser(CALLBACK) as browser:
                bearer = (await running.tokens(http, browser))["access_token"]
            assert "echo" not in (await call(gateway, http, bearer)).text
            filtered(root, f"{origin}/mcp", written((await told(gateway, "CONF-08")).fix, r"Write `(\w+)`"))
            assert await Reloading(running.runtime).reload()

            assert "echo" in (await call(gateway, http, bearer)).text
            assert "CONF-08" not in [each.id for each in await gateway.of_gateway()]


@mends("CONF-10")
@pytest.mark.parametrize("way", ["the provider says it", "the filter reads what it says", "the list alone"])
async def test_a_claim_that_no_sign_in_brings_is_named_until_somebody_is_shown_something(
    tmp_path: Path, way: str
) -> None:
    clock, server = SystemClock(), answering(rpc(result={"tools": [{"name": "echo", "inputSchema": {}}]}))
    async with oidc_provider(clock) as provider, serve(server) as origin, httpx2.AsyncClient() as http:
        root = write_oidc_project(tmp_path, provider)
        filtered(root, f"{origin}/mcp", {"name": "echo", "groups": ["eng"]}, accessControl={"mode": "rolesAndGroups"})
        provider.claims = {"teams": ["eng"]}
        async with running_gateway(root, clock=clock) as running:
            gateway = Watched(running, clock)

            async def listed(method: str = "tools/list") -> str:
                async with Browser(CALLBACK) as browser:
                    bearer = (await running.tokens(http, browser))["access_token"]
                headers = {"authorization": f"Bearer {bearer}", "accept": "application/json, text/event-stream"}
                asked = mcp_request(method, {"name": "echo"})
                return (await http.post(gateway.mcp_url, json=asked, headers=headers)).text

            assert "echo" not in await listed()
            found = await told(gateway, "CONF-10")
            assert (found.certain, "nothing under `groups`" in found.cause) == (False, True)
            if way != "the list alone":
                assert '"diagnosis": "CONF-10"' in await listed("tools/call")
                assert (await told(gateway, "CONF-10")).certain
            if way == "the filter reads what it says":
                claim = written(found.fix, r"or write the claim that it has as `roleClaim` or `(groupClaim)`")
                control = {"mode": "rolesAndGroups", claim: "teams"}
                filtered(root, f"{origin}/mcp", {"name": "echo", "groups": ["eng"]}, accessControl=control)
                assert await Reloading(running.runtime).reload()
            else:
                claim = written(found.fix, r"Let the identity provider say `(\w+)`")
                provider.claims = {claim: ["eng"]}
            assert "echo" in await listed()
            assert "CONF-10" not in [each.id for each in await gateway.of_gateway()]


def filtered(root: Path, url: str, tool: str | dict[str, Any], **options: Any) -> None:
    """Write the project with a filter that lets one tool pass."""
    policies = json.loads((root / "config" / "policies.json").read_text())["policies"]
    policy = {
        "name": "filter",
        "policyType": "mcp-capability-filter-inbound",
        "handler": {
            "export": "McpCapabilityFilterInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": {"tools": [tool], **options},
        },
    }
    kept = [each for each in policies if each["name"] != "filter"]
    routes = json.loads((root / "config" / "routes.oas.json").read_text())["paths"]
    (path,) = routes.values()
    path["post"]["x-zuplo-route"]["policies"]["inbound"] = [kept[0]["name"], "filter"]
    path["post"]["x-zuplo-route"]["handler"]["options"]["rewritePattern"] = url
    write_project(root, [*kept, policy], routes)
