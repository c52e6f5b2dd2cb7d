"""What a provider answers is told from its neighbours: a page from a refusal, words of PKCE from those of a code."""

import gzip
import json
from typing import Any

import pytest

from devgw.diagnosis.verdicts import Check, Verdict
from devgw.foreign.intermediary_mark import Intervention
from devgw.outbound.provider_answer import ProviderTokenAnswer
from devgw.problems.base import Fault
from devgw.wiring.examining import examine_running
from tests.diagnosis.stories.test_oidc_provider import World, world
from tests.support.oidc import Reply, public_jwk, rsa_key

__all__ = ["world"]
HTML, FORM = "text/html", "application/x-www-form-urlencoded"
KEY = public_jwk(rsa_key("first"), "k1")


def answer(status: int, body: Any, kind: str = "application/json") -> Reply:
    return Reply(status, body if isinstance(body, bytes) else json.dumps(body).encode(), kind)


async def looked(world: World, name: str) -> Check:
    checks = await examine_running(world.gateway.running.runtime)
    return next(each for each in checks if each.name == name)


def refused(words: str) -> Reply:
    return answer(401, {"error": "invalid_client", "error_description": words})


METHODS = "the client supports 'client_secret_basic', but 'client_secret_post' was requested"
EVERY_CAUSE = "Client authentication failed (e.g., unknown client, or unsupported authentication method)."
OF_THE_WAY = [
    "client_secret_basic is required",
    METHODS,
    "Invalid client authentication method",
    "Unsupported authentication method",
    "Credentials in the body are not allowed for this client",
    "This client must authenticate with private_key_jwt",
    "Use HTTP Basic authentication",
]
OF_THE_SECRET = [
    EVERY_CAUSE,
    "Invalid client secret in request body",
    "Invalid client secret is provided.",
    "Client authentication failed",
]


@pytest.mark.parametrize(
    ("reply", "name", "words", "change"),
    [
        (answer(401, b"<title>Acme</title><p>Sign in to the VPN", HTML), "IDT-27", "Acme: Sign in to the VPN",
         "what stands before the provider"),
        (answer(401, b"<title>x</title><input type=password>", HTML), "PROXY-22",
         "in the place of the identity provider", "or correct browserLogin.tokenUrl"),
        (answer(200, b"<title>x</title><input type=password>", HTML), "TOK-05", "an HTML page", "token_endpoint"),
        (answer(403, b"Request unsuccessful. Incapsula incident ID: 7", HTML), "PROXY-27", "Imperva answered 403",
         "Let Imperva pass"),
        (answer(401, {"error": "invalid_client"}), "TOK-07", "refused the gateway's credentials", "Copy both again"),
        *((refused(each), "TOK-07", "the form (client_secret_post)", "to client_secret_post") for each in OF_THE_WAY),
        *((refused(each), "TOK-07", each[:20], "Copy both again") for each in OF_THE_SECRET),
        (answer(401, b""), "TOK-07", "refused the gateway's credentials", "Copy both again"),
        (answer(400, {"error": "invalid_grant", "error_description": "PKCE verification failed"}), "WORK-06",
         "PKCE verification failed", "Set browserLogin.pkce"),
        (answer(400, {"error": "invalid_grant", "error_description": "code_verifier is missing"}), "WORK-06",
         "code_verifier is missing", "Set browserLogin.pkce"),
        (answer(400, {"error": "invalid_grant", "error_description": "used"}), "WORK-06", "used", "a code works once"),
        (answer(400, b"error=invalid_grant&error_description=expired", FORM), "WORK-06", "invalid_grant: expired",
         "Start the connection again"),
        (answer(400, b"error=incorrect_credentials", "text/plain"), "IDT-27", "incorrect_credentials", ""),
        (answer(200, b"access_token=x&id_token=y", FORM), "TOK-08", "answered 200 with a form", "a JSON object"),
        (answer(200, json.dumps({"id_token": "x"}).encode("utf-16")), "TOK-08", "it is in UTF-16", "JSON in UTF-8"),
        (answer(200, gzip.compress(b'{"id_token": "x"}')), "TOK-08", "packed with gzip once more than", ""),
    ],
)  # fmt: skip
async def test_each_answer_of_a_token_endpoint_is_told_for_what_it_is(
    world: World, reply: Reply, name: str, words: str, change: str
) -> None:
    world.provider.token_reply = reply
    found = await world.named(name)
    assert words in found.cause
    assert change in found.fix
    check = await looked(world, "provider.credentials")
    assert check.verdict is Verdict.PASS or (check.diagnosis_id, words in check.saw) == (name, True)


@pytest.mark.parametrize(
    ("spoil", "words", "change"),
    [
        ({"header": {"kid": "k1", "crit": ["x"], "x": 1}}, 'fails at crit: got ["x"]', "leave `crit` out"),
        ({"header": {"kid": "k1", "crit": []}}, "fails at crit: got []", "leave `crit` out"),
        ({"answer": {"id_token": "a.b.c.d.e"}}, "an encrypted token", "switch the encryption of ID tokens off"),
        ({"answer": {"id_token": ""}}, "an empty text", "a signed JWT as id_token"),
        ({"answer": {"id_token": "e30.e30"}}, "an opaque value of 2 parts", "a signed JWT as id_token"),
    ],
)
async def test_what_is_no_signed_id_token_is_advised_by_what_it_is(
    world: World, spoil: dict[str, Any], words: str, change: str
) -> None:
    for name, value in spoil.items():
        setattr(world.provider, name, value)
    found = await world.named("IDT-10")
    assert words in found.cause
    assert change in found.fix
    assert "audience" not in found.fix


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_of_several_keys_under_one_id_the_one_that_signed_is_found(world: World, place: int) -> None:
    """RFC 7517 §4.5: they should differ, and some do not."""
    others = [public_jwk(rsa_key("second"), "k1"), public_jwk(rsa_key("third"), "k1")]
    world.provider.keys = [*others[:place], KEY, *others[place:]]
    assert await world.is_let_in()
    assert await world.gateway.said() == []


async def test_a_signature_of_no_key_under_its_id_is_still_refused(world: World) -> None:
    world.provider.keys = [public_jwk(rsa_key(each), "k1") for each in ("second", "third")]
    await world.named("IDT-11")


@pytest.mark.parametrize("query", [{}, {"id_token": "x"}, {"code": ""}, {"session": "1"}])
async def test_the_doctor_calls_an_answer_without_a_code_what_the_login_calls_it(
    world: World, query: dict[str, str]
) -> None:
    world.provider.callback = query
    await world.named("IDT-32")
    check = await looked(world, "provider.redirect_uri")
    assert (check.diagnosis_id, "response_mode" in check.todo) == ("IDT-32", False)


async def test_who_stands_before_a_provider_is_known_by_its_headers_and_how_long_to_wait_is_repeated(
    world: World,
) -> None:
    login = world.gateway.running.runtime.gateway.policy.login
    flare = {"server": "cloudflare"}
    found = ProviderTokenAnswer(login, 403, "text/plain", b"error code: 1020", (), headers=flare).problem()
    assert (getattr(found, "does", None), found and found.fault) == (Intervention.TURNS_AWAY, Fault.PROVIDER)
    late = ProviderTokenAnswer(login, 429, "", b"", (), headers={"retry-after": "900"}).problem()
    assert late is not None
    assert late.advise().startswith("Wait 15 min and")
    over = {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    broken = ProviderTokenAnswer(login, 503, "", b"", (), headers=over).problem()
    assert broken is not None
    assert broken.advise().startswith("Wait a moment and")


@pytest.mark.parametrize(
    ("status", "page"),
    [
        (403, b"<title>Just a moment...</title><script>window._cf_chl_opt={}"),
        (200, b'<script id="anubis_challenge" type="application/json">'),
        (403, b"<title>Attention Required! | Cloudflare</title>"),
        (403, b'<iframe id="main-iframe" src="/_Incapsula_Resource?CWUD=1">'),
    ],
)
async def test_what_lets_browsers_alone_through_is_not_taken_for_a_refusal_of_the_login(
    world: World, status: int, page: bytes
) -> None:
    """The doctor asks as a program: of a person's browser it knows nothing then."""
    world.provider.login_page = Reply(status, page, HTML)
    check = await looked(world, "provider.redirect_uri")
    assert (check.verdict, check.diagnosis_id) == (Verdict.NOT_APPLICABLE, "")
    assert "seen by a browser alone" in check.saw
