"""An OpenID provider goes wrong: each claim, answer, key and clock is told by its name, on every face alike."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock, epoch
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthLoginFinished
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway
from tests.support.mending import mends
from tests.support.oidc import CLIENT_ID, OidcProvider, Reply, oidc_provider, public_jwk, rsa_key, write_oidc_project

HOUR = 3600


@dataclass
class World:
    """A watched gateway whose people sign in at a provider of the test's."""

    provider: OidcProvider
    gateway: Watched
    http: httpx2.AsyncClient
    clock: SystemClock = field(repr=False)

    async def sign_in(self) -> Browser:
        """Return a browser at the end of its way."""
        client = await self.gateway.running.register(self.http)
        async with Browser(CALLBACK) as browser:
            return await browser.open(self.gateway.running.authorize_url(client["client_id"], token("")))

    async def is_let_in(self) -> bool:
        """Tell whether a person who signs in comes to the consent page."""
        browser = await self.sign_in()
        return browser.page is not None and "Allow" in browser.page.text

    async def named(self, name: str) -> Diagnosis:
        """Sign in, and return the one diagnosis; its words must be those of page and event."""
        browser = await self.sign_in()
        assert browser.page is not None
        found = await self.gateway.only(name)
        event = self.gateway.running.events(McpAuthLoginFinished)[-1]
        assert (found.cause, found.fix) == (event.explanation, event.hint)
        assert found.certain
        assert name in browser.page.html
        trace = next(each for each in reversed(self.traces()) if each.problem)
        assert trace.failure_origin == event.failure_origin
        return found

    def traces(self) -> list[Any]:
        """Return the requests that were answered, oldest first."""
        return [each.event.trace for each in self.gateway.running.published if hasattr(each.event, "trace")]


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = SystemClock()
    options: dict[str, Any] = getattr(request, "param", {})
    async with oidc_provider(clock) as provider, httpx2.AsyncClient(timeout=20) as http:
        root = write_oidc_project(tmp_path, provider, login={"remoteTimeoutMs": 2_500} | options)
        async with running_gateway(root, clock=clock) as running:
            yield World(provider, Watched(running, clock), http, clock)


@pytest.mark.parametrize(
    ("claims", "name", "words"),
    [
        ({"exp": None}, "IDT-15", "fails at exp: it has none"),
        ({"exp": "2030-01-01"}, "IDT-15", "fails at exp: got '2030-01-01'"),
        ({"iat": None}, "IDT-15", "fails at iat: it has none"),
        ({"iat": "1700000000"}, "IDT-15", "fails at iat: got '1700000000'"),
        ({"nbf": "now"}, "IDT-15", "fails at nbf: got 'now'"),
        ({"sub": None}, "IDT-15", "fails at sub: it has none"),
        ({"sub": 17}, "IDT-15", "fails at sub: got 17"),
        ({"aud": None}, "IDT-15", "fails at aud: it has none"),
        ({"iss": None}, "IDT-15", "fails at iss: it has none"),
        ({"aud": "another"}, "IDT-16", "fails at aud: got another"),
        ({"azp": "somebody-else"}, "IDT-16", "fails at azp: got somebody-else"),
        ({"aud": [CLIENT_ID, "b"]}, "IDT-15", "fails at azp: it has none"),
        ({"nonce": None}, "IDT-17", "fails at nonce: it has none"),
        ({"nonce": "of-another-login"}, "IDT-17", "fails at nonce: got another value"),
        ({"at_hash": "AAAA"}, "IDT-18", "fails at at_hash"),
        ({"iss": "https://elsewhere.example"}, "IDT-02", "elsewhere.example"),
    ],
)
async def test_each_claim_is_told_by_its_name(world: World, claims: dict[str, Any], name: str, words: str) -> None:
    """OpenID Connect Core §2, §3.1.3.7: and no clock, key or state is blamed for a claim."""
    world.provider.claims = claims
    found = await world.named(name)
    assert words in found.cause
    assert "clock" not in (found.cause + found.fix).lower()


@pytest.mark.parametrize(("more", "kind"), [("/", "slash"), ("/realms/x", "path")])
async def test_two_issuers_are_shown_with_marks_where_they_differ(world: World, more: str, kind: str) -> None:
    world.provider.claims = {"iss": world.provider.origin + more}
    found = await world.named("IDT-02")
    assert (found.got, found.expected) == (world.provider.origin + more, world.provider.origin), kind
    assert any("^" in line for line in found.marks)


@pytest.mark.parametrize(
    ("iss", "answer"),
    [
        ("{origin}/", None),
        ("https://evil.example", None),
        ("{ORIGIN}", None),
        (" {origin}", None),
        ("https://evil.example", {"error": "access_denied"}),
        ("https://evil.example", {"id_token": "x"}),
    ],
)
async def test_an_answer_that_says_another_issuer_gave_it_is_not_used(
    world: World, iss: str, answer: dict[str, str] | None
) -> None:
    """RFC 9207 §2.4: neither its code nor its error, whatever differs; the code goes to no token endpoint."""
    origin = world.provider.origin
    sent = iss.format(origin=origin, ORIGIN=origin.replace("http", "HTTP"))
    world.provider.callback, world.provider.beside = answer, {"iss": sent}
    found = await world.named("IDT-35")
    assert (found.got, found.expected) == (sent, origin)
    assert any("^" in line for line in found.marks)
    assert world.provider.redeemed == []


async def test_an_answer_that_says_the_configured_issuer_gave_it_lets_people_in(world: World) -> None:
    world.provider.beside = {"iss": world.provider.origin}
    assert await world.is_let_in()
    assert await world.gateway.said() == []


async def test_an_issuer_in_plain_http_elsewhere_is_not_to_be_configured(world: World) -> None:
    """`devgw check` refuses such an issuer; so the provider has to change."""
    world.provider.claims = {"iss": "http://host.docker.internal:8080/realms/x"}
    found = await world.named("IDT-02")
    assert "host.docker.internal" not in found.fix
    assert "https" in found.fix


async def test_an_old_token_is_old_and_no_clock_is_blamed(world: World) -> None:
    now = epoch(world.clock.now())
    world.provider.claims = {"iat": now - HOUR, "exp": now - HOUR + 300}
    world.provider.date = format_datetime(world.clock.now(), usegmt=True)
    found = await world.named("IDT-19")
    assert "was issued 360" in found.cause
    assert found.cause.endswith("s ago. Both clocks agree.")
    assert [each.id for each in await world.gateway.of_gateway()] == []


@pytest.mark.parametrize(
    ("claims", "date", "name"),
    [
        ({"iat": 600}, 600, "IDT-07"),
        ({"iat": -600, "exp": -300}, -600, "IDT-07"),
        ({"iat": 600}, 0, "IDT-19"),
        ({"iat": 600}, None, "IDT-19"),
        ({"iat": 0, "nbf": 600}, 0, "IDT-19"),
        ({"iat": -600, "exp": -300}, None, "IDT-19"),
        ({"iat": 0, "exp": -120}, 600, "IDT-19"),
    ],
)
async def test_a_clock_is_blamed_where_the_answers_date_and_the_tokens_iat_say_so(
    world: World, claims: dict[str, int], date: int | None, name: str
) -> None:
    now = world.clock.now()
    world.provider.claims = {claim: epoch(now) + seconds for claim, seconds in claims.items()}
    if date is not None:
        world.provider.date = format_datetime(now + timedelta(seconds=date), usegmt=True)
    await world.named(name)


async def test_a_clock_that_was_wrong_is_right_again_after_the_next_good_answer(world: World) -> None:
    now = world.clock.now()
    world.provider.claims = {"iat": epoch(now) + 600, "exp": epoch(now) + 900}
    world.provider.date = format_datetime(now + timedelta(seconds=600), usegmt=True)
    await world.named("IDT-07")
    assert [each.id for each in await world.gateway.of_gateway()] == ["IDT-07"]

    world.provider.claims = {}
    world.provider.date = format_datetime(world.clock.now(), usegmt=True)
    assert await world.is_let_in()
    assert [each.id for each in await world.gateway.of_gateway()] == []
    health = world.gateway.running.runtime.monitor.health.view
    assert abs(health.skew_seconds) < 2


@pytest.mark.parametrize("reply", [Reply(404, b""), Reply(500, b""), Reply(200, b"[]")])
async def test_keys_that_cannot_be_had_are_told_once_though_flow_and_gateway_have_them(
    world: World, reply: Reply
) -> None:
    world.provider.keys_reply = reply
    await world.sign_in()
    world.gateway.wait(2)
    (found,) = await world.gateway.said()
    assert [each.id for each in await world.gateway.of_gateway()] == [found.id]
    told = why_of(world.gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    assert [each.id for case in told.cases for each in case.diagnoses] == [found.id]


async def test_a_key_that_is_published_for_another_algorithm_is_told_with_both(world: World) -> None:
    world.provider.keys = [public_jwk(rsa_key("first"), "k1", alg="RS512")]
    found = await world.named("IDT-09")
    assert (found.got, found.expected) == ("RS256", "RS512")
    assert found.fix == "Let the provider sign with RS512, or publish this key with alg RS256 or without one."

    world.provider.keys = [public_jwk(rsa_key("first"), "k1", alg="RS256")]
    world.gateway.wait(60)
    assert await world.is_let_in()


async def test_a_key_without_an_id_is_used(world: World) -> None:
    """RFC 7517 §4.5: `kid` is optional, in a key as in a token."""
    world.provider.keys = [public_jwk(rsa_key("first"), None)]
    assert await world.is_let_in()
    world.provider.header = {}
    assert await world.is_let_in()
    assert await world.gateway.names() == []


async def test_a_token_that_names_no_key_among_several_says_so(world: World) -> None:
    world.provider.header = {}
    world.provider.keys = [public_jwk(rsa_key("first"), "k1"), public_jwk(rsa_key("second"), None)]
    found = await world.named("IDT-01")
    assert "names no key (no kid)" in found.cause
    assert "k1, (a key without kid)" in found.cause
    assert "None" not in found.cause


@mends("IDT-26")
async def test_keys_that_were_asked_for_a_moment_ago_are_not_called_final(world: World) -> None:
    assert await world.is_let_in()
    world.provider.signer, world.provider.header = rsa_key("second"), {"kid": "k2"}
    world.provider.keys = [public_jwk(rsa_key("second"), "k2")]
    world.gateway.wait(3)
    found = await world.named("IDT-26")
    assert "asked 3 s ago" in found.cause or "asked 4 s ago" in found.cause
    assert "never" not in f"{found.cause} {found.evidence}"

    world.gateway.wait(8)
    assert await world.is_let_in()


async def test_keys_that_cannot_be_had_now_are_not_called_unknown(world: World) -> None:
    assert await world.is_let_in()
    world.provider.header = {"kid": "k2"}
    world.provider.keys_reply = Reply(503, b"")
    world.gateway.wait(11)
    found = await world.named("IDT-08")
    assert "503" in found.cause


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (Reply(404, b'{"detail":"Not Found"}'), "TOK-05"),
        (Reply(200, b"<html>sign in</html>", "text/html"), "TOK-05"),
        (Reply(400, b'{"error":"invalid_request","error_description":"Missing parameter"}'), "IDT-27"),
        (Reply(403, b"<html>blocked</html>", "text/html"), "IDT-27"),
        (Reply(400, b'{"error":"invalid_grant"}'), "WORK-06"),
        (Reply(401, b'{"error":"invalid_client"}'), "TOK-07"),
        (Reply(500, b""), "IDT-25"),
        (Reply(429, b'{"error":"too_many_requests"}'), "IDT-34"),
        (Reply(429, b""), "IDT-34"),
        (Reply(200, b'{"data":{"access_token":"x","id_token":"y"}}'), "TOK-08"),
        (Reply(200, b'{"access_token":"x","token_type":"Bearer"}'), "IDT-20"),
        (Reply(200, b'{"user":{"id":"u"},"access_token":"x","authentication_method":"SSO"}'), "IDT-04"),
        (Reply(200, b'{"keys":[]}'), "TOK-05"),
        (Reply(200, b'{"issuer":"https://x.example"}'), "TOK-05"),
        (Reply(408, b""), "IDT-25"),
        (Reply(200, b'{"id_token":7}'), "TOK-08"),
        (Reply(200, b"[]"), "TOK-08"),
        (Reply(403, b'{"code":"email_verification_required","message":"Verify"}'), "WORK-04"),
    ],
)
async def test_each_answer_of_the_token_endpoint_is_told_apart(world: World, reply: Reply, name: str) -> None:
    world.provider.token_reply = reply
    found = await world.named(name)
    assert found.fix


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        ({"error": "access_denied", "error_description": "User is not assigned to the client application."}, "IDT-21"),
        ({"error": "access_denied"}, "IDT-21"),
        ({"error": "access_denied", "error_description": "The user denied the request"}, "IDT-21"),
        ({"error": "server_error", "error_description": "boom"}, "IDT-25"),
        ({"error": "invalid_scope"}, "IDT-28"),
        ({"error": "login_required"}, "IDT-12"),
        ({"error": "consent_required"}, "IDT-33"),
        ({"error": "consent_required", "error_description": "AADSTS65001: no consent"}, "IDT-33"),
    ],
)
async def test_each_error_at_the_callback_is_told_apart(world: World, callback: dict[str, str], name: str) -> None:
    world.provider.callback = callback
    await world.sign_in()
    found = await world.gateway.only(name)
    assert found.cause == f"The identity provider answered {': '.join(callback.values()).rstrip('.')}."


async def test_an_error_without_a_state_is_nobodys_and_keeps_the_providers_words(world: World) -> None:
    client = await world.gateway.running.register(world.http)
    await world.http.get(world.gateway.running.authorize_url(client["client_id"], token("")))
    said = {"error": "server_error", "error_description": "The login page crashed"}
    page = await world.http.get(f"{world.gateway.origin}/oauth/callback", params=said)
    assert "server_error: The login page crashed" in page.text
    assert "IDT-24" in page.text

    flows = await world.gateway.flows()
    assert [each.id for flow in flows if flow.client_id for each in flow.diagnoses] == []


@mends("IDT-23")
@pytest.mark.parametrize("world", [{"remoteTimeoutMs": 300}], indirect=True)
async def test_a_slow_provider_is_told_with_the_option_that_lets_it(world: World, tmp_path: Path) -> None:
    """What is printed is applied: the provider is as slow as before, and the person comes in."""
    world.provider.slow = 0.8
    found = await world.named("IDT-23")
    assert "300 ms" in found.cause
    assert "browserLoginOverrides.remoteTimeoutMs" in found.fix

    (tmp_path / "mended").mkdir()
    printed = int(found.fix.rpartition(" to ")[2].rstrip("."))
    root = write_oidc_project(tmp_path / "mended", world.provider, login={"remoteTimeoutMs": printed})
    async with running_gateway(root, clock=world.clock) as running:
        assert await World(world.provider, Watched(running, world.clock), world.http, world.clock).is_let_in()


@mends("IDT-22")
async def test_an_answer_by_a_form_is_told_and_the_change_mends_it(world: World, tmp_path: Path) -> None:
    """OAuth 2.0 Form Post Response Mode: the change that is printed is applied, and the person comes in."""
    client = await world.gateway.running.register(world.http)
    left = await world.http.get(world.gateway.running.authorize_url(client["client_id"], token("")))
    state = httpx2.URL(left.headers["location"]).params["state"]
    posted = await world.http.post(f"{world.gateway.origin}/oauth/callback", data={"code": "c", "state": state})
    assert posted.status_code == 400
    assert "IDT-22" in posted.text

    found = await world.gateway.only("IDT-22")
    url = f"{world.provider.origin}/authorize?response_mode=query"
    assert f"browserLogin.url = {url}" in found.fix

    (tmp_path / "mended").mkdir()
    root = write_oidc_project(tmp_path / "mended", world.provider, login={"url": url})
    async with running_gateway(root, clock=world.clock) as running:
        mended = World(world.provider, Watched(running, world.clock), world.http, world.clock)
        assert await mended.is_let_in()
    assert world.provider.asked[-1]["response_mode"] == "query"
