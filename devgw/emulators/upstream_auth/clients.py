"""Who asks: registration (RFC 7591), client metadata documents, redirect URIs, and client authentication."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any
from urllib.parse import unquote, urlsplit

from devgw.emulators.upstream.asgi import LOOPBACK
from devgw.emulators.upstream_auth.documents import fetch_document
from devgw.emulators.upstream_auth.records import SampleClient, SampleRecords
from devgw.emulators.upstream_auth.wire import OAuthError, split_uri
from devgw.entropy import digest, same, short_id, token

METHODS = ("none", "client_secret_basic", "client_secret_post")


def register(records: SampleRecords, asked: Any, *, always_secret: bool = False) -> dict[str, Any]:
    """Register a client and return the answer.

    Raises:
        OAuthError: where the metadata is not to be had.
    """
    if not isinstance(asked, dict):
        raise OAuthError("invalid_client_metadata", "The body must be a JSON object.")
    uris = _redirect_uris(asked, "invalid_redirect_uri")
    method = "client_secret_basic" if always_secret else asked.get("token_endpoint_auth_method", "client_secret_basic")
    if method not in METHODS:
        raise OAuthError("invalid_client_metadata", f"token_endpoint_auth_method must be one of {', '.join(METHODS)}.")
    secret = None if method == "none" else token("ucs_")
    name = str(asked.get("client_name") or "A client without a name")
    client = SampleClient(short_id("uc_", 16), name, uris, method, digest(secret) if secret else None)
    records.clients[client.id] = client
    answer: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(records.clock.now().timestamp()),
        "client_name": name,
        "redirect_uris": list(uris),
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    return answer | ({"client_secret": secret, "client_secret_expires_at": 0} if secret else {})


async def find_client(records: SampleRecords, client_id: str, *, takes_documents: bool) -> SampleClient:
    """Return the client, fetching its document where its id is a URL.

    Raises:
        OAuthError: where there is no such client, or its document is not to be had.
    """
    if client_id in records.clients:
        return records.clients[client_id]
    if not client_id.startswith(("http://", "https://")):
        raise OAuthError("invalid_client", f"No client has the id {client_id!r}.", 401)
    if not takes_documents:
        raise OAuthError("invalid_client", "This server takes no client metadata documents: register.", 401)
    return _client_of(client_id, await fetch_document(client_id))


def authenticate(client: SampleClient, form: dict[str, str], authorization: str | None) -> None:
    """Check the client's authentication against what it registered for.

    Raises:
        OAuthError: where the method or the secret is not the registered one.
    """
    method, secret = _presented(form, authorization)
    if method != client.auth_method:
        raise OAuthError("invalid_client", f"The client authenticated by {method}, not {client.auth_method}.", 401)
    if client.secret_digest and not same(digest(secret), client.secret_digest):
        raise OAuthError("invalid_client", "The client secret is wrong.", 401)


def client_id_of(form: dict[str, str], authorization: str | None) -> str:
    """Return the client id of a token or revocation request.

    Raises:
        OAuthError: where there is none.
    """
    client_id = _basic(authorization)[0] if authorization else form.get("client_id", "")
    if not client_id:
        raise OAuthError("invalid_client", "No client_id came.", 401)
    return client_id


def is_registered(client: SampleClient, redirect_uri: str) -> bool:
    """Tell whether a redirect URI is one of the client's; the port of a loopback one may differ (RFC 8252 §7.3)."""
    return any(uri == redirect_uri or _without_port(uri) == _without_port(redirect_uri) for uri in client.redirect_uris)


def _without_port(uri: str) -> tuple[str, ...]:
    parts = split_uri(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return (uri,)
    return (parts.scheme, parts.hostname, parts.path, parts.query)


def _redirect_uris(metadata: dict[str, Any], error: str) -> tuple[str, ...]:
    uris = metadata.get("redirect_uris")
    if not isinstance(uris, list) or not uris:
        raise OAuthError(error, "redirect_uris must be a list of at least one URI.")
    for uri in uris:
        parts = split_uri(uri) if isinstance(uri, str) else None
        is_loopback = parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK
        if parts is None or parts.fragment or not (is_loopback or (parts.scheme == "https" and parts.hostname)):
            raise OAuthError(error, f"{uri!r} is neither https nor http on loopback, or has a fragment.")
    return tuple(uris)


def _client_of(url: str, document: Any) -> SampleClient:
    if not isinstance(document, dict) or document.get("client_id") != url:
        raise OAuthError("invalid_client", f"The document at {url} does not name itself as client_id.", 401)
    if document.get("token_endpoint_auth_method", "none") != "none":
        raise OAuthError("invalid_client", "A client metadata document must say token_endpoint_auth_method none here.")
    name = str(document.get("client_name") or urlsplit(url).netloc)
    return SampleClient(url, name, _redirect_uris(document, "invalid_client"), "none")


def _presented(form: dict[str, str], authorization: str | None) -> tuple[str, str]:
    if authorization:
        return "client_secret_basic", _basic(authorization)[1]
    if "client_secret" in form:
        return "client_secret_post", form["client_secret"]
    return "none", ""


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        name, secret = "", ""
    if scheme.lower() != "basic" or not name:
        raise OAuthError("invalid_client", "The Authorization header is not HTTP Basic.", 401)
    return unquote(name.replace("+", " ")), unquote(secret.replace("+", " "))
