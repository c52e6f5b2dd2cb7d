"""Where a tunnel leads: directly, or by the proxy of the environment; and why it leads nowhere."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devgw.outbound.dialer import named_connecting
from devgw.outbound.far_end import open_far_end
from devgw.outbound.target import target_of
from devgw.problems import Refused
from tests.support.serving import listen


@asynccontextmanager
async def proxy(answer: bytes, asked: list[bytes]) -> AsyncIterator[int]:
    """Serve a proxy that answers so, and then says what it is told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.write(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("host", "place"), [("far.example", b"far.example:8443"), ("2001:db8::1", b"[2001:db8::1]:8443")]
)
async def test_a_tunnel_leads_through_the_proxy_of_the_environment(
    host: str, place: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    async with proxy(b"HTTP/1.1 200 OK\r\n\r\n", asked) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{port}")
        reader, writer = await open_far_end(host, 8443)
        writer.write(b"hello")
        assert await reader.read() == b"hello"
        writer.close()
    assert asked[0].startswith(b"CONNECT " + place + b" HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic YWRhOnNlY3JldA==" in asked[0]


async def test_a_proxy_that_opens_no_tunnel_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n", []) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{port}")
        with pytest.raises(Refused) as refused:
            await open_far_end("far.example", 443)
    said = refused.value.problem.explain()
    assert "407" in said
    assert "secret" not in said


@pytest.mark.parametrize("name", ["my..proxy", "a" * 64 + ".example"])
async def test_a_proxy_whose_name_has_no_form_in_dns_is_said_to_be_unusable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{name}:3128")
    with pytest.raises(Refused) as refused:
        await open_far_end("far.example", 443)
    assert f"the proxy http://{name}:3128 cannot be used" in refused.value.problem.explain()


async def test_what_the_command_asks_for_is_no_setting_of_a_project() -> None:
    with pytest.raises(Refused) as refused:
        await open_far_end("nobody.invalid", 443)
    assert "orrect the host in the URL that the command asks for" in refused.value.problem.advise()


async def test_this_machine_is_never_asked_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with listen() as listening:
        listening.listen()
        _, writer = await open_far_end("localhost", listening.getsockname()[1])
        writer.close()


@pytest.mark.parametrize(
    ("host", "reason"), [("127.0.0.1", "upstream_refused_connection"), ("no-such.invalid", "upstream_name_unknown")]
)
async def test_why_a_place_is_not_reached_is_a_problem(host: str, reason: str) -> None:
    with listen() as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Refused) as refused:
        await open_far_end(host, port)
    assert refused.value.problem.reason == reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "the network is unreachable"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "there is no route to that host"),
        (OSError(f"Multiple exceptions: [Errno {errno.ENETUNREACH}] Network is unreachable"), "the network is"),
    ],
)
def test_why_nobody_is_reached_is_said_in_words(error: OSError, said: str) -> None:
    problem = named_connecting(error, target_of("http://far.example/mcp"))
    assert said in problem.explain()
    assert "Errno" not in problem.explain()


def test_where_this_machine_does_not_know_localhost_nobody_is_sent_to_correct_the_url() -> None:
    problem = named_connecting(socket.gaierror("unknown"), target_of("http://localhost:9002/mcp"))
    assert "127.0.0.1 localhost" in problem.advise()
    assert "Correct" not in problem.advise()
