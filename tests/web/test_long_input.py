"""What is long is refused by its length: no answer, event or screen quotes it whole."""

import base64

import httpx2
import pytest

from devgw.events.taxonomy import McpAuthDownstreamTokenRefused
from devgw.limits import Limits
from tests.support.gateway import Running

LONG = "A" * 50_000
FORMS = [
    ("token", "grant_type"), ("token", "client_id"), ("token", "code"), ("token", "refresh_token"), ("token", "scope"),
    ("token", "resource"), ("token", "code_verifier"), ("token", "redirect_uri"), ("token", LONG),
    ("revoke", "token_type_hint"), ("setup", "transaction"), ("setup", "decision"), ("prove", "browser_key"),
    ("logout", "csrf_token"),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "name"), FORMS)
async def test_a_parameter_of_fifty_thousand_characters_is_refused_in_few_words(
    gateway: Running, http: httpx2.AsyncClient, endpoint: str, name: str
) -> None:
    form = {"grant_type": "refresh_token", "client_id": "x", name: LONG}
    answer = await http.post(f"{gateway.origin}/oauth/{endpoint}", data=form)
    assert 400 <= answer.status_code < 500
    assert "has 50,000 characters; at most 4,096 are read" in answer.text
    assert len(answer.content) < 4_000
    assert [each for each in gateway.published if len(str(each.event)) > 4_000] == []


@pytest.mark.parametrize("name", [name for endpoint, name in FORMS if endpoint == "token"])
async def test_a_token_request_that_is_refused_for_its_length_is_told_as_any_other(
    gateway: Running, http: httpx2.AsyncClient, name: str
) -> None:
    form = {"grant_type": "refresh_token", "client_id": "x", name: LONG}
    await http.post(gateway.at("/oauth/token"), data=form)
    (told,) = gateway.events(McpAuthDownstreamTokenRefused)
    assert (told.error, told.reason_code) == ("invalid_request", "parameter_too_long")


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "resource", "prompt", "login_hint", "b" * 5_000]
)
async def test_a_long_parameter_of_an_authorization_is_refused_before_anything_is_said_of_it(
    gateway: Running, http: httpx2.AsyncClient, name: str
) -> None:
    value = "A" * (Limits.PARAMETER_CHARACTERS + 1)
    answer = await http.get(f"{gateway.origin}/oauth/authorize", params={"client_id": "x", name: value})
    assert (answer.status_code, "at most 4,096 are read" in answer.text) == (400, True)
    assert len(answer.content) < 4_000
    assert [each for each in gateway.published if len(str(each.event)) > 20_000] == []


async def test_parameters_that_nobody_reads_are_ignored_however_long_they_are(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """RFC 6749 §3.1, §3.2: unrecognized parameters are ignored."""
    client_id = (await gateway.register(http))["client_id"]
    for name in ("claims", "id_token_hint", "ui_locales", "x_vendor"):
        url = gateway.authorize_url(client_id, "x" * 43, **{name: "A" * 9_000})
        answer = await http.get(url)
        assert (answer.status_code, "state=st_" in answer.headers["location"]) == (302, True)
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": "rt_x", name: LONG}
        answer = await http.post(gateway.at("/oauth/token"), data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert [each for each in gateway.published if len(str(each.event)) > 20_000] == []


async def test_a_token_that_cannot_be_ours_is_revoked_already_however_long_it_is(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """RFC 7009 §2.2: a token that is none is no error."""
    client_id = (await gateway.register(http))["client_id"]
    answer = await http.post(gateway.at("/oauth/revoke"), data={"token": LONG, "client_id": client_id})
    assert (answer.status_code, answer.content) == (200, b"")
    assert [each for each in gateway.published if len(str(each.event)) > 4_000] == []


async def test_a_state_may_be_as_long_as_the_url(gateway: Running, http: httpx2.AsyncClient) -> None:
    """It goes back as it came, and nobody reads it here."""
    client_id = (await gateway.register(http))["client_id"]
    url = gateway.authorize_url(client_id, "x" * 43, state="s" * 9_000)
    assert (await http.get(url)).status_code == 302


@pytest.mark.parametrize(("header", "status"), [("origin", 403), ("host", 421)])
async def test_a_long_host_or_origin_is_quoted_in_part(
    gateway: Running, http: httpx2.AsyncClient, header: str, status: int
) -> None:
    value = f"http://{LONG[:20_000]}" if header == "origin" else LONG[:20_000]
    answer = await http.post(gateway.mcp_url, json={}, headers={header: value})
    assert answer.status_code == status
    assert len(answer.content) < 2_500


@pytest.mark.parametrize("is_first", [True, False])
async def test_of_two_authorization_headers_neither_is_believed(
    gateway: Running, http: httpx2.AsyncClient, is_first: bool
) -> None:
    """Who reads the first and who reads the last see two clients."""
    client = await gateway.register(http, token_endpoint_auth_method="client_secret_basic")
    ours = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    headers = [("authorization", f"Basic {ours}"), ("authorization", "Basic eDp5")]
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x"}
    answer = await http.post(gateway.at("/oauth/token"), data=form, headers=headers if is_first else headers[::-1])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
