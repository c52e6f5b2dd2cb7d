"""Whether somebody takes connections at a port of this machine."""

import socket

_PROBE_SECONDS = 0.25
"""Windows tries a closed port for two seconds; who listens on this machine answers in a millisecond."""
_ASKED = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  it is not bound here


def is_taken(host: str, port: int) -> bool:
    """Tell whether somebody takes connections there: macOS lets one address be bound beside a listener on all."""
    try:
        with socket.create_connection((_ASKED.get(host, host), port), _PROBE_SECONDS) as probe:
            return bool(probe.getsockname() != probe.getpeername())  # the system may have given it to the probe
    except (OSError, UnicodeError):  # a label that is empty or too long has no form in DNS
        return False
