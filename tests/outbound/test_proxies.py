"""Through which proxy a URL is asked."""

from datetime import timedelta

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts.check import Answer, unreachable
from devgw.diagnosis.verdicts.metadata import ShownMetadata, strict_eyes
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.provider_reach import keys_not_reached, token_not_reached
from devgw.outbound.proxies import find_proxy
from devgw.outbound.server_doctor import examine_server
from devgw.problems import Refused
from devgw.problems.machine import CaFileUnusable, ProxyUnusable
from tests.support.serving import listen, origin_of

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def asked_through(url: str) -> str | None:
    proxy = find_proxy(url)
    return proxy.url if proxy else None


@pytest.mark.parametrize("write", [str.upper, str.lower])
def test_each_scheme_has_its_variable_and_all_stands_in(environment: pytest.MonkeyPatch, write: type[str]) -> None:
    environment.setenv(write("https_proxy"), "http://secure:1")
    environment.setenv(write("all_proxy"), "other:2")

    assert asked_through("https://a.example/x") == "http://secure:1"
    assert asked_through("http://a.example/x") == "http://other:2"


@pytest.mark.parametrize(
    "host",
    ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"],
)
def test_this_machine_is_never_asked_through_one(environment: pytest.MonkeyPatch, host: str) -> None:
    environment.setenv("ALL_PROXY", "http://proxy:1")
    assert asked_through(f"http://{host}:9000/") is None


@pytest.mark.parametrize(
    ("exempt", "host", "is_direct"),
    [
        ("*", "a.example", True),
        ("example", "a.example", True),
        (".example", "a.example", True),
        ("*.example", "a.example", True),
        ("a.example", "a.example", True),
        ("a.example:443", "a.example:443", True),
        ("a.example:444", "a.example:443", False),
        ("xample", "a.example", False),
        ("other, a.example ,x", "a.example", True),
        ("10.0.0.0/8", "10.2.3.4", True),
        ("10.0.0.0/8", "11.2.3.4", False),
        ("fd00::/8", "[fd00::1]", True),
        ("fd00::1", "[fd00::1]", True),
        ("192.168.1.1", "192.168.1.1", True),
        ("", "a.example", False),
        ("/", "a.example", False),
    ],
)
def test_who_is_exempt(environment: pytest.MonkeyPatch, exempt: str, host: str, is_direct: bool) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy:1")
    environment.setenv("NO_PROXY", exempt)
    assert (asked_through(f"https://{host}/x") is None) is is_direct


@pytest.mark.parametrize(
    "proxy",
    ["socks5://u:hidden@proxy:1080", "http://[", "http://u:hidden@proxy:port", "http://", "ftp://proxy", "not a url"],
)
def test_one_that_cannot_be_spoken_to_is_named_without_its_password(
    environment: pytest.MonkeyPatch, proxy: str
) -> None:
    environment.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Refused) as refused:
        find_proxy("https://a.example/x")

    assert isinstance(refused.value.problem, ProxyUnusable)
    assert "hidden" not in refused.value.problem.explain()
    assert "hidden" not in repr(refused.value.problem)


def test_a_password_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://u:hidden@proxy:1")
    proxy = find_proxy("https://a.example/x")

    assert proxy is not None
    assert proxy.shown == "http://proxy:1"
    assert "hidden" not in repr(proxy)


@pytest.mark.parametrize("proxy", ["", "http://no-such-proxy.invalid:3128"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_reached_is_a_matter_of_this_machine(
    environment: pytest.MonkeyPatch, scheme: str, proxy: str
) -> None:
    with listen() as free:
        proxy = proxy or origin_of(free)
    environment.setenv(f"{scheme}_proxy", proxy)
    found = await examine_server(f"{scheme}://mcp.example/mcp", SystemClock())
    (check,) = found.checks

    assert (check.diagnosis_id, check.fault) == ("NET-07", "this machine")
    assert f"the proxy {proxy}" in check.saw
    assert "with mcp.example in NO_PROXY" in check.todo


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_that_is_down_is_not_called_a_provider_that_is(
    environment: pytest.MonkeyPatch, variable: str
) -> None:
    """Nobody was asked behind it: what is said of the provider's own host and port would not be so."""
    with listen() as free:
        proxy = origin_of(free)
    environment.setenv(variable, proxy)
    url, limit = "https://idp.example/token", timedelta(seconds=3)
    with pytest.raises(httpx2.ConnectError) as raised:
        async with http_client(Bounds(3)) as client:
            await client.post(url)
    for problem in (
        await token_not_reached(raised.value, url, limit),
        await keys_not_reached(raised.value, url, limit),
    ):
        assert f"the proxy {proxy} of the environment: the connection was refused" in problem.explain()
        assert "Start that proxy, or start devgw again" in problem.advise()
        assert "with idp.example in NO_PROXY" in problem.advise()
    environment.delenv(variable)
    with_none = (await token_not_reached(raised.value, url, limit)).explain()
    assert "proxy" not in with_none


def test_what_lies_on_this_machine_is_told_by_its_own_name_also_where_the_doctor_looks() -> None:
    problem = CaFileUnusable("SSL_CERT_FILE", "/nowhere.pem", "No such file or directory")
    answer = Answer("http://localhost:9000/x", failure=problem.explain(), problem=problem)
    served = ShownMetadata("http://localhost:9000/mcp", answer, answer, answer, answer)
    for check in (unreachable("provider.issuer", "asked", answer), *strict_eyes(served)):
        assert (check.diagnosis_id, check.todo) == ("NET-14", problem.advise())
        assert check.saw == problem.explain()
