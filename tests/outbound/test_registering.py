"""How the gateway becomes a client: by document, by registration, or by hand; and again where it was forgotten."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devgw.config.project import ManualClient, Secret
from devgw.config.token_exchange import ClientRegistrationOptions
from devgw.problems.upstream_registration import (
    ClientDocumentUnfit,
    RegistrationImpossible,
    RegistrationIncomplete,
    RegistrationRefused,
)
from devgw.problems.upstream_token import TokenRequestRefused
from devgw.settings import UpstreamSettings
from tests.outbound.bench import ORIGIN, Bench, refusal
from tests.outbound.upstream import Upstream, query_of


async def test_a_metadata_document_serves_where_there_is_no_registration(bench: Bench, upstream: Upstream) -> None:
    upstream.server_metadata = {"registration_endpoint": None, "client_id_metadata_document_supported": True}
    await bench.connect()
    sent = upstream.asked_at("/authorize")[-1]
    assert sent.query["client_id"] == f"{ORIGIN}/.well-known/oauth-client/x"
    assert upstream.asked_at("/token")[0].form["client_id"] == sent.query["client_id"]


async def test_a_document_of_this_machine_that_is_not_taken_is_said_before_the_browser_leaves(
    bench: Bench, upstream: Upstream
) -> None:
    upstream.server_metadata = {"registration_endpoint": None, "client_id_metadata_document_supported": True}
    upstream.knows_its_clients = True
    problem = await refusal(bench.begin())
    assert isinstance(problem, ClientDocumentUnfit)
    assert f"{ORIGIN}/.well-known/oauth-client/x" in problem.explain()
    assert f"redirect URI {ORIGIN}/auth/connections/x/callback" in problem.advise()
    assert bench.names() == []


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_registration_without_the_secret_that_it_promises_is_named(
    bench: Bench, upstream: Upstream, method: str
) -> None:
    upstream.answers["/register"] = (201, {}, {"client_id": "c", "token_endpoint_auth_method": method})
    problem = await refusal(bench.begin())
    assert isinstance(problem, RegistrationIncomplete)
    assert f"`client_secret`, although the gateway is to authenticate by {method}" in problem.explain()


@pytest.mark.parametrize("method", ["tls_client_auth", "private_key_jwt", "client_secret_jwt", ["none"], 7])
async def test_a_registration_by_whose_method_the_gateway_cannot_authenticate_is_named(
    bench: Bench, upstream: Upstream, method: Any
) -> None:
    """RFC 7591 §3.2.1: a server may register another method than it was asked for."""
    answer = {"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": method}
    upstream.answers["/register"] = (201, {}, answer)
    problem = await refusal(bench.begin())
    assert isinstance(problem, RegistrationIncomplete)
    assert f"without a usable `token_endpoint_auth_method`, although the gateway is to authenticate by {method}" in (
        problem.explain()
    )
    assert bench.names() == []


async def test_an_error_that_says_no_more_than_its_code_is_told_once(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/register"] = (401, {}, {"error": "invalid_token"})
    problem = await refusal(bench.begin())
    assert problem.explain().endswith("answered 401 invalid_token: it said nothing else")


async def test_a_kept_registration_by_whose_method_the_gateway_cannot_authenticate_is_made_anew(
    bench: Bench, upstream: Upstream
) -> None:
    await bench.connect()
    (kept,) = bench.store.upstream_clients()
    bench.store.save_upstream_client(replace(kept, token_endpoint_auth_method="tls_client_auth"))

    await bench.connect()
    assert len(upstream.asked_at("/register")) == 2
    assert [each.token_endpoint_auth_method for each in bench.store.upstream_clients()] == [
        kept.token_endpoint_auth_method
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_registration_that_cannot_be_answered_now_is_to_be_tried_later(
    bench: Bench, upstream: Upstream, status: int
) -> None:
    upstream.answers["/register"] = (status, {"retry-after": "7"}, {"error": "busy"})
    problem = await refusal(bench.begin())
    assert problem.diagnosis_id == "UPST-13"
    assert "in 7 s" in problem.advise()
    assert "by hand" not in problem.advise()


async def test_the_way_by_hand_that_is_printed_connects(bench: Bench, upstream: Upstream) -> None:
    """The advice is taken to the letter: its redirect URI, and its options in the policy."""
    upstream.server_metadata = {"registration_endpoint": None}
    advice = (await refusal(bench.begin())).advise()
    options = json.loads("{" + advice.partition("mcp-token-exchange-x: ")[2].partition(" (without")[0] + "}")
    read = ClientRegistrationOptions.model_validate(options["clientRegistration"])
    manual = ManualClient(str(read.client_id), Secret(str(read.client_secret)))
    bench.exchange = replace(bench.exchange, manual_client=manual)
    await bench.connect()
    assert await bench.token() in upstream.access_tokens
    assert f"redirect URI {upstream.asked_at('/token')[0].form['redirect_uri']}," in advice


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"], ["none"], None])
async def test_no_request_authenticates_in_two_ways(bench: Bench, upstream: Upstream, methods: Any) -> None:
    """RFC 6749 §2.3: servers refuse it, the one of Cloudflare's Workers for one."""
    upstream.server_metadata = {"token_endpoint_auth_methods_supported": methods}
    await bench.connect()
    bench.clock.travel(timedelta(hours=2))
    await bench.token()
    asked = upstream.asked_at("/token")
    assert len(asked) == 2
    assert [("authorization" in each.headers) + ("client_id" in each.form) for each in asked] == [1, 1]


async def test_a_public_copy_of_the_document_goes_before_registration(upstream: Upstream) -> None:
    upstream.server_metadata = {"client_id_metadata_document_supported": True}
    settings = {"x": UpstreamSettings(client_metadata_url="https://me.example/client.json")}
    begun = await Bench(upstream, upstreams=settings).begin()
    assert query_of(begun.url)["client_id"] == "https://me.example/client.json"
    assert upstream.clients == {}


async def test_a_document_on_this_machine_comes_after_registration(bench: Bench, upstream: Upstream) -> None:
    """UPST-09."""
    upstream.server_metadata = {"client_id_metadata_document_supported": True}
    assert query_of((await bench.begin()).url)["client_id"] == "c1"


async def test_a_server_that_takes_nobody_is_named(bench: Bench, upstream: Upstream) -> None:
    """REG-01."""
    upstream.server_metadata = {"registration_endpoint": None}
    assert isinstance(await refusal(bench.begin()), RegistrationImpossible)


async def test_a_refused_registration_keeps_what_the_server_said(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/register"] = (403, {"content-type": "text/html"}, b"<h1>Ask your admin</h1>")
    problem = await refusal(bench.begin())
    assert isinstance(problem, RegistrationRefused)
    assert "Ask your admin" in problem.explain()


async def test_a_registration_is_reused_until_its_secret_ends(bench: Bench, upstream: Upstream) -> None:
    upstream.answers["/register"] = (
        201,
        {},
        {"client_id": "short", "client_secret": "s", "client_secret_expires_at": bench.clock.now().timestamp() + 60},
    )
    await bench.begin()
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 1
    bench.clock.travel(timedelta(seconds=61))
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 2


@pytest.mark.parametrize("end", [1e300, -1, 0, "never", True, None])
async def test_a_secret_that_never_ends_is_kept(bench: Bench, upstream: Upstream, end: Any) -> None:
    registered = {"client_id": "c", "client_secret": "s", "client_secret_expires_at": end}
    upstream.answers["/register"] = (201, {}, registered)
    await bench.begin()
    bench.clock.travel(timedelta(days=999))
    await bench.begin()
    assert len(upstream.asked_at("/register")) == (2 if end is True else 1)


async def test_a_manual_client_registers_nothing(upstream: Upstream) -> None:
    bench = Bench(upstream)
    manual = ManualClient("mine", Secret("shh"), "client_secret_post")
    bench.exchange = replace(bench.exchange, manual_client=manual, scopes=("a", "b"), scope_delimiter=",")
    await bench.connect()
    assert upstream.clients == {}
    (sent,) = upstream.asked_at("/authorize")
    assert sent.query["scope"] == "a,b"
    (token,) = upstream.asked_at("/token")
    assert (token.form["client_id"], token.form["client_secret"]) == ("mine", "shh")
    assert "authorization" not in token.headers


@pytest.mark.parametrize(
    ("methods", "secret", "expected"),
    [(["none"], None, "none"), (["client_secret_post"], "s", "client_secret_post"), (None, "s", "client_secret_basic")],
)
async def test_token_endpoint_authentication_is_negotiated(
    upstream: Upstream, methods: Any, secret: str | None, expected: str
) -> None:
    """TOK-01."""
    upstream.server_metadata = {"token_endpoint_auth_methods_supported": methods}
    bench = Bench(upstream)
    bench.exchange = replace(bench.exchange, manual_client=ManualClient("mine", Secret(secret) if secret else None))
    await bench.connect()
    (token,) = upstream.asked_at("/token")
    got = "client_secret_basic" if "authorization" in token.headers else "none"
    assert ("client_secret_post" if "client_secret" in token.form else got) == expected


async def test_a_forgotten_client_is_registered_anew(bench: Bench, upstream: Upstream) -> None:
    """REG-02: the upstream restarted and knows nobody."""
    upstream.token_answer = lambda _asked, _tokens: (401, {}, {"error": "invalid_client"})
    assert isinstance(await refusal(bench.connect()), TokenRequestRefused)
    upstream.token_answer = None
    await bench.connect()
    assert sorted(upstream.clients) == ["c1", "c2"]


async def test_a_client_that_a_restart_forgot_is_registered_anew_before_the_browser_leaves(
    bench: Bench, upstream: Upstream
) -> None:
    """REG-02: only the person would see the page on which the server says so."""
    upstream.knows_its_clients = True
    await bench.connect()
    upstream.clients.clear()
    upstream.clients["somebody-else"] = {}
    await bench.connect()
    assert len(upstream.asked_at("/register")) == 2
    assert await bench.token() in upstream.access_tokens
    await bench.begin()
    assert len(upstream.asked_at("/register")) == 2


async def test_a_person_may_ask_for_a_new_registration(bench: Bench, upstream: Upstream) -> None:
    await bench.begin()
    assert query_of((await bench.begin(anew=True)).url)["client_id"] == "c2"
    assert upstream.clients["c2"]


@pytest.mark.parametrize(
    ("where", "is_kept"),
    [
        ("ORIGIN/register/c7", True),
        ("http://[", False),
        ("https://elsewhere.example/c7", False),
        (7, False),
        ("", False),
    ],
)
async def test_what_deletes_a_registration_is_kept_where_it_leads_to_who_gave_it(
    bench: Bench, upstream: Upstream, where: Any, is_kept: bool
) -> None:
    """RFC 7592 §3: the word is good at the server that gave it, and goes nowhere else."""
    uri = where.replace("ORIGIN", upstream.origin) if isinstance(where, str) else where
    given = {"client_id": "c7", "token_endpoint_auth_method": "none", "registration_access_token": "word"}
    upstream.answers["/register"] = (201, {}, given | {"registration_client_uri": uri})
    await bench.connect()
    (client,) = bench.store.upstream_clients()
    assert (client.secrets.registration_uri, client.secrets.registration_token) == (
        (uri, "word") if is_kept else (None, None)
    )
