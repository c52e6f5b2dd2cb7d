"""The ports of emulators: kept for them, another where somebody has theirs, and routes led to where they are."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devgw.clock import FrozenClock
from devgw.foreign.held import HeldTogether
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.companions import OAUTH_SAMPLE, SAMPLE, WORKOS, Companion, Companions, Recipe, is_local
from devgw.wiring.kept_port import KeptPort
from tests.config.bench import operation, read, write


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_free_port_is_the_one_and_is_kept_until_it_is_let_go() -> None:
    port = free_port()
    place = KeptPort(port)
    try:
        assert (place.port, place.origin) == (port, f"http://localhost:{port}")
        place.bind()
        assert place.port == port, "what is bound is bound once"
        assert KeptPort(port).port != port
        place.release()
        again = KeptPort(port)
        assert again.port == port
        again.release()
        for _ in range(2):
            listeners = place.take()
            assert (listeners.port, place.port) == (port, port)
            listeners.close()
        place.bind()
        assert place.port == port
    finally:
        place.release()


def test_in_place_of_a_port_that_somebody_has_another_is_taken_and_told(taken: int) -> None:
    place = KeptPort(taken)
    try:
        assert (place.wanted, place.port != taken, place.port > 0) == (taken, True, True)
        note = f"It runs at {place.origin}. Port {taken}, where it is meant to be, was taken"
        assert companion(SAMPLE, taken, place).note == f"{note}; routes to that port lead here."
        assert companion(WORKOS, taken, place).note == f"{note}."
        assert companion(SAMPLE, place.port, place).note == f"It runs at {place.origin}."
        assert companion(SAMPLE, 0, place).note == f"It runs at {place.origin}."
    finally:
        place.release()


def companion(name: str, port: int, place: KeptPort) -> Companion:
    recipe = Recipe(name, port, None, lambda _origin: object(), "It runs at {origin}.")
    return Companion(recipe, place, HeldTogether(1000, 10))


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("http://localhost:9002/mcp", True),
        ("http://127.0.0.1:9002/mcp", True),
        ("http://[::1]:9002/mcp", True),
        ("HTTP://LOCALHOST:9002/mcp", True),
        ("https://localhost:9002/mcp", False),
        ("http://localhost:9003/mcp", False),
        ("http://localhost:90020/mcp", False),
        ("http://localhost/mcp", False),
        ("http://box.lan:9002/mcp", False),
        ("not a url", False),
    ],
)
def test_a_route_to_a_samples_port_is_known(url: str, *, leads: bool) -> None:
    assert is_local(url, 9002) is leads


@pytest.mark.parametrize(
    ("upstream", "led"), [("localhost:{}/mcp:{}?a=:{}", "localhost:{}/mcp:{}?a=:{}"), ("[::1]:{}/x", "[::1]:{}/x")]
)
def test_routes_are_led_to_where_a_sample_really_is(tmp_path: Path, taken: int, upstream: str, led: str) -> None:
    """And only those: in the rest of a URL the digits may stand for anything."""
    paths = {
        "/mcp/a": upstream.format(taken, taken, taken),
        "/mcp/b": f"localhost:{taken + 1}/mcp",
        "/mcp/c": "x.example/",
    }
    routes = {path: {"post": operation(f"http://{url}", path[-1])} for path, url in paths.items()}
    ports = EmulatorSettings(workos=False, upstream_port=taken, upstream_auth_port=free_port(), workos_port=free_port())
    loaded = read(write(tmp_path, None, routes), settings=Settings(root=tmp_path, emulators=ports))
    assert loaded.project is not None, loaded.findings
    companions = Companions(Settings(root=tmp_path, emulators=ports), FrozenClock())
    try:
        (sample,) = companions.place(companions.plan(loaded, loaded.project))
        assert (sample.recipe.name, sample.recipe.port) == (SAMPLE, taken)
        found = {route.path: route.upstream_url for route in companions.lead(loaded.project).routes}
        port = sample.place.port
        assert found == {
            "/mcp/a": f"http://{led.format(port, taken, taken)}",
            "/mcp/b": f"http://localhost:{taken + 1}/mcp",
            "/mcp/c": "http://x.example/",
        }
        assert companions.place(companions.plan(loaded, loaded.project)) == []
        assert companions.superfluous({}) == [sample]
        sample.place.release()
    finally:
        companions.workos.release()


def test_each_port_brings_its_own_sample_and_none_where_that_is_switched_off(tmp_path: Path) -> None:
    one, other = free_port(), free_port()
    for wanted, on, names in (
        (one, True, [SAMPLE]),
        (other, True, [OAUTH_SAMPLE]),
        (one, False, []),
        (other, False, []),
    ):
        ports = EmulatorSettings(upstream=on, upstream_port=one, upstream_auth_port=other, workos_port=free_port())
        settings = Settings(root=tmp_path, emulators=ports)
        routes = {"/mcp/a": {"post": operation(f"http://127.0.0.1:{wanted}/mcp")}}
        loaded = read(write(tmp_path, None, routes), settings=settings)
        assert loaded.project is not None, loaded.findings
        companions = Companions(settings, FrozenClock())
        assert list(companions.plan(loaded, loaded.project)) == names
        companions.workos.release()
