"""The doctor against a real emulator, real upstreams and a real gateway; each check with what it saw and what to do."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from typing import Any

import pytest
from click.testing import CliRunner

from devgw.cli.doctor import command, nothing_kept
from devgw.clock import SystemClock
from devgw.config.project import BrowserLogin, OAuthPolicy, Oidc, Project, Route, Secret
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.emulators.workos import AnswerFault, Emulator, create_app, parse_seed
from devgw.ids import OperationId
from devgw.outbound.doctor import Patient, examine
from devgw.outbound.probes.machine import port_state
from devgw.platforms.here import here
from devgw.settings import Settings
from tests.support.gateway import running_gateway
from tests.support.mending import mends, written
from tests.support.serving import listen, origin_of, serve

CLIENT_ID = "client_01DEVGWSAMP1EENV1R0NMENT01"
KEY = "sk_test_doctor"
ADA = {"id": "user_01DEVGWPERS0NAADA000000001", "email": "ada@example.com"}
CALLBACK = "http://localhost:9000/oauth/callback"


@pytest.fixture
async def workos() -> AsyncIterator[Emulator]:
    seed = {
        "environments": [
            {"name": "test", "clientId": CLIENT_ID, "apiKey": KEY, "redirectUris": [CALLBACK], "personas": [ADA]}
        ],
    }
    socket_ = listen()
    emulator = Emulator(parse_seed(json.dumps(seed)), origin_of(socket_), clock=SystemClock())
    async with serve(create_app(emulator), on=socket_):
        yield emulator


def policy(origin: str, client_id: str = CLIENT_ID, key: str = KEY) -> OAuthPolicy:
    issuer = f"{origin}/user_management/{client_id}"
    login = BrowserLogin(
        f"{origin}/user_management/authorize", f"{origin}/user_management/authenticate", client_id, Secret(key)
    )
    return OAuthPolicy(
        "login", "mcp-workos-oauth-inbound", "workos", Oidc(issuer, f"{origin}/sso/jwks/{client_id}"), login
    )


async def examined(policy_: OAuthPolicy, *routes: Route, **settings: Any) -> dict[str, Check]:
    project = Project(Path(), policy_, routes)
    checks = await examine(Patient(project, Settings(**settings), {}, nothing_kept()), SystemClock())
    return {check.name: check for check in checks}


async def test_a_healthy_workos_passes_every_probe(workos: Emulator) -> None:
    checks = await examined(policy(workos.origin))

    provider = {name: check.verdict for name, check in checks.items() if name.startswith("provider")}
    assert set(provider.values()) == {Verdict.PASS}, checks
    assert "provider.registered_uris" in provider
    assert checks["machine.clock"].verdict is Verdict.PASS


async def test_a_callback_that_is_not_registered_is_compared_with_the_nearest(workos: Emulator) -> None:
    checks = await examined(policy(workos.origin), origin="http://127.0.0.1:9000")

    assert checks["provider.redirect_uri"].diagnosis_id == "RURI-04"
    assert "http://127.0.0.1:9000/oauth/callback" in checks["provider.redirect_uri"].todo
    listed = checks["provider.registered_uris"]
    assert listed.verdict is Verdict.FAIL
    assert "two names of this machine" in listed.saw
    assert listed.marks[0] == "http://127.0.0.1:9000/oauth/callback"
    assert listed.marks[1].strip() == "^^^^^^^^^"


async def test_a_key_of_another_environment_is_no_pair(workos: Emulator) -> None:
    checks = await examined(policy(workos.origin, key="sk_test_other"))

    assert checks["provider.credentials"].verdict is Verdict.FAIL
    assert checks["provider.credentials"].diagnosis_id == "TOK-07"
    assert checks["provider.redirect_uri"].verdict is Verdict.PASS


async def test_a_mistyped_client_id_is_found_by_its_form_and_by_every_probe(workos: Emulator) -> None:
    checks = await examined(policy(workos.origin, client_id=CLIENT_ID.replace("0NMENT", "ONMENT")))

    assert "contains O" in checks["provider.client_id_shape"].saw
    assert checks["provider.redirect_uri"].diagnosis_id == "WORK-01"
    assert checks["provider.keys"].diagnosis_id == "IDT-05"


async def test_no_secret_is_ever_shown(workos: Emulator) -> None:
    secret = 'sk_live_"very-secret"'
    checks = await examined(policy(workos.origin, key=secret))

    assert checks["provider.secret_shape"].verdict is Verdict.FAIL
    assert "very-secret" not in repr(checks)


async def test_a_production_key_does_not_go_with_a_local_callback(workos: Emulator) -> None:
    checks = await examined(policy(workos.origin, key="sk_live_x"))

    assert checks["provider.secret_shape"].diagnosis_id == "RURI-05"


async def test_keys_that_cannot_be_had_are_named(workos: Emulator) -> None:
    workos.faults.arm(AnswerFault(path=f"/sso/jwks/{CLIENT_ID}", status=503))
    checks = await examined(policy(workos.origin))

    assert checks["provider.keys"].diagnosis_id == "IDT-08"


async def test_an_issuer_that_is_another_string_is_compared(workos: Emulator) -> None:
    given = policy(workos.origin)
    assert given.oidc is not None
    body = {"issuer": given.oidc.issuer + "/", "jwks_uri": given.oidc.jwks_url}
    path = f"/user_management/{CLIENT_ID}/.well-known/openid-configuration"
    workos.faults.arm(AnswerFault(path=path, status=200, body=body))
    checks = await examined(given)

    assert checks["provider.issuer"].verdict is Verdict.FAIL
    assert "ends in a slash" in checks["provider.issuer"].saw


async def test_a_provider_that_is_down_fails_and_the_rest_is_examined(workos: Emulator) -> None:
    with listen() as closed:
        nowhere = origin_of(closed)
    checks = await examined(policy(nowhere))

    assert checks["provider.credentials"].diagnosis_id == "IDT-13"
    assert "refused" in checks["provider.credentials"].saw
    assert checks["machine.proxy"].verdict is Verdict.PASS


async def test_a_running_gateway_is_good_enough_for_every_client_family() -> None:
    async with running_gateway() as gateway:
        loaded = gateway.runtime.served.gateway.project
        patient = Patient(loaded, gateway.runtime.settings, {}, nothing_kept(), is_running=True)
        checks = {check.name: check for check in await examine(patient, SystemClock())}

    seen = {name: check for name, check in checks.items() if name.startswith("metadata.")}
    assert len(seen) >= 8
    assert [(name, check.saw) for name, check in seen.items() if check.verdict is not Verdict.PASS] == []
    assert checks["machine.port"].saw == "devgw listens there"
    assert {check.verdict for name, check in checks.items() if name.startswith("provider")} == {Verdict.PASS}
    assert "2025-11-25" in checks["upstream.sample"].saw
    assert "2026-07-28" in checks["upstream.sample"].saw


def route(url: str) -> Route:
    return Route("/mcp/x", OperationId("x"), "x", url)


def answering(status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.parametrize(
    ("status", "headers", "body", "name", "verdict"),
    [
        (307, [(b"location", b"/mcp/")], b"", "PROXY-01", Verdict.FAIL),
        (302, [(b"location", b"/login?next=/mcp")], b"", "PROXY-22", Verdict.FAIL),
        (302, [(b"location", b"http://[")], b"", "PROXY-11", Verdict.FAIL),
        (401, [(b"www-authenticate", b'Bearer resource_metadata="http://x"')], b"", "UPST-19", Verdict.FAIL),
        (401, [], b"", "UPST-19", Verdict.FAIL),
        (429, [(b"retry-after", b"30")], b"", "PROXY-17", Verdict.WARN),
        (500, [], b"", "PROXY-19", Verdict.FAIL),
        (302, [(b"location", b"https://sso.corp.test/start")], b"", "PROXY-22", Verdict.FAIL),
        (308, [(b"location", b"/v2/mcp")], b"", "PROXY-01", Verdict.FAIL),
        (404, [], b"Not Found", "PROXY-13", Verdict.FAIL),
        (405, [(b"allow", b"GET")], b"", "PROXY-15", Verdict.FAIL),
        (403, [], b"Forbidden", "PROXY-18", Verdict.FAIL),
        (400, [], b"Bad Request", "PROXY-20", Verdict.FAIL),
        (415, [], b"", "PROXY-20", Verdict.FAIL),
        (421, [], b"Invalid Host header", "PROXY-16", Verdict.FAIL),
        (200, [(b"content-type", b"text/html")], b"<html>", "NET-06", Verdict.FAIL),
    ],
)
async def test_upstreams_are_told_apart(
    workos: Emulator, status: int, headers: list[tuple[bytes, bytes]], body: bytes, name: str, verdict: Verdict
) -> None:
    async with serve(answering(status, headers, body)) as origin:
        check = (await examined(policy(workos.origin), route(f"{origin}/mcp")))["upstream.x"]

    assert (check.diagnosis_id, check.verdict) == (name, verdict), check


async def test_an_upstream_that_is_not_running_is_said_to_be_so(workos: Emulator) -> None:
    with listen() as closed:
        nowhere = origin_of(closed)
    check = (await examined(policy(workos.origin), route(f"{nowhere}/mcp")))["upstream.x"]

    assert check.diagnosis_id == "NET-01"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket(AF_INET, SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


async def test_the_owner_of_a_port_is_named(taken: int, workos: Emulator) -> None:
    import os  # noqa: PLC0415  the process id of this test

    assert f"(pid {os.getpid()})" in here().owner_of(taken)
    state = await port_state(taken)
    assert state.listens_v4
    assert not state.listens_v6
    check = (await examined(policy(workos.origin), port=taken))["machine.port"]
    assert check.verdict is Verdict.FAIL
    assert "pid" in check.saw


async def test_a_callback_is_looked_at(taken: int, workos: Emulator) -> None:
    project = Project(Path(), policy(workos.origin), ())
    for url, name, verdict in (
        (f"http://localhost:{taken}/callback", "HOST-03", Verdict.WARN),
        (f"http://127.0.0.1:{taken}/callback", "", Verdict.PASS),
        ("http://127.0.0.1:1/callback", "PORT-02", Verdict.FAIL),
    ):
        checks = await examine(Patient(project, Settings(), {}, nothing_kept(), client_callback=url), SystemClock())
        check = next(each for each in checks if each.name == "client.callback")
        assert check.verdict is verdict or (name == "HOST-03" and check.verdict is Verdict.PASS), check


@mends("NET-13")
def test_proxy_variables_that_catch_loopback_are_named() -> None:
    from devgw.outbound.probes.machine import proxies  # noqa: PLC0415  beside its only use

    assert proxies({"HTTPS_PROXY": "http://proxy:8080"}).verdict is Verdict.WARN
    assert proxies({"HTTPS_PROXY": "http://proxy:8080", "no_proxy": "localhost,127.0.0.1,::1"}).verdict is Verdict.PASS
    partly = proxies({"HTTPS_PROXY": "http://proxy:8080", "no_proxy": "127.0.0.1"})
    assert partly.verdict is Verdict.WARN
    assert partly.diagnosis_id == "NET-13"
    as_printed = written(partly.todo, r"NO_PROXY=(\S+) ")
    assert as_printed == "127.0.0.1,localhost,::1"
    assert proxies({"HTTPS_PROXY": "http://proxy:8080", "NO_PROXY": as_printed}).verdict is Verdict.PASS


def test_the_command_prints_json_and_fails_where_a_check_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(command, ["--json", "--port", str(taken)])

    checks = {check["name"]: check for check in json.loads(told.output)}
    assert told.exit_code == 1
    assert checks["machine.port"]["verdict"] == "fail"
    assert checks["provider"]["verdict"] == "not applicable"


def test_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with listen() as closed:
        port = origin_of(closed).rpartition(":")[2]
    told = CliRunner().invoke(command, ["--port", port, "--callback", "http://127.0.0.1:1/cb"]).output

    assert "ok    machine.port: it is free" in told
    assert "FAIL  client.callback: nothing listens there  [PORT-02]" in told
    assert "do:  Start the login again" in told


async def test_an_event_stream_that_never_ends_does_not_hold_up_the_doctor(workos: Emulator) -> None:
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        import asyncio  # noqa: PLC0415  beside its only use

        result = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-06-18"}})
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": f"data: {result}\n\n".encode(), "more_body": True})
        await asyncio.Event().wait()

    async with serve(endless) as origin:
        check = (await examined(policy(workos.origin), route(f"{origin}/mcp")))["upstream.x"]

    assert "2025-06-18" in check.saw


async def test_the_secret_goes_to_its_own_endpoint_alone(workos: Emulator) -> None:
    carried: list[str] = []

    async def eavesdrop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        message = await receive()
        if KEY.encode() in message.get("body", b"") + b" ".join(value for _, value in scope["headers"]):
            carried.append(scope["path"])
        await answering(404, [])(scope, receive, send)

    async with serve(eavesdrop) as origin:
        given = policy(origin)
        await examined(given, route(f"{origin}/mcp"))

    assert sorted(carried) == ["/user_management/authenticate", "/user_management/redirect_uris"]
