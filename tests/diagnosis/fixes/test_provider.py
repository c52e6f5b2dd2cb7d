"""What is printed for an identity provider is done to the letter, and the same client signs in and calls a tool."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock, epoch
from devgw.emulators.workos import AnswerFault, CallbackFault, Fault, TokenFault
from devgw.events.taxonomy import McpAuthProviderProbed
from devgw.settings import EmulatorSettings, Settings
from tests.diagnosis.fixes.upstream import GOOD, Upstream, save, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_fixes_provider import change
from tests.diagnosis.stories.test_login_page import OTHER
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway
from tests.support.mending import mends, written
from tests.support.oidc import OidcProvider, Reply, oidc_provider, public_jwk, rsa_key, write_oidc_project
from tests.support.serving import listen, origin_of, serve
from tests.web.test_connect import OAUTH


@dataclass
class World:
    """A client of a gateway whose people sign in at a provider of the test's, and whose upstream answers well."""

    root: Path
    provider: OidcProvider
    client: Client

    @property
    def gateway(self) -> Watched:
        return self.client.gateway

    async def tries(self) -> None:
        """Go to the provider, as far as that leads."""
        async with Browser(CALLBACK) as browser:
            await browser.open(self.client.url())

    async def gets_through(self, name: str) -> None:
        """Go the whole way; then nothing is said any more."""
        self.gateway.wait(31)
        await self.client.whole_way()
        assert name not in await left(self.gateway)


@pytest.fixture
async def there() -> AsyncIterator[Upstream]:
    async with upstream(GOOD) as made:
        yield made


@pytest.fixture
async def world(tmp_path: Path, there: Upstream, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = SystemClock()
    options: dict[str, Any] = getattr(request, "param", {})
    async with oidc_provider(clock) as provider, in_front_of(tmp_path, provider, there, clock, **options) as client:
        yield World(tmp_path, provider, client)


@asynccontextmanager
async def in_front_of(
    root: Path, provider: OidcProvider, there: Upstream, clock: SystemClock, **login: Any
) -> AsyncIterator[Client]:
    login = json.loads(json.dumps(login).replace("{origin}", provider.origin))
    write_oidc_project(root, provider, login=login)
    routes = root / "config" / "routes.oas.json"
    routes.write_text(routes.read_text().replace("http://localhost:9002/mcp", f"{there.origin}/mcp"))
    async with (
        running_gateway(root, clock=clock) as running,
        httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as http,
    ):
        client = Client(Watched(running, clock), http)
        await client.register()
        yield client


def answer(status: int, **members: Any) -> Reply:
    return Reply(status, json.dumps(members).encode())


@mends("IDT-01", "IDT-09", "IDT-10", "IDT-12", "IDT-36", "IDT-20", "IDT-27", "WORK-04", "TOK-08", "IDT-25", "IDT-21")
@mends("IDT-08", "IDT-33")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        ({"header": {}, "keys": "two"}, "IDT-01", "put the kid of its key into the header of its tokens"),
        ({"algorithm": "HS256", "signer": b"s" * 32}, "IDT-09", "sign with an asymmetric algorithm"),
        ({"answer": {"id_token": "opaque"}}, "IDT-10", "Ask the provider for a signed JWT"),
        ({"callback": {"error": "login_required"}}, "IDT-12", "Do what the provider's words say"),
        ({"token_reply": answer(200, access_token="x", token_type="Bearer")}, "IDT-20", "Switch OpenID Connect on"),
        ({"token_reply": answer(400, error="invalid_request")}, "IDT-27", "Do what its words say"),
        ({"token_reply": answer(403, code="email_verification_required")}, "WORK-04", ""),
        ({"token_reply": Reply(200, b"[]")}, "TOK-08", "answer with a JSON object"),
        ({"token_reply": Reply(500, b"")}, "IDT-25", "Wait a moment and start the connection again"),
        ({"callback": {"error": "access_denied"}}, "IDT-21", "let this person use the application there"),
        ({"callback": {"error": "consent_required"}}, "IDT-33", "Let an administrator consent to the application"),
        ({"keys": [public_jwk(rsa_key("first"), "k1", d="AQAB")]}, "IDT-36", "rotate the key"),
        ({"keys_reply": Reply(503, b"")}, "IDT-08", "Ask the URL with curl"),
    ],
)
async def test_a_provider_that_does_what_is_printed_lets_the_client_through(
    world: World, spoil: dict[str, Any], name: str, words: str
) -> None:
    right = {switch: getattr(world.provider, switch) for switch in spoil}
    for switch, wrong in spoil.items():
        setattr(world.provider, switch, [*world.provider.keys, *world.provider.keys] if wrong == "two" else wrong)
    await world.tries()
    assert words in (fix := (await said(world.gateway, name)).fix), fix

    for switch, value in right.items():
        setattr(world.provider, switch, value)
    await world.gets_through(name)


@mends("IDT-01", "IDT-05", "IDT-03", "IDT-28", "TOK-05", "IDT-02")
@pytest.mark.parametrize(
    ("spoil", "option", "wrong", "name", "words", "right"),
    [
        ({}, ("oidc", "jwksUrl"), "{other}/jwks", "IDT-01", "the JWKS URL from the same provider", "{origin}/jwks"),
        ({}, ("oidc", "jwksUrl"), "{origin}/keys", "IDT-05", "use the provider's jwks_uri as jwksUrl", "{origin}/jwks"),
        (
            {},
            ("oidc", "issuer"),
            "{origin}/user_management/client_x",
            "IDT-03",
            "configure oidc.issuer = {origin};",
            "{origin}",
        ),
        (
            {"callback": {"error": "invalid_scope"}},
            ("browserLogin", "scope"),
            "openid phone",
            "IDT-28",
            "Correct what the provider names in the OAuth policy (scope",
            "openid",
        ),
        (
            {},
            ("browserLogin", "tokenUrl"),
            "{origin}/oauth/token",
            "TOK-05",
            "what the provider's discovery document calls token_endpoint",
            "{origin}/token",
        ),
    ],
)
async def test_an_option_that_is_corrected_as_printed_lets_the_client_through(
    world: World,
    spoil: dict[str, Any],
    option: tuple[str, str],
    wrong: str,
    name: str,
    words: str,
    right: str,
) -> None:
    async with oidc_provider(SystemClock()) as other:
        other.keys = [each | {"kid": "k9"} for each in other.keys]
        named = {"{origin}": world.provider.origin, "{other}": other.origin}
        for place, origin in named.items():
            wrong, words, right = (each.replace(place, origin) for each in (wrong, words, right))
        change(world.root, *option, to=wrong)
        await save(world.client)
        for switch, value in spoil.items():
            setattr(world.provider, switch, value)
        await world.tries()
        assert words in (fix := (await said(world.gateway, name)).fix), fix

        change(world.root, *option, to=right)
        await save(world.client)
        for switch in spoil:
            setattr(world.provider, switch, None)
        await world.gets_through(name)


@mends("IDT-07", "IDT-19")
@pytest.mark.parametrize(
    ("claims", "date", "name", "words"),
    [
        ({"iat": 600, "exp": 900}, 600, "IDT-07", "set the one that is wrong"),
        ({"iat": 600, "exp": 900}, None, "IDT-19", "issue tokens whose iat is not in the future"),
        ({"iat": -3600, "exp": -3300}, 0, "IDT-19", "issue a new token for each login"),
    ],
)
async def test_clocks_and_times_that_are_set_as_printed_let_the_client_through(
    world: World, claims: dict[str, int], date: int | None, name: str, words: str
) -> None:
    now = world.gateway.clock.now()
    world.provider.claims = {claim: epoch(now) + seconds for claim, seconds in claims.items()}
    if date is not None:
        world.provider.date = format_datetime(now + timedelta(seconds=date), usegmt=True)
    await world.tries()
    assert words in (await said(world.gateway, name)).fix

    world.provider.claims = {}
    world.gateway.wait(31)
    world.provider.date = format_datetime(world.gateway.clock.now(), usegmt=True)
    world.client.gateway.wait(-31)
    await world.gets_through(name)


@mends("IDT-13")
async def test_a_provider_that_can_be_reached_again_lets_the_client_through(tmp_path: Path, there: Upstream) -> None:
    clock = SystemClock()
    with listen() as silent:
        url = f"{origin_of(silent)}/token"
    async with (
        oidc_provider(clock) as provider,
        in_front_of(tmp_path, provider, there, clock, tokenUrl=url) as client,
    ):
        world = World(tmp_path, provider, client)
        await world.tries()
        assert "Start what is to listen there" in (await said(world.gateway, "IDT-13")).fix

        async with serve(provider, on=listen(port=httpx2.URL(url).port or 0)):
            await world.gets_through("IDT-13")


@mends("IDT-24")
async def test_a_connection_that_is_started_in_the_client_is_none_of_nobody(world: World) -> None:
    await world.client.http.get(f"{world.gateway.origin}/oauth/callback")
    assert "Start the connection in the MCP client" in (await said(world.gateway, "IDT-24")).fix

    await world.client.whole_way()
    assert [each.diagnoses for each in await world.gateway.flows() if each.client_id] == [()]


@mends("IDT-04")
async def test_the_policy_that_is_printed_reads_the_answer_of_workos(tmp_path: Path, there: Upstream) -> None:
    clock = SystemClock()
    async with oidc_provider(clock) as provider, in_front_of(tmp_path, provider, there, clock) as client:
        provider.token_reply = answer(200, user={"id": "u"}, access_token="x", authentication_method="SSO")
        await World(tmp_path, provider, client).tries()
        policy = written((await said(client.gateway, "IDT-04")).fix, r"use the policy ([\w-]+), which reads")

    assert OAUTH["policyType"] == policy
    file = tmp_path / "config" / "policies.json"
    file.write_text(json.dumps({"policies": [OAUTH | {"name": "sign-in"}]}))
    async with running_gateway(tmp_path, clock=clock) as running, httpx2.AsyncClient(timeout=20) as http:
        client = await Client(Watched(running, clock), http).whole_way()
        assert await left(client.gateway) == []


@mends("AUD-09", "WORK-04", "WORK-07")
@pytest.mark.parametrize(
    ("fault", "name", "words"),
    [
        (TokenFault(claims={"iss": ""}), "WORK-07", "Take client id and secret from one WorkOS environment"),
        (TokenFault(claims={"aud": "https://mcp.example/route"}), "AUD-09", "as its audience, or with none"),
        (
            CallbackFault(parameters={"code": None, "error": "organization_invalid", "error_description": "No org"}),
            "WORK-04",
            "",
        ),
    ],
)
async def test_workos_that_does_what_is_printed_lets_the_client_through(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, fault: Fault, name: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    if name == "WORK-07":
        oidc = gateway.running.runtime.gateway.policy.oidc
        assert oidc is not None
        fault = TokenFault(claims={"iss": f"{oidc.issuer.rpartition('/')[0]}/{OTHER}"})
    gateway.running.runtime.companions.emulator.faults.arm(fault)
    await gateway.running.sign_in(browser, client.url())
    assert words in (await said(gateway, name)).fix

    await client.whole_way()
    assert name not in await left(gateway)


async def probed(gateway: Watched) -> None:
    """Wait until the provider was asked why the browser is not back."""
    deadline = time.monotonic() + 30
    while not gateway.running.events(McpAuthProviderProbed):
        assert time.monotonic() < deadline, "nobody asked the provider"
        await asyncio.sleep(0.02)


@mends("IDT-30")
async def test_a_provider_that_knows_the_client_as_printed_shows_its_login(world: World) -> None:
    world.provider.login_page = answer(400, error="invalid_client", error_description="unknown")
    await world.client.http.get(world.client.url())
    await probed(world.gateway)
    fix = (await said(world.gateway, "IDT-30")).fix
    assert "client id" in fix, fix

    world.provider.login_page = None
    await world.gets_through("IDT-30")


@mends("WORK-01", "WORK-02")
@pytest.mark.parametrize(
    ("slug", "name"), [("client-id-invalid", "WORK-01"), ("invalid-connection-selector", "WORK-02")]
)
async def test_a_page_of_workos_that_is_answered_as_printed_comes_no_more(
    gateway: Watched, http: httpx2.AsyncClient, slug: str, name: str
) -> None:
    faults = gateway.running.runtime.companions.emulator.faults
    location = {"location": f"https://error.workos.com/sso/{slug}"}
    faults.arm(AnswerFault(path="/user_management/authorize", status=302, headers=location, times=None))
    client = Client(gateway, http)
    await client.register()
    await http.get(client.url())
    await probed(gateway)
    fix = (await said(gateway, name)).fix
    assert ("Copy the client id" if name == "WORK-01" else "provider=authkit") in fix, fix

    faults.clear()
    await client.whole_way()
    assert name not in await left(gateway)


@mends("RURI-05", "WORK-08")
@pytest.mark.parametrize(
    ("key", "name", "words"),
    [
        ("sk_live_devgw_sample_environment", "RURI-05", "(sk_test_) of a staging environment"),
        ("sk_test_devgw_sample_environment", "WORK-08", "client id and API key from the same WorkOS environment"),
    ],
)
async def test_an_id_and_a_key_of_one_staging_environment_as_printed_let_the_client_through(
    http: httpx2.AsyncClient, key: str, name: str, words: str
) -> None:
    clock, settings = SystemClock(), Settings(emulators=EmulatorSettings(workos=True))
    environ = {"WORKOS_CLIENT_ID": OTHER, "WORKOS_CLIENT_SECRET": key}
    async with running_gateway(clock=clock, environ=environ, settings=settings) as running:
        client = Client(Watched(running, clock), http)
        await client.register()
        await http.get(client.url())
        await probed(client.gateway)
        assert words in (fix := (await said(client.gateway, name)).fix), fix
        own = next(each.seed for each in running.runtime.companions.emulator.environments.values())
    environ = {"WORKOS_CLIENT_ID": own.client_id, "WORKOS_CLIENT_SECRET": "sk_test_devgw_sample_environment"}
    async with running_gateway(clock=clock, environ=environ, settings=settings) as running:
        client = Client(Watched(running, clock), http)
        await client.whole_way()
        assert await left(client.gateway) == []
