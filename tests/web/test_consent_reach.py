"""How far a yes reaches: never to another port or scheme in the name of a client whose id anybody may know."""

import json

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.entropy import token
from tests.support.browser import Browser
from tests.support.gateway import Running
from tests.web.test_register import published

PORT, OTHER = "http://localhost:33418/callback", "http://localhost:40001/callback"
SCHEME, OTHER_SCHEME = "com.example.app:/callback", "com.example.other://callback"


async def asked(gateway: Running, browser: Browser, client_id: str, redirect_uri: str) -> bool:
    """Ask for a code that goes to `redirect_uri`; tell whether the person saw a page, and say yes on it."""
    await gateway.sign_in(browser, gateway.authorize_url(client_id, token(""), redirect_uri=redirect_uri))
    was_asked = browser.location is None
    if was_asked:
        assert browser.page is not None
        assert "Allow" in browser.page.text, browser.page.text
        await browser.press("Allow")
    assert browser.location is not None
    assert browser.location.startswith(redirect_uri)
    assert "code=" in browser.location
    return was_asked


async def test_in_the_name_of_a_public_document_each_port_and_scheme_is_asked_for(
    gateway: Running, browser: Browser
) -> None:
    """RFC 8252 §8.6: anybody may ask with this id; whoever listens on another port is another program."""
    browser.stops = (PORT, OTHER, SCHEME, OTHER_SCHEME)
    document = {
        "client_name": "By document",
        "redirect_uris": ["http://localhost/callback", SCHEME, OTHER_SCHEME],
    }
    async with published(document, **{"cache-control": "max-age=60"}) as client_id:
        assert await asked(gateway, browser, client_id, PORT)
        assert not await asked(gateway, browser, client_id, PORT)
        for each in (OTHER, SCHEME, OTHER_SCHEME):
            assert await asked(gateway, browser, client_id, each), each
        silent = gateway.authorize_url(
            client_id, token(""), redirect_uri="http://localhost:40002/callback", prompt="none"
        )
        browser.stops = ("http://localhost:40002/callback",)
        await browser.open(silent)
        assert browser.location is not None
        assert "the consent page has to be shown" in httpx2.URL(browser.location).params["error_description"]


async def test_a_client_with_an_id_of_its_own_keeps_its_consent_on_any_port(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """RFC 8252 §7.3: such clients take a new port each time; but another scheme is still another program."""
    browser.stops = (PORT, OTHER, SCHEME, OTHER_SCHEME)
    client = await gateway.register(http, redirect_uris=[PORT, SCHEME, OTHER_SCHEME])
    assert await asked(gateway, browser, client["client_id"], PORT)
    assert not await asked(gateway, browser, client["client_id"], OTHER)
    assert await asked(gateway, browser, client["client_id"], SCHEME)
    assert await asked(gateway, browser, client["client_id"], OTHER_SCHEME)


async def test_a_document_of_a_client_that_signs_keeps_its_consent_on_any_port(
    gateway: Running, browser: Browser
) -> None:
    """A code in other hands is worth nothing."""
    browser.stops = (PORT, OTHER)
    key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    document = {
        "client_name": "By document",
        "redirect_uris": ["http://localhost/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key]},
    }
    async with published(document, **{"cache-control": "max-age=60"}) as client_id:
        assert await asked(gateway, browser, client_id, PORT)
        assert not await asked(gateway, browser, client_id, OTHER)


async def test_a_consent_is_for_one_web_host(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    one, other = "https://app.example/cb", "https://app.example:8443/cb"
    browser.stops = (one, other)
    client = await gateway.register(http, redirect_uris=[one, other])
    assert await asked(gateway, browser, client["client_id"], one)
    assert await asked(gateway, browser, client["client_id"], other)
    assert not await asked(gateway, browser, client["client_id"], one)


async def test_a_consent_is_for_one_route_and_ends_with_a_no(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Contract: it ends when client, redirect host or route change."""
    browser.stops = (PORT,)
    client = await gateway.register(http, redirect_uris=[PORT])
    assert await asked(gateway, browser, client["client_id"], PORT)
    notes = {"redirect_uri": PORT, "resource": f"{gateway.origin}/mcp/notes"}
    await browser.open(gateway.authorize_url(client["client_id"], token(""), **notes))
    await browser.press("Connect Sample notes")
    await browser.press("Approve as")
    assert browser.location is None, "the yes to another route was taken for this one"
    assert browser.page is not None
    assert "✓ connected" in browser.page.text
    await browser.press("Deny")
    assert await asked(gateway, browser, client["client_id"], PORT), "a no to this client is one to all of it"


async def test_a_document_that_changed_is_asked_about_again(gateway: Running, browser: Browser) -> None:
    """OAuth Client ID Metadata Document §6.4: the yes was to what it said."""
    browser.stops = (PORT,)
    document = {"client_name": "By document", "redirect_uris": ["http://localhost/callback"]}
    async with published(document, **{"cache-control": "no-store"}) as client_id:
        assert await asked(gateway, browser, client_id, PORT)
        assert not await asked(gateway, browser, client_id, PORT)
        document["client_name"] = "By somebody else"
        assert await asked(gateway, browser, client_id, PORT)
