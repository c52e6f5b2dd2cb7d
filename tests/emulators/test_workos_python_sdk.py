"""WorkOS's own Python SDK, which nobody here wrote, against the emulator."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from workos import WorkOSClient, create_public_client
from workos._errors import AuthenticationError, BadRequestError, NotFoundError, UnprocessableEntityError
from workos.session import seal_session_from_auth_response

from devgw.clock import SystemClock
from tests.emulators.workos_bench import BOB, CALLBACK, CLIENT, KEY, OTHER, WorkosBench, emulated, parameters_of
from tests.support.forms import press


@pytest.fixture
async def workos() -> AsyncIterator[WorkosBench]:
    """The emulator on the machine's clock, which the SDK reads too."""
    async with emulated(clock=SystemClock()) as bench:
        yield bench


def sdk(workos: WorkosBench, api_key: str = KEY, client_id: str = CLIENT) -> WorkOSClient:
    return WorkOSClient(api_key=api_key, client_id=client_id, base_url=workos.origin, max_retries=0)


async def code_from(workos: WorkosBench, url: str) -> str:
    """Follow an authorization URL as a browser would, and sign in as Bob."""
    shown = await workos.http.get(url, follow_redirects=True)
    return parameters_of((await press(workos.http, shown, "Bob")).headers["location"])["code"]


async def test_the_sdk_signs_in_and_refreshes(workos: WorkosBench) -> None:
    users = sdk(workos).user_management
    url = users.get_authorization_url(provider="authkit", redirect_uri=CALLBACK, state="s")
    code = await code_from(workos, url)

    answer = await asyncio.to_thread(users.authenticate_with_code, code=code)
    assert answer.user.id == BOB
    assert answer.user.email == "bob@example.com"
    assert answer.organization_id is None

    fresh = await asyncio.to_thread(users.authenticate_with_refresh_token, refresh_token=answer.refresh_token)
    assert fresh.refresh_token != answer.refresh_token


async def test_the_sdk_s_pkce_pair_works_with_and_without_a_secret(workos: WorkosBench) -> None:
    for client in (sdk(workos), create_public_client(client_id=CLIENT, base_url=workos.origin)):
        users = client.user_management
        begun = users.get_authorization_url_with_pkce(provider="authkit", redirect_uri=CALLBACK)
        code = await code_from(workos, begun["url"])
        answer = await asyncio.to_thread(
            users.authenticate_with_code_pkce, code=code, code_verifier=begun["code_verifier"]
        )
        assert answer.user.id == BOB


async def test_the_sdk_reads_the_key_set_and_accepts_a_sealed_session(workos: WorkosBench) -> None:
    """It needs x5c in the key set, and sid and auth_time in the token."""
    client = sdk(workos)
    users = client.user_management
    keys = (await asyncio.to_thread(users.get_jwks, CLIENT)).keys
    assert len(keys) == 1

    code = await code_from(workos, users.get_authorization_url(provider="authkit", redirect_uri=CALLBACK))
    answer = await asyncio.to_thread(users.authenticate_with_code, code=code)
    password = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8="
    sealed = seal_session_from_auth_response(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        user=answer.user.to_dict(),
        cookie_password=password,
    )
    session = users.load_sealed_session(session_data=sealed, cookie_password=password)
    accepted = await asyncio.to_thread(session.authenticate)
    assert accepted.authenticated
    refreshed = await asyncio.to_thread(session.refresh)
    assert refreshed.authenticated

    await asyncio.to_thread(users.revoke_session, session_id=accepted.session_id)
    refused = await asyncio.to_thread(session.refresh)
    assert not refused.authenticated


async def test_the_sdk_manages_users_redirect_uris_and_organizations(workos: WorkosBench) -> None:
    client = sdk(workos)
    users = client.user_management
    assert (await asyncio.to_thread(users.get_user, BOB)).email == "bob@example.com"
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(users.get_user, "user_nobody")
    assert len((await asyncio.to_thread(client.organizations.list_organizations, limit=1)).data) == 1

    added = await asyncio.to_thread(users.create_redirect_uri, uri="http://localhost:3000/cb")
    listed = await asyncio.to_thread(users.list_redirect_uris)
    assert next(known.uri for known in listed.data) == "http://localhost:3000/cb"
    assert "/__authkit/" in await workos.authorize(redirect_uri="http://localhost:3000/cb")
    with pytest.raises(UnprocessableEntityError, match="already exists"):
        await asyncio.to_thread(users.create_redirect_uri, uri="http://localhost:3000/cb")
    await asyncio.to_thread(users.delete_redirect_uris, added.id)
    assert "/redirect-uri-invalid?" in await workos.authorize(redirect_uri="http://localhost:3000/cb")


async def test_the_sdk_logs_out(workos: WorkosBench) -> None:
    users = sdk(workos).user_management
    await workos.tokens()
    [session_id] = workos.emulator.environments[CLIENT].sessions.sessions
    answer = await workos.http.get(users.get_logout_url(session_id=session_id, return_to="http://localhost:9000/bye"))
    assert answer.headers["location"] == "http://localhost:9000/bye"


async def test_the_sdk_raises_what_it_raises_at_workos(workos: WorkosBench) -> None:
    with pytest.raises(BadRequestError) as refused:
        await asyncio.to_thread(sdk(workos).user_management.authenticate_with_code, code="01AAAA")
    assert refused.value.error == "invalid_grant"
    for wrong in (sdk(workos, api_key="sk_test_wrong"), sdk(workos, client_id=OTHER)):
        with pytest.raises(BadRequestError) as refused:
            await asyncio.to_thread(wrong.user_management.authenticate_with_code, code="01AAAA")
        assert refused.value.error in ("invalid_client", "unauthorized_client")
    with pytest.raises(AuthenticationError):
        await asyncio.to_thread(sdk(workos, api_key="sk_test_wrong").organizations.list_organizations, limit=1)
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(sdk(workos).user_management.get_jwks, "client_01TESTENV1R0NMENT000000009")
