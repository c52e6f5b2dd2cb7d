"""Takes a credential of the gateway's back at the upstream's authorization server, where that says how (RFC 7009)."""

from devgw.gateway.connection import UpstreamConnection
from devgw.ids import OperationId
from devgw.outbound.guard import is_local
from devgw.outbound.upstream_oauth.fetching import Errand
from devgw.outbound.upstream_oauth.token_requests import Credentials, TokenRequests
from devgw.problems import Refused


async def revoke(requests: TokenRequests, connection: UpstreamConnection) -> str:
    """Revoke a connection's refresh token, else its access token; return why it stays, to be shown, empty where not."""
    secrets, endpoint = connection.secrets, connection.revocation_endpoint
    secret = secrets.refresh_token or secrets.access_token
    if not endpoint or not secret:
        return "it offers no revocation (RFC 7009)"
    kind = "refresh_token" if secrets.refresh_token else "access_token"
    credentials = Credentials(connection.client_id, connection.token_endpoint_auth_method, secrets.client_secret)
    try:
        local = await is_local(connection.upstream_url)
        errand = Errand(connection.upstream_server_id, OperationId(""), connection.subject_id, local)
        status = await requests.revoke(errand, endpoint, credentials, secret, kind)
    except Refused:
        return "it offers a revocation (RFC 7009), and could not be asked for it"
    return "" if 200 <= status < 300 else f"it offers a revocation (RFC 7009), and answered {status} to it"
