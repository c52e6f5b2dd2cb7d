"""Somebody's MCP server, asked as clients ask it and without a credential of OAuth: nothing is changed there.

Only `looked` with `registers` changes something: it registers a client and deletes it again where the server says how.

Source: MCP 2026-07-28 §Authorization Server Discovery; RFC 9728 §3; RFC 8414 §3.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from devgw.diagnosis.verdicts import Answer
from devgw.diagnosis.verdicts.server_seen import REDIRECTS, DocumentPlace, Endpoint, SeenServer
from devgw.entropy import token
from devgw.foreign.urls import UrlRefused, is_url, read_url, same_origin
from devgw.oauth.authorization_url import authorization_url
from devgw.oauth.discovery import authorization_server_urls, default_endpoints, resource_metadata_urls
from devgw.oauth.pkce import challenge_of
from devgw.oauth.resource import origin_of
from devgw.outbound.probes.outward import Outward
from devgw.outbound.probes.routes import ACCEPT, PREFLIGHT, discover
from devgw.outbound.probes.upstream import MODERN_HEADERS, initialize
from devgw.problems.upstream_by_status import sign_in_of

USUAL_PATHS = ("/mcp", "/sse")
"""Where a server is looked for at its origin: what the SDKs' own examples and FastMCP take."""
_NOT_HERE = frozenset({404, 405})
_RESOURCE_KINDS = ("path", "root")
_SERVER_KINDS = ("oauth", "openid", "openid at its end")
LOOPBACK_CALLBACKS = ("http://127.0.0.1:33418/callback", "http://localhost:33418/callback")
"""What clients on a developer's machine register; nothing listens there on our behalf."""
NO_CODE = "a-code-that-nobody-issued"
NO_REGISTRATION = b"no JSON, so that it registers nobody"
NO_CLIENT = "a-client-that-nobody-registered"


async def looked(
    outward: Outward, url: str, headers: Mapping[str, str] | None = None, *, registers: bool = False
) -> SeenServer:
    """Return what is seen of the server at `url`.

    Args:
        outward: asks.
        url: as the person wrote it, an absolute http(s) URL.
        headers: of the person's own (an API key); they go to the endpoint alone.
        registers: whether a client is registered, and deleted.
    """
    seen = await _find(outward, url, headers or {})
    if seen.endpoint.legacy.failure or not (seen.endpoint.wants_login or seen.endpoint.answers_mcp):
        return seen
    seen = replace(seen, resources=await _resources(outward, seen))
    issuer = _issuer_of(seen)
    seen = replace(seen, issuer=issuer, servers=await _servers(outward, issuer))
    if seen.endpoint.wants_login:
        own, pages = await asyncio.gather(_own_server(outward, seen), _as_a_page(outward, seen))
        seen = replace(seen, own_server=own, pages=pages)
    return await _at_the_issuer(outward, seen, registers=registers)


async def _find(outward: Outward, url: str, headers: Mapping[str, str]) -> SeenServer:
    """Return the endpoint at `url`, behind one redirect within its origin, or at a usual path of it."""
    endpoint = await _endpoint(outward, url, headers)
    names = tuple(headers)
    if (onward := _onward(endpoint.legacy)) is not None:
        return SeenServer(url, await _endpoint(outward, onward, headers), is_redirected=True, headers=names)
    if not _is_elsewhere(endpoint):
        return SeenServer(url, endpoint, headers=names)
    others = [origin_of(url) + path for path in USUAL_PATHS if origin_of(url) + path != url.rstrip("/")]
    found = await asyncio.gather(*(_endpoint(outward, each, headers) for each in others))
    best = next((each for each in found if each.answers_mcp or each.wants_login), None)
    best = best or next((each for each in (endpoint, *found) if each.offers_event_stream), endpoint)
    return SeenServer(url, best, tried=tuple(others), headers=names)


def _is_elsewhere(endpoint: Endpoint) -> bool:
    """Tell whether something answers there that is no MCP endpoint."""
    is_here = endpoint.wants_login or endpoint.answers_mcp or endpoint.offers_event_stream
    answer = endpoint.legacy
    return not (is_here or answer.failure) and (answer.status in _NOT_HERE or answer.status < 300)


def _onward(answer: Answer) -> str | None:
    """Return where a redirect leads within the origin; None for any other answer."""
    if answer.status not in REDIRECTS:
        return None
    try:
        target = read_url(urljoin(answer.url, answer.headers.get("location", "")).partition("#")[0]).text
    except ValueError:  # a `UrlRefused` is one
        return None
    if sign_in_of(answer.url, answer.headers.get("location", "")) is not None:
        return None  # that says all: what answers there to POST says nothing
    return target if same_origin(target, answer.url) and target != answer.url else None


async def _endpoint(outward: Outward, url: str, headers: Mapping[str, str]) -> Endpoint:
    """Ask an endpoint the four questions, and end the session that one of them began."""
    modern, legacy, stream, preflight = await asyncio.gather(
        outward.own("POST", url, {**MODERN_HEADERS, **headers}, json=discover()),
        outward.own("POST", url, {"accept": ACCEPT, **headers}, json=initialize()),
        outward.own("GET", url, {"accept": "text/event-stream", **headers}, is_body_read=False),
        outward.own("OPTIONS", url, PREFLIGHT),
    )
    session = legacy.headers.get("mcp-session-id", "")
    without = 0
    if session and legacy.status < 300:
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        asked = {"accept": ACCEPT, "mcp-protocol-version": "2025-11-25", **headers}
        without = (await outward.own("POST", url, asked, json=ping)).status
        await outward.own("DELETE", url, {"mcp-session-id": session, **headers})
    return Endpoint(url, modern, legacy, stream, preflight, without)


async def _resources(outward: Outward, seen: SeenServer) -> tuple[DocumentPlace, ...]:
    """Ask for the resource's metadata wherever a client would look (RFC 9728 §3, §5.1)."""
    challenge = seen.endpoint.challenge
    derived = resource_metadata_urls(seen.url)
    hint = challenge.resource_metadata if challenge else None
    kinds = _RESOURCE_KINDS if len(derived) > 1 else _RESOURCE_KINDS[1:]
    asking = [(kind, outward.own("GET", url)) for kind, url in zip(kinds, derived, strict=True)]
    if hint and is_url(hint):  # of another one the challenge is judged
        asking.insert(0, ("hint", outward.foreign("GET", hint, near=seen.url)))
    answers = await asyncio.gather(*(each for _, each in asking))
    return tuple(DocumentPlace(kind, answer) for (kind, _), answer in zip(asking, answers, strict=True))


def _issuer_of(seen: SeenServer) -> str:
    """Return the first authorization server that the resource names; the endpoint's origin where that is no URL."""
    named = seen.resource.answer.listed("authorization_servers")[:1] if seen.resource else []
    try:
        return read_url(named[0]).text if named and isinstance(named[0], str) else seen.origin
    except UrlRefused:
        return seen.origin


async def _servers(outward: Outward, issuer: str) -> tuple[DocumentPlace, ...]:
    """Ask for the issuer's metadata at its three places, in the standard's order."""
    urls = authorization_server_urls(issuer)
    answers = await asyncio.gather(*(outward.foreign("GET", url) for url in urls))
    return tuple(DocumentPlace(kind, answer) for kind, answer in zip(_SERVER_KINDS, answers, strict=False))


async def _own_server(outward: Outward, seen: SeenServer) -> Answer | None:
    """Ask for an authorization server at the endpoint's own origin, where clients of 2025-03-26 look."""
    if same_origin(seen.issuer, seen.url):
        return None
    return await outward.own("GET", authorization_server_urls(seen.origin)[0])


async def _as_a_page(outward: Outward, seen: SeenServer) -> tuple[Answer, ...]:
    """Ask once more for the documents that were found, as a page of another origin does."""
    found = [each.answer.url for each in (seen.resource, seen.server) if each is not None]
    origin = {"origin": PREFLIGHT["origin"]}
    return tuple(await asyncio.gather(*(outward.foreign("GET", url, origin, near=seen.url) for url in found)))


async def _at_the_issuer(outward: Outward, seen: SeenServer, *, registers: bool) -> SeenServer:
    """Ask the endpoints that the metadata names, or 2025-03-26 assumes, with what nobody can take for real."""
    if seen.server is None and not (seen.endpoint.wants_login and seen.resource is None):
        return seen
    named = seen.server.answer.document if seen.server else _assumed(seen.origin)
    endpoint = named.get("registration_endpoint")
    keys, answered, page, registration, (registered, deleted) = await asyncio.gather(
        outward.named("GET", named.get("jwks_uri")),
        outward.named("POST", named.get("token_endpoint"), data=_junk_token(seen)),
        outward.named("GET", _junk_login(seen, named.get("authorization_endpoint"))),
        outward.named("POST", endpoint, {"content-type": "application/json"}, content=NO_REGISTRATION),
        _registration(outward, endpoint if registers else None),
    )
    seen = replace(seen, keys=keys, token=answered, authorize=page, registration=registration)
    return replace(seen, registered=registered, deleted=deleted)


def _assumed(origin: str) -> dict[str, Any]:
    """Return where revision 2025-03-26 assumes the endpoints of an origin that publishes nothing."""
    server = default_endpoints(origin)
    return {"authorization_endpoint": server.authorization_endpoint, "token_endpoint": server.token_endpoint}


def _junk_token(seen: SeenServer) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": NO_CODE,
        "client_id": NO_CLIENT,
        "redirect_uri": LOOPBACK_CALLBACKS[0],
        "code_verifier": token(""),
        "resource": seen.url,
    }


def _junk_login(seen: SeenServer, endpoint: object) -> object:
    """Return the authorization URL of a client that nobody registered."""
    if not isinstance(endpoint, str):
        return None
    asked = {
        "response_type": "code",
        "client_id": NO_CLIENT,
        "redirect_uri": LOOPBACK_CALLBACKS[0],
        "state": token(""),
        "code_challenge": challenge_of(token("")),
        "code_challenge_method": "S256",
        "resource": seen.url,
    }
    return authorization_url(endpoint, asked)


async def _registration(outward: Outward, endpoint: object) -> tuple[Answer | None, Answer | None]:
    """Register a client as clients of this machine do, and delete it where the server says how (RFC 7592 §2.3)."""
    document: dict[str, Any] = {
        "client_name": "devgw doctor",
        "redirect_uris": list(LOOPBACK_CALLBACKS),
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    registered = await outward.named("POST", endpoint, json=document)
    if registered is None or not 200 <= registered.status < 300:
        return registered, None
    where, word = (registered.document.get(each) for each in ("registration_client_uri", "registration_access_token"))
    if not isinstance(where, str) or not isinstance(word, str) or not same_origin(where, registered.url):
        return registered, None  # the word that deletes goes to nobody but who gave it
    return registered, await outward.named("DELETE", where, {"authorization": f"Bearer {word}"})
