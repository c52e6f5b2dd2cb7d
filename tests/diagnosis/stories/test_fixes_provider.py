"""What is printed for an identity provider that goes wrong is done to the letter, and people are let in."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.events.flow import Diagnosis
from devgw.wiring.examining import examine_running
from devgw.wiring.reloading import Reloading
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_oidc_provider import World
from tests.support.gateway import running_gateway
from tests.support.mending import mends, written
from tests.support.oidc import OidcProvider, oidc_provider, write_oidc_project

Options = dict[str, Any]


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(SystemClock()) as running:
        yield running


def change(root: Path, *path: str, to: Any) -> None:
    """Set one option of the policy in policies.json."""
    file = root / "config" / "policies.json"
    document = json.loads(file.read_text())
    options = document["policies"][0]["handler"]["options"]
    for name in path[:-1]:
        options = options.setdefault(name, {})
    options[path[-1]] = to
    file.write_text(json.dumps(document))


async def examined(world: World) -> dict[str, Check]:
    return {each.name: each for each in await examine_running(world.gateway.running.runtime)}


async def is_let_in_after(world: World) -> bool:
    assert await Reloading(world.gateway.running.runtime).reload()
    world.gateway.wait(30)
    return await world.is_let_in()


async def test_the_doctor_finds_nothing_wrong_with_a_provider_that_lets_people_in(
    tmp_path: Path, provider: OidcProvider
) -> None:
    root = write_oidc_project(tmp_path, provider)
    async with running_gateway(root) as running, httpx2.AsyncClient() as http:
        world = World(provider, Watched(running, SystemClock()), http, SystemClock())
        checks = await examined(world)
        browser = await world.sign_in()
        assert browser.page is not None
        assert "Allow" in browser.page.text, browser.page.text

    wrong = [each for each in checks.values() if each.verdict in (Verdict.FAIL, Verdict.WARN)]
    assert [each for each in wrong if not each.name.startswith("upstream.")] == []


@mends("IDT-02", "IDT-23", "IDT-35", "TOK-07")
@pytest.mark.parametrize(
    ("spoil", "login", "name", "mend"),
    [
        (
            {"claims": {"iss": "{origin}/tenant"}},
            {},
            "IDT-02",
            lambda found: (("oidc", "issuer"), written(found.fix, r"oidc\.issuer = (\S+?);")),
        ),
        (
            {"beside": {"iss": "{origin}/tenant"}, "claims": {"iss": "{origin}/tenant"}},
            {},
            "IDT-35",
            lambda found: (("oidc", "issuer"), written(found.fix, r"oidc\.issuer = (\S+?);")),
        ),
        (
            {"slow": 0.8},
            {"remoteTimeoutMs": 300},
            "IDT-23",
            lambda found: (("browserLogin", "remoteTimeoutMs"), int(written(found.fix, r"for example to (\d+)"))),
        ),
        (
            {},
            {"clientSecret": "another-secret-than-the-provider-has"},
            "TOK-07",
            lambda found: (("browserLogin", "clientSecret"), right_secret(found)),
        ),
    ],
)
async def test_an_option_that_is_printed_lets_people_in(
    tmp_path: Path,
    provider: OidcProvider,
    spoil: Options,
    login: Options,
    name: str,
    mend: Callable[[Diagnosis], tuple[tuple[str, ...], Any]],
) -> None:
    for switch, value in spoil.items():
        setattr(provider, switch, json.loads(json.dumps(value).replace("{origin}", provider.origin)))
    root, clock = write_oidc_project(tmp_path, provider, login=login), SystemClock()
    async with running_gateway(root, clock=clock) as running, httpx2.AsyncClient(timeout=20) as http:
        world = World(provider, Watched(running, clock), http, clock)
        path, value = mend(await world.named(name))
        change(root, *path, to=value)

        assert await is_let_in_after(world)


def right_secret(found: Diagnosis) -> str:
    from tests.support.oidc import CLIENT_SECRET  # noqa: PLC0415  beside its only use

    assert "Copy both again" in found.fix
    return CLIENT_SECRET


@mends("IDT-15", "IDT-16", "IDT-17", "IDT-18")
@pytest.mark.parametrize(
    ("claims", "name", "words"),
    [
        ({"exp": None}, "IDT-15", "put `exp` into its id tokens"),
        ({"iat": "1700000000"}, "IDT-15", "put `iat` into its id tokens"),
        ({"azp": "somebody-else"}, "IDT-16", "the client id for which the provider makes its tokens"),
        ({"nonce": "of-another-login"}, "IDT-17", "return the request's nonce"),
        ({"at_hash": "AAAA"}, "IDT-18", ""),
    ],
)
async def test_a_provider_that_does_what_is_printed_lets_people_in(
    tmp_path: Path, provider: OidcProvider, claims: Options, name: str, words: str
) -> None:
    provider.claims = claims
    root, clock = write_oidc_project(tmp_path, provider), SystemClock()
    async with running_gateway(root, clock=clock) as running, httpx2.AsyncClient(timeout=20) as http:
        world = World(provider, Watched(running, clock), http, clock)
        assert words in (await world.named(name)).fix

        provider.claims = {}
        assert await world.is_let_in()


@pytest.mark.parametrize(
    ("option", "check", "path"),
    [
        ({"tokenUrl": "{origin}/oauth/token"}, "provider.token_endpoint", ("browserLogin", "tokenUrl")),
        ({"url": "{origin}/oauth/authorize"}, "provider.authorization_endpoint", ("browserLogin", "url")),
    ],
)
async def test_an_endpoint_that_the_doctor_prints_is_the_one_that_works(
    tmp_path: Path, provider: OidcProvider, option: Options, check: str, path: tuple[str, str]
) -> None:
    spoilt = json.loads(json.dumps(option).replace("{origin}", provider.origin))
    root, clock = write_oidc_project(tmp_path, provider, login=spoilt), SystemClock()
    document = {
        "issuer": provider.origin,
        "authorization_endpoint": f"{provider.origin}/authorize",
        "token_endpoint": f"{provider.origin}/token",
        "jwks_uri": f"{provider.origin}/jwks",
    }
    async with running_gateway(root, clock=clock) as running, httpx2.AsyncClient(timeout=20) as http:
        world = World(provider, Watched(running, clock), http, clock)
        provider.discovery = document
        assert not await world.is_let_in()
        todo = (await examined(world))[check].todo
        change(root, *path, to=written(todo, r" = (\S+) in policies"))

        assert await is_let_in_after(world)
