"""What `GET /user_management/authorize` lets through, and where everything else ends."""

import pytest

from tests.emulators.workos_bench import (
    ACME,
    CALLBACK,
    CHALLENGE,
    CLIENT,
    CONNECTION,
    GLOBEX,
    PRODUCTION,
    WorkosBench,
    parameters_of,
)


async def test_a_good_request_leads_to_a_sign_in_page_on_another_path(workos: WorkosBench) -> None:
    """Hosted AuthKit lives elsewhere: a redirect, not a page, so that cookies and redirects are really met."""
    location = await workos.authorize()
    assert location.startswith(f"{workos.origin}/__authkit/bootstrap?")
    assert (await workos.http.get(location)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"client_id": None}, "client-id-invalid"),
        ({"client_id": "client_01TESTENV1R0NMENT000000009"}, "client-id-invalid"),
        ({"client_id": CLIENT.lower()}, "client-id-invalid"),
        ({"client_id": "client_01TESTC0NNECTAPP0000000001"}, "client-id-invalid"),
        ({"redirect_uri": None}, "redirect-uri-invalid"),
        ({"redirect_uri": ""}, "redirect-uri-invalid"),
        ({"redirect_uri": "http://127.0.0.1:9000/oauth/callback"}, "redirect-uri-invalid"),
        ({"redirect_uri": "http://localhost:9001/oauth/callback"}, "redirect-uri-invalid"),
        ({"redirect_uri": CALLBACK + "/"}, "redirect-uri-invalid"),
        ({"redirect_uri": CALLBACK + "?x=1"}, "redirect-uri-invalid"),
        ({"redirect_uri": "https://localhost:9000/oauth/callback"}, "redirect-uri-invalid"),
        ({"client_id": PRODUCTION}, "redirect-uri-invalid"),
        ({"provider": None}, "invalid-connection-selector"),
        ({"provider": ""}, "invalid-connection-selector"),
        ({"provider": "google"}, "invalid-connection-selector"),
        ({"response_type": None}, "response-type-invalid"),
        ({"response_type": "token"}, "response-type-invalid"),
        ({"code_challenge": CHALLENGE}, "code-challenge-missing"),
        ({"code_challenge_method": "S256"}, "code-challenge-missing"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "code-challenge-invalid"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "code-challenge-invalid"),
        ({"screen_hint": "sign-up", "provider": "GoogleOAuth"}, "screen-hint-invalid"),
        ({"screen_hint": "register"}, "screen-hint-invalid"),
        ({"max_age": "-1"}, "max-age-invalid"),
    ],
)
async def test_what_workos_refuses_ends_on_its_error_page_and_never_at_the_application(
    workos: WorkosBench, changes: dict[str, str | None], slug: str
) -> None:
    """The official emulator takes any client id, any loopback redirect URI, and needs no selector (workos.md §8)."""
    location = await workos.authorize(**changes)
    assert location.startswith(f"{workos.origin}/__error/sso/{slug}?")
    assert (await workos.http.get(location)).status_code == 400


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"client_id": "client_x", "redirect_uri": "http://nowhere/", "provider": None}, "client-id-invalid"),
        ({"redirect_uri": "http://nowhere/", "provider": None}, "redirect-uri-invalid"),
        ({"provider": None, "code_challenge": CHALLENGE}, "invalid-connection-selector"),
    ],
)
async def test_the_first_of_several_mistakes_is_named_in_workos_s_order(
    workos: WorkosBench, changes: dict[str, str | None], slug: str
) -> None:
    assert f"/__error/sso/{slug}?" in await workos.authorize(**changes)


async def test_a_repeated_parameter_matches_nothing(workos: WorkosBench) -> None:
    answer = await workos.http.get(workos.authorize_url() + f"&client_id={CLIENT}")
    assert "/__error/sso/client-id-invalid?" in answer.headers["location"]


@pytest.mark.parametrize(
    "redirect_uri", [CALLBACK, "http://127.0.0.1:53211/cb", "https://pr-12-app.preview.example.com/cb"]
)
async def test_a_registered_uri_passes_itself_or_by_a_wildcard(workos: WorkosBench, redirect_uri: str) -> None:
    assert "/__authkit/" in await workos.authorize(redirect_uri=redirect_uri)


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        (
            {"organization_id": GLOBEX},
            "organization_invalid",
            f"No Connection associated with Organization '{GLOBEX}'",
        ),
        ({"connection_id": "conn_1"}, "connection_invalid", "No Connection found with ID 'conn_1'"),
        ({"domain_hint": "nobody.example"}, "connection_domain_invalid", "No Connection found for domain"),
        ({"connection_id": CONNECTION, "organization_id": ACME}, "ambiguous_connection_selector", "Only one of"),
    ],
)
async def test_only_a_wrong_connection_is_told_to_the_application(
    workos: WorkosBench, changes: dict[str, str | None], error: str, description: str
) -> None:
    """As recorded from the live service, the description percent-encoded, with the state."""
    location = await workos.authorize(provider=None, **changes)
    assert location.startswith(CALLBACK + "?error_description=")
    assert "+" not in location
    told = parameters_of(location)
    assert told["error"] == error
    assert told["error_description"].startswith(description)
    assert told["state"] == "st-1"
    assert told["error_uri"].endswith("/get-authorization-url/error-codes")


@pytest.mark.parametrize(
    "changes", [{"organization_id": ACME}, {"connection_id": CONNECTION}, {"domain_hint": "acme.example"}]
)
async def test_each_other_selector_leads_to_the_sign_in_page(
    workos: WorkosBench, changes: dict[str, str | None]
) -> None:
    assert "/__authkit/" in await workos.authorize(provider=None, **changes)


async def test_what_generic_oidc_clients_add_is_tolerated(workos: WorkosBench) -> None:
    """scope, nonce and resource are not in the specification; live WorkOS takes them without a word."""
    assert "/__authkit/" in await workos.authorize(scope="openid profile", nonce="n", resource="http://x/")


async def test_the_answer_has_a_bare_ulid_and_the_state_exactly(workos: WorkosBench) -> None:
    told = await workos.sign_in(state="a b/é&=+")
    assert told["state"] == "a b/é&=+"
    assert len(told["code"]) == 26
    assert set(told) == {"code", "state"}


async def test_no_state_comes_back_where_none_was_sent(workos: WorkosBench) -> None:
    assert set(await workos.sign_in(state=None)) == {"code"}


async def test_deny_tells_the_application(workos: WorkosBench) -> None:
    told = await workos.sign_in("Deny")
    assert told["error"] == "access_denied"
    assert told["state"] == "st-1"
    assert "code" not in told


async def test_who_embeds_the_emulator_learns_what_happened_without_secrets(workos: WorkosBench) -> None:
    told = await workos.sign_in()
    await workos.redeem(told["code"])
    await workos.redeem(told["code"])
    assert [(one.what, one.outcome) for one in workos.happened] == [
        ("authorize", "ok"),
        ("sign-in", "ok"),
        ("authenticate", "ok"),
        ("authenticate", "code-replayed"),
    ]
    assert told["code"] not in repr(workos.happened)
