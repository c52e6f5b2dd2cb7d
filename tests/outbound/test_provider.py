"""Signing in at any OIDC provider, end to end over real sockets: what is believed, what is refused, and why."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from devgw.clock import FrozenClock, epoch
from devgw.entropy import token
from devgw.events.taxonomy import ClockSkewMeasured, FaultMet, McpAuthJwksFetched, McpAuthLoginFinished
from devgw.outbound.probes.asking import Asker
from devgw.outbound.probes.provider import Pair, examine_login_page
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway
from tests.support.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    OidcProvider,
    Reply,
    ec_key,
    half_hash,
    oidc_provider,
    public_jwk,
    rsa_key,
    write_oidc_project,
)
from tests.support.serving import listen, origin_of

TIMEOUT_MS = 2_500
"""Long enough for a provider on a busy machine, short enough to wait for one that hangs."""


@dataclass
class World:
    """A gateway whose people sign in at a provider of the test's."""

    provider: OidcProvider
    gateway: Running
    clock: FrozenClock
    http: httpx2.AsyncClient

    async def sign_in(self) -> Browser:
        """Return a browser at the end of its way: on the consent page, or on the page that says why not."""
        client = await self.gateway.register(self.http)
        async with Browser(CALLBACK) as browser:
            return await browser.open(self.gateway.authorize_url(client["client_id"], token("")))

    async def refusal(self) -> McpAuthLoginFinished:
        """Return how a login that must fail failed, after looking at its page."""
        browser = await self.sign_in()
        assert browser.page is not None, browser.location
        finished: McpAuthLoginFinished = self.gateway.events(McpAuthLoginFinished)[-1]
        assert self.gateway.events(FaultMet) == []
        assert browser.page.status == 502, browser.page.text
        assert f"<code>{finished.reason_code}</code>" in browser.page.html
        assert "Allow" not in browser.page.text
        assert "devgw_session" not in str(browser.page.headers.get_list("set-cookie"))
        return finished

    async def is_let_in(self) -> bool:
        """Tell whether a person who signs in comes to the consent page."""
        browser = await self.sign_in()
        return browser.page is not None and "Allow" in browser.page.text


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = FrozenClock()
    options: dict[str, Any] = getattr(request, "param", {})
    async with oidc_provider(clock) as provider, httpx2.AsyncClient(timeout=20) as http:
        root = write_oidc_project(tmp_path, provider, login={"remoteTimeoutMs": TIMEOUT_MS} | options)
        async with running_gateway(root, clock=clock) as gateway:
            yield World(provider, gateway, clock, http)


async def test_a_person_signs_in_and_is_named_on_the_consent_page(world: World) -> None:
    browser = await world.sign_in()
    assert browser.page is not None
    assert "A Person (person@example.com)" in browser.page.text
    asked, redeemed = world.provider.asked[0], world.provider.redeemed[0]
    assert asked["redirect_uri"] == f"{world.gateway.origin}/oauth/callback"
    assert asked["scope"] == "openid profile email"
    assert not {"code_challenge", "audience", "provider", "prompt"} & set(asked)
    assert (redeemed["client_id"], redeemed["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
    assert "code_verifier" not in redeemed
    finished = world.gateway.events(McpAuthLoginFinished)[0]
    assert (finished.subject_id, finished.email) == ("person-1", "person@example.com")


@pytest.mark.parametrize("world", [{"pkce": "S256", "audience": "https://api.example"}], indirect=True)
async def test_pkce_and_audience_go_where_the_policy_asks_for_them(world: World) -> None:
    """RFC 7636 §4.3-§4.6; the provider of the test checks the verifier."""
    assert await world.is_let_in()
    asked = world.provider.asked[0]
    assert (asked["code_challenge_method"], asked["audience"]) == ("S256", "https://api.example")
    assert len(world.provider.redeemed[0]["code_verifier"]) >= 43


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"iss": "https://elsewhere.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": ["a", "b"]}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": {"a": 1}}, "aud"),
        ({"aud": ["another-client"]}, "aud"),
        ({"aud": [CLIENT_ID, "another-client"]}, "azp"),
        ({"azp": "another-client"}, "azp"),
        ({"aud": [CLIENT_ID, "other"], "azp": "other"}, "azp"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": 7}, "nonce"),
        ({"nonce": "\ud800"}, "nonce"),
        ({"at_hash": "AAAA"}, "at_hash"),
        ({"at_hash": ["AAAA"]}, "at_hash"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "\ud800"}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "p" * 5_000}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": float("nan")}, "form"),
        ({"exp": float("-inf")}, "form"),
        ({"exp": -(10**4000)}, "exp"),
        ({"iat": 10**4000}, "iat"),
        ({"exp": 10**30}, "exp"),
        ({"iat": "now"}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": "now"}, "nbf"),
    ],
)
async def test_an_id_token_with_a_wrong_claim_opens_nothing(world: World, claims: dict[str, Any], claim: str) -> None:
    """OpenID Connect Core §2, §3.1.3.7."""
    world.provider.claims = claims
    finished = await world.refusal()
    assert finished.reason_code == "provider_token_invalid"
    assert f"id token fails at {claim}:" in str(finished.explanation)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"azp": CLIENT_ID},
        {"email": ["no", "text"], "name": {"no": "text"}, "sid": [1]},
        {"email": "\ud800@example.com", "roles": "admin", "groups": 7},
        {"name": "\ud800" * 3, "picture": "x" * 50_000},
    ],
)
async def test_an_id_token_in_every_form_the_standard_allows_opens(world: World, claims: dict[str, Any]) -> None:
    """`aud` may be a string or an array; claims about the person may be anything at all."""
    world.provider.claims = claims
    assert await world.is_let_in()
    assert world.gateway.events(FaultMet) == []


async def test_the_hash_of_the_access_token_is_checked_where_it_comes(world: World) -> None:
    world.provider.answer = {"access_token": "pat_fixed"}
    world.provider.claims = {"at_hash": half_hash("pat_fixed")}
    assert await world.is_let_in()
    world.provider.answer = {"access_token": "pat_swapped"}
    assert "at_hash" in str((await world.refusal()).explanation)


@pytest.mark.parametrize(
    ("claims", "late", "let_in"),
    [
        ({"exp": -59}, 0, True),
        ({"exp": -60}, 0, False),
        ({"iat": 60}, 0, True),
        ({"iat": 61}, 0, False),
        ({"nbf": 60}, 0, True),
        ({"nbf": 61}, 0, False),
    ],
)
async def test_times_have_a_leeway_of_a_minute(
    world: World, claims: dict[str, int], late: int, *, let_in: bool
) -> None:
    """RFC 7519 §4.1.4-§4.1.6: a little leeway for clocks."""
    now = epoch(world.clock.now()) + late
    world.provider.claims = {name: now + seconds for name, seconds in claims.items()}
    if let_in:
        assert await world.is_let_in()
    else:
        assert (await world.refusal()).reason_code == "token_untimely"


async def test_the_measured_skew_stands_in_the_reason(world: World) -> None:
    world.provider.claims = {"iat": epoch(world.clock.now()) + 125}
    world.provider.date = format_datetime(world.clock.now() + timedelta(seconds=125), usegmt=True)
    finished = await world.refusal()
    assert "iat 125 s beyond" in str(finished.explanation)
    assert "125 s ahead of ours" in str(finished.explanation)


@pytest.mark.parametrize("date", ["", "nonsense", "Thu, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"])
async def test_a_date_that_is_none_harms_nothing(world: World, date: str) -> None:
    world.provider.date = date or " "
    assert await world.is_let_in()


async def test_a_token_without_a_good_signature_opens_nothing(world: World) -> None:
    """RFC 8725 §3.1, §3.2: the algorithm is ours to choose, and `none` is none."""
    provider = world.provider
    provider.algorithm, provider.signer = "none", ""
    assert "alg: got none" in str((await world.refusal()).explanation)
    provider.algorithm, provider.signer = "HS256", CLIENT_SECRET
    assert "alg: got HS256" in str((await world.refusal()).explanation)
    provider.algorithm, provider.signer = "ES256", ec_key("stranger")
    assert "fails at" in str((await world.refusal()).explanation)
    provider.algorithm, provider.signer = "RS256", rsa_key("stranger")
    assert "signature" in str((await world.refusal()).explanation)
    provider.signer = rsa_key("first")
    assert await world.is_let_in()


@pytest.mark.parametrize(
    "id_token", ["", "opaque", "a.b.c", "a.b.c.d.e", "....", "é.é.é", "e30.e30.", 7, ["x"], {"a": "b"}, True]
)
async def test_an_id_token_that_is_no_jwt_opens_nothing(world: World, id_token: Any) -> None:
    world.provider.answer = {"id_token": id_token}
    assert (await world.refusal()).reason_code in {"provider_token_invalid", "provider_answer_unreadable"}


async def test_a_provider_that_was_asked_for_openid_has_to_give_an_id_token(world: World) -> None:
    """OpenID Connect Core §3.1.3.3: an access token says nothing of who signed in, least of all to whom."""
    now = epoch(world.clock.now())
    claims = {"iss": world.provider.origin, "sub": "somebody", "client_id": CLIENT_ID, "exp": now + 60}
    world.provider.answer = {"id_token": None, "access_token": world.provider.sign(claims)}
    finished = await world.refusal()
    assert finished.reason_code == "id_token_missing"
    assert "id_token" in str(finished.explanation)


async def test_a_jwt_nested_deeper_than_any_is_refused(world: World) -> None:
    deep = jwt.utils.base64url_encode(b"[" * 100_000).decode()
    world.provider.answer = {"id_token": f"{deep}.{deep}.x"}
    assert (await world.refusal()).reason_code == "provider_token_invalid"
    world.provider.token_reply = Reply(200, b"[" * 100_000)
    assert (await world.refusal()).reason_code == "provider_answer_unreadable"


@pytest.mark.parametrize("kind", ["ES256", "PS256", "RS512"])
async def test_keys_that_name_no_algorithm_serve_any_of_their_kind(world: World, kind: str) -> None:
    """RFC 7517 §4.4: `alg` is optional; Microsoft publishes keys without it."""
    provider = world.provider
    provider.algorithm = kind
    provider.signer = ec_key("first") if kind == "ES256" else rsa_key("first")
    provider.keys = [public_jwk(provider.signer, "k1")]
    assert await world.is_let_in()
    world.clock.travel(timedelta(hours=2))
    provider.keys = [public_jwk(provider.signer, "k1", alg=kind)]
    assert await world.is_let_in()
    world.clock.travel(timedelta(hours=2))
    provider.keys = [public_jwk(provider.signer, "k1", alg="ES384" if kind == "ES256" else "RS384")]
    assert (await world.refusal()).reason_code in {"provider_token_invalid", "keys_unavailable", "signing_key_unknown"}


async def test_a_token_without_kid_needs_one_signing_key_alone(world: World) -> None:
    """OpenID Connect Core §10.1: with several keys a `kid` must be given; keys for encryption do not count."""
    provider = world.provider
    first, second = public_jwk(rsa_key("first"), "k1"), public_jwk(rsa_key("second"), "k2")
    provider.header = {}
    assert await world.is_let_in()
    world.clock.travel(timedelta(hours=2))
    provider.keys = [first, second]
    assert (await world.refusal()).reason_code == "signing_key_unknown"
    world.clock.travel(timedelta(hours=2))
    provider.keys = [first, second | {"use": "enc"}]
    assert await world.is_let_in()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(400, b'{"error":"invalid_grant","error_description":"no"}'), "provider_code_refused"),
        (Reply(400, b'{"error":"invalid_client"}'), "provider_client_refused"),
        (Reply(401, b'{"error":"invalid_client"}'), "provider_client_refused"),
        (Reply(401, b'{"error":"unauthorized_client"}'), "provider_client_refused"),
        (Reply(400, b'{"error":"unauthorized_client"}'), "provider_token_request_refused"),
        (Reply(401, b'{"error":{"nested":1}}'), "provider_client_refused"),
        (Reply(401, b""), "provider_client_refused"),
        (Reply(403, b"<html>WAF</html>", "text/html"), "provider_token_request_refused"),
        (Reply(404, b"<html>no</html>", "text/html"), "provider_token_url_wrong"),
        (Reply(404, b'{"detail":"Not Found"}'), "provider_token_url_wrong"),
        (Reply(404, b'{"status":404,"error":"Not Found","path":"/x"}'), "provider_token_url_wrong"),
        (Reply(405, b""), "provider_token_url_wrong"),
        (Reply(404, b'{"error":"invalid_client"}'), "provider_client_refused"),
        (Reply(401, b'{"error":"invalid_grant"}'), "provider_code_refused"),
        (
            Reply(400, b'{"error":"invalid_request","error_description":"grant_type?"}'),
            "provider_token_request_refused",
        ),
        (Reply(400, b'{"error":"unsupported_grant_type"}'), "provider_token_request_refused"),
        (Reply(403, b'{"code":"email_verification_required","message":"no"}'), "provider_step_required"),
        (Reply(403, b'{"code":"organization_selection_required","message":"no"}'), "provider_step_required"),
        (Reply(403, b'{"code":"mfa_challenge","message":"no"}'), "provider_step_required"),
        (Reply(400, b'{"error":"sso_required","error_description":"no"}'), "provider_step_required"),
        (Reply(429, b""), "provider_failing"),
        (Reply(500, b'{"error":"server_error"}'), "provider_failing"),
        (Reply(503, b"<html>down</html>", "text/html"), "provider_failing"),
        (Reply(200, b"<html>sign in</html>", "text/html"), "provider_token_url_wrong"),
        (Reply(200, b""), "provider_answer_unreadable"),
        (Reply(200, b"null"), "provider_answer_unreadable"),
        (Reply(200, b"[]"), "provider_answer_unreadable"),
        (Reply(200, b"{}"), "provider_token_url_wrong"),
        (Reply(200, b"\xff\xfe\xfd"), "provider_answer_unreadable"),
        (Reply(200, b'{"error":"access_denied"}'), "provider_token_request_refused"),
        (Reply(204, b""), "provider_answer_unreadable"),
        (Reply(302, b""), "provider_token_url_wrong"),
        (Reply(200, b'{"access_token":', hangs=True), "answer_unfinished"),
        (Reply(500, b"", hangs=True), "answer_unfinished"),
        (Reply(200, b'{"x":"' + b"y" * 3_000_000 + b'"}'), "answer_too_long"),
        (Reply(200, b'{"access_token":' + b"[" * 900 + b"]" * 900 + b"}"), "provider_answer_unreadable"),
        (Reply(200, b'{"access_token":"a","access_token":"b"}'), "provider_answer_unreadable"),
        (Reply(200, b'{"expires_in":' + b"9" * 5_000 + b"}"), "provider_answer_unreadable"),
        (Reply(200, b'{"expires_in":NaN}'), "provider_answer_unreadable"),
    ],
)
async def test_what_the_token_endpoint_does_wrong_is_named(world: World, reply: Reply, reason: str) -> None:
    world.provider.token_reply = reply
    async with asyncio.timeout(10):
        finished = await world.refusal()
    assert finished.reason_code == reason
    assert finished.hint


@pytest.mark.parametrize(
    ("reply", "cause", "fix"),
    [
        (Reply(400, b'{"error":"unauthorized_client"}'), "400, unauthorized_client.", "authorization code grant on"),
        (Reply(415, b'{"title":"Unsupported Media Type"}'), "415, Unsupported Media Type.", "Do what its words say"),
        (Reply(422, b'{"title":"t","detail":"no scope"}'), "422, no scope.", "Do what its words say"),
        (
            Reply(400, b'{"error":"invalid_request","error_description":"code_verifier?"}'),
            "code_verifier",
            "OAuth policy",
        ),
    ],
)
async def test_a_refused_request_for_a_token_is_told_by_the_providers_own_words(
    world: World, reply: Reply, cause: str, fix: str
) -> None:
    """RFC 6749 §5.2: a client that may not use the grant has shown credentials that are good."""
    world.provider.token_reply = reply
    finished = await world.refusal()
    assert finished.diagnosis_id == "IDT-27"
    assert cause in str(finished.explanation)
    assert fix in str(finished.hint)


@pytest.mark.parametrize(
    ("id_token", "shape"),
    [("a.b.c.d.e", "an encrypted token (JWE, of 5 parts)"), ("opaque", "an opaque value, "), ("", "an empty text, ")],
)
async def test_a_token_that_is_no_signed_jwt_is_told_by_its_form(world: World, id_token: str, shape: str) -> None:
    world.provider.answer = {"id_token": id_token}
    assert f"got {shape}" in str((await world.refusal()).explanation)


async def test_what_the_provider_says_never_brings_our_secrets_into_an_event(world: World) -> None:
    """WorkOS repeats the code in its answer; some providers repeat the secret."""
    world.provider.token_reply = Reply(400, b"")
    await world.refusal()
    form = world.provider.redeemed[-1]
    said = f"The code '{form['code']}' of {form['client_secret']} has expired"
    world.provider.callback = {"code": form["code"]}
    world.provider.token_reply = Reply(400, f'{{"error":"invalid_grant","error_description":"{said}"}}'.encode())
    finished = await world.refusal()
    assert "has expired" in str(finished.explanation)
    published = repr(world.gateway.published)
    assert form["code"] not in published
    assert form["client_secret"] not in published


async def test_nobody_listening_is_named(world: World, tmp_path: Path) -> None:
    with listen() as silent:
        dead = origin_of(silent)
    (tmp_path / "b").mkdir()
    root = write_oidc_project(tmp_path / "b", world.provider, login={"tokenUrl": f"{dead}/token"})
    async with running_gateway(root, clock=world.clock) as gateway:
        finished = await World(world.provider, gateway, world.clock, world.http).refusal()
    assert finished.reason_code == "provider_unreachable"
    assert "refused" in str(finished.explanation)


@pytest.mark.parametrize(
    ("callback", "error"),
    [
        ({"error": "access_denied", "error_description": "no \x00\r\nLocation: https://evil.example"}, "access_denied"),
        ({"error": "server_error"}, "server_error"),
        ({"error": "temporarily_unavailable"}, "temporarily_unavailable"),
        ({"error": "invalid_scope", "error_description": "no such scope"}, "server_error"),
        ({"error": "login_required"}, "access_denied"),
        ({"error": "<script>alert(1)</script>"}, "access_denied"),
    ],
)
async def test_an_error_at_the_callback_goes_back_to_the_client(
    world: World, callback: dict[str, str], error: str
) -> None:
    """RFC 6749 §4.1.2.1; the description in its charset, with state and iss."""
    world.provider.callback = callback
    browser = await world.sign_in()
    assert browser.location is not None
    said = dict(httpx2.URL(browser.location).params)
    assert (said["error"], said["state"], said["iss"]) == (error, "st123", world.gateway.origin)
    assert all(" " <= each <= "~" and each not in '"\\' for each in said["error_description"])


async def test_a_callback_with_neither_code_nor_error_is_a_page(world: World) -> None:
    world.provider.callback = {"id_token": "x"}
    browser = await world.sign_in()
    assert browser.page is not None
    assert browser.page.status == 502
    assert "IDT-32" in browser.page.html


@pytest.mark.parametrize("code", [{}, {"error": ""}])
async def test_words_without_an_error_code_are_kept(world: World, code: dict[str, str]) -> None:
    world.provider.callback = code | {"error_description": "The user is locked"}
    browser = await world.sign_in()
    assert browser.page is not None
    assert "no error beside its words" in browser.page.text
    assert "The user is locked" in browser.page.text
    assert "Do what its words say" in browser.page.text


@pytest.mark.parametrize("sub", ["a\nb", "a\rb", " a ", "\ta", "a\u0000b", "é", "e\u0301", "<b>&amp;"])
async def test_whatever_a_person_is_called_there_may_decide(world: World, sub: str) -> None:
    """A browser brings a line break back as two characters, and some as none: the form says nothing of the subject."""
    world.provider.claims = {"sub": sub}
    client = await world.gateway.register(world.http)
    async with Browser(CALLBACK) as browser:
        await browser.open(world.gateway.authorize_url(client["client_id"], token("")))
        assert browser.page is not None
        (form,) = [each for each in browser.page.forms if "subject" in each.fields]
        assert form.fields["subject"].isalnum()
        await browser.press("Allow")
        assert browser.location is not None
        assert "code=" in browser.location


async def test_keys_are_cached_and_fetched_once_more_for_an_unknown_one(world: World) -> None:
    """OpenID Connect Core §10.1.1, with a floor between fetches."""
    provider = world.provider
    for _ in range(3):
        assert await world.is_let_in()
    assert provider.keys_fetched == 1

    provider.signer, provider.header = rsa_key("second"), {"kid": "k2"}
    world.clock.travel(timedelta(seconds=11))
    assert (await world.refusal()).reason_code == "signing_key_unknown"
    assert provider.keys_fetched == 2, "once for the unknown key"
    world.clock.travel(timedelta(seconds=3))
    finished = await world.refusal()
    assert (finished.reason_code, finished.failure_origin) == ("keys_asked_just_now", "identity_provider")
    assert "asked 3 s ago (there: k1)" in str(finished.explanation)
    assert "in 8 s" in str(finished.hint)
    assert provider.keys_fetched == 2, "the floor"

    provider.keys = [public_jwk(rsa_key("second"), "k2")]
    world.clock.travel(timedelta(seconds=11))
    assert await world.is_let_in()
    assert provider.keys_fetched == 3
    assert world.gateway.events(McpAuthJwksFetched)[-1].key_ids == ("k2",)


async def test_a_clock_that_was_set_back_keeps_nobody_from_the_keys(world: World) -> None:
    """Else no new key would be asked for until the clock came again to where it was."""
    assert await world.is_let_in()
    world.clock.travel(timedelta(hours=-1))
    world.provider.signer, world.provider.header = rsa_key("second"), {"kid": "k2"}
    world.provider.keys = [public_jwk(rsa_key("second"), "k2")]
    assert await world.is_let_in()
    assert world.provider.keys_fetched == 2


async def test_a_key_that_was_replaced_under_its_id_is_fetched_anew(world: World) -> None:
    """Local providers make new keys under fixed ids at each start."""
    assert await world.is_let_in()
    world.provider.signer = rsa_key("second")
    world.provider.keys = [public_jwk(rsa_key("second"), "k1")]
    world.clock.travel(timedelta(seconds=11))
    assert await world.is_let_in()
    assert world.provider.keys_fetched == 2
    world.provider.signer = rsa_key("first")
    assert (await world.refusal()).reason_code == "provider_token_invalid"
    assert world.provider.keys_fetched == 2, "the floor"


async def test_a_key_of_another_kind_under_the_same_id_is_not_judged_by_the_one_that_is_held(world: World) -> None:
    """What the provider publishes by now is not known until it may be asked again."""
    assert await world.is_let_in()
    provider = world.provider
    provider.algorithm, provider.signer = "ES256", ec_key("first")
    provider.keys = [public_jwk(ec_key("first"), "k1")]
    world.clock.travel(timedelta(seconds=4))
    early = await world.refusal()
    assert early.reason_code == "keys_asked_just_now"
    assert "signed with ES256, for which the key k1 is none as" in str(early.explanation)
    assert "when it was asked 4 s ago" in str(early.explanation)
    assert "in 6 s" in str(early.hint)
    world.clock.travel(timedelta(seconds=7))
    assert await world.is_let_in()
    assert provider.keys_fetched == 2

    provider.algorithm, provider.signer = "RS256", rsa_key("first")
    world.clock.travel(timedelta(seconds=11))
    final = await world.refusal()
    assert (final.reason_code, final.diagnosis_id) == ("provider_token_invalid", "IDT-09"), "asked in this very login"


@pytest.mark.parametrize(
    ("reply", "told", "change"),
    [
        (Reply(201, b'{"access_token":"a"}'), "with 201; tokens come with 200", "answer with 200"),
        (Reply(400, b'{"errors":[{"message":"bad code"}]}'), "400, bad code", "Do what its words say"),
        (Reply(400, b'{"reason":"no such realm"}'), "400, no such realm", "Do what its words say"),
        (Reply(400, b'{"status":400}'), "without a word that can be read", "its answer gives no reason"),
        (Reply(400, b'{"error":"unauthorized_client","error_description":"Client disabled"}'), "disabled", "its words"),
    ],
)
async def test_a_token_endpoint_is_quoted_and_nothing_is_called_a_refusal_that_is_none(
    world: World, reply: Reply, told: str, change: str
) -> None:
    world.provider.token_reply = reply
    refusal = await world.refusal()
    assert told in str(refusal.explanation)
    assert change in str(refusal.hint)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b'{"message":"Not Found"}'),
        Reply(200, b"<html></html>", "text/html"),
        Reply(200, b'{"keys":[]}'),
        Reply(200, b'{"keys":7}'),
        Reply(200, b'{"keys":[7]}'),
        Reply(200, b'{"keys":[{"kty":"RSA","kid":"k1","n":"!","e":"AQAB"}]}'),
        Reply(200, b'{"keys":[{"kty":"oct","kid":"k1","k":"AAAA","alg":"HS256"}]}'),
        Reply(200, b"[]"),
        Reply(200, b"[" * 100_000),
        Reply(500, b""),
        Reply(200, b'{"keys":[', hangs=True),
        Reply(200, b'{"keys":[' + b" " * 3_000_000),
        Reply(200, b'{"keys":[{"kty":"RSA","kid":"k1","n":7,"e":[]},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}'),
        Reply(200, b'{"keys":[{"kty":{},"kid":"k1"},{"kty":"OKP","crv":"Ed25519","x":"AA"},null,[]]}'),
        Reply(200, b'{"keys":' + b"[" * 60 + b"]" * 60 + b"}"),
        Reply(200, b'{"keys":[{"kty":"RSA","kid":"k1","n":"AQAB","e":"' + b"A" * 100_000 + b'"}]}'),
    ],
)
async def test_keys_that_cannot_be_had_are_named_and_those_held_go_on(world: World, reply: Reply) -> None:
    provider = world.provider
    provider.keys_reply = reply
    async with asyncio.timeout(30):
        assert (await world.refusal()).reason_code in {
            "keys_unavailable",
            "signing_key_unknown",
            "provider_token_invalid",
            "answer_unfinished",
            "answer_too_long",
        }
        provider.keys_reply = None
        world.clock.travel(timedelta(seconds=11))
        assert await world.is_let_in()
        provider.keys_reply = reply
        world.clock.travel(timedelta(hours=2))
        fetched = provider.keys_fetched
        for _ in range(4):
            assert await world.is_let_in(), "a provider that is down must not end logins whose key is known"
        # one may be a look at the provider beside the logins
        assert provider.keys_fetched <= fetched + 2, "the floor holds for fetches that fail, too"


@pytest.mark.parametrize(
    "claims",
    [
        '{"sub":"person-1","deep":' + "[" * 900 + "]" * 900 + "}",
        '{"sub":"person-1","deep":' + '{"a":' * 480 + "1" + "}" * 480 + "}",
        '{"sub":"person-1","sub":"somebody-else"}',
        '{"sub":"person-1","exp":' + "9" * 5_000 + "}",
        '{"sub":"person-1","exp":1e999}',
        '["person-1"]',
        "[" * 60_000,
    ],
)
async def test_claims_that_readers_fail_at_or_read_differently_open_nothing(world: World, claims: str) -> None:
    """A signature says who wrote it, not that it can be read."""
    world.provider.written_claims = claims
    finished = await world.refusal()
    assert finished.reason_code == "provider_token_invalid"
    assert "fails at form" in str(finished.explanation)


async def test_a_date_without_a_place_is_no_skew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-0000` is UTC, wherever this machine stands (RFC 5322 §3.3)."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        world.provider.date = world.clock.now().strftime("%a, %d %b %Y %H:%M:%S -0000")
        assert await world.is_let_in()
        assert [abs(each.skew_seconds) < 1 for each in world.gateway.events(ClockSkewMeasured)] == [True]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("place", ["authorize", "token"])
async def test_one_url_for_login_page_and_token_endpoint_is_not_called_a_provider_that_fails(
    tmp_path: Path, place: str
) -> None:
    clock = FrozenClock()
    async with oidc_provider(clock) as provider, httpx2.AsyncClient(timeout=20) as http:
        url = f"{provider.origin}/{place}"
        project = write_oidc_project(tmp_path, provider, login={"url": f"{url}?x=1", "tokenUrl": url})
        async with running_gateway(project, clock=clock) as gateway, Browser(CALLBACK) as browser:
            client = await gateway.register(http)
            await browser.open(gateway.authorize_url(client["client_id"], token("")))
            assert browser.page is not None
            if place == "authorize":
                assert "it is configured as the login page too, and is not both" in browser.page.text
                assert "TOK-05" in browser.page.text
            check = await examine_login_page(Asker(http, clock), Pair(gateway.runtime.gateway.policy, CALLBACK))
            assert check.diagnosis_id == ("IDT-29" if place == "token" else ""), check


async def test_claims_that_are_no_object_are_told_with_what_has_to_come(world: World) -> None:
    world.provider.written_claims = "[]"
    refusal = await world.refusal()
    assert refusal.diagnosis_id == "IDT-10"
    assert refusal.hint == "Let the provider give a signed JWT with a JSON object in its claims."
