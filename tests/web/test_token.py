"""The token and revocation endpoints over real sockets: every refusal has the standard's error and our reason."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.entropy import token
from devgw.events.taxonomy import McpAuthDownstreamTokenRefreshed, McpAuthDownstreamTokenRevoked
from devgw.settings import OAuthSettings, Settings
from devgw.wiring.config_view import config_view
from tests.support.browser import Browser
from tests.support.gateway import Code, Running, mcp_request, running_gateway


async def redeem(gateway: Running, http: httpx2.AsyncClient, form: dict[str, str]) -> httpx2.Response:
    return await http.post(f"{gateway.origin}/oauth/token", data=form)


async def refresh(gateway: Running, http: httpx2.AsyncClient, tokens: dict[str, Any], **more: str) -> httpx2.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": tokens["client_id"],
        "resource": gateway.mcp_url,
    }
    return await redeem(gateway, http, form | more)


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"grant_type": None}, "invalid_request", "parameter_missing"),
        ({"grant_type": "password"}, "unsupported_grant_type", "grant_type_unsupported"),
        ({"code": None}, "invalid_request", "parameter_missing"),
        ({"code": "code_unknown"}, "invalid_grant", "code_unknown"),
        ({"client_id": None}, "invalid_client", "client_authentication_missing"),
        ({"client_id": "dcr:000000000000000000000000"}, "invalid_client", "client_unknown"),
        ({"redirect_uri": "http://localhost:33418/other"}, "invalid_grant", "redirect_uri_changed"),
        ({"code_verifier": None}, "invalid_request", "verifier_missing"),
        ({"code_verifier": "short"}, "invalid_request", "verifier_malformed"),
        ({"code_verifier": "w" * 43}, "invalid_grant", "verifier_wrong"),
        ({"resource": "http://localhost:1/mcp/other"}, "invalid_target", "resource_changed"),
        ({"resource": "http://localhost:1/mcp/other#x"}, "invalid_target", "resource_malformed"),
    ],
)
async def test_a_wrong_token_request_gets_the_standards_error_and_our_reason(
    gateway: Running,
    http: httpx2.AsyncClient,
    browser: Browser,
    change: dict[str, str | None],
    error: str,
    reason: str,
) -> None:
    """RFC 6749 §5.2: JSON with `error`, never a page, never stored by a cache."""
    code = await gateway.code(http, browser)
    answer = await redeem(gateway, http, code.form(**({"resource": gateway.mcp_url} | change)))
    assert answer.status_code in {400, 401}, answer.text
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["error"], said["reason"]) == (error, reason), said
    assert all(" " <= each <= "~" and each not in '"\\' for each in said["error_description"])
    if "client_id" not in change and "grant_type" not in change:  # the refusal spent nothing
        good = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
        assert good.status_code == 200, good.text


@pytest.mark.parametrize(
    "sent", ["st123", "http://localhost:33418/callback?code=code_x&state=st123", "CODE_x", "rt_" + "r" * 43]
)
async def test_what_is_no_code_of_this_gateway_is_not_called_forgotten(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, sent: str
) -> None:
    code = await gateway.code(http, browser)
    refused = (await redeem(gateway, http, code.form(code=sent))).json()["error_description"]
    assert "none of this gateway: each begins with code_" in refused
    assert "Send the value of `code` in the redirect" in refused
    assert (await redeem(gateway, http, code.form())).status_code == 200


async def test_a_repeated_parameter_is_refused_but_resource_may_repeat(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """RFC 6749 §3.2, RFC 8707 §2."""
    code = await gateway.code(http, browser)
    pairs = [*code.form(resource=gateway.mcp_url).items(), ("client_id", code.client_id)]
    body = "&".join(f"{name}={httpx2.URL('/', params={'v': value}).query.decode()[2:]}" for name, value in pairs)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    twice = await http.post(f"{gateway.origin}/oauth/token", content=body, headers=headers)
    assert twice.json()["reason"] == "parameter_repeated"


async def test_a_replayed_code_takes_back_what_it_paid_for(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """OAuth 2.1 §4.1.2, §7.5.2: only a replay with the right verifier revokes."""
    code = await gateway.code(http, browser)
    tokens = (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}

    wrong = await redeem(gateway, http, code.form(resource=gateway.mcp_url, code_verifier=token("")))
    assert wrong.json()["reason"] == "verifier_wrong"
    assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code != 401

    again = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
    assert again.json()["reason"] == "code_replayed"
    refused = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
    assert refused.status_code == 401
    assert gateway.events(McpAuthDownstreamTokenRevoked)[0].cause == "code_replayed"


async def test_a_code_of_another_client_is_refused(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    other = await gateway.register(http)
    answer = await redeem(gateway, http, code.form(resource=gateway.mcp_url, client_id=other["client_id"]))
    assert answer.json()["reason"] == "issued_to_another_client"


async def test_a_code_expires_after_a_minute(http: httpx2.AsyncClient, browser: Browser) -> None:
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway:
        code = await gateway.code(http, browser)
        clock.travel(timedelta(seconds=61))
        answer = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
        assert answer.json()["reason"] == "code_expired"


async def test_an_access_token_expires_and_a_refresh_rotates(http: httpx2.AsyncClient, browser: Browser) -> None:
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway:
        tokens = await gateway.tokens(http, browser)
        clock.travel(timedelta(seconds=901))
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        late = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
        assert late.json()["reason"] == "token_expired"
        assert 'error="invalid_token"' in late.headers["www-authenticate"]
        second = (await refresh(gateway, http, tokens)).json()
        assert second["refresh_token"] != tokens["refresh_token"]
        assert second["resource"] == gateway.mcp_url


async def test_a_refresh_token_is_good_until_its_successor_is_used_and_ends_the_grant_after_that(
    http: httpx2.AsyncClient, browser: Browser
) -> None:
    """OAuth 2.1 §4.3.1; lost answers and parallel refreshes are what really happens, however late."""
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway:
        tokens = await gateway.tokens(http, browser)
        lost = (await refresh(gateway, http, tokens)).json()
        clock.travel(timedelta(minutes=10))
        kept = (await refresh(gateway, http, tokens)).json()
        bearer = {"authorization": f"Bearer {lost['access_token']}"}
        void = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
        assert (void.status_code, void.json()["reason"]) == (401, "token_revoked")
        assert "presented again" in void.text
        assert gateway.events(McpAuthDownstreamTokenRevoked)[-1].cause == "superseded"
        assert (await refresh(gateway, http, tokens | kept)).status_code == 200
        assert [each.repeated for each in gateway.events(McpAuthDownstreamTokenRefreshed)] == [False, True, False]
        assert (await refresh(gateway, http, tokens | lost)).json()["reason"] == "refresh_token_void"
        replayed = await refresh(gateway, http, tokens)
        assert replayed.json()["reason"] == "refresh_token_replayed"
        after = await refresh(gateway, http, tokens | kept)
        assert after.json()["reason"] == "grant_revoked"
        assert gateway.events(McpAuthDownstreamTokenRevoked)[-1].cause == "refresh_token_replayed"


async def test_whoever_was_refused_a_void_token_signs_in_and_by_that_ends_what_another_one_holds(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Two hold tokens of one grant: a second process, or a thief."""
    tokens = await gateway.tokens(http, browser)
    one, other = [(await refresh(gateway, http, tokens)).json() for _ in range(2)]
    kept = (await refresh(gateway, http, tokens | other)).json()
    assert (await refresh(gateway, http, tokens | one)).json()["reason"] == "refresh_token_void"
    verifier = token("")
    await browser.open(gateway.authorize_url(tokens["client_id"], verifier))
    if browser.location is None:
        await browser.press("Allow")
    assert browser.location is not None
    code = Code(tokens["client_id"], verifier, dict(httpx2.URL(browser.location).params))
    fresh = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
    assert fresh.status_code == 200
    assert (await refresh(gateway, http, tokens | kept)).json()["reason"] == "grant_revoked"
    assert (await refresh(gateway, http, tokens | fresh.json())).status_code == 200


async def test_as_deployed_a_refresh_keeps_the_refresh_token_and_the_configuration_says_so(
    http: httpx2.AsyncClient, browser: Browser
) -> None:
    """The deployed gateway has not rotated since 2026-06, so that a lost answer strands nobody."""
    settings = Settings(oauth=OAuthSettings(refresh_tokens="as-deployed"))
    async with running_gateway(settings=settings) as gateway:
        tokens = await gateway.tokens(http, browser)
        answers = [(await refresh(gateway, http, tokens)).json() for _ in range(3)]
        assert {each["refresh_token"] for each in answers} == {tokens["refresh_token"]}
        for each in answers:
            bearer = {"authorization": f"Bearer {each['access_token']}"}
            assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code != 401
        assert config_view(gateway.runtime, []).effective["refreshTokens"].startswith("kept, as deployed")
    async with running_gateway() as gateway:
        assert config_view(gateway.runtime, []).effective["refreshTokens"].startswith("rotated at each use")


async def test_a_code_is_redeemed_again_while_nothing_that_it_brought_was_used(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """The answer was cut: what it held is void, and the client gets another; a wrong verifier changes nothing."""
    code = await gateway.code(http, browser)
    lost = (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()
    wrong = await redeem(gateway, http, code.form(resource=gateway.mcp_url, code_verifier=token("")))
    assert wrong.json()["reason"] == "verifier_wrong"
    kept = (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()
    for tokens, works in ((lost, False), (kept, True)):
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        answer = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
        assert (answer.status_code != 401) is works
    assert len(gateway.runtime.ground.store.grants()) == 1
    replayed = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
    assert replayed.json()["reason"] == "code_replayed"


async def test_a_code_whose_refresh_token_was_used_is_replayed(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    tokens = (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()
    await refresh(gateway, http, tokens | {"client_id": code.client_id})
    replayed = await redeem(gateway, http, code.form(resource=gateway.mcp_url))
    assert replayed.json()["reason"] == "code_replayed"


async def test_a_code_is_not_redeemed_again_after_its_time(http: httpx2.AsyncClient, browser: Browser) -> None:
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway:
        code = await gateway.code(http, browser)
        assert (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()["expires_in"] == 900
        clock.travel(timedelta(seconds=61))
        assert (await redeem(gateway, http, code.form(resource=gateway.mcp_url))).json()["reason"] == "code_expired"
        assert gateway.runtime.ground.store.grants()[0].revoked_at is None


async def test_a_refresh_may_not_widen_the_scope(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.tokens(http, browser)
    answer = await refresh(gateway, http, tokens, scope="mcp:tools admin")
    assert answer.json()["error"] == "invalid_scope"
    assert (await refresh(gateway, http, tokens, scope="mcp:tools offline_access")).status_code == 200


async def test_a_refresh_token_of_another_client_is_refused_and_lives_on(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.tokens(http, browser)
    other = await gateway.register(http)
    answer = await refresh(gateway, http, tokens, client_id=other["client_id"])
    assert answer.json()["reason"] == "issued_to_another_client"
    assert (await refresh(gateway, http, tokens)).status_code == 200


async def test_a_token_opens_its_own_route_alone(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.tokens(http, browser)
    other = gateway.runtime.gateway.project.routes[1]
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    answer = await http.post(f"{gateway.origin}{other.path}", json=mcp_request("ping"), headers=bearer)
    assert (answer.status_code, answer.json()["reason"]) == (401, "invalid_audience")


async def test_a_token_of_one_loopback_name_is_good_under_another(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.tokens(http, browser)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    url = gateway.mcp_url.replace("localhost", "127.0.0.1")
    assert (await http.post(url, json=mcp_request("ping"), headers=bearer)).status_code != 401


async def test_aliases_at_the_root_answer_too(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    """Python clients that know tokens but not the metadata POST to `/token` (`spec.md` §4)."""
    code = await gateway.code(http, browser)
    answer = await http.post(f"{gateway.origin}/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 200
    zuplo = await http.post(f"{gateway.origin}/__zuplo/oauth/token", data={"grant_type": "nonsense"})
    assert zuplo.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_confidential_client_has_to_show_its_secret(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, method: str
) -> None:
    client = await gateway.register(http, token_endpoint_auth_method=method)
    verifier = token("")
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], verifier))
    await browser.press("Allow")
    assert browser.location is not None
    code = Code(client["client_id"], verifier, dict(httpx2.URL(browser.location).params))
    form = code.form(resource=gateway.mcp_url)

    without = await redeem(gateway, http, form)
    assert (without.status_code, without.json()["error"]) == (401, "invalid_client")
    wrong = await redeem(gateway, http, form | {"client_secret": "cs_wrong"})
    assert wrong.json()["reason"] == "client_secret_wrong"
    if method == "client_secret_basic":
        url = f"{gateway.origin}/oauth/token"
        bad = await http.post(url, data=form, auth=(client["client_id"], "cs_wrong"))
        assert "Basic" in bad.headers["www-authenticate"]
        good = await http.post(url, data=form, auth=(client["client_id"], client["client_secret"]))
    else:
        good = await redeem(gateway, http, form | {"client_secret": client["client_secret"]})
    assert good.status_code == 200, good.text


async def test_revocation_answers_200_to_unknown_tokens_and_refuses_other_clients(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """RFC 7009 §2.1, §2.2."""
    url = f"{gateway.origin}/oauth/revoke"
    tokens = await gateway.tokens(http, browser)
    other = await gateway.register(http)
    unknown = await http.post(url, data={"token": "at_nothing", "client_id": tokens["client_id"]})
    assert (unknown.status_code, unknown.content) == (200, b"")
    missing = await http.post(url, data={"client_id": tokens["client_id"]})
    assert missing.json()["reason"] == "parameter_missing"
    foreign = await http.post(url, data={"token": tokens["access_token"], "client_id": other["client_id"]})
    assert foreign.json()["error"] == "invalid_grant"
    odd_hint = {"token": tokens["access_token"], "client_id": tokens["client_id"], "token_type_hint": "odd"}
    assert (await http.post(url, data=odd_hint)).status_code == 200
    gone = await refresh(gateway, http, tokens)
    assert gone.json()["reason"] == "grant_revoked"


async def test_nothing_but_post_is_answered_and_junk_is_no_fault(gateway: Running, http: httpx2.AsyncClient) -> None:
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/register"):
        assert (await http.get(f"{gateway.origin}{path}")).status_code == 405
    url = f"{gateway.origin}/oauth/token"
    for content, kind in ((b"{}", "application/json"), (b"\xff\xfe", "text/plain"), (b"", "multipart/form-data")):
        answer = await http.post(url, content=content, headers={"content-type": kind})
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"] == "invalid_request"
