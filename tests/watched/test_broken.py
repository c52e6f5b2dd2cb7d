"""A server from which no whole answer comes: its client meets what it meets without us, and the failure has a name."""

import asyncio
import socket
import struct
from pathlib import Path

import httpx2
import pytest

from devgw.events.flow import FlowState
from devgw.events.taxonomy import DiagnosisMade, FaultMet
from tests.diagnosis.test_doctor_transport import Talk, http2, nothing, ssh, talking, tls
from tests.outbound.upstream import running_upstream
from tests.watched.bench import Watching, watching
from tests.watched.raw import HEADERS, INITIALIZE, RawClient

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def saying(content: bytes, *, resets: bool = False) -> Talk:
    """Return what answers with this, and ends the connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(content)
        await writer.drain()
        if resets:
            given = writer.get_extra_info("socket")
            given.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    return talk


async def outcome(url: str) -> tuple[str, str]:
    """Return how a call ends for an HTTP library: the kind of its error, and its words."""
    try:
        async with httpx2.AsyncClient(timeout=5) as http:
            answer = await http.post(url, json=INITIALIZE, headers=HEADERS)
    except httpx2.TransportError as error:
        return type(error).__name__, str(error)
    return "answered", f"{answer.status_code} {answer.text}"


async def named(watched: Watching, diagnosis_id: str) -> DiagnosisMade:
    async with asyncio.timeout(15):
        while True:
            found = [each for each in watched.events(DiagnosisMade) if each.diagnosis_id == diagnosis_id]
            if found:
                return found[0]  # type: ignore[no-any-return]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("talk", "diagnosis_id"),
    [
        (nothing, "NET-05"),
        (saying(b"", resets=True), "NET-05"),
        (saying(HEAD), "NET-05"),
        (saying(HEAD + b"content-length: 99\r\n\r\n{"), "NET-05"),
        (saying(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{"), "NET-05"),
    ],
    ids=["closed at once", "reset at once", "half a head", "a body that is cut", "a chunk that is cut"],
)
async def test_a_broken_connection_is_broken_for_the_client_in_the_same_words(
    talk: Talk, diagnosis_id: str, tmp_path: Path
) -> None:
    async with talking(talk) as url, watching(url, tmp_path) as watched:
        directly, through = await outcome(url), await outcome(watched.url)
        assert directly[0] != "answered"
        if directly[0] == "ReadError":  # that it was reset is the operating system's word
            assert through[0] in {"ReadError", "RemoteProtocolError"}
        else:
            assert through == directly
        made = await named(watched, diagnosis_id)
        assert url.removesuffix("/mcp") in (made.explanation or "")
        assert watched.flows()[0].state is not FlowState.DONE
        assert watched.events(FaultMet) == []


@pytest.mark.parametrize(("talk", "diagnosis_id"), [(ssh, "NET-09"), (http2, "NET-12")])
async def test_what_is_no_http_is_no_answer_of_ours_either(talk: Talk, diagnosis_id: str, tmp_path: Path) -> None:
    async with talking(talk) as url, watching(url, tmp_path) as watched:
        assert (await outcome(watched.url))[0] == "RemoteProtocolError"
        made = await named(watched, diagnosis_id)
        assert url.removesuffix("/mcp") in (made.explanation or "")


@pytest.mark.parametrize(("is_signed", "diagnosis_id"), [(False, "NET-03"), (True, "NET-11")])
async def test_a_certificate_that_is_not_believed_is_named(is_signed: bool, diagnosis_id: str, tmp_path: Path) -> None:
    async with talking(nothing, tls(tmp_path, is_signed=is_signed)) as url, watching(url, tmp_path) as watched:
        assert (await outcome(watched.url))[0] == "RemoteProtocolError"
        made = await named(watched, diagnosis_id)
        assert "SSL_CERT_FILE" in (made.hint or "")


@pytest.mark.parametrize("path", ["/register", "/token", "/authorize"])
async def test_an_endpoint_that_breaks_off_ends_the_step(path: str, tmp_path: Path) -> None:
    async with running_upstream() as upstream, talking(nothing) as gone:
        member = {"/register": "registration", "/token": "token", "/authorize": "authorization"}[path]
        upstream.server_metadata = {f"{member}_endpoint": gone.replace("/mcp", path)}
        async with (
            watching(f"{upstream.origin}/mcp", tmp_path) as watched,
            httpx2.AsyncClient(timeout=5, headers={"user-agent": "raw/1"}) as http,
        ):
            try:
                said = await RawClient(http, watched.url).go()
            except httpx2.RemoteProtocolError as error:
                said = str(error)
            assert "disconnected" in said or "RemoteProtocolError" in said
            await named(watched, "NET-05")
            failure = watched.flows()[0].failure
            assert failure is not None
            assert gone.removesuffix("/mcp") in failure.explanation


async def test_others_are_served_after_one_was_broken(tmp_path: Path) -> None:
    async with (
        running_upstream() as upstream,
        watching(f"{upstream.origin}/mcp", tmp_path) as watched,
        talking(nothing) as gone,
        httpx2.AsyncClient(timeout=5) as http,
    ):
        upstream.resource_metadata = {"authorization_servers": [gone.removesuffix("/mcp")]}
        await http.get(f"{watched.origin}/.well-known/oauth-protected-resource/mcp")
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get(watched.runtime.watched.origins.to_local(gone))
        assert (await http.post(watched.url, json=INITIALIZE, headers=HEADERS)).status_code == 401


@pytest.mark.parametrize("line", [b"403 Forbidden", b"401 Unauthorized", b"403 Not in your plan", b"500 ", b"502"])
async def test_the_words_beside_a_status_reach_the_client_which_repeats_them(line: bytes, tmp_path: Path) -> None:
    body = b"content-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
    async with (
        talking(saying(b"HTTP/1.1 " + line + b"\r\n" + body)) as url,
        watching(url, tmp_path) as watched,
        httpx2.AsyncClient(timeout=5) as http,
    ):
        place = "/.well-known/oauth-authorization-server"
        for directly, through in ((url, watched.url), (url.removesuffix("/mcp") + place, watched.origin + place)):
            expected = await http.post(directly, json=INITIALIZE, headers=HEADERS)
            answered = await http.post(through, json=INITIALIZE, headers=HEADERS)
            assert (answered.status_code, answered.reason_phrase) == (expected.status_code, expected.reason_phrase)
