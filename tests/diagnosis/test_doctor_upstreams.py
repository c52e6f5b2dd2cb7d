"""The doctor says of an upstream what connecting it would come to, in the same words, and its advice can be pasted."""

import json
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jsonschema
import pytest

from devgw.config.schemas import settings_schema
from devgw.config.settings_file import read_settings
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.gateway.connecting import Ticket
from devgw.ids import SubjectId
from devgw.problems import Problem
from devgw.settings import Settings
from devgw.wiring.examining import examine_running
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.test_upstreams import plain_project
from tests.outbound.bench import refusal
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.support.mending import mends
from tests.web.test_connect import OAUTH, project


async def looked(gateway: Running) -> Check:
    return next(each for each in await examine_running(gateway.runtime) if each.name.startswith("upstream."))


async def refused(gateway: Running) -> Problem:
    """Return what connecting refuses."""
    runtime = gateway.runtime
    route = runtime.gateway.project.routes[0]
    assert route.token_exchange is not None
    ticket = Ticket(SubjectId("anne"), route.token_exchange.id, route.operation_id)
    return await refusal(runtime.upstreams.oauth.begin(route, ticket))


@asynccontextmanager
async def guarded(root: Path, upstream: Upstream) -> AsyncIterator[Running]:
    async with running_gateway(project(root, f"{upstream.origin}{upstream.mcp_path}")) as gateway:
        yield gateway


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


PAGE = (200, {"content-type": "text/html"}, b"<title>Log in</title>")
NOTHING = (404, {"content-type": "text/plain"}, b"")


@pytest.mark.parametrize(
    ("server", "resource", "answers", "name"),
    [
        ({"issuer": "http://127.0.0.1/other"}, {}, {}, "DISC-01"),
        ({"issuer": "SLASH"}, {}, {}, "DISC-01"),
        ({}, {"resource": "http://127.0.0.1:1/mcp"}, {}, "AUD-01"),
        ({}, {"resource": "PATH"}, {}, "AUD-01"),
        ({"registration_endpoint": None}, {}, {}, None),
        ({"code_challenge_methods_supported": None}, {}, {}, "PKCE-01"),
        ({"code_challenge_methods_supported": ["plain"]}, {}, {}, "PKCE-01"),
        ({"token_endpoint": None}, {}, {}, "DISC-11"),
        ({"authorization_endpoint": "javascript:alert(1)"}, {}, {}, None),
        (
            {},
            {},
            {"/.well-known/oauth-authorization-server": PAGE, "/.well-known/openid-configuration": PAGE},
            "DISC-05",
        ),
        ({}, {"authorization_servers": ["http://127.0.0.1:1"]}, {}, None),
        ({}, {}, {"/.well-known/oauth-authorization-server": NOTHING}, "DISC-02"),
    ],
)
async def test_what_connecting_would_refuse_the_doctor_says_in_the_same_words(
    tmp_path: Path,
    upstream: Upstream,
    server: dict[str, Any],
    resource: dict[str, Any],
    answers: dict[str, Any],
    name: str | None,
) -> None:
    stands_for = {"SLASH": f"{upstream.issuer}/", "PATH": f"{upstream.origin}/elsewhere"}
    upstream.server_metadata = {key: stands_for.get(str(value), value) for key, value in server.items()}
    upstream.resource_metadata = {key: stands_for.get(str(value), value) for key, value in resource.items()}
    upstream.answers = answers
    async with guarded(tmp_path, upstream) as gateway:
        before = len(gateway.published)
        check = await looked(gateway)
        assert gateway.published[before:] == []
        problem = await refused(gateway)

    assert check.verdict is Verdict.FAIL
    assert (check.saw, check.todo) == (problem.explain(), problem.advise())
    assert check.diagnosis_id == (problem.diagnosis_id or "")
    assert name is None or check.diagnosis_id == name
    assert upstream.clients == {}, "the doctor registers nobody"


def mended_in_toml(todo: str, root: Path) -> Settings:
    """Write into devgw.toml what is printed, and return the settings of the next start."""
    found = re.search(r"write into devgw\.toml (\[\S+\]) and below it (.*) and start devgw again", todo)
    assert found is not None, todo
    (root / "devgw.toml").write_text(f"{found[1]}\n{found[2]}\n")
    settings, findings = read_settings(root, {})
    assert not findings
    return settings


@mends("DISC-01", "PKCE-01", "AUD-01")
@pytest.mark.parametrize(
    ("server", "resource", "name"),
    [
        ({"issuer": "http://127.0.0.1/other"}, {}, "DISC-01"),
        ({"issuer": "SLASH"}, {}, "DISC-01"),
        ({"issuer": None}, {}, "DISC-11"),
        ({"code_challenge_methods_supported": None}, {}, "PKCE-01"),
        ({}, {"resource": "PATH"}, "AUD-01"),
    ],
)
async def test_a_broken_document_is_mended_by_the_lines_that_are_printed_for_devgw_toml(
    tmp_path: Path, upstream: Upstream, server: dict[str, Any], resource: dict[str, Any], name: str
) -> None:
    stands_for = {"SLASH": f"{upstream.issuer}/", "PATH": f"{upstream.origin}/elsewhere"}
    upstream.server_metadata = {key: stands_for.get(str(value), value) for key, value in server.items()}
    upstream.resource_metadata = {key: stands_for.get(str(value), value) for key, value in resource.items()}
    async with guarded(tmp_path, upstream) as gateway:
        problem = await refused(gateway)
        assert problem.diagnosis_id == name
        assert (await looked(gateway)).todo == problem.advise()
    settings = mended_in_toml(problem.advise(), tmp_path)

    async with running_gateway(tmp_path, settings=settings) as gateway, httpx2.AsyncClient() as http:
        assert (await looked(gateway)).verdict is Verdict.PASS
        async with Browser(CALLBACK) as browser:
            await signed_in(gateway, http, browser)


async def test_an_upstream_that_names_no_server_is_not_said_to_name_one(tmp_path: Path, upstream: Upstream) -> None:
    upstream.challenge = "Bearer"
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        upstream.answers[path] = NOTHING
    upstream.server_metadata = {"issuer": "http://127.0.0.1/other"}
    async with guarded(tmp_path, upstream) as gateway:
        check = await looked(gateway)

    assert check.diagnosis_id == "DISC-01"
    assert "names no authorization server" in check.saw
    assert "authorization_servers says" not in check.saw


async def test_one_that_can_be_connected_is_said_to_be_so_and_nothing_is_registered(
    tmp_path: Path, upstream: Upstream
) -> None:
    async with guarded(tmp_path, upstream) as gateway:
        check = await looked(gateway)

    assert check.verdict is Verdict.PASS
    assert "nobody has connected it yet" in check.saw
    assert upstream.issuer in check.saw
    assert upstream.clients == {}
    assert "POST /register" not in upstream.paths()


async def test_an_exchange_that_is_attached_and_connected_is_not_told_to_attach_one(
    tmp_path: Path, upstream: Upstream
) -> None:
    async with guarded(tmp_path, upstream) as gateway, Browser(CALLBACK) as browser, httpx2.AsyncClient() as http:
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
        await browser.press("Connect")
        check = await looked(gateway)

    assert check.verdict is Verdict.PASS, check
    assert "1 connected already" in check.saw


async def signed_in(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> str:
    """Sign in, connect and allow; return an access token."""
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
    assert browser.page is not None
    if any(text.startswith("Connect") for _, text in browser.page.links):
        await browser.press("Connect")
    await browser.press("Allow")
    assert browser.location is not None, browser.page
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(browser.location).query)["code"][0],
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "resource": gateway.mcp_url,
    }
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def pasted(todo: str, root: Path) -> None:
    """Do what the doctor printed, to the letter."""
    found = re.search(r"policies\.json: (?P<policy>\{.*\}) and in .* `inbound`: (?P<inbound>\[.*\])$", todo)
    assert found is not None, todo
    policies = json.loads((root / "config" / "policies.json").read_text())
    policies["policies"].append(json.loads(found["policy"]))
    (root / "config" / "policies.json").write_text(json.dumps(policies))
    routes = json.loads((root / "config" / "routes.oas.json").read_text())
    (path,) = routes["paths"].values()
    path["post"]["x-zuplo-route"]["policies"]["inbound"] = json.loads(found["inbound"])
    (root / "config" / "routes.oas.json").write_text(json.dumps(routes))


@mends("UPST-03")
async def test_the_policy_that_the_doctor_prints_connects_an_upstream_that_wants_a_login(
    tmp_path: Path, upstream: Upstream
) -> None:
    root = plain_project(tmp_path, f"{upstream.origin}/mcp")
    async with running_gateway(root) as gateway, Browser(CALLBACK) as browser, httpx2.AsyncClient() as http:
        check = await looked(gateway)
        assert (check.verdict, check.diagnosis_id) == (Verdict.FAIL, "UPST-19")

        pasted(check.todo, root)
        assert await Reloading(gateway.runtime).reload()
        assert (await looked(gateway)).verdict is Verdict.PASS
        token = await signed_in(gateway, http, browser)
        headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
        call = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)

    assert call.status_code == 200
    assert "result" in call.json()


async def test_a_key_that_the_route_sets_is_sent_and_its_refusal_is_the_keys(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.access_tokens.add("good")
    for value, is_refused in (("good", False), ("bad", True)):
        root = keyed(tmp_path / value, f"{upstream.origin}/mcp", f"Bearer {value}")
        async with running_gateway(root) as gateway:
            check = await looked(gateway)
        assert upstream.asked[-1].headers["authorization"] == f"Bearer {value}"
        assert (check.diagnosis_id == "UPST-03") is is_refused, check
        assert not is_refused or "authorization" in check.todo


def keyed(root: Path, url: str, value: str) -> Path:
    key = {
        "name": "key",
        "policyType": "set-headers-inbound",
        "handler": {
            "export": "SetHeadersInboundPolicy",
            "module": "$import(@zuplo/runtime)",
            "options": {"headers": [{"name": "authorization", "value": value, "overwrite": True}]},
        },
    }
    plain_project(root, url)
    routes = json.loads((root / "config" / "routes.oas.json").read_text())["paths"]
    routes["/mcp/thing"]["post"]["x-zuplo-route"]["policies"]["inbound"] = ["login", "key"]
    return write_project(root, [OAUTH, key], routes)


def test_the_lines_that_are_printed_for_devgw_toml_are_in_its_schema() -> None:
    """An editor must not mark as wrong what devgw told the person to write."""
    printed = tomllib.loads(
        '[upstreams.notes.authorization_server_metadata]\nissuer = "http://127.0.0.1:1"\n'
        '[upstreams.notes.protected_resource_metadata]\nresource = "http://127.0.0.1:1/mcp"\n'
    )
    jsonschema.validate(printed, settings_schema())
