"""Rules about metadata, discovery and preflights, on recorded shapes; each with a twin that stays silent."""

from typing import Any

import pytest

from tests.diagnosis.made import ASM, MCP, ORIGIN, PRM, RESOURCE, SERVER, Story
from tests.diagnosis.told import (
    begun,
)


def test_a_client_that_finds_everything_in_order_is_left_alone() -> None:
    assert Story().discover().names() == []


@pytest.mark.parametrize(
    ("resource", "server", "name", "words"),
    [
        ({}, {"issuer": ORIGIN}, "DISC-01", "authorization_servers[0] is"),
        ({}, {"issuer": MCP + "/"}, "DISC-01", "/mcp/x/"),
        ({}, {"code_challenge_methods_supported": ["plain"]}, "PKCE-01", "S256"),
        ({}, {"code_challenge_methods_supported": None}, "PKCE-01", "S256"),
        (
            {},
            {
                "authorization_endpoint": "https://login.example/authorize",
                "authorization_response_iss_parameter_supported": False,
            },
            "DISC-06",
            "login.example",
        ),
        ({}, {"token_endpoint": "http://gateway:9000/oauth/token"}, "TOK-06", "gateway:9000"),
        ({"authorization_servers": ["http://gw:9000"]}, {"issuer": "http://gw:9000"}, "CONF-06", "gw:9000"),
        ({"resource": "http://127.0.0.1:9000/mcp/x"}, {}, "HOST-06", "127.0.0.1"),
        ({"resource": "https://localhost:9000/mcp/x"}, {}, "HOST-01", "https"),
        ({"resource": f"{ORIGIN}/mcp/other"}, {}, "AUD-01", "/mcp/other"),
    ],
)
def test_faults_in_the_metadata_that_was_served(
    resource: dict[str, Any], server: dict[str, Any], name: str, words: str
) -> None:
    story = Story().discover(RESOURCE | resource, SERVER | server)
    found = [each for each in story.said() if each.id == name]

    assert len(found) == 1, story.names()
    assert words in found[0].cause
    assert found[0].fix

    story.tell(begun())
    assert story.names() == []


@pytest.mark.parametrize(
    ("served", "host", "proto", "name", "expected"),
    [
        ("http://gw.example/mcp/x", "gw.example", "https", "HOST-01", "https://gw.example/mcp/x"),
        ("https://localhost:9000/mcp/x", "localhost:9000", "", "HOST-01", "http://localhost:9000/mcp/x"),
        ("http://gw.example:9000/mcp/x", "gw.example", "", "HOST-05", "http://gw.example/mcp/x"),
        ("http://127.0.0.1:9000/mcp/x", "localhost:9000", "", "HOST-06", "http://127.0.0.1:9000/mcp/x"),
    ],
)
def test_what_is_expected_is_the_side_that_is_right(
    served: str, host: str, proto: str, name: str, expected: str
) -> None:
    story, sent = Story(), {"x-forwarded-proto": proto} if proto else {}
    challenge = {"www-authenticate": 'Bearer resource_metadata="x"'}
    story.ask("POST", "/mcp/x", 401, got=challenge, host=host, sent=sent)
    story.ask("GET", PRM, 200, RESOURCE | {"resource": served}, host=host, sent=sent)
    found = next(each for each in story.said() if each.id == name)

    assert found.expected == expected
    assert served in (found.got, found.expected)
    assert found.got != found.expected


def test_a_tunnels_host_with_the_local_port_in_the_metadata() -> None:
    story = Story()
    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": 'Bearer resource_metadata="x"'}, host="gw.example.com")
    story.ask("GET", PRM, 200, RESOURCE | {"resource": "http://gw.example.com:9000/mcp/x"}, host="gw.example.com")

    assert story.names() == ["HOST-05"]


def test_the_form_with_the_path_is_not_served() -> None:
    story = Story()
    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": 'Bearer resource_metadata="x"'})
    story.ask("GET", PRM, 200, RESOURCE)
    story.ask("GET", ASM, 404)
    story.ask("GET", "/.well-known/openid-configuration/mcp/x", 404)
    assert story.names() == []

    assert story.wait(6).names() == ["DISC-02"]
    story.ask("GET", ASM, 200, SERVER)
    story.ask("POST", "/oauth/register", 201)
    assert story.wait(6).names() == []


def test_one_form_of_discovery_alone() -> None:
    story = Story()
    story.ask("GET", "/.well-known/openid-configuration/mcp/x", 404)
    assert story.wait(6).names() == []  # somebody looks around

    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": 'Bearer resource_metadata="x"'})
    assert story.wait(6).names() == ["DISC-04"]


def test_the_root_document_instead_of_the_routes() -> None:
    story = Story()
    story.ask("POST", "/mcp/x", 401, got={"www-authenticate": 'Bearer resource_metadata="x"'})
    story.ask("GET", PRM, 200, RESOURCE)
    story.ask("GET", "/.well-known/oauth-authorization-server", 200, SERVER)
    found = story.wait(6).said()

    assert [(each.id, each.certain) for each in found] == [("DISC-03", False)]
    assert found[0].expected == ASM


def test_a_page_where_json_was_expected() -> None:
    story = Story()
    story.ask("GET", PRM, 200, b"<html>", got={"content-type": "text/html"})
    assert story.names() == ["DISC-05"]

    silent = Story()
    silent.ask("GET", "/favicon.ico", 404, b"<html>", got={"content-type": "text/html"})
    assert silent.names() == []


def test_a_guessed_endpoint() -> None:
    story = Story()
    story.ask("GET", PRM, 404)
    story.ask("POST", "/register", 404)
    found = story.said()

    assert [each.id for each in found] == ["DISC-10"]
    assert PRM in found[0].cause


@pytest.mark.parametrize(
    ("headers", "allowed", "status", "name"),
    [
        ("authorization, mcp-protocol-version", "", 401, "CORS-02"),
        ("authorization", "", 405, "CORS-01"),
        ("authorization, mcp-method", "authorization, content-type", 204, "CORS-03"),
        ("content-type", "*", 204, None),
        ("authorization", "*", 204, "CORS-03"),
    ],
)
def test_preflights(headers: str, allowed: str, status: int, name: str | None) -> None:
    story = Story("Mozilla/5.0")
    asks = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    sent = asks | {"access-control-request-headers": headers}
    story.ask("OPTIONS", "/mcp/x", status, sent=sent, got={"access-control-allow-headers": allowed})
    assert story.names() == []
    assert story.wait(3).names() == ([name] if name else [])

    exposed = {"www-authenticate": 'Bearer resource_metadata="x"', "access-control-expose-headers": "WWW-Authenticate"}
    story.ask("POST", "/mcp/x", 401, sent={"origin": "http://localhost:6274"}, got=exposed)
    assert story.names() == []


def test_a_challenge_that_a_page_cannot_read() -> None:
    story = Story("Mozilla/5.0")
    challenge = {"www-authenticate": 'Bearer resource_metadata="x"'}
    story.ask("POST", "/mcp/x", 401, sent={"origin": "http://localhost:6274"}, got=challenge)

    assert story.names() == ["CORS-04"]


def test_a_public_page_that_may_not_reach_this_machine() -> None:
    story = Story("Mozilla/5.0")
    sent = {"origin": "https://playground.example", "access-control-request-method": "POST"}
    story.ask("OPTIONS", "/mcp/x", 204, sent=sent)

    assert story.wait(5).names() == ["CORS-05"]
