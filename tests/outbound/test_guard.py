"""Which addresses a foreign document may send the gateway to."""

import asyncio
import socket

import pytest

from devgw.clock import FrozenClock
from devgw.outbound.client_documents import HttpClientDocuments
from devgw.outbound.guard import check_form, check_url, is_local
from devgw.problems import Refused
from devgw.problems.client_document import ClientDocumentForbidden
from devgw.problems.proxy import UpstreamNameUnknown
from devgw.problems.upstream import AddressForbidden
from devgw.problems.upstream_document import IssuerMismatch
from devgw.problems.upstream_registration import RegistrationRefused
from tests.outbound.bench import Bench, refusal
from tests.outbound.upstream import Upstream

SPECIAL = [
    "http://127.0.0.1/x",
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://10.1.2.3/x",
    "https://172.16.0.1/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/x",
    "https://[fd00::1]/x",
    "https://0.0.0.0/x",
    "https://100.64.0.1/x",
    "https://localhost/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
]


@pytest.mark.parametrize("url", SPECIAL)
async def test_a_public_upstream_cannot_send_us_to_special_addresses(url: str) -> None:
    """MCP Security Best Practices §SSRF; RFC 6890."""
    assert isinstance(await refusal(check_url(url, local_allowed=False)), AddressForbidden)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://",
        "https://user:pass@127.0.0.1/",
        "//127.0.0.1/",
        "x",
        "https://[",
        "http://1.1.1.1/x",
    ],
)
@pytest.mark.parametrize("local_allowed", [False, True])
async def test_what_is_no_plain_https_url_is_never_fetched(url: str, local_allowed: bool) -> None:
    assert isinstance(await refusal(check_url(url, local_allowed=local_allowed)), AddressForbidden)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9003/x", "http://localhost/x", "http://[::1]/x", "https://1.1.1.1/x"]
)
async def test_a_local_upstream_may_name_local_addresses(url: str) -> None:
    """A loopback gateway in front of loopback servers is what this is for."""
    await check_url(url, local_allowed=True)


@pytest.mark.parametrize("address", ["[2002:7f00:1::1]", "[fec0::1]", "192.0.0.8", "169.254.169.254", "[ff02::1]"])
async def test_what_is_neither_public_nor_near_is_not_said_to_be_this_machine(address: str) -> None:
    problem = await refusal(check_url(f"http://{address}/x", local_allowed=True))
    assert f"{address.strip('[]')} is no public address (" in problem.explain()


async def test_what_is_near_is_said_to_be() -> None:
    problem = await refusal(check_url("https://10.0.0.1/x", local_allowed=False))
    assert "10.0.0.1 is an address of this machine or network (private)" in problem.explain()


async def test_a_name_that_nobody_knows_is_named() -> None:
    assert isinstance(await refusal(check_url("https://nobody.invalid/x", local_allowed=True)), UpstreamNameUnknown)


async def test_local_is_what_lies_on_this_machine_or_network() -> None:
    assert await is_local("http://localhost:1/")
    assert await is_local("http://any.localhost:1/"), "whether the resolver knows such names or not"
    assert await is_local("https://192.168.0.1/")
    assert not await is_local("https://1.1.1.1/")


async def test_no_redirect_of_a_document_is_followed(bench: Bench, upstream: Upstream) -> None:
    """Each hop would be another chance to be sent somewhere."""
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        upstream.answers[path] = (302, {"location": "/elsewhere"}, b"")
    problem = await refusal(bench.begin())
    assert "302 → /elsewhere" in problem.explain()
    assert "GET /elsewhere" not in upstream.paths()
    upstream.answers.clear()
    upstream.answers["/register"] = (307, {"location": "/elsewhere"}, b"")
    assert isinstance(await refusal(bench.begin()), RegistrationRefused)
    assert "POST /elsewhere" not in upstream.paths()


async def test_an_absurdly_long_document_is_not_read_to_its_end(bench: Bench, upstream: Upstream) -> None:
    body = b'{"issuer": "' + b"x" * 3_000_000 + b'"}'
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        upstream.answers[path] = (200, {}, body)
    problem = await refusal(bench.begin())
    assert not isinstance(problem, IssuerMismatch)
    assert len(problem.explain()) < 1000


async def test_behind_a_proxy_the_proxy_looks_names_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that reaches the world through a proxy alone often cannot resolve public names at all."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    await check_url("https://nobody.invalid/x", local_allowed=False)
    assert not await is_local("https://nobody.invalid/x")
    for url in ("https://10.0.0.1/x", "https://localhost/x", "http://nobody.invalid/x"):
        assert isinstance(await refusal(check_url(url, local_allowed=False)), AddressForbidden)

    with pytest.raises(Refused):  # the proxy would send it on in the clear, to wherever the name leads there
        check_form("http://nobody.invalid/x", local_allowed=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example/x", "https://localhost/x", "https://LOCALHOST./x", "https://any.localhost/x",
        "https://ip6-loopback/x", "https://127.1/x", "https://[::ffff:0:10.0.0.1]/x",
    ],
)  # fmt: skip
def test_the_form_tells_what_needs_no_look_at_addresses(url: str) -> None:
    with pytest.raises(Refused):
        check_form(url, local_allowed=False)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "fec0::1", "64:ff9b::7f00:1"])
async def test_a_name_is_where_it_leads(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """One good address among several does not help: any of them may be connected to."""
    leading_to(monkeypatch, "1.1.1.1", address)
    assert isinstance(await refusal(check_url("https://mcp.example/x", local_allowed=False)), AddressForbidden)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_the_name_of_a_client_leads_to_the_public_alone(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    leading_to(monkeypatch, address)
    problem = await refusal(HttpClientDocuments(FrozenClock()).fetch("https://client.example:1/c"))
    assert isinstance(problem, ClientDocumentForbidden)


def leading_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def found(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)


async def test_this_machine_is_asked_directly_whatever_the_environment_says(
    bench: Bench, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await bench.begin()
    back = await bench.authorized(begun)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    other = bench.restarted()
    await other.oauth.finish(other.route, back, [begun.cookie])
    assert await other.token() in upstream.access_tokens
    await other.begin()
