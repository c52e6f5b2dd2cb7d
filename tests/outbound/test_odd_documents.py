"""Whatever an upstream says, connecting it ends in a connection or in a reason, never otherwise."""

import json
import random
from typing import Any

import pytest

from devgw.problems import Refused
from tests.outbound.bench import Bench
from tests.outbound.upstream import Asked, Upstream

ODD: list[Any] = [
    None, 1, -1, 1e300, 10**400, True, [], {}, "", "x", "\x00", "ä", "\ud800", "a" * 5_000, [1, 2], [{}], {"a": [1]},
    "http://[", ["http://["], "javascript:x", ["S256", {}], [["S256"]],
]  # fmt: skip
RAW = [
    b"[" * 60_000, b"{", b"\xff", b'{"issuer":"a","issuer":"b"}', b"null", b"3", b'"x"', b'{"a":NaN}', b"",
    json.dumps({"a": 1}).encode("utf-16"),
]  # fmt: skip
SERVER = [
    *("issuer", "registration_endpoint", "revocation_endpoint", "scopes_supported"),
    *("code_challenge_methods_supported", "token_endpoint_auth_methods_supported"),
    *("client_id_metadata_document_supported", "authorization_response_iss_parameter_supported"),
]
RESOURCE = ["resource", "authorization_servers", "scopes_supported"]
CLIENT = ["client_id", "client_secret", "client_secret_expires_at", "token_endpoint_auth_method"]
TOKEN = ["access_token", "expires_in", "refresh_token", "scope", "token_type", "id_token", "error", "error_description"]
PATHS = ["/register", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp", "/mcp"]


def some(chance: random.Random, names: list[str]) -> dict[str, Any]:
    return {chance.choice(names): chance.choice(ODD) for _ in range(2)}


def make_odd(upstream: Upstream, chance: random.Random) -> None:
    """Let the upstream say odd things in one of five places."""
    place = chance.randrange(5)
    if place == 0:
        upstream.server_metadata = some(chance, SERVER)
    elif place == 1:
        upstream.resource_metadata = some(chance, RESOURCE)
    elif place == 2:
        upstream.answers["/register"] = (201, {}, some(chance, CLIENT))
    elif place == 3:
        location = {"location": chance.choice(["http://[", "//", "x"])}
        upstream.answers[chance.choice(PATHS)] = (
            chance.choice([200, 204, 301, 400, 500]),
            location,
            chance.choice(RAW),
        )
    else:
        status, odd, raw = chance.choice([200, 400, 500]), some(chance, TOKEN), chance.choice([None, *RAW])

        def answer(_: Asked, members: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
            return status, {}, {**members, **odd} if raw is None else raw

        upstream.token_answer = answer


@pytest.mark.parametrize("seed", range(120))
async def test_connecting_ends_in_a_connection_or_in_a_reason(bench: Bench, upstream: Upstream, seed: int) -> None:
    make_odd(upstream, random.Random(seed))
    try:
        begun = await bench.begin()
        await bench.oauth.finish(bench.route, await bench.authorized(begun), begun.cookie)
        assert await bench.token()
    except Refused as refused:
        problem = refused.problem
        assert len(problem.explain()) < 2_000
        assert problem.explain().replace("\n", "").isprintable(), problem.explain()
        assert problem.advise() or problem.hint == ""
