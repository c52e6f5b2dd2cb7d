"""The documents that clients discover us by, in both dialects.

Source: RFC 8414 §2, OpenID Connect Discovery §3, RFC 9728 §2, RFC 9207 §3, OAuth Client ID Metadata Document §5.
"""

from dataclasses import dataclass
from typing import Any

SCOPE = "mcp:tools"
"""The one scope."""
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""With which a client may sign its assertion."""
PROTOCOL_VERSION = "2026-07-28"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where one issuer is spoken to; all absolute URLs."""

    issuer: str
    authorization: str
    token: str
    registration: str
    revocation: str
    jwks: str


def authorization_server_metadata(endpoints: Endpoints, *, cimd: bool, id_jag: bool) -> dict[str, Any]:
    """Return the RFC 8414 document of one issuer.

    `offline_access` is left out on purpose: where it is advertised, clients ask for it and for `prompt=consent` at
    every login, though refresh tokens are issued anyway (`spec.md` §4).
    """
    grant_types = ["authorization_code", "refresh_token"]
    document: dict[str, Any] = {
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "registration_endpoint": endpoints.registration,
        "revocation_endpoint": endpoints.revocation,
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant_types,
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": cimd,
    }
    if id_jag:
        grant_types.append(JWT_BEARER)
        document["authorization_grant_profiles_supported"] = [ID_JAG_PROFILE]
    return document


def openid_configuration(endpoints: Endpoints, *, cimd: bool, id_jag: bool) -> dict[str, Any]:
    """Return the same in the OpenID dialect.

    The members that OpenID Connect Discovery requires are there, so that strict readers take the document; no ID token
    is ever issued, and no `openid` scope is offered.
    """
    return authorization_server_metadata(endpoints, cimd=cimd, id_jag=id_jag) | {
        "jwks_uri": endpoints.jwks,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def protected_resource_metadata(resource: str, name: str, issuer: str) -> dict[str, Any]:
    """Return the RFC 9728 document of one route."""
    return {
        "resource": resource,
        "resource_name": name,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [SCOPE],
        "mcp_protocol_version": PROTOCOL_VERSION,
    }
