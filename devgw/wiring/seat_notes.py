"""What a person is told at the start of where devgw sits: how clients and browsers elsewhere reach it."""

from collections.abc import Iterable, Mapping
from typing import Final

from devgw.foreign.shell import PASTE_ADDRESS
from devgw.platforms.seat import Seat, seat_of

_WAYS: Final = {
    Seat.WSL: "This is WSL: clients and browsers on Windows reach it under the same http://localhost URLs, unless "
    ".wslconfig says localhostForwarding=false.",
    Seat.CONTAINER: "This is a container: forward port {numbers} of it under the same number to the machine of your "
    "browser. VS Code does, as `forwardPorts` in devcontainer.json says; `docker run -p` does not reach loopback, on "
    "which devgw listens: give it `--network host`.",
    Seat.SSH: "This is a machine reached over SSH: on your own, run `ssh -N {tunnels} HOST` beside it, and open the "
    "same http://localhost URLs there.",
    Seat.CODESPACE: "This is a codespace: on your own machine, run `gh codespace ports forward {pairs}`, and open the "
    "same http://localhost URLs there.",
}
_RESCUE: Final = (
    "A client that runs here waits for the browser at a port of its own. Where the browser says after a login that "
    f"localhost cannot be reached, run `{PASTE_ADDRESS}` here and paste the whole address that it shows."
)


def seat_notes(environ: Mapping[str, str], ports: Iterable[int]) -> list[str]:
    """Return what to tell of where it is, where browsers open pages on `ports`."""
    seat = seat_of(environ)
    found = list(ports)
    told = _WAYS.get(seat, "").format(
        numbers=", ".join(map(str, found)),
        tunnels=" ".join(f"-L {each}:localhost:{each}" for each in found),
        pairs=" ".join(f"{each}:{each}" for each in found),
    )
    return list(filter(None, (told, rescue(environ))))


def rescue(environ: Mapping[str, str]) -> str:
    """Return how an answer gets to a client here that the person's browser does not reach; empty where it does."""
    return _RESCUE if seat_of(environ).is_apart else ""
