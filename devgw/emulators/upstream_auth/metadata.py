"""What the upstream says of itself: protected resource metadata and authorization server metadata."""

from typing import Any

from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults

SCOPES = ("notes:read", "notes:write")
ODD_PRM_PATH = "/metadata/of/the/mcp-server.json"
PRM_PATH = "/.well-known/oauth-protected-resource"
AS_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


class Metadata:
    """The documents of one upstream, as its faults have them."""

    def __init__(self, origin: str, faults: SetFaults) -> None:
        self.issuer = origin
        self.resource = f"{origin}/mcp"
        self._faults = faults

    def is_prm_at(self, path: str) -> bool:
        """Tell whether the resource's metadata is served at `path`."""
        if self._faults.is_set(SampleFault.PRM_NOWHERE):
            return False
        if self._faults.is_set(SampleFault.PRM_ELSEWHERE):
            return path == ODD_PRM_PATH
        if self._faults.is_set(SampleFault.PRM_AT_ROOT):
            return path == PRM_PATH
        return path in {PRM_PATH, f"{PRM_PATH}/mcp", f"{PRM_PATH}/mcp/"}

    def protected_resource(self) -> dict[str, Any]:
        """Return the resource's metadata (RFC 9728)."""
        is_wrong = self._faults.is_set(SampleFault.PRM_WRONG_RESOURCE)
        document: dict[str, Any] = {
            "resource": f"{self.issuer}/another-mcp" if is_wrong else self.resource,
            "resource_name": "Sample notes with OAuth",
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
        }
        if not self._faults.is_set(SampleFault.PRM_WITHOUT_SCOPES):
            document["scopes_supported"] = list(SCOPES)
        return document

    def is_authorization_server_at(self, path: str) -> bool:
        """Tell whether the authorization server's metadata is served at `path`."""
        if self._faults.is_set(SampleFault.METADATA_NOWHERE):
            return False
        return path in (AS_PATHS[1:] if self._faults.is_set(SampleFault.OIDC_ONLY) else AS_PATHS)

    def authorization_server(self) -> dict[str, Any]:
        """Return the authorization server's metadata (RFC 8414)."""
        document: dict[str, Any] = {
            "issuer": self._issuer_shown(),
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "registration_endpoint": f"{self.issuer}/register",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": self.takes_documents,
            "scopes_supported": list(SCOPES),
        }
        for fault, member in _LEFT_OUT:
            if self._faults.is_set(fault):
                del document[member]
        if self._faults.is_set(SampleFault.PLAIN_ONLY):
            document["code_challenge_methods_supported"] = ["plain"]
        return document

    @property
    def takes_documents(self) -> bool:
        """Tell whether a client may be a metadata document."""
        return not (self._faults.is_set(SampleFault.NO_CIMD) or self._faults.is_set(SampleFault.NO_REGISTRATION))

    def challenge(self, *parameters: tuple[str, str]) -> str | None:
        """Return the WWW-Authenticate of a 401 or 403, or None where the fault is that there is none."""
        if self._faults.is_set(SampleFault.CHALLENGE_MISSING):
            return None
        shown = [*parameters]
        if not self._faults.is_set(SampleFault.PRM_WITHOUT_SCOPES):
            scopes = SCOPES[:1] if self._faults.is_set(SampleFault.CHALLENGE_READ_ONLY) else SCOPES
            shown = [("scope", " ".join(scopes)), *shown] if "scope" not in dict(shown) else shown
        if not (self._faults.is_set(SampleFault.PRM_NOWHERE) or self._faults.is_set(SampleFault.PRM_AT_ROOT)):
            path = ODD_PRM_PATH if self._faults.is_set(SampleFault.PRM_ELSEWHERE) else f"{PRM_PATH}/mcp"
            shown.append(("resource_metadata", f"{self.issuer}{path}"))
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in shown) if shown else "Bearer"

    def _issuer_shown(self) -> str:
        if self._faults.is_set(SampleFault.WRONG_ISSUER):
            return "https://login.another-upstream.example"
        return f"{self.issuer}/" if self._faults.is_set(SampleFault.ISSUER_SLASH) else self.issuer


_LEFT_OUT = (
    (SampleFault.NO_S256, "code_challenge_methods_supported"),
    (SampleFault.NO_REGISTRATION, "registration_endpoint"),
    (SampleFault.PRM_WITHOUT_SCOPES, "scopes_supported"),
)
