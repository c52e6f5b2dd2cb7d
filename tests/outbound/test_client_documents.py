"""Client metadata documents and key sets from strangers: whatever stands there, the answer is a reason."""

import asyncio
import json
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.gateway.clients import ClientDocument
from devgw.outbound.client_documents import HttpClientDocuments
from devgw.problems import Refused
from tests.support.serving import serve


def answering(
    body: bytes, *, cache_control: str = "", trickles: bool = False, status: int = 200, location: str = ""
) -> Any:
    """Return an app that answers every request so; one that trickles sends a byte now and then, for ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        headers = [(b"content-type", b"application/json"), (b"cache-control", cache_control.encode())]
        headers += [(b"location", location.encode())] if location else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": trickles})
        while trickles:
            await asyncio.sleep(0.05)
            await send({"type": "http.response.body", "body": b" ", "more_body": True})

    return app


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "https://[::1",
        "https://host.example:99999/c",
        "https://host.example:x/c",
        "https://" + "a" * 70 + ".example/c",
        "https:///c",
        "https://",
        "http://localhost:1/\x01",
        "ftp://localhost/c",
        "file:///etc/passwd",
        "http://example.com/c",
    ],
)
async def test_a_url_that_is_none_is_refused_with_a_reason(url: str) -> None:
    documents = HttpClientDocuments(FrozenClock())
    for fetch in (documents.fetch, documents.fetch_keys):
        with pytest.raises(Refused) as refused:
            await fetch(url)
        assert refused.value.problem.explain()


async def test_a_document_nested_deeper_than_any_is_refused() -> None:
    async with serve(answering(b"[" * 5000)) as origin:
        documents = HttpClientDocuments(FrozenClock())
        for fetch in (documents.fetch, documents.fetch_keys):
            with pytest.raises(Refused):
                await fetch(f"{origin}/c")


@pytest.mark.parametrize("body", [b"[", b"{}" + b" " * 6000, None])
async def test_a_key_set_is_called_a_key_set_and_no_document(body: bytes | None) -> None:
    """A client that registered has no metadata document at all."""
    documents = HttpClientDocuments(FrozenClock())
    async with serve(answering(body or b"")) as origin:
        url = f"{origin}/keys" if body else "http://localhost:1/keys"
        with pytest.raises(Refused) as refused:
            await documents.fetch_keys(url)
    problem = refused.value.problem
    assert problem.explain().startswith(f"The key set {url} of a client")
    assert "metadata document" not in problem.explain()
    assert "cimdEnabled" not in problem.advise()
    local = HttpClientDocuments(FrozenClock(), may_be_local=False)
    with pytest.raises(Refused) as refused:
        await local.fetch_keys(url)
    assert refused.value.problem.explain().startswith("The key set")


async def test_a_document_that_trickles_in_is_given_up() -> None:
    """The limit is of the whole: each byte for itself comes in time."""
    async with serve(answering(b"{", trickles=True)) as origin, asyncio.timeout(5):
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock(), seconds=0.4).fetch(f"{origin}/c")
    assert "did not end it within 0.4 s" in refused.value.problem.explain()
    assert refused.value.problem.diagnosis_id == "LIMIT-04"


@pytest.mark.parametrize("cache_control", ["max-age=" + "9" * 5000, "max-age=-1", "max-age=x", 'max-age="60"', "=,;"])
async def test_no_cache_header_harms(cache_control: str) -> None:
    document: dict[str, Any] = {"client_name": "c", "redirect_uris": ["http://localhost/cb"]}
    holder: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await holder["app"](scope, receive, send)

    holder["app"] = answering(b"")
    async with serve(app) as origin:
        document["client_id"] = f"{origin}/c"
        holder["app"] = answering(json.dumps(document).encode(), cache_control=cache_control)
        assert await HttpClientDocuments(FrozenClock()).fetch(f"{origin}/c") == ClientDocument(document)


@pytest.mark.parametrize("path", ["/a/../client.json", "/./client.json", "/..", "/", ""])
async def test_a_client_id_has_a_path_without_dots(path: str) -> None:
    """OAuth Client ID Metadata Document §3."""
    async with serve(answering(b"{}")) as origin:
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock()).fetch(f"{origin}{path}")
        assert "path" in refused.value.problem.explain() or "dot segments" in refused.value.problem.explain()


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://localhost:1/c#x", "fragment"),
        ("http://u:p@localhost:1/c", "user name or password"),
        ("http://localhost:1/c ", "characters that no URL has"),
        ("http://localhost:1/a/../c", "dot segments"),
        ("http://localhost:1", "no path"),
        ("http://client.example/c", "not https"),
    ],
)
async def test_a_client_id_that_can_be_no_documents_url_is_to_be_another_and_no_document_is_to_be_published(
    url: str, wrong: str
) -> None:
    with pytest.raises(Refused) as refused:
        await HttpClientDocuments(FrozenClock()).fetch(url)
    problem = refused.value.problem
    assert problem.explain().startswith(f"The client id {url} ")
    assert wrong in problem.explain()
    assert problem.advise().startswith("Let the client have another client id, the URL of its document: ")


@pytest.mark.parametrize(
    ("status", "location", "said", "change"),
    [
        (304, "", "answered 304", "Publish the document at that URL"),
        (301, "", "answered 301", "Publish the document at that URL"),
        (302, "/login", "redirects, which is not followed: got /login", "with status 200 and no redirect"),
        (503, "", "answered 503", "Wait until that server answers again"),
        (501, "", "answered 501", "its own log says why"),
        (511, "", "answered 511", "Sign in to the network first"),
    ],
)
async def test_what_mends_a_document_that_is_not_given_goes_by_what_its_server_answered(
    status: int, location: str, said: str, change: str
) -> None:
    async with serve(answering(b"{}", status=status, location=location)) as origin:
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock()).fetch(f"{origin}/c")
    problem = refused.value.problem
    assert said in problem.explain()
    assert "None" not in problem.explain()
    assert change in problem.advise()


async def test_a_key_set_that_is_not_there_is_no_matter_of_the_client_id() -> None:
    async with serve(answering(b"{}", status=404)) as origin:
        with pytest.raises(Refused) as refused:
            await HttpClientDocuments(FrozenClock()).fetch_keys(f"{origin}/keys")
    assert refused.value.problem.advise().startswith(
        "Publish the key set at that URL, or let the client have the URL at which it is as its jwks_uri. "
    )
