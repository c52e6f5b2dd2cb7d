"""The MCP Server Registry v0.1, read-only."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import httpx2
import pytest

from devgw.config.project import Route
from devgw.gateway.registry import BadQuestion, ListQuery, entry_of, find_server, list_servers, name_of, read_question
from devgw.ids import OperationId
from devgw.oauth.urls import Urls
from tests.support.gateway import Running, running_gateway

URLS = Urls("https://gateway.example.com")


def route(name: str, summary: str = "") -> Route:
    return Route(f"/mcp/{name}", OperationId(name), summary, "http://127.0.0.1:1/mcp")


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def http(gateway: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{gateway.origin}/mcp-registry") as client:
        yield client


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://gateway.example.com", "com.example.gateway/linear"),
        ("http://localhost:9000", "localhost/linear"),
        ("http://127.0.0.1:9000", "127-0-0-1/linear"),
        ("http://[::1]:9000", "1/linear"),
    ],
)
def test_a_name_is_the_host_backwards(origin: str, name: str) -> None:
    assert name_of(route("linear"), Urls(origin)) == name


def test_what_does_not_fit_the_constraints_is_made_to_fit() -> None:
    """One malformed route must not take down discovery for the rest."""
    long = route("x" * 300, "é" * 300)
    entry = entry_of(name_of(long, URLS), long, URLS)
    assert len(entry["server"]["name"]) == 200
    assert len(entry["server"]["description"]) == 100
    assert name_of(route("x" * 301), URLS) != entry["name"]
    listed = list_servers([route("a b/c"), replace(route("p"), path="/mcp/{server}")], URLS, ListQuery())
    assert [each["name"] for each in listed["servers"]] == ["com.example.gateway/a-b-c"]


def test_routes_whose_ids_come_to_one_name_are_all_there_and_found() -> None:
    routes = [route(each) for each in ("a b", "a-b", "a/b", "..", ".", "é", "ü", "x" * 300, "x" * 300 + "y")]
    listed = list_servers(routes, URLS, read_question({"limit": "100"}))["servers"]
    assert {each["remotes"][0]["url"] for each in listed} == {URLS.resource(each) for each in routes}
    assert len({each["name"] for each in listed}) == len(routes)
    assert "com.example.gateway/a-b" in {each["name"] for each in listed}
    for each in listed:
        assert len(each["name"]) <= 200
        assert each["name"].partition("/")[2].strip(".")
        assert find_server(routes, URLS, each["name"]) == each


def test_pages_follow_one_another_until_the_last() -> None:
    routes = [route(f"r{number}") for number in (3, 1, 2)]
    names, cursor = [], ""
    for _ in range(4):
        page = list_servers(routes, URLS, read_question({"limit": "2", "cursor": cursor}))
        names += [each["server"]["name"] for each in page["servers"]]
        cursor = page["metadata"].get("nextCursor", "")
        if not cursor:
            break
    assert names == [f"com.example.gateway/r{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"search": "LIN"}, 1),
        ({"search": "nothing"}, 0),
        ({"version": "latest"}, 2),
        ({"version": "1.0.0"}, 2),
        ({"version": "2.0.0"}, 0),
        ({"updated_since": "2999-01-01T00:00:00Z"}, 2),
        ({"limit": "5000"}, 2),
    ],
)
def test_a_list_is_narrowed_by_what_was_asked(query: dict[str, str], count: int) -> None:
    assert list_servers([route("linear"), route("stripe")], URLS, read_question(query))["metadata"]["count"] == count


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"limit": "²"},
        {"limit": "9" * 5000},
        {"cursor": "%%"},
        {"updated_since": "yesterday"},
    ],
)
def test_a_question_that_cannot_be_read_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadQuestion):
        read_question(query)


async def test_the_routes_are_listed_for_anybody(gateway: Running, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/v0.1/servers", headers={"origin": "https://inspector.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    servers = answer.json()["servers"]
    assert {each["server"]["remotes"][0]["url"] for each in servers} == {
        f"{gateway.origin}{each.path}" for each in gateway.runtime.served.gateway.project.routes
    }


async def test_one_server_is_found_by_its_encoded_name(http: httpx2.AsyncClient) -> None:
    name = (await http.get("/v0.1/servers")).json()["servers"][0]["name"]
    one = f"/v0.1/servers/{quote(name, safe='')}/versions"
    assert (await http.get(one)).json()["metadata"] == {"count": 1}
    for version in ("latest", "1.0.0"):
        assert (await http.get(f"{one}/{version}")).json()["server"]["name"] == name
    assert (await http.get(f"{one}/9")).status_code == 404
    assert (await http.get("/v0.1/servers/x%2Fy/versions")).json() == {"error": "Server not found"}


REFUSED = [
    ("POST", "/v0.1/publish", 501),
    ("PUT", "/v0.1/servers/a%2Fb/versions/1.0.0", 501),
    ("DELETE", "/v0.1/servers/a%2Fb/versions/1.0.0", 501),
    ("PATCH", "/v0.1/servers/a%2Fb/versions/1.0.0/status", 403),
    ("PATCH", "/v0.1/servers/a%2Fb/status", 403),
    ("GET", "/v0.1/nothing", 404),
    ("GET", "/v0/servers", 404),
    ("GET", "/v0.1/servers?limit=no", 400),
]


async def test_what_is_not_offered_is_refused_in_the_registrys_own_form(http: httpx2.AsyncClient) -> None:
    for method, path, status in REFUSED:
        answer = await http.request(method, path)
        assert (path, answer.status_code) == (path, status)
        assert list(answer.json()) == ["error"]
