"""What `POST /user_management/authenticate` answers, and to whom."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.emulators.workos import KeyRotation
from tests.emulators.workos_bench import (
    ACME,
    CHALLENGE,
    CLIENT,
    GLOBEX,
    KEY,
    OTHER,
    OTHER_KEY,
    VERIFIER,
    WorkosBench,
)

PATH = "/user_management/authenticate"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def travel(workos: WorkosBench, **by: float) -> None:
    assert isinstance(workos.clock, FrozenClock)
    workos.clock.travel(timedelta(**by))


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any], str]:
    return answer.status_code, answer.json(), answer.headers.get("x-emulator-reason", "")


def invalid_grant(code: str, reason: str) -> tuple[int, dict[str, Any], str]:
    description = f"The code '{code}' has expired or is invalid."
    return 400, {"error": "invalid_grant", "error_description": description}, reason


async def test_the_answer_has_the_user_and_two_tokens_and_nothing_that_a_stock_oauth_library_needs(
    workos: WorkosBench,
) -> None:
    """Live WorkOS sends no token_type, expires_in, id_token or scope, whatever `scope` was asked for."""
    answer = await workos.tokens(scope="openid profile email")
    assert set(answer) == {"user", "access_token", "refresh_token", "authentication_method"}
    assert answer["user"]["email"] == "bob@example.com"
    assert set(answer["user"]) >= {
        *("object", "id", "first_name", "last_name", "profile_picture_url", "email_verified", "external_id"),
        *("last_sign_in_at", "created_at", "updated_at"),
    }
    assert answer["user"]["last_sign_in_at"] == "2026-11-22T12:00:00.000Z"
    assert answer["refresh_token"].isalnum()


async def test_json_and_form_are_both_read(workos: WorkosBench) -> None:
    """The official emulator took JSON only for long; production reads both."""
    code = (await workos.sign_in())["code"]
    body = {"client_id": CLIENT, "client_secret": KEY, "grant_type": "authorization_code", "code": code}
    assert (await workos.http.post(PATH, json=body)).status_code == 200


async def test_http_basic_is_ignored(workos: WorkosBench) -> None:
    code = (await workos.sign_in())["code"]
    form = {"grant_type": "authorization_code", "code": code}
    answer = await workos.http.post(PATH, data=form, auth=(CLIENT, KEY))
    expected = {"error": "invalid_request", "error_description": "Missing required parameter: client_id"}
    assert told(answer) == (400, expected, "client-id-missing")


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"client_id": None}, "invalid_request", "client-id-missing"),
        ({"client_id": "client_01TESTENV1R0NMENT000000009"}, "invalid_client", "client-id-unknown"),
        ({"client_secret": None}, "invalid_request", "client-secret-missing"),
        ({"client_secret": "sk_test_nobody"}, "invalid_client", "api-key-unknown"),
        ({"client_secret": f" {KEY}"}, "invalid_client", "api-key-unknown"),
        ({"client_secret": OTHER_KEY}, "unauthorized_client", "api-key-of-another-environment"),
        ({"client_id": OTHER}, "unauthorized_client", "api-key-of-another-environment"),
        ({"client_id": OTHER, "client_secret": OTHER_KEY}, "invalid_grant", "code-unknown"),
        ({"grant_type": None}, "invalid_request", "grant-type-missing"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type", "grant-type-unknown"),
        ({"code": None}, "invalid_request", "code-missing"),
    ],
)
async def test_wrong_credentials_are_refused_and_leave_the_code_good(
    workos: WorkosBench, changes: dict[str, str | None], error: str, reason: str
) -> None:
    """The official emulator takes a wrong secret, and needs no client id."""
    code = (await workos.sign_in())["code"]
    answer = await workos.exchange(**{"grant_type": "authorization_code", "code": code, **changes})
    status, body, why = told(answer)
    assert (status, body["error"], why) == (400, error, reason)
    assert (await workos.redeem(code)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 60_000, b'{"client_id": "\\ud800"}'])
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
async def test_a_body_that_is_no_body_is_a_missing_client_id(workos: WorkosBench, body: bytes, media_type: str) -> None:
    answer = await workos.http.post(PATH, content=body, headers={"Content-Type": media_type})
    assert told(answer)[::2] == (400, "client-id-missing")


async def test_members_of_other_types_are_missing_members(workos: WorkosBench) -> None:
    answer = await workos.http.post(PATH, json={"client_id": [CLIENT], "grant_type": {}})
    assert told(answer)[::2] == (400, "client-id-missing")


async def test_a_code_pays_once(workos: WorkosBench) -> None:
    code = (await workos.sign_in())["code"]
    assert (await workos.redeem(code)).status_code == 200
    assert told(await workos.redeem(code)) == invalid_grant(code, "code-replayed")


async def test_a_code_lives_ten_minutes(workos: WorkosBench) -> None:
    first, second = [(await workos.sign_in())["code"] for _ in range(2)]
    travel(workos, minutes=10, milliseconds=-1)
    assert (await workos.redeem(first)).status_code == 200
    travel(workos, milliseconds=1)
    assert told(await workos.redeem(second)) == invalid_grant(second, "code-expired")


async def test_an_unknown_code_is_answered_like_an_expired_one(workos: WorkosBench) -> None:
    assert told(await workos.redeem("01AAAA")) == invalid_grant("01AAAA", "code-unknown")


async def test_pkce_is_checked_and_makes_the_secret_unnecessary(workos: WorkosBench) -> None:
    code = (await workos.sign_in(**PKCE))["code"]
    for verifier, reason in ((None, "code-verifier-missing"), ("x" * 43, "code-verifier-wrong")):
        expected = {"error": "invalid_grant", "error_description": "Invalid code verifier."}
        assert told(await workos.redeem(code, code_verifier=verifier)) == (400, expected, reason)
    assert (await workos.redeem(code, code_verifier=VERIFIER, client_secret=None)).status_code == 200


async def test_a_verifier_without_a_challenge_is_refused_in_the_plain_shape(workos: WorkosBench) -> None:
    code = (await workos.sign_in())["code"]
    status, body, _ = told(await workos.redeem(code, code_verifier=VERIFIER))
    assert (status, body["code"]) == (400, "code_challenge_not_found")
    assert "error" not in body


async def test_a_refresh_token_rotates_and_its_replay_gets_the_same_pair_for_thirty_seconds(
    workos: WorkosBench,
) -> None:
    """The official emulator has no such window: a client that lost an answer would be signed out there."""
    first = await workos.tokens()
    travel(workos, minutes=4)
    second = (await workos.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]

    travel(workos, seconds=30)
    assert (await workos.refresh(first["refresh_token"])).json() == second
    travel(workos, seconds=1)
    expected = {"error": "invalid_grant", "error_description": "Invalid refresh token."}
    refused = told(await workos.refresh(first["refresh_token"]))
    assert refused == (400, expected, "refresh-token-rotated-31-seconds-ago")
    assert (await workos.refresh(second["refresh_token"])).status_code == 200


async def test_parallel_refreshes_get_one_pair(workos: WorkosBench) -> None:
    token = (await workos.tokens())["refresh_token"]
    workos.emulator.faults.arm(KeyRotation(times=None))  # signing then takes a while
    answers = await asyncio.gather(*(workos.refresh(token) for _ in range(5)))
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_refresh_token_is_good_only_for_its_application_and_its_session(workos: WorkosBench) -> None:
    answer = await workos.tokens()
    foreign = await workos.refresh(answer["refresh_token"], client_id=OTHER, client_secret=OTHER_KEY)
    assert told(foreign)[2] == "refresh-token-unknown"
    workos.emulator.environments[CLIENT].sessions.end_all()
    assert told(await workos.refresh(answer["refresh_token"]))[2] == "session-ended"
    assert told(await workos.refresh("nonsense"))[2] == "refresh-token-unknown"


async def test_a_refresh_may_change_the_organization_to_one_of_the_persons(workos: WorkosBench) -> None:
    answer = await workos.tokens("carmen@example.com at Globex")
    assert answer["organization_id"] == GLOBEX
    changed = (await workos.refresh(answer["refresh_token"], organization_id=ACME)).json()
    assert changed["organization_id"] == ACME

    bob = await workos.tokens("Bob")
    refused = told(await workos.refresh(bob["refresh_token"], organization_id=ACME))
    assert refused[1]["error"] == "organization_membership_not_found"
    refused = told(await workos.refresh(bob["refresh_token"], organization_id="org_1"))
    assert refused[1]["error"] == "organization_not_found"


async def test_a_body_without_end_is_refused(workos: WorkosBench) -> None:
    answer = await workos.http.post(PATH, data={"client_id": "x" * 100_000})
    assert answer.status_code == 413


async def test_half_a_surrogate_pair_is_no_secret(workos: WorkosBench) -> None:
    """Good JSON, but no text: nothing may break on it."""
    text = json.dumps({"client_id": CLIENT, "client_secret": "\ud800", "grant_type": "refresh_token"})
    answer = await workos.http.post(PATH, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


async def test_a_refusal_waits_for_the_body_and_keeps_the_connection(workos: WorkosBench) -> None:
    """Hypercorn closes a connection whose request body nobody read, without saying so."""
    reader, writer = await asyncio.open_connection(*workos.origin.removeprefix("http://").split(":"))
    for _ in range(2):
        writer.write(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n")
        await writer.drain()
        for _ in range(3):  # while others are answered, this one could be
            await workos.http.get("/health")
        writer.write(b"body")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 404")
        assert b"connection: close" not in head.lower()
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        await reader.readexactly(int(length[1]))
    writer.close()
