"""Settings that are right each for itself, and hardly meant."""

from collections.abc import Mapping

from devgw.config.finding import Findings, Place
from devgw.config.shapes import LOOPBACK
from devgw.foreign.urls import read_url
from devgw.settings import Settings


def doubt_settings(settings: Settings, places: Mapping[str, Place], findings: Findings) -> None:
    """Find what opens the gateway, keeps its state elsewhere, or leads browsers away from it.

    Args:
        settings: as they are read.
        places: where each of those is written that are given, by attribute.
        findings: takes the doubts.
    """
    if "host" in places and settings.host not in LOOPBACK:
        message = f"The gateway will be reachable under {settings.host}, not on this machine alone."
        findings.warning("host-not-loopback", places["host"], message, 'Write host = "localhost" unless you mean it.')
    if "state_dir" in places and not settings.state_path.resolve().is_relative_to(settings.root.resolve()):
        message = f"State is kept outside of the project: in {settings.state_path}."
        findings.note("state-elsewhere", places["state_dir"], message, "Take the setting out to keep it in .devgw.")
    if "origin" in places:
        _doubt_origin(settings, places["origin"], findings)


def _doubt_origin(settings: Settings, at: Place, findings: Findings) -> None:
    """Find an origin on this machine that is another port than the gateway's, which 0 leaves open."""
    origin = read_url(settings.canonical_origin)
    if origin.host in LOOPBACK and settings.port not in (0, origin.port):
        message = f"Browsers are sent to {origin.origin}, and devgw listens on port {settings.port}."
        fix = f"Write port = {origin.port}, or take `origin` out, unless something passes on what comes there."
        findings.warning("origin-elsewhere", at, message, fix)
