"""How the gateway becomes a client: by document, by registration, or by hand; and again where it was forgotten."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devgw.config.project import ManualClient, Secret
from devgw.problems.upstream_connection import (
    RegistrationImpossible,
    RegistrationRefused,
    TokenRequestRefused,
)
from devgw.settings import UpstreamSettings
from tests.outbound.bench import ORIGIN, Bench, refusal
from tests.outbound.upstream import Upstream, query_of


async def test_a_metadata_document_serves_where_there_is_no_registration(bench: Bench, upstream: Upstream) -> None:
    upstream.server_metadata = {"registration_endpoint": None, "client_id_metadata_document_supported": True}
    await bench.connect()
    (sent,) = upstream.asked_at("/authorize")
    assert sent.query["client_id"] == f"{ORIGIN}/.well-known/oauth-client/x"
    assert upstream.asked_at("/token")[0].form["client_id"] == sent.query["client_id"]


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
