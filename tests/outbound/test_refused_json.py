"""JSON from outside that is not taken: the problem says why in the reader's words, and asks for what mends it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.config.project import BrowserLogin, Secret
from devgw.diagnosis.verdicts import Answer, provider
from devgw.outbound.client_documents import HttpClientDocuments
from devgw.outbound.keys import read_keys
from devgw.outbound.provider_answer import ProviderTokenAnswer
from devgw.problems import Problem, Refused
from tests.outbound.bench import Bench, refusal
from tests.outbound.test_client_documents import answering
from tests.outbound.upstream import Upstream
from tests.support.serving import serve

DEEP = b'{"a":' * 70 + b"1" + b"}" * 70
TOLD: list[tuple[bytes, str, str, str]] = [
    (b'{"issuer":"a","issuer":"b"}', "the member 'issuer' stands twice", "each member of an object once", ""),
    (b'{"x":{"k":1,"k":2}}', "the member 'k' stands twice", "each member of an object once", ""),
    (DEEP, "more than 64 deep", "64 levels deep at most", "LIMIT-05"),
    (b'{"n":NaN}', "NaN is no JSON number", "numbers that JSON has", ""),
    (b'{"n":1e999}', "a number is too large", "numbers that every reader of JSON takes", ""),
    (b'{"n":' + b"9" * 5_000 + b"}", "more than 4,300 digits", "numbers that every reader of JSON takes", ""),
    (b'{"name":"\xff"}', "its byte 10 is not UTF-8", "JSON in UTF-8", ""),
    ('{"a":1}'.encode("utf-16"), "it is in UTF-16", "JSON in UTF-8", ""),
    (b'[{"issuer":"a"}]', "it is an array, not an object", "a JSON object", ""),
    (b'{"issuer":"a",}', "it is no JSON: ", "JSON", ""),
    (b"", "it is empty", "JSON", ""),
]
told = pytest.mark.parametrize(("body", "why", "wanted", "limit"), TOLD)
OBJECTS = [each for each in TOLD if each[0].startswith(b"{")]


def check_told(problem: Problem, why: str, wanted: str, limit: str) -> None:
    assert why in problem.explain(), problem.explain()
    assert "instead of" not in problem.explain()
    assert wanted in problem.advise(), problem.advise()
    assert "Check that" not in problem.advise()
    assert not limit or problem.diagnosis_id == limit


PLACES = ["/.well-known/oauth-authorization-server", "/register"]


@told
@pytest.mark.parametrize("place", PLACES)
async def test_an_upstreams_document_or_registration_is_refused_in_the_readers_words(
    bench: Bench, upstream: Upstream, place: str, body: bytes, why: str, wanted: str, limit: str
) -> None:
    upstream.answers[place] = (200, {}, body)
    check_told(await refusal(bench.begin()), why, wanted, limit)


@pytest.mark.parametrize(("body", "why", "wanted", "limit"), OBJECTS)
async def test_an_upstream_whose_own_document_is_not_taken_is_not_treated_as_if_it_had_none(
    bench: Bench, upstream: Upstream, body: bytes, why: str, wanted: str, limit: str
) -> None:
    upstream.answers["/.well-known/oauth-protected-resource/mcp"] = (200, {}, body)
    check_told(await refusal(bench.begin()), why, wanted, limit)
    assert "POST /register" not in upstream.paths()


async def test_an_upstream_whose_documents_are_pages_has_none(bench: Bench, upstream: Upstream) -> None:
    """As a single-page app answers for every path."""
    upstream.answers["/.well-known/oauth-protected-resource/mcp"] = (200, {"content-type": "text/html"}, b"<html>")
    await bench.connect()


@told
async def test_an_upstreams_token_answer_is_refused_in_the_readers_words(
    bench: Bench, upstream: Upstream, body: bytes, why: str, wanted: str, limit: str
) -> None:
    begun = await bench.begin()
    query = await bench.authorized(begun)
    upstream.answers["/token"] = (200, {}, body)
    check_told(await refusal(bench.oauth.finish(bench.route, query, [begun.cookie])), why, wanted, limit)


@told
async def test_a_clients_document_and_key_set_are_refused_in_the_readers_words(
    body: bytes, why: str, wanted: str, limit: str
) -> None:
    documents = HttpClientDocuments(FrozenClock())
    fetches: list[Callable[[str], Awaitable[Any]]] = [documents.fetch, documents.fetch_keys]
    async with serve(answering(body)) as origin:
        for fetch in fetches:
            check_told(await refusal(fetch(f"{origin}/c")), why, wanted, limit)


@told
def test_a_providers_key_set_is_refused_in_the_readers_words(body: bytes, why: str, wanted: str, limit: str) -> None:
    with pytest.raises(Refused) as refused:
        read_keys("https://idp.example/keys", 200, body, "application/json; charset=utf-8")
    check_told(refused.value.problem, why, wanted, limit)


@told
def test_a_providers_token_answer_is_refused_in_the_readers_words(
    body: bytes, why: str, wanted: str, limit: str
) -> None:
    login = BrowserLogin("https://idp.example/a", "https://idp.example/t", "c", Secret("s"))
    problem = ProviderTokenAnswer(login, 200, "application/json", body, ()).problem()
    assert problem is not None
    check_told(problem, why, wanted, limit)


@told
def test_the_doctor_says_why_a_discovery_document_is_not_taken(body: bytes, why: str, wanted: str, limit: str) -> None:
    headers = {"content-type": "application/json"}
    answer = Answer("https://idp.example/.well-known/openid-configuration", 200, headers, body)
    ours = provider.Configured("https://idp.example", (), "https://k.example", "https://a.example", "https://t.example")
    check, *_ = provider.discovery(answer, ours)
    assert why in check.saw
    assert wanted in check.todo
    assert check.diagnosis_id == (limit or "DISC-05")
