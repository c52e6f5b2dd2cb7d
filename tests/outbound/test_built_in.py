"""The built-in client at servers that are not as they should be: each step ends with what came in its place."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.outbound.built_in.calling import McpSession
from devgw.outbound.built_in.login import BegunLogin, BuiltInClient, StepRefused
from devgw.outbound.built_in.person import EmulatedPerson
from devgw.outbound.client import http_client
from tests.support.serving import serve

Answers = dict[str, tuple[int, dict[str, str], bytes]]
PAGE = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}


def app_of(answers: Callable[[str], Answers]) -> Any:
    """Answer each path as the table of this origin says; 404 for others."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        host = dict(scope["headers"])[b"host"].decode()
        status, headers, body = answers(f"http://{host}").get(scope["path"], (404, PAGE, b"<h1>Not here</h1>"))
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    return app


def sound(origin: str) -> Answers:
    """Return the answers of a server at which all goes well."""
    document = f"{origin}/.well-known/oauth-protected-resource"
    metadata = {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
        "registration_endpoint": f"{origin}/register",
    }
    return {
        "/mcp": (401, {"www-authenticate": f'Bearer resource_metadata="{document}"'}, b""),
        "/.well-known/oauth-protected-resource": (200, JSON, json.dumps({"authorization_servers": [origin]}).encode()),
        "/.well-known/oauth-authorization-server": (200, JSON, json.dumps(metadata).encode()),
        "/register": (201, JSON, b'{"client_id": "c"}'),
        "/token": (200, JSON, b'{"access_token": "a", "expires_in": 60}'),
    }


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/mcp", (200, JSON, b"{}"), "the route: it sends no challenge"),
        ("/mcp", (401, {"www-authenticate": "Basic"}, b""), "the route: 401, it sends no challenge"),
        (
            "/.well-known/oauth-protected-resource",
            (404, PAGE, b"<h1>Gone</h1>"),
            "protected resource metadata: 404, Gone",
        ),
        ("/.well-known/oauth-protected-resource", (200, JSON, b"[]"), "protected resource metadata: "),
        (
            "/.well-known/oauth-protected-resource",
            (200, JSON, b'{"authorization_servers": [7]}'),
            "names no authorization",
        ),
        ("/.well-known/oauth-authorization-server", (200, PAGE, b"<html>"), "metadata: "),
        ("/.well-known/oauth-authorization-server", (200, JSON, b"{}"), "metadata: it has no `registration_endpoint`"),
        (
            "/.well-known/oauth-protected-resource",
            (200, JSON, b'{"authorization_servers": ["no url"]}'),
            "metadata: it is to be asked at what is no URL",
        ),
        ("/register", (400, JSON, b'{"error": "invalid_redirect_uri"}'), "registration: 400, invalid_redirect_uri"),
        ("/register", (302, {"location": "/elsewhere"}, b""), "registration: 302, no reason is given"),
        ("/register", (201, JSON, b'{"client_id": null}'), "registration: it has no `client_id`"),
        ("/token", (400, JSON, b'{"error": "invalid_grant"}'), "token: 400, invalid_grant"),
        ("/token", (200, JSON, b'{"access_token": ["a"]}'), "token: it has no `access_token`"),
    ],
)
async def test_each_step_says_what_came_in_its_place(
    path: str, answer: tuple[int, dict[str, str], bytes], words: str
) -> None:
    async with serve(app_of(lambda origin: sound(origin) | {path: answer})) as origin, http_client() as http:
        client = BuiltInClient(http, f"{origin}/mcp", SystemClock())
        with pytest.raises(StepRefused) as refused:
            await client.redeem(await client.ask("http://127.0.0.1:1/callback"), {"code": "c"})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied", "error_description": "Not today"}, "sign-in: Not today"),
        ({"error": "access_denied"}, "sign-in: access_denied"),
        ({}, "sign-in: no reason is given"),
        ({"code": "c", "iss": "https://other.example"}, "the answer is of https://other.example"),
    ],
)
async def test_what_the_browser_brings_back_is_looked_at(answer: dict[str, str], words: str) -> None:
    async with serve(app_of(sound)) as origin, http_client() as http:
        client = BuiltInClient(http, f"{origin}/mcp", SystemClock())
        asked: BegunLogin = await client.ask("http://127.0.0.1:1/callback")
        with pytest.raises(StepRefused, match=words):
            await client.redeem(asked, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((302, {"location": "https://idp.example/login"}, b""), "people sign in at https://idp.example"),
        ((302, {"location": "//[::/"}, b""), "sign-in"),
        ((302, {"location": "javascript:alert(1)"}, b""), "no URL of a page"),
        ((302, {"location": "/page"}, b""), "did not come back after 30 pages"),
        ((403, PAGE, b"<main><h1>No</h1><p>Not you.</p></main>"), "403, No Not you"),
        ((200, PAGE, b"<main><h1>Read this</h1></main>"), "nothing to press on the page .Read this"),
        ((200, PAGE, b"<form><button name=decision value=approve disabled>Allow</button></form>"), "nothing to press"),
        ((200, PAGE, b"<form id=prove></form>"), "sign-in"),
    ],
)
async def test_nobody_is_led_astray(answer: tuple[int, dict[str, str], bytes], words: str) -> None:
    async with serve(app_of(lambda _origin: {"/page": answer})) as origin, http_client(keeps_cookies=True) as http:
        person = EmulatedPerson(http, "ada", origin)
        with pytest.raises(StepRefused, match=words):
            await person.sign_in(f"{origin}/page", "http://127.0.0.1:1/callback")


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/json", '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}', ["a"]),
        ("application/json", '{"jsonrpc":"2.0","id":1,"result":{"tools":{"name":"a"}}}', []),
        ("application/json", '{"jsonrpc":"2.0","id":1,"result":{"tools":["a",{"name":"b"}]}}', ["b"]),
        (
            "text/event-stream",
            (
                ': ping\r\n\r\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\r\n\r\n'
                'event: message\r\ndata: {"jsonrpc":"2.0","id":1,\r\ndata: "result":{"tools":[{"name":"c"}]}}\r\n\r\n'
            ),
            ["c"],
        ),
    ],
)
async def test_the_tools_are_read_in_whatever_form_they_come(content_type: str, body: str, found: list[str]) -> None:
    answer = (200, {"content-type": content_type}, body.encode())
    async with serve(app_of(lambda _origin: {"/mcp": answer})) as origin, http_client() as http:
        tools = await McpSession(http, f"{origin}/mcp", "t").tools()
    assert [each["name"] for each in tools] == found


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}', "Method not found"),
        (200, b'{"jsonrpc":"2.0","id":1}', "neither a result nor an error"),
        (200, b'{"jsonrpc":"2.0","id":2,"result":{}}', "no answer to it came"),
        (202, b"", "no answer to it came"),
        (403, b'{"error":"insufficient_scope"}', "403, insufficient_scope"),
    ],
)
async def test_an_answer_that_is_none_is_said(status: int, body: bytes, words: str) -> None:
    async with serve(app_of(lambda _origin: {"/mcp": (status, JSON, body)})) as origin, http_client() as http:
        with pytest.raises(StepRefused, match=words):
            await McpSession(http, f"{origin}/mcp", "t").tools()
