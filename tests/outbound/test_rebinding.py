"""Whoever owns a name says where it leads, each time anew: here once, and elsewhere for what is said and sent then."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.events import Bus, Published
from devgw.events.taxonomy import McpAuthUpstreamConnectionBegun, McpAuthUpstreamLoginProbed
from devgw.gateway.connecting import Begun
from devgw.gateway.transport import UpstreamRequest
from devgw.outbound.guard import is_local
from devgw.outbound.probes.outward import Outward, outward_of
from devgw.outbound.upstream_login_watch import UpstreamLoginWatch
from devgw.problems import Refused
from devgw.problems.upstream import AddressForbidden
from devgw.web.redirect import _led_by
from tests.outbound.bench import Bench, refusal
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.heard import Heard

NAME = "mcp.rebinding.example"
HERE, FAR = "127.0.0.1", "192.0.32.7"
Lead = Callable[..., None]


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """Let the name lead to the addresses given, one look-up after the other; to the last one from then on."""

    def to(*answers: tuple[str, ...] | str) -> None:
        running, left = asyncio.get_running_loop(), [each if isinstance(each, tuple) else (each,) for each in answers]
        resolve = running.getaddrinfo

        async def found(host: str | bytes, port: Any, **more: Any) -> Any:
            if host not in {NAME, NAME.encode()}:
                return await resolve(host, port, **more)
            now = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in now]

        monkeypatch.setattr(running, "getaddrinfo", found)

    return to


def named(upstream: Upstream) -> Bench:
    """Return a bench whose upstream goes by the name."""
    upstream.origin = upstream.issuer = upstream.origin.replace(HERE, NAME)
    return Bench(upstream)


async def redirected(bench: Bench, begun: Begun) -> dict[str, str]:
    """Go where the browser goes, which may look the name up elsewhere; return the callback's query."""
    return await bench.authorized(replace(begun, url=begun.url.replace(NAME, HERE, 1)))


async def test_an_upstream_of_this_network_is_connected_by_its_name(upstream: Upstream, lead: Lead) -> None:
    bench = named(upstream)
    lead(HERE)
    begun = await bench.begin()
    assert begun.url.startswith(f"{upstream.origin}/authorize?")
    assert "GET /.well-known/oauth-protected-resource/mcp" in upstream.paths()


async def test_a_name_that_led_here_is_asked_nowhere_else(upstream: Upstream, lead: Lead) -> None:
    """Else it would be near while that is asked, and far for the documents that may then name what is near."""
    bench = named(upstream)
    lead(HERE, FAR)
    problem = await refusal(bench.begin())
    assert isinstance(problem, AddressForbidden)
    assert f"{NAME} led into this network before, and now to {FAR} (public)" in problem.explain()
    assert upstream.asked == []


async def test_what_it_said_before_is_not_believed_where_nobody_knows_from_which_address(
    upstream: Upstream, lead: Lead
) -> None:
    """A call may have been answered from the internet, by a challenge that names a server of this machine."""
    async with running_upstream() as other:
        bench = named(upstream)
        lead(HERE)
        said = f'Bearer resource_metadata="{other.origin}/x"'
        await refusal(bench.renewed(said))
        begun = await bench.begin()
        assert "POST /mcp" in upstream.paths()
        await bench.oauth.finish(bench.route, await redirected(bench, begun), [begun.cookie])
        upstream.asked.clear()
        await bench.renewed(said)
        assert "POST /mcp" in upstream.paths()
        assert other.asked == []


async def test_a_name_with_an_address_elsewhere_is_not_near(lead: Lead) -> None:
    lead((HERE, FAR))
    assert not await is_local(f"http://{NAME}/mcp")
    lead((FAR, "10.0.0.1"))
    assert not await is_local(f"https://{NAME}/mcp")
    lead(("10.0.0.1", HERE))
    assert await is_local(f"https://{NAME}/mcp")


async def test_the_doctor_asks_such_a_name_nowhere_else_either(upstream: Upstream, lead: Lead) -> None:
    named(upstream)
    lead(HERE, FAR)
    outward = await outward_of(f"{upstream.origin}/mcp", SystemClock())
    for ask in (outward.own, outward.foreign):
        answer = await ask("GET", f"{upstream.origin}/mcp")
        assert answer.problem is not None
        assert "led into this network before" in answer.problem.explain()
    assert upstream.asked == []


async def test_a_server_of_the_internet_leads_the_doctor_here_by_no_name(upstream: Upstream, lead: Lead) -> None:
    named(upstream)
    lead(HERE)
    answer = await Outward(SystemClock(), local_allowed=False).foreign("GET", f"https://{NAME}:1/x")
    assert isinstance(answer.problem, AddressForbidden)
    assert f"{HERE} is an address of this machine" in answer.failure


async def test_a_url_whose_name_is_unknown_is_told_without_its_query() -> None:
    problem = await refusal(is_local("https://nobody.invalid/mcp?api_key=correct-horse"))
    assert problem.explain().startswith("The host name nobody.invalid of https://nobody.invalid/mcp does not resolve")


class _Answered:
    def __init__(self, peer: str) -> None:
        self.peer = peer


@pytest.mark.parametrize(
    ("before", "peer", "led_by"),
    [("", HERE, HERE), ("", FAR, FAR), (FAR, HERE, FAR), (HERE, FAR, FAR), ("", "", NAME), (NAME, HERE, NAME)],
)
def test_who_redirects_is_as_near_as_the_address_that_answered(before: str, peer: str, led_by: str) -> None:
    """A look at its name would tell what it leads to now; behind a proxy nobody knows, and so it is far."""
    request = UpstreamRequest("POST", f"https://{NAME}/mcp", [], led_by=before)
    assert _led_by(request, _Answered(peer)) == led_by  # type: ignore[arg-type]  # nothing else is read


async def test_its_tokens_are_sent_nowhere_else(upstream: Upstream, lead: Lead) -> None:
    bench = named(upstream)
    lead(HERE)
    begun = await bench.begin()
    back = await redirected(bench, begun)
    lead(HERE, FAR)
    with pytest.raises(Refused) as refused:
        await bench.oauth.finish(bench.route, back, [begun.cookie])
    assert "led into this network before" in refused.value.problem.explain()
    assert upstream.asked_at("/token") == []


async def test_the_look_at_its_login_goes_nowhere_else(upstream: Upstream, lead: Lead) -> None:
    """The person's browser is sent there; what we ask beside it is ours."""
    bench = named(upstream)
    lead(HERE)
    await bench.begin()
    (begun,) = [each for each in bench.events if isinstance(each, McpAuthUpstreamConnectionBegun)]
    upstream.asked.clear()
    lead(FAR)
    looked: list[asyncio.Task[None]] = []
    clock = SystemClock()
    bus = Bus(clock)
    told = Heard(bus)
    watch = UpstreamLoginWatch(bus, clock, lambda work: looked.append(asyncio.ensure_future(work)), patience=0)
    watch.hear(Published(1, clock.now(), begun))
    await asyncio.gather(*looked)

    (probed,) = [each for each in told.events if isinstance(each, McpAuthUpstreamLoginProbed)]
    assert "led into this network before" in str(probed.explanation)
    assert upstream.asked == []
