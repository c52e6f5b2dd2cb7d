"""Deletes what the gateway registered at somebody's authorization server, where that says how (RFC 7592 §2.3)."""

from devgw.gateway.connection import UpstreamClient
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.guard import check_form, is_local, upstream_check
from devgw.problems import Refused

SECONDS = 2.0
"""For all of it: a person who leaves is waiting."""


async def deregister(client: UpstreamClient) -> str:
    """Delete a registration; return why it stays, to be shown; empty where the server says that it is gone."""
    import httpx2  # noqa: PLC0415  only where something is deleted

    where, word = client.secrets.registration_uri, client.secrets.registration_token
    if not where or not word:
        return "it offers no deletion (RFC 7592)"
    try:
        local = await is_local(client.issuer)
        check_form(where, local_allowed=local)
        async with http_client(Bounds(SECONDS), upstream_check(where, local_allowed=local)) as http:
            answer = await http.delete(where, headers={"authorization": f"Bearer {word}"})
    except (Refused, httpx2.HTTPError, httpx2.InvalidURL, OSError):
        return "it offers a deletion (RFC 7592), and could not be asked for it"
    is_gone = 200 <= answer.status_code < 300
    return "" if is_gone else f"it offers a deletion (RFC 7592), and answered {answer.status_code} to it"
