"""A request to the token or revocation endpoint, in the form that Authlib's server framework reads."""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from devgw.entropy import digest, same
from devgw.gateway.records import Client
from devgw.oauth.metadata import SCOPE
from devgw.oauth.parameters import Parameters
from devgw.oauth.redirect_uri import find_fitting
from devgw.oauth.registration import METHODS_SUPPORTED


class ServerRequest(OAuth2Request):  # type: ignore[misc]  # Authlib ships no types
    """One request, read already: no body is parsed twice, and no parameter may have come twice."""

    def __init__(
        self, parameters: Mapping[str, str], headers: Mapping[str, str], *, client_keys: dict[str, Any] | None = None
    ) -> None:
        super().__init__(
            "POST", "https://gateway.invalid/", headers=dict(headers)
        )  # the scheme silences Authlib's guard
        self._values = dict(parameters)
        self.payload = BasicOAuth2Payload(self._values)
        self.client_keys = client_keys
        """The client's key set where it lives behind `jwks_uri`, fetched beforehand."""
        self.facts: dict[str, Any] = {}
        """What one step of a grant found out for a later one."""

    @property
    def args(self) -> dict[str, str]:
        """Return the parameters."""
        return self._values

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters."""
        return self._values

    @classmethod
    def read(
        cls, parameters: Parameters, headers: Mapping[str, str], client_keys: dict[str, Any] | None = None
    ) -> "ServerRequest":
        """Return the request that these form parameters make.

        Raises:
            Refused: with `ParameterRepeated`; only `resource` may come more than once (RFC 8707 §2).
        """
        parameters.check_none_repeated("resource")
        return cls(parameters.as_dict(), headers, client_keys=client_keys)


class RegisteredClient(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """A client record, answering Authlib's questions."""

    def __init__(self, record: Client) -> None:
        self.record = record

    def get_client_id(self) -> str:
        """Return its id."""
        return self.record.id

    def get_default_redirect_uri(self) -> str | None:
        """Return its redirect URI where it has only one."""
        return self.record.redirect_uris[0] if len(self.record.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:  # noqa: ARG002  there is only one
        """Return the one scope; what a client registered is no ceiling (`spec.md` §4)."""
        return SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether it registered this redirect URI."""
        return find_fitting(self.record.redirect_uris, redirect_uri) is not None

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether this is its secret."""
        return self.record.secret_digest is not None and same(self.record.secret_digest, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  the same at each
        """Tell whether it registered this method; basic and post carry the same secret and are taken alike."""
        registered = self.record.token_endpoint_auth_method
        if self.record.registered_by == "cimd" and method in self.record.metadata.get(METHODS_SUPPORTED, ()):
            return True  # its document offers several
        return method == registered or {method, registered} == {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether it may ask for this response type."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it registered this grant type; every client of ours may redeem a code."""
        return grant_type == "authorization_code" or grant_type in self.record.grant_types
