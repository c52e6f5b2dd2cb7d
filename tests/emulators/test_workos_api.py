"""The management endpoints, logout, and who may ask."""

from typing import Any

import httpx2
import pytest

from tests.emulators.workos_bench import BOB, CALLBACK, CLIENT, KEY, OTHER_KEY, PRODUCTION_KEY, WorkosBench


def bearer(key: str = KEY) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/organizations?limit=1"),
        ("GET", f"/user_management/users/{BOB}"),
        ("GET", "/user_management/redirect_uris"),
        ("POST", "/user_management/redirect_uris"),
        ("DELETE", "/user_management/redirect_uris/redir_1"),
        ("POST", "/user_management/sessions/revoke"),
    ],
)
@pytest.mark.parametrize("authorization", [None, "Bearer sk_test_wrong", f"Basic {KEY}", "Bearer", f"Bearer {KEY}x"])
async def test_nobody_without_the_key_is_let_in(
    workos: WorkosBench, method: str, path: str, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await workos.http.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


async def test_a_key_sees_its_own_environment_alone(workos: WorkosBench) -> None:
    path = f"/user_management/users/{BOB}"
    assert (await workos.http.get(path, headers=bearer())).json()["email"] == "bob@example.com"
    refused = await workos.http.get(path, headers=bearer(OTHER_KEY))
    assert (refused.status_code, refused.json()["message"]) == (404, f"User not found: '{BOB}'.")


async def add(workos: WorkosBench, uri: Any, key: str = KEY) -> httpx2.Response:
    return await workos.http.post("/user_management/redirect_uris", json={"uri": uri}, headers=bearer(key))


async def test_a_redirect_uri_can_be_added_listed_and_dropped(workos: WorkosBench) -> None:
    added = await add(workos, "http://localhost:3000/cb")
    assert added.status_code == 201
    shown = added.json()
    assert set(shown) == {"object", "id", "uri", "default", "created_at", "updated_at"}
    assert (shown["object"], shown["id"][:6], shown["default"]) == ("redirect_uri", "redir_", False)

    listed = (await workos.http.get("/user_management/redirect_uris", headers=bearer())).json()
    assert listed["data"][0] == shown
    assert [known["uri"] for known in listed["data"] if known["default"]] == [CALLBACK]

    dropped = await workos.http.delete(f"/user_management/redirect_uris/{shown['id']}", headers=bearer())
    assert dropped.status_code == 204
    again = await workos.http.delete(f"/user_management/redirect_uris/{shown['id']}", headers=bearer())
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("uri", "key", "words"),
    [
        (CALLBACK, KEY, f"Redirect URI '{CALLBACK}' already exists."),
        ("/cb", KEY, "Redirect URI '/cb' is invalid. It is not an absolute URI."),
        ("http://localhost/cb", PRODUCTION_KEY, "A production environment takes no localhost"),
        (None, KEY, "Validation failed."),
        (["x"], KEY, "Validation failed."),
    ],
)
async def test_a_redirect_uri_that_cannot_be_is_422(workos: WorkosBench, uri: Any, key: str, words: str) -> None:
    refused = await add(workos, uri, key)
    assert refused.status_code == 422
    assert words in refused.json()["message"]


async def test_a_list_comes_in_pages(workos: WorkosBench) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": "1"} | ({"after": after} if after else {})
        listed = (await workos.http.get("/user_management/users", params=query, headers=bearer())).json()
        seen += [user["email"] for user in listed["data"]]
        after = listed["list_metadata"]["after"]
    assert seen == ["ada@acme.example", "bob@example.com", "carmen@example.com"]


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
async def test_a_limit_out_of_bounds_is_422(workos: WorkosBench, limit: str) -> None:
    answer = await workos.http.get("/organizations", params={"limit": limit}, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


async def session_of(workos: WorkosBench) -> tuple[str, str]:
    answer = await workos.tokens()
    return next(iter(workos.emulator.environments[CLIENT].sessions.sessions)), answer["refresh_token"]


async def test_a_revoked_session_refreshes_no_more(workos: WorkosBench) -> None:
    session_id, refresh_token = await session_of(workos)
    path = "/user_management/sessions/revoke"
    foreign = await workos.http.post(path, json={"session_id": session_id}, headers=bearer(OTHER_KEY))
    assert foreign.status_code == 404
    assert (await workos.http.post(path, json={"session_id": session_id}, headers=bearer())).status_code == 200
    assert (await workos.refresh(refresh_token)).json()["error_description"] == "Invalid refresh token."


@pytest.mark.parametrize(
    ("return_to", "target"),
    [
        ("http://localhost:9000/bye", "http://localhost:9000/bye"),
        ("/bye", "http://localhost:9000/bye"),
        ("https://evil.example/", "http://localhost:9000/bye"),
        ("", "http://localhost:9000/bye"),
    ],
)
async def test_logout_ends_the_session_and_leads_only_to_registered_places(
    workos: WorkosBench, return_to: str, target: str
) -> None:
    session_id, refresh_token = await session_of(workos)
    query = {"session_id": session_id, "return_to": return_to}
    answer = await workos.http.get("/user_management/sessions/logout", params=query)
    assert (answer.status_code, answer.headers["location"]) == (302, target)
    assert (await workos.refresh(refresh_token)).status_code == 400


async def test_logout_without_a_session_id_is_422(workos: WorkosBench) -> None:
    assert (await workos.http.get("/user_management/sessions/logout")).status_code == 422


async def test_health_says_what_runs_here(workos: WorkosBench) -> None:
    answer = await workos.http.get("/health")
    assert answer.json()["emulator"] == "workos"
    assert CLIENT in answer.json()["client_ids"]
    assert KEY not in answer.text


async def test_every_answer_is_labelled_and_tells_the_emulator_s_time(workos: WorkosBench) -> None:
    for path in ("/health", "/nowhere", "/", "/user_management/authorize"):
        headers = (await workos.http.get(path)).headers
        assert headers["x-emulator"] == "devgw WorkOS emulator"
        assert headers["x-request-id"].startswith("req_")
        assert headers["date"] == "Sun, 22 Nov 2026 12:00:00 GMT"


async def test_a_page_on_the_web_does_not_reach_it_by_another_host_name(workos: WorkosBench) -> None:
    answer = await workos.http.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 421
