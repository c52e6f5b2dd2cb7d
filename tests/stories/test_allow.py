"""What Allow says is what is answered: at every endpoint, by every method, in every mode (RFC 9110 §10.2.1)."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from quart import Quart

from devgw.config.sample import sample_root
from devgw.config.settings_file import read_settings
from tests.support.gateway import Running, running_gateway

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
MODES = {
    "as it comes": "",
    "with sessions": "[proxy]\nstateful = true\n",
    "as deployed": "deployed.strict = true\n",
    "below a base path": 'base_path = "/dev"\n',
    "with both": 'base_path = "/dev"\nproxy.stateful = true\n',
}
ACCEPTED = ("*/*", "text/html")
_VALUES = {"<path:path>": "mcp/sample", "<connection>": "notes", "<path:name>": "sample", "<path:rest>": "x"}
_PARAMETER = re.compile(r"<[^>]+>")


@pytest.fixture(params=MODES, ids=str)
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    (root / "devgw.toml").write_text(MODES[request.param])
    settings, findings = read_settings(root, {})
    assert not findings
    async with running_gateway(root, settings=settings) as running:
        yield running


def places(gateway: Running) -> list[str]:
    """Return the URL of everything that is served."""
    pages = gateway.runtime.front._pages
    assert isinstance(pages, Quart)
    base = gateway.runtime.gateway.project.base_path.rstrip("/")
    rules = [_PARAMETER.sub(lambda found: _VALUES.get(found[0], "1"), str(each)) for each in pages.url_map.iter_rules()]
    routes = [each.path for each in gateway.runtime.gateway.project.routes]
    found = {*rules, *(f"{base}{each}" for each in rules), *routes, "/nowhere"}
    return [f"{gateway.origin}{each}" for each in sorted(found)]


@pytest.mark.parametrize("accept", ACCEPTED)
async def test_allow_names_the_methods_that_are_not_refused_and_no_other(
    gateway: Running, http: httpx2.AsyncClient, accept: str
) -> None:
    found = places(gateway)
    assert len(found) > 30
    for url in found:
        answers = {each: await http.request(each, url, headers={"accept": accept}) for each in METHODS}
        taken = {method for method, answer in answers.items() if answer.status_code != 405}
        for method, answer in answers.items():
            assert ("allow" in answer.headers) == (method not in taken), (method, url)
            if method not in taken:
                assert set(answer.headers["allow"].split(", ")) == taken, (method, url)


async def test_the_whole_server_says_what_any_place_of_it_takes(gateway: Running, http: httpx2.AsyncClient) -> None:
    def asked(method: str) -> httpx2.Request:
        return httpx2.Request(method, gateway.origin, extensions={"target": b"*"})

    answer = await http.send(asked("OPTIONS"))
    has_sessions = gateway.runtime.settings.proxy.stateful
    wanted = {"GET", "HEAD", "POST", "OPTIONS"} | ({"DELETE"} if has_sessions else set())
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (200, wanted)
    for method in ("GET", "POST"):
        assert (await http.send(asked(method))).status_code == 400


async def test_a_browser_at_a_route_is_shown_its_page_though_streams_are_given_there(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """RFC 9110 §15.5.7: the method is taken, and only what is accepted is not there."""
    answer = await http.get(f"{gateway.origin}/mcp/sample", headers={"accept": "text/html"})
    wanted = (406, None) if gateway.runtime.settings.proxy.stateful else (405, "POST")
    assert (answer.status_code, answer.headers.get("allow")) == wanted
    assert "is for MCP clients" in answer.text
