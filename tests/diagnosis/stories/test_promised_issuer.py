"""A provider that promises `iss` with each answer, and sends none, is told once its metadata was read (RFC 9207 §2.4).

It is read while a login is silent, and never in a person's way.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_login_page import begun, probed, provided
from tests.diagnosis.stories.test_oidc_provider import World
from tests.support.oidc import OidcProvider, oidc_provider

PROMISE = {"authorization_response_iss_parameter_supported": True}


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(SystemClock()) as found:
        yield found


async def signed_in(gateway: Watched, http: httpx2.AsyncClient, provider: OidcProvider) -> list[str]:
    """Let one login be silent for as long as the watch waits, and return what is said once the next one went well."""
    await begun(gateway, http)
    await probed(gateway)
    assert await World(provider, gateway, http, SystemClock()).is_let_in()
    assert await gateway.names() == []  # the gateway takes such an answer, and the client has what it wants
    return [each.id for each in await gateway.of_gateway()]


@pytest.mark.parametrize(
    ("discovery", "beside", "names"),
    [
        (PROMISE, {}, ["DISC-07"]),
        (PROMISE, {"iss": "OWN"}, []),
        ({"authorization_response_iss_parameter_supported": False}, {}, []),
        ({"authorization_response_iss_parameter_supported": "yes"}, {}, []),
        (PROMISE | {"issuer": "https://elsewhere.example"}, {}, []),
        ({}, {}, []),
        (None, {}, []),
    ],
)
async def test_an_answer_without_the_promised_issuer_is_told(
    tmp_path: Path,
    http: httpx2.AsyncClient,
    provider: OidcProvider,
    discovery: dict[str, Any] | None,
    beside: dict[str, str],
    names: list[str],
) -> None:
    provider.discovery = discovery
    provider.beside = dict.fromkeys(beside, provider.origin)
    async with provided(tmp_path, provider) as gateway:
        assert await signed_in(gateway, http, provider) == names


async def test_what_is_told_of_it_says_what_to_send(
    tmp_path: Path, http: httpx2.AsyncClient, provider: OidcProvider
) -> None:
    provider.discovery = PROMISE
    async with provided(tmp_path, provider) as gateway:
        await signed_in(gateway, http, provider)
        (found,) = await gateway.of_gateway()
        assert f"iss={provider.origin}" in found.fix
        assert "nothing in the answer itself shows whose it is" in found.fix
        provider.beside = {"iss": provider.origin}
        assert await World(provider, gateway, http, SystemClock()).is_let_in()
        assert await gateway.of_gateway() == []


async def test_it_is_said_of_the_gateway_beside_what_is_wrong_with_a_login(
    tmp_path: Path, http: httpx2.AsyncClient, provider: OidcProvider
) -> None:
    provider.discovery = PROMISE
    async with provided(tmp_path, provider) as gateway:
        await signed_in(gateway, http, provider)
        provider.claims = {"iss": "https://other.example"}
        assert not await World(provider, gateway, http, SystemClock()).is_let_in()
        assert await gateway.names() == ["IDT-02"]
        assert [each.id for each in await gateway.of_gateway()] == ["DISC-07"]
