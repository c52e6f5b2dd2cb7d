"""Settings that are right each for itself, and hardly meant."""

from collections.abc import Iterator, Mapping

from devgw.config.finding import Findings, Place
from devgw.config.shapes import LOOPBACK
from devgw.files import is_made_by_devgw
from devgw.foreign import addresses
from devgw.foreign.addresses import find_literal, is_this_machine, kind_of
from devgw.foreign.urls import read_url
from devgw.platforms.paths import is_below
from devgw.settings import Settings

OTHERS_LET_IN = "others-let-in"
"""The code of what lets others in than this machine's programs and pages."""


def doubt_settings(settings: Settings, places: Mapping[str, Place], findings: Findings) -> None:
    """Find what opens the gateway, keeps its state elsewhere, or leads browsers away from it.

    Args:
        settings: as they are read.
        places: where each of those is written that are given, by attribute.
        findings: takes the doubts.
    """
    if "host" in places and not _is_here(settings.host):
        message = f"The gateway will be reachable under {settings.host}, not on this machine alone."
        findings.warning("host-not-loopback", places["host"], message, 'Write host = "localhost" unless you mean it.')
    if "state_dir" in places and not is_below(settings.state_path, settings.root):
        message = f"State is kept outside of the project: in {settings.state_path}."
        findings.note("state-elsewhere", places["state_dir"], message, "Take the setting out to keep it in .devgw.")
    elif "state_dir" in places and settings.state_path.is_dir() and not is_made_by_devgw(settings.state_path):
        message = f"State is kept in {settings.state_path}, a folder of the project, where devgw writes no .gitignore."
        fix = "Take the setting out to keep it in .devgw, or see that git leaves out upstream.key and devgw.db."
        findings.warning("state-among-files", places["state_dir"], message, fix)
    for attribute, message in _let_in(settings):
        if attribute in places:
            findings.note(OTHERS_LET_IN, places[attribute], message, "Take it out unless you mean it.")
    if "origin" in places:
        _doubt_origin(settings, places["origin"], findings)


def _is_here(host: str) -> bool:
    """Tell whether only this machine reaches what listens there; 0.0.0.0 is every address that it has."""
    address = find_literal(host.strip("[]"))
    return is_this_machine(host) if address is None else kind_of(address) == addresses.LOOPBACK


def _let_in(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield by which settings others than this machine are let in, and how."""
    if settings.allowed_hosts:
        yield "allowed_hosts", f"The gateway also answers under {', '.join(settings.allowed_hosts)}."
    if settings.allowed_origins:
        yield "allowed_origins", f"Pages of {', '.join(settings.allowed_origins)} may call the gateway."
    if settings.trusted_proxies:
        proxies = ", ".join(settings.trusted_proxies)
        yield "trusted_proxies", f"What {proxies} says of a request's host and scheme is believed."
    if settings.ca_file is not None:
        yield "ca_file", f"What authorities in {settings.ca_file} sign is believed of any server."
    if settings.origin is not None and not is_this_machine(read_url(settings.origin).host):
        yield "origin", f"Browsers and their sign-ins are sent to {settings.origin}."


def _doubt_origin(settings: Settings, at: Place, findings: Findings) -> None:
    """Find an origin on this machine that is another port than the gateway's, or wants TLS; 0 leaves the port open."""
    origin = read_url(settings.canonical_origin)
    if origin.host not in LOOPBACK or settings.port == 0:
        return
    if settings.port != origin.port:
        message = f"Browsers are sent to {origin.origin}, and devgw listens on port {settings.port}."
        fix = f"Write port = {origin.port}, or take `origin` out, unless something passes on what comes there."
        findings.warning("origin-elsewhere", at, message, fix)
    elif origin.scheme == "https":
        message = f"Browsers are sent to {origin.origin}, and devgw speaks plain http on that port."
        fix = f'Write origin = "http://{origin.host}:{origin.port}", or let what ends TLS listen on another port.'
        findings.warning("origin-elsewhere", at, message, fix)
