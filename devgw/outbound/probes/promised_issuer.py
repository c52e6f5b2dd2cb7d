"""Which `iss` the identity provider's metadata promises with each answer to a login (RFC 9207 §3)."""

from devgw.outbound.probes.asking import Asker
from devgw.outbound.probes.provider import Pair, discovery_url


async def promised_issuer(asker: Asker, pair: Pair) -> str | None:
    """Return the `iss` that the provider's metadata promises; empty for none, None where it has no such metadata."""
    if pair.policy.oidc is None or pair.is_workos:
        return None
    document = (await asker.ask("GET", discovery_url(pair.policy.oidc.issuer), {"accept": "application/json"})).document
    named = str(document.get("issuer", ""))
    if named not in (pair.policy.oidc.issuer, *pair.policy.oidc.other_issuers):
        return None
    return named if document.get("authorization_response_iss_parameter_supported") is True else ""
