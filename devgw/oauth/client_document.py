"""The gateway's own client metadata, as an upstream's authorization server reads or registers it.

Source: RFC 7591 §2, OAuth Client ID Metadata Document §4.1, MCP 2026-07-28 §Client Registration (application_type).
"""

from typing import Any
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback_host(host: str | None) -> bool:
    """Tell whether a host name is one of this machine's own names for itself."""
    return host is not None and (host in LOOPBACK or host.endswith(".localhost") or host.startswith("127."))


def client_metadata(display_name: str, redirect_uri: str, auth_method: str) -> dict[str, Any]:
    """Return what the gateway registers. The scope is left out: some servers would take it as a ceiling for ever."""
    native = is_loopback_host(urlsplit(redirect_uri).hostname)
    return {
        "client_name": f"devgw for {display_name}",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": auth_method,
        "application_type": "native" if native else "web",
    }


def client_metadata_document(client_id: str, display_name: str, redirect_uri: str) -> dict[str, Any]:
    """Return the document that stands at `client_id`, of a public client."""
    return {"client_id": client_id, **client_metadata(display_name, redirect_uri, "none")}
