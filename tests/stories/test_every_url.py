"""Whatever URL of its own the gateway names, it answers: whatever the base path is, and wherever it was set."""

import dataclasses
import json
import re
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest

from devgw.cli.starting import welcome
from devgw.clock import SystemClock
from devgw.config.explain import explain
from devgw.config.sample import sample_root
from devgw.config.settings_file import read_settings
from devgw.diagnosis.verdicts import Verdict
from devgw.entropy import token
from devgw.oauth.urls import ALIAS_BASE, PROTECTED_RESOURCE
from devgw.outbound.doctor import examine
from devgw.web.cors import CORS_POLICIES
from devgw.web.paths import ENDPOINTS
from devgw.wiring.examining import patient_of
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, Running, mcp_request, running_gateway

BASES = ("/", "/dev", "/a/b", ALIAS_BASE)
_URL = re.compile(r"https?://[^\s\"'<>\\)]+")
_RELATIVE = re.compile(r"(?:href|action|src)=\"([^\"#][^\"]*)\"")


PLACES = [(base, where) for base in BASES for where in ("plugin", "devgw.toml")]
STRICT = [("/", "plugin and strict"), ("/dev", "plugin and strict"), (ALIAS_BASE, "strict alone")]
STRANGE = [
    *(
        "/nope",
        "/mcp",
        "/mcp/sampel",
        "/mcp/sample/sse",
        "/oauth/token/x",
        "/oauth/authorise",
        "/elsewhere/oauth/setup",
    ),
    *("/elsewhere/oauth/dev-login", "/elsewhere/oauth/logout", "/elsewhere/oauth/callback", "/oauth/authorize"),
    *("/oauth/setup?transaction=tx_1", "/oauth/callback?error=x&state=y", "/oauth/logout", "/oauth/prove"),
    *("/auth/connections/notes/connect", "/auth/connections/absent/connect", "/auth/connections/notes/callback"),
    *(
        "/.well-known/oauth-protected-resource/mcp/sampel",
        "/mcp-registry/v0.1/servers",
        "/mcp-registry/v9",
        "/openapi.json",
    ),
]
"""Where somebody may come by, below the base path or not."""


@pytest.fixture(params=PLACES + STRICT, ids=str)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project whose base path is set in one of its places, with a route below it and one for everybody."""
    base, where = request.param
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    literal = f'{{ basePath: "{base}" }}' if "plugin" in where else ""
    (root / "modules/zuplo.runtime.ts").write_text(f"runtime.addPlugin(new McpGatewayPlugin({literal}));\n")
    if "plugin" not in where or "strict" in where:
        (root / "devgw.toml").write_text("deployed.strict = true" if "strict" in where else f'base_path = "{base}"\n')
    path = root / "config/routes.oas.json"
    document = json.loads(path.read_text())
    below = json.loads(json.dumps(document["paths"]["/mcp/sample"]))
    below["post"]["operationId"] = "below"
    document["paths"][f"{_before_routes(base)}/mcp/below"] = below
    everybodys = json.loads(json.dumps(below))
    everybodys["post"]["operationId"] = "open"
    everybodys["post"]["x-zuplo-route"]["policies"]["inbound"] = []
    document["paths"]["/mcp/open"] = everybodys
    path.write_text(json.dumps(document))
    return root


def _before_routes(base: str) -> str:
    """Return what stands before a route that lies below the base path; below the alias none may."""
    return "" if base == ALIAS_BASE else base.rstrip("/")


@pytest.fixture
async def gateway(project: Path) -> AsyncIterator[Running]:
    settings, findings = read_settings(project, {})
    assert not findings
    async with running_gateway(project, settings=settings) as running:
        yield running


async def test_every_url_that_anything_names_is_answered(gateway: Running) -> None:
    """Documents, challenges, pages, redirects, connect links, events, reports: all from one object."""
    crawl = Crawl(gateway.origin)
    urls = gateway.runtime.urls
    for at in (urls.at("/"), urls.client_document("notes"), f"{gateway.origin}/.well-known/openid-configuration"):
        crawl.read("where a client looks first", at)
    _read_reports(gateway, crawl)
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        await _call_each_route(gateway, http, crawl)
        await _walk_a_login(gateway, http, browser, crawl)
        await _read_refusals(gateway, http, crawl)
        await _read_checks(gateway, crawl)
        await crawl.all(http)
    assert not crawl.unanswered
    served = {urlsplit(url).path for url in crawl.asked}
    base = gateway.runtime.gateway.project.base_path.rstrip("/")
    assert {f"{base}/oauth/token", f"{base}/oauth/register", f"{base}/oauth/callback", f"{base}/oauth/jwks"} <= served
    assert {f"{base}/oauth/setup", f"{base}/oauth/style.css", f"{base}/auth/connections/notes/connect"} <= served
    assert {f"{base}/.well-known/oauth-client/notes", f"{PROTECTED_RESOURCE}{_before_routes(base)}/mcp/below"} <= served


async def test_under_every_loopback_name_the_urls_are_of_that_name_and_answered(gateway: Running) -> None:
    """A client keeps to the name by which it was configured; only pages for browsers move to the canonical one."""
    port = gateway.runtime.settings.port
    for name in ("127.0.0.1", "[::1]"):
        crawl = Crawl(f"http://{name}:{port}")
        for route in (each for each in gateway.runtime.gateway.project.routes if each.protected):
            crawl.read("a client", f"{crawl.origin}/.well-known/openid-configuration{route.path}")
            crawl.read("a client", f"{crawl.origin}/.well-known/oauth-authorization-server{route.path}")
        crawl.read("a client", f"{crawl.origin}/.well-known/oauth-protected-resource/mcp/sample {crawl.origin}/")
        async with httpx2.AsyncClient(timeout=20) as http:
            await crawl.all(http)
        assert not crawl.unanswered
        base = gateway.runtime.gateway.project.base_path.rstrip("/")
        assert f"{crawl.origin}{base}/oauth/token" in crawl.asked


async def test_the_aliases_that_clients_guess_are_answered(gateway: Running) -> None:
    if not ENDPOINTS.is_made(gateway.runtime.settings):
        pytest.skip("as deployed, none is")
    base = gateway.runtime.gateway.project.base_path.rstrip("/")
    async with httpx2.AsyncClient(timeout=20) as http:
        for prefix in {"", base, ALIAS_BASE}:
            for path in ("/token", "/register", "/oauth/token", "/oauth/register", "/oauth/revoke"):
                answer = await http.post(f"{gateway.origin}{prefix}{path}")
                assert answer.status_code in {200, 400, 401}, answer.url
            assert (await http.get(f"{gateway.origin}{prefix}/authorize")).status_code == 400
            assert (await http.get(f"{gateway.origin}{prefix}/")).status_code == 200


async def test_every_form_of_the_well_known_url_leads_to_the_route(gateway: Running) -> None:
    async with httpx2.AsyncClient(timeout=20) as http:
        for route in (each for each in gateway.runtime.gateway.project.routes if each.protected):
            for form in ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource"):
                url = f"{gateway.origin}/.well-known/{form}{route.path}"
                assert (await http.get(url)).status_code == 200, url
            appended = f"{gateway.origin}{route.path}/.well-known/openid-configuration"
            assert (await http.get(appended)).json()["issuer"] == gateway.origin + route.path


async def test_a_route_that_asks_for_no_token_publishes_nothing_that_leads_to_a_login(gateway: Running) -> None:
    """RFC 9728, RFC 8414: a client that reads it would sign in for a resource that wants no token, and be refused."""
    forms = (PROTECTED_RESOURCE, "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
    asked = [f"{form}{path}" for form in forms for path in ("/mcp/open", "/mcp/open/")]
    async with httpx2.AsyncClient(timeout=20) as http:
        for url in (*asked, "/mcp/open/.well-known/openid-configuration"):
            answer = await http.get(f"{gateway.origin}{url}")
            assert (answer.status_code, answer.json()["reason"]) == (404, "route_unprotected"), url
            assert "/mcp/open asks for no token" in answer.json()["error_description"]
            assert not {"authorization_servers", "authorization_endpoint", "issuer"} & answer.json().keys()
        at_root = await http.get(f"{gateway.origin}{PROTECTED_RESOURCE}")
        assert (at_root.status_code, at_root.json()["reason"]) == (404, "root_form_unclear")
        call = await http.post(gateway.url_of("open"), json=mcp_request("ping"))
        assert call.status_code != 401
        assert "www-authenticate" not in call.headers


async def test_another_form_of_a_documents_address_names_the_standards_own(gateway: Running) -> None:
    """Clients try several; none of them is told that a route is not served which is."""
    async with httpx2.AsyncClient(timeout=20) as http:
        for route in gateway.runtime.gateway.project.routes:
            for form in ("oauth-authorization-server", "oauth-protected-resource"):
                answer = await http.get(f"{gateway.origin}{route.path}/.well-known/{form}")
                assert answer.status_code == 404
                assert "No MCP route" not in answer.text
                nearest = answer.json().get("nearest", "")
                assert bool(nearest) == route.protected
                assert not nearest or (await http.get(nearest)).status_code == 200


async def test_the_doctor_finds_no_fault_in_a_gateway_that_has_none(gateway: Running) -> None:
    runtime = gateway.runtime
    with runtime.front.unseen.word() as word:
        checks = await examine(patient_of(runtime, word), SystemClock())
    failed = [each for each in checks if each.verdict is Verdict.FAIL]
    if not CORS_POLICIES.is_made(runtime.settings):  # the routes let no page in, which the Inspector is
        assert {each.name.rpartition(".")[2] for each in failed} == {"inspector"}
        assert all(each.diagnosis_id == "CORS-01" and "corsPolicy" in each.todo for each in failed)
    else:
        assert not failed


class Crawl:
    """Finds the gateway's own URLs in texts, asks each once, and reads the answers in turn."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.found: dict[str, str] = {}
        self.asked: dict[str, int] = {}

    @property
    def unanswered(self) -> dict[str, tuple[int, str]]:
        """Return what was not served, with its status and where it was named."""
        refused = {url: status for url, status in self.asked.items() if status in {404, 421} or status >= 500}
        return {url: (status, self.found[url]) for url, status in refused.items()}

    def read(self, where: str, text: str, but_for: Collection[str] = ()) -> None:
        """Take the URLs in a text but for some; relative ones of a page are those of `where`."""
        text = text.replace("&amp;", "&")
        relative = (urljoin(where, each) for each in _RELATIVE.findall(text))
        for url in (*_URL.findall(text), *relative):
            named = url.rstrip("`.,;:")
            if url.startswith(self.origin) and named not in but_for:
                self.found.setdefault(named, where)

    async def all(self, http: httpx2.AsyncClient) -> None:
        """Ask until nothing new is named; a page, a document and an endpoint each count as an answer."""
        while waiting := [url for url in self.found if url not in self.asked][:200]:
            assert len(self.found) < 500, "each answer names another"
            for url in waiting:
                answer = await http.get(url, headers={"accept": "text/html, application/json"})
                if answer.status_code == 405:
                    answer = await http.post(url)
                self.asked[url] = answer.status_code
                self.read(url, answer.text + " " + " ".join(answer.headers.values()))


async def _read_refusals(gateway: Running, http: httpx2.AsyncClient, crawl: Crawl) -> None:
    """Take what is named to whoever comes by where nothing is, or nothing for them, but for what they asked for."""
    urls = gateway.runtime.urls
    for path in STRANGE:
        for url in {gateway.origin + path, urls.at(path)}:
            for accepted in ("text/html", "application/json"):
                for method in ("GET", "POST"):
                    answer = await http.request(method, url, headers={"accept": accepted})
                    described = gateway.origin + path.removeprefix(PROTECTED_RESOURCE)
                    crawl.read(url, f"{answer.text} {answer.headers}", {url.partition("?")[0], described})


async def _read_checks(gateway: Running, crawl: Crawl) -> None:
    """Take what `devgw doctor` names, and the lines with which `devgw up` begins."""
    with gateway.runtime.front.unseen.word() as word:
        for check in await examine(patient_of(gateway.runtime, word), SystemClock()):
            if check.name != "provider.registered_uris":  # it names what somebody else knows
                crawl.read("a check", " ".join(_strings(check)))
    welcome(gateway.runtime, lambda line: crawl.read("the first lines", line))


def _read_reports(gateway: Running, crawl: Crawl) -> None:
    """Take what events, dashboard and `devgw explain` name."""
    runtime = gateway.runtime
    events = [each.event for each in gateway.published]
    for view in (runtime.monitor.config, runtime.monitor.gateway, events, *_explanations(gateway)):
        crawl.read("a report", " ".join(_strings(view)))


def _explanations(gateway: Running) -> Iterator[Any]:
    runtime = gateway.runtime
    for route in runtime.gateway.project.routes:
        yield explain(runtime.loaded, runtime.settings, route.path)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from _strings(getattr(value, each.name))


async def _call_each_route(gateway: Running, http: httpx2.AsyncClient, crawl: Crawl) -> None:
    for route in (each for each in gateway.runtime.gateway.project.routes if each.protected):
        answer = await http.post(f"{gateway.origin}{route.path}", json=mcp_request("tools/list"))
        assert answer.status_code == 401
        crawl.read("a challenge", answer.headers["www-authenticate"])


async def _walk_a_login(gateway: Running, http: httpx2.AsyncClient, browser: Browser, crawl: Crawl) -> None:
    """Take what the pages of a login name, and the connect link of a call whose upstream is not connected."""
    client, verifier = await gateway.register(http), token("")
    await gateway.sign_in(
        browser, gateway.authorize_url(client["client_id"], verifier, resource=gateway.url_of("notes"))
    )
    assert browser.page is not None
    crawl.read(browser.page.url, browser.page.html)
    await gateway.allow(browser)
    assert browser.location is not None
    answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.location).query).items()}
    form = Code(client["client_id"], verifier, answer).form(resource=gateway.url_of("notes"))
    tokens = (await http.post(gateway.runtime.urls.endpoints(None).token, data=form)).json()
    oauth = gateway.runtime.upstreams.oauth
    for each in oauth.connections():
        await oauth.disconnect(each.subject_id, each.upstream_server_id)
    call = mcp_request("tools/call", {"name": "whoami", "arguments": {}})
    bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    crawl.read("a call", (await http.post(gateway.url_of("notes"), json=call, headers=bearer)).text)
    for url in browser.visited:
        crawl.read("a browser", url)
    for published in gateway.published:
        crawl.read("an event", " ".join(_strings(published.event)))
