"""The browser's way over real sockets: what is refused where, and what leaves with the browser."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.entropy import token
from devgw.events.taxonomy import FaultMet, McpAuthConsentShown, McpAuthLoginFinished
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway


def answer_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_id": None}, "parameter_missing"),
        ({"client_id": "dcr:ffffffffffffffffffffffff"}, "client_unknown"),
        ({"client_id": "somebody"}, "client_unknown"),
        ({"redirect_uri": "http://localhost:33418/other"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1:33418/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost:33418/callback/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost.evil.example/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://x@localhost:33418/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri_mismatch"),
    ],
)
async def test_before_the_destination_is_proven_a_refusal_is_a_page(
    gateway: Running, http: httpx2.AsyncClient, change: dict[str, str | None], reason: str
) -> None:
    """OAuth 2.1 §4.1.2.1: never a redirect to an unproven URI; real clients want 400 for an unknown client."""
    client = await gateway.register(http)
    parameters: dict[str, str | None] = {"client_id": client["client_id"]} | change
    client_id = parameters.pop("client_id")
    url = gateway.authorize_url(client_id or "", token(""), **parameters)
    answer = await http.get(url, headers={"accept": "text/html"})
    assert answer.status_code == 400, answer.text
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert reason in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "http://localhost:1/mcp/other"}, "invalid_target"),
        ({"prompt": "nonsense"}, "invalid_request"),
        ({"prompt": "none"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request"),
    ],
)
async def test_after_it_a_refusal_goes_back_with_state_and_iss(
    gateway: Running, http: httpx2.AsyncClient, change: dict[str, str | None], error: str
) -> None:
    """RFC 6749 §4.1.2.1, RFC 9207 §2."""
    client = await gateway.register(http)
    answer = await http.get(gateway.authorize_url(client["client_id"], token(""), **change))
    assert answer.status_code == 302, answer.text
    location = answer.headers["location"]
    assert location.startswith(CALLBACK)
    said = answer_of(location)
    assert (said["error"], said["state"], said["iss"]) == (error, "st123", gateway.origin)
    assert "trace" in said["error_description"]


@pytest.mark.parametrize("uri", ["https://evil.example/cb", "cursor://anysphere.cursor-mcp/oauth/callback"])
@pytest.mark.parametrize("change", [{"scope": "admin"}, {"prompt": "none"}, {"response_type": "token"}])
async def test_no_browser_is_sent_to_who_registered_itself_before_somebody_agreed(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, uri: str, change: dict[str, str]
) -> None:
    """OAuth 2.1 §7.13.2, MCP Open Redirection: the gateway would lead any browser anywhere. The person may go there."""
    client = await gateway.register(http, redirect_uris=[uri])
    url = gateway.authorize_url(client["client_id"], token(""), redirect_uri=uri, **change)
    await browser.open(url)
    assert browser.page is not None
    assert browser.page.status == 400
    (onward,) = [href for href, text in browser.page.links if "Tell the client" in text]
    assert onward.startswith(uri)
    assert answer_of(onward)["state"] == "st123"


async def test_what_was_registered_under_older_rules_is_checked_again(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    client_id = (await gateway.register(http))["client_id"]
    store = gateway.runtime.ground.store
    kept = store.find_client(client_id)
    assert kept
    store.save_client(replace(kept, redirect_uris=("smb://host.example/share",)))
    url = gateway.authorize_url(client_id, token(""), redirect_uri="smb://host.example/share")
    answer = await http.get(url, headers={"accept": "text/html"})
    assert (answer.status_code, "redirect_uri_refused" in answer.text) == (400, True)
    assert "location" not in answer.headers


async def test_a_no_of_the_person_reaches_a_site_that_registered_itself(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    uri = "https://client.example/cb"
    client = await gateway.register(http, redirect_uris=[uri])
    async with Browser(uri) as browser:
        url = gateway.authorize_url(client["client_id"], token(""), redirect_uri=uri)
        await browser.open(url)
        await browser.press("Deny")
        at_the_provider = browser.location
        assert at_the_provider is None, "there it may be anybody's doing"
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token(""), redirect_uri=uri))
        await browser.press("Deny")
        assert browser.location is not None
        assert answer_of(browser.location)["error"] == "access_denied"


async def test_a_repeated_parameter_is_refused(gateway: Running, http: httpx2.AsyncClient) -> None:
    """RFC 6749 §3.1: a page where the client or redirect URI is doubled, a redirect elsewhere."""
    client = await gateway.register(http)
    url = gateway.authorize_url(client["client_id"], token(""))
    assert (await http.get(f"{url}&client_id=x")).status_code == 400
    assert (await http.get(f"{url}&redirect_uri=https://evil.example")).status_code == 400
    doubled = await http.get(f"{url}&code_challenge_method=plain")
    assert answer_of(doubled.headers["location"])["error"] == "invalid_request"


async def test_requests_without_state_or_scope_are_taken_and_the_port_of_loopback_may_differ(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """RFC 8252 §7.3; an authorize GET may come twice, once without cookies."""
    client = await gateway.register(http)
    other_port = "http://localhost:50123/callback"
    async with Browser(other_port) as browser:
        url = gateway.authorize_url(client["client_id"], token(""), state=None, redirect_uri=other_port)
        assert (await http.get(url)).status_code == 302
        await gateway.sign_in(browser, url)
        await browser.press("Allow")
        assert browser.location is not None
        said = answer_of(browser.location)
        assert "state" not in said
        assert said["iss"] == gateway.origin


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
async def test_the_issuer_is_the_one_whose_metadata_the_client_read(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, name: str
) -> None:
    """One issuer string per transaction: metadata, resource metadata, and `iss`, under every loopback name."""
    origin = gateway.origin.replace("localhost", name)
    route = gateway.runtime.gateway.project.routes[0]
    challenge = await http.post(f"{origin}{route.path}", json={})
    found = challenge.headers["www-authenticate"].partition('resource_metadata="')[2].partition('"')[0]
    assert found.startswith(origin)
    resource = (await http.get(found)).json()
    assert resource["resource"] == f"{origin}{route.path}"
    issuer = resource["authorization_servers"][0]
    parts = urlsplit(issuer)
    metadata = (
        await http.get(f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}")
    ).json()
    assert metadata["issuer"] == issuer
    client = await gateway.register(http)
    query = urlsplit(gateway.authorize_url(client["client_id"], token(""), resource=resource["resource"])).query
    await gateway.sign_in(browser, f"{metadata['authorization_endpoint']}?{query}")
    await browser.press("Allow")
    assert browser.location is not None
    assert answer_of(browser.location)["iss"] == issuer


async def test_consent_is_asked_once_per_client_host_route_and_can_be_denied(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.register(http, client_name="<b>Bold</b>")
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    assert browser.page is not None
    for named in ("<b>Bold</b>", "localhost", gateway.mcp_url, "mcp:tools", "ada@acme.example", "this machine only"):
        assert named in browser.page.text, named
    await browser.press("Deny")
    assert browser.location is not None
    denied = answer_of(browser.location)
    assert (denied["error"], denied["state"], denied["iss"]) == ("access_denied", "st123", gateway.origin)

    await browser.open(gateway.authorize_url(client["client_id"], token("")))
    await browser.press("Allow")
    assert browser.location is not None
    assert "code" in answer_of(browser.location)
    await browser.open(gateway.authorize_url(client["client_id"], token("")))
    assert browser.location is not None, "remembered consent asks nothing"
    await browser.open(gateway.authorize_url(client["client_id"], token(""), prompt="consent"))
    assert "Allow" in browser.page.text, "prompt=consent asks again"
    assert len(gateway.events(McpAuthConsentShown)) == 3
    assert len(gateway.events(McpAuthLoginFinished)) == 1


async def test_a_consent_form_of_another_session_is_refused(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    await browser.press("Allow", csrf_token="wrong")
    assert browser.page is not None
    assert browser.page.status == 403
    assert "consent_stale" in browser.page.html


async def test_the_person_can_be_somebody_else(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    await browser.press("another account")
    assert browser.page is not None
    assert "Choose who you are" in browser.page.text
    people = [text for form in browser.page.forms for _, _, text in form.buttons if "@" in text]
    await browser.press(people[1])
    assert "ada@acme.example" not in browser.page.text
    await browser.press("Allow")
    assert browser.location is not None


async def test_a_denied_sign_in_goes_back_to_the_client(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.register(http)
    await browser.open(gateway.authorize_url(client["client_id"], token("")))
    await browser.press("Deny")
    assert browser.location is not None
    assert answer_of(browser.location)["error"] == "access_denied"


async def test_a_callback_that_nobody_began_is_explained(gateway: Running, http: httpx2.AsyncClient) -> None:
    """`workos.md` §11: a login begun at WorkOS has a code but no state."""
    url = f"{gateway.origin}/oauth/callback"
    for query, reason in (
        ("code=x", "state_missing"),
        ("state=nonsense&code=x", "state_unknown"),
        ("", "state_missing"),
    ):
        answer = await http.get(f"{url}?{query}", headers={"accept": "text/html"})
        assert (answer.status_code, reason in answer.text) == (400, True), answer.text
    assert gateway.events(FaultMet) == []


async def test_a_callback_in_another_browser_is_refused(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """RFC 6749 §10.12: the login belongs to the browser in which it began."""
    client = await gateway.register(http)
    async with Browser(CALLBACK, f"{gateway.origin}/oauth/callback") as victim:
        await gateway.sign_in(victim, gateway.authorize_url(client["client_id"], token("")))
        assert victim.location is not None
        await browser.open(victim.location)
    assert browser.page is not None
    assert (browser.page.status, "login_cookie_missing" in browser.page.html) == (403, True)


async def test_a_login_that_takes_too_long_says_so(http: httpx2.AsyncClient) -> None:
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway:
        client = await gateway.register(http)
        async with Browser(CALLBACK, f"{gateway.origin}/oauth/callback") as browser:
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
            clock.travel(timedelta(seconds=901))
            browser.stops = (CALLBACK,)
            assert browser.location is not None
            await browser.open(browser.location)
            assert browser.page is not None
            assert "state_expired" in browser.page.html


async def test_the_cookies_are_host_only_http_only_and_lax(gateway: Running, http: httpx2.AsyncClient) -> None:
    client = await gateway.register(http)
    answer = await http.get(gateway.authorize_url(client["client_id"], token("")))
    for cookie in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie


async def test_no_letter_of_a_host_on_the_consent_page_looks_like_another(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    lookalike = "https://ex\u0430mple.com/cb"
    client_id = (await gateway.register(http, redirect_uris=[lookalike]))["client_id"]
    await gateway.sign_in(browser, gateway.authorize_url(client_id, "x" * 43, redirect_uri=lookalike))
    assert browser.page
    assert "https://xn--exmple-4nf.com/cb" in browser.page.text
    assert "ex\u0430mple" not in browser.page.text
