"""One failure has one name and one text, whoever asked: the proxy over its sockets, or the OAuth side over HTTP."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from devgw.clock import FrozenClock, SystemClock
from devgw.config.project import Route
from devgw.events import Bus
from devgw.gateway.transport import Timing, TransportSettings, UpstreamRequest
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.reach import not_reached
from devgw.outbound.upstream_oauth.fetching import Errand, Fetching
from devgw.problems import Problem, Refused
from devgw.problems.base import Fault
from tests.outbound.bench import Bench, refusal
from tests.outbound.upstream import Upstream
from tests.support.certificates import key_and_certificate
from tests.support.serving import listen, origin_of

LIMITS = TransportSettings(connect_timeout=3, response_timeout=3)


def speaking_tls(folder: Path, name: str = "localhost", *, is_signed: bool = False) -> ssl.SSLContext:
    file = folder / "server.pem"
    file.write_bytes(key_and_certificate(name, is_signed=is_signed))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


SAYS = {
    "no http": b"SSH-2.0-x\r\n\r\n",
    "https to a plain port": b"HTTP/1.1 400 Bad\r\n",
    "the body is cut short": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
}


@asynccontextmanager
async def port(tls: ssl.SSLContext | None = None, says: bytes = b"") -> AsyncIterator[int]:
    """Run what takes connections, says something to each that sends anything, and closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(65_536):
            writer.write(says)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def silent(*, connects: bool) -> AsyncIterator[str]:
    """Yield the URL of a port that says nothing: to whoever connects, or, its queue being full, to the wish to."""
    with socket.create_server(("127.0.0.1", 0), backlog=8 if connects else 0) as listener, ExitStack() as stack:
        place = listener.getsockname()
        for _ in range(0 if connects else 4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            with suppress(BlockingIOError):
                filling.connect(place)
        yield f"http://127.0.0.1:{place[1]}/mcp"


async def by_the_proxy(url: str, limits: TransportSettings = LIMITS) -> Problem:
    client = ProxyClient(SystemClock(), limits)

    async def whole() -> None:
        answer = await client.open(UpstreamRequest("POST", url, [], b"{}"), Timing())
        while await answer.read():
            pass

    return await refusal(whole())


async def by_the_oauth_side(url: str, purpose: str = "challenge", seconds: float = 3) -> Problem:
    clock = FrozenClock()
    errand = Errand(UpstreamServerId("x"), OperationId("op"), SubjectId("anne"), local_allowed=True)
    return await refusal(Fetching(clock, Bus(clock), seconds=seconds).ask(errand, purpose, url, configured=True))


@pytest.mark.parametrize(
    ("case", "name", "advice"),
    [
        ("nothing listens", "NET-01", "Start the server that should listen there, or correct rewritePattern"),
        ("no such name", "NET-02", "orrect the host in rewritePattern"),
        ("a certificate that signed itself", "NET-03", "Set SSL_CERT_FILE to the PEM file"),
        ("a certificate without the one that signed it", "NET-11", "send the intermediate certificates"),
        ("https to a plain port", "NET-08", "write http:// in rewritePattern"),
        ("http to a port of TLS", "NET-08", "Write https:// in rewritePattern"),
        ("the connection is closed", "NET-05", "own log"),
        ("the body is cut short", "NET-05", "own log"),
        ("no http", "NET-09", "what listens on that port"),
    ],
)
async def test_both_sides_say_the_same_of_the_same_failure(case: str, name: str, advice: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        if case == "nothing listens":
            with listen() as free:
                url = origin_of(free)
        elif case == "no such name":
            url = "http://nobody.invalid:81"
        else:
            is_tls = "certificate" in case or case.startswith("http to")
            tls = speaking_tls(tmp_path, is_signed="without" in case) if is_tls else None
            says = SAYS.get(case, b"")
            scheme = "https" if "certificate" in case or case.startswith("https") else "http"
            url = f"{scheme}://127.0.0.1:{await stack.enter_async_context(port(tls, says))}"
        one, other = await by_the_proxy(f"{url}/mcp"), await by_the_oauth_side(f"{url}/mcp")

    assert one.diagnosis_id == other.diagnosis_id == name, (one.explain(), other.explain())
    assert advice in one.advise()
    is_here = getattr(one, "is_unanswered", False)  # where these tests run, there may be no DNS server
    assert (one.fault is Fault.CONFIGURATION) == (name == "NET-08" or (case == "no such name" and not is_here))
    assert one.advise() == other.advise()
    if name not in {"NET-05", "NET-09"}:
        assert one.explain() == other.explain()


async def test_not_reached_is_told_from_not_answered_and_a_setting_is_named_where_it_is_the_limit() -> None:
    """What asks of itself waits by limits of its own: raising those of the proxy changes nothing for it."""
    for connects, setting in ((False, "[proxy] connect_timeout"), (True, "[proxy] response_timeout")):
        async with silent(connects=connects) as url:
            quick = replace(LIMITS, connect_timeout=0.3, response_timeout=0.3)
            called = await by_the_proxy(url, replace(quick, are_proxy_settings=True))
            probed, asked = await by_the_proxy(url, quick), await by_the_oauth_side(url, seconds=0.3)
        said = f"No connection to {url} within 0.3 s." if not connects else "began no answer within 0.3 s."
        for problem in (called, probed, asked):
            assert problem.diagnosis_id == "NET-04"
            assert said in problem.explain()
        assert setting in called.advise()
        assert "[proxy]" not in probed.advise() + asked.advise()


async def test_a_certificate_for_another_name_and_one_that_ended_have_fixes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = speaking_tls(tmp_path, "other.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with port(tls) as number:
        problem = await by_the_proxy(f"https://localhost:{number}/mcp")

    assert problem.diagnosis_id == "NET-03"
    assert "host name that the certificate is for" in problem.advise()
    assert "SSL_CERT_FILE" not in problem.advise()


@pytest.mark.parametrize(
    ("then", "name"), [("it is silent", "NET-04"), ("it closes", "NET-05"), ("it is silent before TLS", "NET-04")]
)
async def test_what_fails_over_tls_is_not_laid_at_tls(
    then: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = speaking_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        if "silent" in then:
            await over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if "before" in then else tls)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
        problem = await by_the_oauth_side(url)
        over.set()

    assert problem.diagnosis_id == name, problem.explain()
    assert "TLS" not in problem.explain()


async def test_the_scheme_that_is_printed_connects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = speaking_tls(tmp_path)
    async with port(tls, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as number:
        url = f"http://localhost:{number}/mcp"
        assert "Write https://" in (await by_the_proxy(url)).advise()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        client = ProxyClient(SystemClock(), TransportSettings(connect_timeout=3, response_timeout=3))
        answer = await client.open(UpstreamRequest("POST", url.replace("http:", "https:"), [], b"{}"), Timing())
        assert answer.status == 200


async def test_who_does_not_listen_is_said_with_the_place_where_its_url_stands(upstream: Upstream) -> None:
    with listen() as free:
        nowhere = origin_of(free)
    bench = Bench(upstream)
    upstream.resource_metadata = {"authorization_servers": [nowhere]}
    problem = await refusal(bench.begin())
    assert problem.diagnosis_id == "NET-01"
    assert "`authorization_servers` of the upstream's metadata" in problem.advise()

    upstream.resource_metadata = {}
    upstream.server_metadata = {"registration_endpoint": f"{nowhere}/register"}
    assert "`registration_endpoint`" in (await refusal(bench.begin())).advise()

    upstream.server_metadata = {"token_endpoint": f"{nowhere}/token"}
    with pytest.raises(Refused) as refused:
        await bench.connect()
    assert "`token_endpoint`" in refused.value.problem.advise()


async def test_the_name_of_a_route_that_is_not_known_is_not_called_a_certificate(upstream: Upstream) -> None:
    bench = Bench(upstream)
    route: Route = replace(bench.route, upstream_url="http://nobody.invalid/mcp")
    problem = await by_the_oauth_side(route.upstream_url)
    assert "resolve" in problem.explain()
    assert "SSL_CERT_FILE" not in problem.advise()


@pytest.mark.parametrize(
    ("number", "fault", "words", "change"),
    [
        (socket.EAI_AGAIN, Fault.MACHINE, "no DNS server answered", "Connect this machine to its network or VPN"),
        (socket.EAI_NONAME, Fault.CONFIGURATION, "does not resolve.", "Correct the host in the URL"),
    ],
)
async def test_a_machine_without_dns_is_not_told_to_correct_the_name_first(
    number: int, fault: Fault, words: str, change: str
) -> None:
    problem = await not_reached(socket.gaierror(number, "x"), "https://mcp.example/mcp", 4, "the URL")
    assert (problem.diagnosis_id, problem.fault) == ("NET-02", fault)
    assert words in problem.explain()
    assert problem.advise().startswith(change)
