"""What is said where somebody else has the port: who, which other one is free, and what that changes."""

import os
from dataclasses import replace

from devgw.config.sample import SEED_FILE
from devgw.oauth.urls import Urls
from devgw.platforms.here import here
from devgw.settings import Settings
from devgw.web.listening import PortTaken, listen
from devgw.wiring.reading import read_project

LAST_PORT = 65_535
_TRIED = 20


def port_taken(error: PortTaken, settings: Settings) -> str:
    """Say by whom the port is taken, and what another one changes at the identity provider."""
    owner = here().owner_of(error.port) or "another process"
    other = _another(error.port, settings)
    return f"Port {error.port} is taken by {owner}. Stop it, or start with --port {other}{_moved(settings, other)}."


def why_taken(settings: Settings) -> str:
    """Say by whom the port of these settings is taken; empty where it is free."""
    try:
        listen(settings.host, settings.port).close()
    except PortTaken as taken:
        return port_taken(taken, settings)
    except OSError:
        return ""  # not this machine's address: the gateway says so
    return ""


def _another(port: int, settings: Settings) -> int:
    """Return the next port that is free, and that no emulator of this project is meant to have."""
    emulators = settings.emulators
    ours = {emulators.workos_port, emulators.upstream_port, emulators.upstream_auth_port}
    above, below = range(port + 1, min(port + _TRIED, LAST_PORT) + 1), range(port - 1, max(port - _TRIED, 0), -1)
    others: list[int] = [each for each in (*above, *below) if each not in ours]
    return next((each for each in others if _is_free(each)), others[0])


def _is_free(port: int) -> bool:
    try:
        listen("localhost", port).close()
    except (PortTaken, OSError):
        return False
    return True


def _moved(settings: Settings, port: int) -> str:
    """Return what another port changes where people sign in; empty where it changes nothing."""
    loaded = read_project(settings, os.environ)
    project = loaded.project
    if settings.origin or project is None or project.oauth is None or project.oauth.oidc is None:
        return ""
    callback = Urls(replace(settings, port=port).canonical_origin, project.base_path).callback
    if not loaded.wants_emulator:
        where = "at the identity provider (WorkOS: Redirects), beside or instead of the one for this port"
        return f"; then {callback} has to be registered {where}"
    return f"; then {callback} has to be among the redirectUris in {SEED_FILE}" if loaded.seed is not None else ""
