"""What a project's `devgw.toml` sends to other machines than its configuration shows.

Whoever reads `policies.json` sees WorkOS, an upstream and its clients; these settings put somebody else in their place,
who would then get a password, a code or a secret. So they are noted, and asked about before a new project runs.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from devgw.config.client_documents_file import TABLE as CLIENT_DOCUMENTS
from devgw.config.finding import Findings, Place
from devgw.config.source import content_of
from devgw.config.upstreams_file import DOCUMENTS
from devgw.config.upstreams_file import TABLE as UPSTREAMS
from devgw.config.workos import BASE_URL
from devgw.foreign.addresses import is_this_machine
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.urls import UrlRefused, read_url
from devgw.settings import Settings, UpstreamSettings

SENT_ELSEWHERE = "sent-elsewhere"
"""The code of what puts another machine in the place of the one that the configuration names."""
_FIX = "Take it out unless you mean it."
_READ_BY_PEOPLE = frozenset(
    {
        *("service_documentation", "op_policy_uri", "op_tos_uri"),
        *("resource_documentation", "resource_policy_uri", "resource_tos_uri"),
    }
)
"""Members that lead nobody's login anywhere (RFC 8414 §2, RFC 9728 §2)."""


def doubt_destinations(
    settings: Settings, base_url: Place | None, at: Callable[[str], Place], findings: Findings
) -> None:
    """Find what goes to other machines than the project's configuration says.

    Args:
        settings: as they are read.
        base_url: where `workos.base_url` is written; None where it is not.
        at: tells where a setting of an open table is written, by its full name.
        findings: takes the doubts.
    """
    origin = origin_beyond(settings.workos_base_url or "")
    if base_url is not None and origin not in ("", BASE_URL):
        message = f"People sign in at {origin}, in place of {BASE_URL}."
        findings.note(SENT_ELSEWHERE, base_url, message, _FIX)
    for name, upstream in settings.upstreams.items():
        for member, origins in _laid_over(upstream):
            message = f"The sign-in at the upstream `{name}` uses {', '.join(origins)}, by its `{member}`."
            findings.note(SENT_ELSEWHERE, at(f"{UPSTREAMS}.{name}.{member}"), message, _FIX)
    for url, file in settings.client_documents.items():
        if origins := _redirected_to(url, file):
            message = f"Codes for the client {url} are sent to {', '.join(origins)}, by the copy of its document."
            findings.note(SENT_ELSEWHERE, at(f"{CLIENT_DOCUMENTS}.{url}"), message, _FIX)


def _laid_over(upstream: UpstreamSettings) -> Iterator[tuple[str, list[str]]]:
    """Yield which documents of an upstream have origins beyond this machine laid over them, and these."""
    for member in DOCUMENTS:
        laid = getattr(upstream, member)
        if origins := origins_in({name: value for name, value in laid.items() if name not in _READ_BY_PEOPLE}):
            yield member, origins


def _redirected_to(url: str, file: Path) -> list[str]:
    """Return the origins beyond this machine and the client's own to which a copy of its document lets codes go."""
    try:
        document = read_object(content_of(file))
    except (OSError, JsonRefused):
        return []
    return [each for each in origins_in(document.get("redirect_uris")) if each != origin_beyond(url)]


def origins_in(value: Any) -> list[str]:
    """Return the origins beyond this machine of every URL in a value of TOML or JSON, each once."""
    return list(dict.fromkeys(filter(None, map(origin_beyond, texts_in(value)))))


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a value of TOML or JSON."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from texts_in(each)


def origin_beyond(url: str) -> str:
    """Return the origin of a URL; empty where it is none, or this machine's."""
    try:
        read = read_url(url)
    except UrlRefused:
        return ""
    return "" if is_this_machine(read.host) else read.origin
