"""What is said of a path at which nothing is served: what was meant by it, and which of ours that is."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from devgw.config.project import OAuthPolicy, Project, Route
from devgw.gateway.wrong_path import explain_path
from devgw.ids import OperationId
from devgw.oauth.urls import Urls
from devgw.problems.wrong_path import Meant, PathUnknown

ORIGIN = "http://localhost:9000"
LINEAR, NOTES, OPEN = f"{ORIGIN}/mcp/linear", f"{ORIGIN}/mcp/notes", f"{ORIGIN}/v1/open"
AS, PR = "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"
OIDC = "/.well-known/openid-configuration"


def route(path: str, *, protected: bool = True) -> Route:
    return Route(path, OperationId(path.rpartition("/")[2]), "A route", "https://x.example/mcp", protected=protected)


SEVERAL = (route("/mcp/linear"), route("/mcp/notes"), route("/v1/open", protected=False))


def explained(
    path: str,
    method: str = "GET",
    routes: tuple[Route, ...] = SEVERAL,
    base: str = "/",
    names: frozenset[str] = frozenset(),
    form: frozenset[str] = frozenset(),
    **headers: str,
) -> PathUnknown:
    project = Project(Path(), None, routes, base_path=base)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return explain_path(method, path, sent, project, Urls(ORIGIN, base), names, form)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/linear", LINEAR), ("/mcp/linear/sse", LINEAR), ("/mcp/liner", LINEAR), ("/mcp/linaer", LINEAR),
        ("/linear/mcp", LINEAR), ("/MCP/LINEAR", LINEAR), ("/mcp//notes", NOTES), ("/v1/mcp/notes", NOTES),
        ("/mcp/notes/messages", NOTES), ("/mcp/notes/stream", NOTES), ("/mcp/notes/message", NOTES),
        ("/__zuplo/mcp/notes", NOTES), ("/open", OPEN), ("/v1/opem", OPEN), ("/mcp", ""), ("/sse", ""), ("/", ""),
        ("/mcp/something-else", ""),
    ],
)  # fmt: skip
def test_who_looks_for_an_mcp_server_gets_the_nearest_route(path: str, nearest: str) -> None:
    found = explained(path, "POST")
    assert (found.meant, found.nearest) == (Meant.MCP, nearest)
    assert found.got == ORIGIN + path
    assert found.routes == (LINEAR, NOTES, OPEN)
    assert bool(found.difference) == bool(nearest)
    assert found.diagnosis_id == "DISC-14"


def test_of_a_single_route_there_is_no_other() -> None:
    found = explained("/anything", "POST", routes=SEVERAL[:1])
    assert (found.nearest, found.routes) == (LINEAR, (LINEAR,))
    assert found.difference == "The URL differs in one place: found path /anything, expected is /mcp/linear"
    assert explained("/anything", "POST", routes=()).nearest == ""


@pytest.mark.parametrize(
    ("method", "path", "accept", "meant"),
    [
        ("GET", "/favicon.ico", "", Meant.NOTHING), ("GET", "/", "text/html", Meant.NOTHING),
        ("GET", "/mcp/linear/", "", Meant.MCP), ("GET", "/mcp/linear/x", "", Meant.MCP), ("GET", "/mcp", "", Meant.MCP),
        ("GET", "/sse", "", Meant.MCP), ("GET", "/mcp/linaer", "", Meant.MCP),
        ("GET", "/x", "text/event-stream", Meant.MCP), ("DELETE", "/x", "", Meant.MCP), ("POST", "/x", "", Meant.MCP),
        ("PUT", "/x", "", Meant.NOTHING), ("GET", "/linear", "", Meant.MCP), ("GET", "/lin", "", Meant.NOTHING),
    ],
)  # fmt: skip
def test_a_client_of_mcp_is_known_by_what_it_sends_or_asks_for(
    method: str, path: str, accept: str, meant: Meant
) -> None:
    assert explained(path, method, accept=accept).meant is meant


@pytest.mark.parametrize(
    ("method", "path", "meant", "endpoint"),
    [
        ("POST", "/oauth/tokens", Meant.TOKEN, "/dev/oauth/token"),
        ("POST", "/x/token", Meant.TOKEN, "/dev/oauth/token"),
        ("POST", "/x/TOKEN", Meant.TOKEN, "/dev/oauth/token"),
        ("POST", "/oauth2/Token/", Meant.TOKEN, "/dev/oauth/token"),
        ("GET", "/oauth/autorize", Meant.AUTHORIZE, "/dev/oauth/authorize"),
        ("GET", "/x/authorize", Meant.AUTHORIZE, "/dev/oauth/authorize"),
        ("POST", "/oauth/registr", Meant.REGISTER, "/dev/oauth/register"),
        ("POST", "/x/register", Meant.REGISTER, "/dev/oauth/register"),
        ("POST", "/oauth/revok", Meant.REVOKE, "/dev/oauth/revoke"),
        ("POST", "/x/revoke", Meant.REVOKE, "/dev/oauth/revoke"),
        ("GET", "/x/tokens", Meant.NOTHING, ""),
        ("GET", "/oauth/nothing-like-it", Meant.NOTHING, ""),
    ],
)
def test_an_endpoint_is_known_by_its_word(method: str, path: str, meant: Meant, endpoint: str) -> None:
    found = explained(path, method, base="/dev")
    assert (found.meant, found.nearest) == (meant, endpoint and ORIGIN + endpoint)
    assert found.diagnosis_id == ("DISC-10" if endpoint else None)


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/oauth/introspect", frozenset({"token"})), ("POST", "/x/introspection", frozenset[str]()),
        ("GET", "/oauth/userinfo", frozenset[str]()), ("GET", "/userinfo/", frozenset[str]()),
        ("POST", "/oauth/par", frozenset({"client_id", "code_challenge"})), ("POST", "/par", frozenset[str]()),
        ("POST", "/oauth2/device_authorization", frozenset({"client_id"})), ("POST", "/oauth/xyz", frozenset[str]()),
        ("GET", "/.well-known/jwks.json", frozenset[str]()), ("POST", "/verify", frozenset({"token"})),
    ],
)  # fmt: skip
def test_an_endpoint_of_other_servers_is_none_of_mcp(method: str, path: str, form: frozenset[str]) -> None:
    found = explained(path, method, form=form)
    assert (found.meant, found.diagnosis_id) == (Meant.ENDPOINT, "DISC-10")
    assert "there is no such endpoint" in found.explain()
    assert f"{ORIGIN}/.well-known/oauth-authorization-server" in found.advise()
    assert explained(path, accept="text/html", form=form).meant is not Meant.ENDPOINT


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/oauth/register/dcr:1"), ("PUT", "/oauth/register/dcr:1"), ("GET", "/register/dcr:1"),
     ("PATCH", "/oauth/clients/1")],
)  # fmt: skip
def test_managing_a_registration_is_an_endpoint_that_others_have(method: str, path: str) -> None:
    """RFC 7592."""
    found = explained(path, method)
    assert (found.meant, found.diagnosis_id) == (Meant.ENDPOINT, "DISC-10")


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/.well-known/oauth-protected-resources", PR), ("/.well-known/oauth-authorization-servers", AS),
        ("/.well-known/oauth_protected_resource/mcp/notes", f"{PR}/mcp/notes"),
        ("/.well-known/openid-configurations/mcp/notes", f"{OIDC}/mcp/notes"),
    ],
)  # fmt: skip
def test_a_misspelt_name_of_a_document_is_told_with_the_right_one(path: str, nearest: str) -> None:
    found = explained(path)
    assert (found.meant, found.diagnosis_id) == (Meant.NAME, "DISC-18")
    assert f"Ask for {ORIGIN}" in found.advise()
    assert found.got == ORIGIN + path
    assert found.nearest in {ORIGIN + nearest, ORIGIN + AS + "/mcp/notes"}


def test_a_form_is_a_token_request_by_what_stands_in_it() -> None:
    """RFC 6749 §4.1.3, §6; curl calls whatever it sends a form, where nobody tells it otherwise."""
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    code, refresh = frozenset({"grant_type", "code"}), frozenset({"grant_type", "refresh_token"})
    assert explained("/login/access", "POST", content_type=kind, form=code).meant is Meant.TOKEN
    assert explained("/mcp", "POST", content_type=kind, form=refresh).meant is Meant.TOKEN
    assert explained("/x/revoke", "POST", content_type=kind, form=frozenset({"token"})).meant is Meant.REVOKE
    for sent in (frozenset({'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'}), frozenset({"{}"}), frozenset[str]()):
        assert explained("/login/access", "POST", content_type=kind, form=sent).meant is Meant.MCP


def test_an_authorization_request_is_known_by_its_parameters() -> None:
    names = frozenset({"client_id", "response_type", "state"})
    assert explained("/login", names=names - {"state"}).meant is Meant.AUTHORIZE
    found = explained("/login", names=names)
    assert (found.meant, found.nearest) == (Meant.AUTHORIZE, f"{ORIGIN}/oauth/authorize")
    assert explained("/login", names=names - {"client_id"}).meant is Meant.NOTHING
    assert explained("/login", "POST", names=names).meant is Meant.MCP


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/oauth/authorize/mcp/liner", f"{ORIGIN}/oauth/authorize/mcp/linear"),
        ("/x/oauth/authorize/notes", f"{ORIGIN}/oauth/authorize/mcp/notes"),
        ("/oauth/authorize/nobody", f"{ORIGIN}/oauth/authorize"),
    ],
)
def test_the_authorization_of_a_route_is_the_one_of_the_nearest(path: str, nearest: str) -> None:
    found = explained(path)
    assert (found.meant, found.nearest) == (Meant.AUTHORIZE, nearest)


@pytest.mark.parametrize("base", ["/", "/dev"])
@pytest.mark.parametrize("page", ["/oauth/setup", "/oauth/prove", "/oauth/logout", "/oauth/callback"])
def test_a_page_of_ours_is_said_where_it_is_now(page: str, base: str) -> None:
    found = explained(f"/old{page}", base=base)
    assert (found.meant, found.nearest) == (Meant.PAGE, f"{ORIGIN}{base.rstrip('/')}{page}")
    assert found.diagnosis_id is None


def test_the_page_of_a_login_without_a_provider_is_there_only_where_there_is_such_a_login() -> None:
    found = explained("/old/oauth/dev-login")
    assert (found.meant, found.nearest) == (Meant.PAGE, "")
    for provider, nearest in (("dev-login", f"{ORIGIN}/oauth/dev-login"), ("workos", "")):
        policy = cast("OAuthPolicy", SimpleNamespace(provider=provider))
        project = Project(Path(), policy, SEVERAL)
        assert explain_path("GET", "/old/oauth/dev-login", {}, project, Urls(ORIGIN)).nearest == nearest


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (f"/mcp/linear{PR}", f"{ORIGIN}{PR}/mcp/linear"), (f"/mcp/notes/{PR}/", f"{ORIGIN}{PR}/mcp/notes"),
        (f"/dev{PR}/mcp/linear", f"{ORIGIN}{PR}/mcp/linear"), (f"/__zuplo{PR}/mcp/linear", f"{ORIGIN}{PR}/mcp/linear"),
        (f"/mcp/linear/{AS[1:]}", f"{ORIGIN}{AS}/mcp/linear"), (f"/mcp/linear{OIDC}", f"{ORIGIN}{AS}/mcp/linear"),
        (f"/v1/open{PR}", ""), (f"/v1/open{AS}", ""),
    ],
)  # fmt: skip
def test_a_document_of_a_route_is_said_where_it_stands(path: str, nearest: str) -> None:
    found = explained(path, base="/dev")
    assert (found.meant, found.nearest) == (Meant.DOCUMENT, nearest)
    assert found.diagnosis_id is None


@pytest.mark.parametrize("path", [f"{PR}/mcp/liner", f"/mcp/liner{PR}", f"{AS}/mcp/linear/sse", f"/dev{OIDC}/linear"])
def test_metadata_of_no_route_is_told_with_the_nearest(path: str) -> None:
    found = explained(path, base="/dev")
    assert (found.meant, found.nearest, found.diagnosis_id) == (Meant.METADATA, LINEAR, "DISC-14")
    assert found.got.startswith(f"{ORIGIN}/")
    assert ".well-known" not in found.got
