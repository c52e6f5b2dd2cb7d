"""What a person sees, without script, and what protects it."""

from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import pytest

from devgw.foreign.text import is_hidden
from tests.emulators.workos_bench import ACME, BOB, CALLBACK, CLIENT, KEY, OTHER, WorkosBench, emulated
from tests.support.forms import press, read_forms


def words(html: str) -> str:
    """Return the text of a page, white space squeezed."""

    class Text(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += f" {data}"

    reader = Text()
    reader.feed(html)
    return " ".join(reader.found.split())


async def error_page(workos: WorkosBench, **changes: str | None) -> str:
    return words((await workos.http.get(await workos.authorize(**changes))).text)


@pytest.mark.parametrize("slug", ["redirect-uri-invalid", "\u202e\x1b", "connection-invalid"])
async def test_what_a_page_repeats_hides_no_character(workos: WorkosBench, slug: str) -> None:
    """A bidirectional override would make one URI read as another."""
    for name in ("redirect_uri", "client_id", "state"):
        answer = await workos.http.get(
            f"{workos.origin}/__error/sso/{quote(slug)}", params={"client_id": CLIENT, name: "x\u202e\x1b[31m\u200b"}
        )
        assert [each for each in answer.text if is_hidden(each) and each != "\n"] == []


async def test_the_page_for_redirect_uris_has_the_service_s_words_both_strings_and_the_change(
    workos: WorkosBench,
) -> None:
    text = await error_page(workos, redirect_uri="http://127.0.0.1:9000/oauth/callback")
    assert (
        "Error: Invalid redirect URI. Make sure that the app uses the correct redirect URI. "
        "If you are not sure what this means, please contact your organization admin." in text
    )
    assert f"Sent http://127.0.0.1:9000/oauth/callback Registered, nearest {CALLBACK} They differ in:" in text
    assert "the host: 127.0.0.1 and localhost are the same machine, but different strings" in text
    assert "Register exactly http://127.0.0.1:9000/oauth/callback in the dashboard under Redirects" in text


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"client_id": "client_O1TESTENV1R0NMENT000000001"}, "Character 8 is the letter O"),
        ({"client_id": "client_01TESTENVIR0NMENT000000001"}, "probably the digit 1 is meant"),
        ({"client_id": KEY}, "This is an API key."),
        ({"client_id": "$WORKOS_CLIENT_ID"}, "an unexpanded variable"),
        ({"client_id": f'"{CLIENT}"'}, "a quote"),
        ({"client_id": None}, "The request carries no client_id"),
        ({"client_id": "client_01TESTC0NNECTAPP0000000001"}, "Connect application"),
        ({"client_id": "client_01TESTENV1R0NMENT000000009"}, f"Known here, nearest {CLIENT[:-1]}"),
        ({"redirect_uri": None}, "The request carries no redirect_uri."),
        ({"redirect_uri": "javascript:alert(1)"}, "It is not registered, and cannot be."),
        ({"provider": None}, "Send provider=authkit."),
        ({"provider": "google"}, "WorkOS has no provider called google."),
        ({"response_type": "token"}, "Send response_type=code"),
        ({"code_challenge_method": "S256"}, "together, or neither"),
    ],
)
async def test_each_mistake_has_its_own_explanation(
    workos: WorkosBench, changes: dict[str, str | None], part: str
) -> None:
    assert part in await error_page(workos, **changes)


async def test_nothing_that_was_sent_becomes_markup(workos: WorkosBench) -> None:
    evil = "http://x/<script>alert(1)</script>"
    page = (await workos.http.get(await workos.authorize(redirect_uri=evil))).text
    assert "<script" not in page
    shown = (
        await workos.http.get(await workos.authorize(state='"><script>alert(1)</script>', login_hint='"><b>'))
    ).text
    assert "<script" not in shown
    assert "<b>" not in shown


async def test_every_page_is_labelled_as_an_emulator(workos: WorkosBench) -> None:
    for path in (workos.authorize_url(), workos.authorize_url(client_id="x"), "/", "/__error/sso/none"):
        answer = await workos.http.get(path, follow_redirects=True)
        assert "Emulator. This is devgw’s stand-in for WorkOS on your machine, not WorkOS." in words(answer.text)


async def test_no_page_has_script_and_all_have_a_strict_policy(workos: WorkosBench) -> None:
    for path in (workos.authorize_url(), workos.authorize_url(client_id="x"), "/"):
        answer = await workos.http.get(path, follow_redirects=True)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert " on" not in " ".join(part.split(">")[0] for part in answer.text.split("<button")[1:])
    assert "text/css" in (await workos.http.get("/__emulator/style.css")).headers["content-type"]


async def test_the_form_s_policy_does_not_hold_up_the_redirects_that_follow(workos: WorkosBench) -> None:
    """Chrome applies form-action to every redirect after a form, and the last may lead to `cursor://`."""
    shown = await workos.http.get(await workos.authorize())
    assert "form-action" not in shown.headers["content-security-policy"]
    refused = await workos.http.get(await workos.authorize(client_id="x"))
    assert "form-action 'none'" in refused.headers["content-security-policy"]


async def test_there_is_a_button_for_each_person_and_organization_and_one_to_deny(workos: WorkosBench) -> None:
    shown = await workos.http.get(await workos.authorize())
    assert [label for _, _, label in read_forms(shown)[0].buttons] == [
        "Ada Admin at Acme ada@acme.example",
        "Bob bob@example.com",
        "carmen@example.com at Acme",
        "carmen@example.com at Globex",
        "Deny",
    ]


async def test_the_sign_in_page_may_live_on_another_host_name() -> None:
    """At WorkOS it does: what relies on one cookie jar for both shows here."""
    async with emulated(authkit_host="localhost") as workos:
        location = await workos.authorize()
        assert (urlsplit(workos.origin).hostname, urlsplit(location).hostname) == ("127.0.0.1", "localhost")
        shown = await workos.http.get(location)
        answer = await press(workos.http, shown, "Bob")
        assert answer.headers["location"].startswith(CALLBACK + "?code=")


async def test_a_login_hint_puts_the_person_first_and_an_organization_hides_the_others(workos: WorkosBench) -> None:
    hinted = await workos.http.get(await workos.authorize(login_hint="Bob@example.com"))
    assert read_forms(hinted)[0].buttons[0][1] == BOB
    limited = await workos.http.get(await workos.authorize(organization_id=ACME))
    labels = [label for _, _, label in read_forms(limited)[0].buttons]
    assert labels == ["Ada Admin at Acme ada@acme.example", "carmen@example.com at Acme", "Deny"]


async def test_somebody_new_can_sign_in_by_email(workos: WorkosBench) -> None:
    shown = await workos.http.get(await workos.authorize(screen_hint="sign-up"))
    answer = await press(workos.http, shown, "Sign in", form=1, email="new@example.com")
    code = answer.headers["location"].partition("code=")[2][:26]
    assert (await workos.redeem(code)).json()["user"]["email"] == "new@example.com"


@pytest.mark.parametrize("sent", [{}, {"as": "user_nobody"}, {"as": "", "email": " "}])
async def test_a_form_without_a_person_signs_nobody_in(workos: WorkosBench, sent: dict[str, str]) -> None:
    request = urlsplit(await workos.authorize()).query
    answer = await workos.http.post("/__authkit/sign-in", data={"request": request, **sent})
    assert answer.status_code == 400
    assert "Nobody was chosen" in answer.text


async def test_the_form_is_checked_again_as_if_it_came_from_anybody(workos: WorkosBench) -> None:
    """What the hidden field holds was in the browser's hands."""
    request = urlsplit(await workos.authorize()).query.replace("localhost%3A9000", "evil.example")
    answer = await workos.http.post("/__authkit/sign-in", data={"request": request, "as": BOB})
    assert "/__error/sso/redirect-uri-invalid?" in answer.headers["location"]
    assert (await workos.http.post("/__authkit/sign-in", data={"as": BOB})).status_code == 302


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://localhost:1"}]
)
async def test_a_form_of_another_site_signs_nobody_in(workos: WorkosBench, headers: dict[str, str]) -> None:
    request = urlsplit(await workos.authorize()).query
    answer = await workos.http.post("/__authkit/sign-in", data={"request": request, "as": BOB}, headers=headers)
    assert answer.status_code == 403


async def test_the_front_page_says_what_may_be_used_here(workos: WorkosBench) -> None:
    text = words((await workos.http.get("/")).text)
    for part in (CLIENT, OTHER, CALLBACK, "ada@acme.example"):
        assert part in text
    assert KEY not in text


async def test_a_logout_without_a_place_to_go_says_what_is_missing(workos: WorkosBench) -> None:
    answer = await workos.http.get("/__error/user_management/app-homepage-url-not-found")
    assert "register a sign-out redirect" in words(answer.text)


@pytest.mark.parametrize(
    "path", ["/user_management/authorize", "/__authkit/bootstrap", "/__error/sso/redirect-uri-invalid"]
)
@pytest.mark.parametrize(
    "query", ["", "%", "%ff=%fe", "client_id", "&&=&", "client_id=%00", "redirect_uri=http://[", "a" * 20_000]
)
async def test_no_query_breaks_anything(workos: WorkosBench, path: str, query: str) -> None:
    answer = await workos.http.get(f"{path}?{query}", follow_redirects=True)
    assert answer.status_code == 400
    answer = await workos.http.get(f"{path}?client_id={CLIENT}&{query}", follow_redirects=True)
    assert answer.status_code == 400
