"""The names of things: one type each, so that a grant's id never travels where a token's is meant."""

from typing import NewType

ClientId = NewType("ClientId", str)
"""`dcr:…` for a registered client, an https URL for a metadata document, anything for one of the configuration."""
GrantId = NewType("GrantId", str)
"""`g-…`: what a subject allowed a client on one route."""
TokenId = NewType("TokenId", str)
"""`at:…`, `rt:…`, `code:…`: kind and fingerprint of what was issued; never the secret."""
SessionId = NewType("SessionId", str)
"""`s-…`: a signed-in browser; the cookie's value is another, secret, string."""
TransactionId = NewType("TransactionId", str)
"""`t-…`: one pending authorization, from /oauth/authorize to its code."""
TraceId = NewType("TraceId", str)
"""Eight hexadecimal digits: one HTTP request."""
FlowId = NewType("FlowId", str)
"""`f-…`: one client's way from its first 401 to its first tool call."""
SubjectId = NewType("SubjectId", str)
"""The identity provider's `sub`."""
OperationId = NewType("OperationId", str)
"""The route's `operationId`."""
UpstreamServerId = NewType("UpstreamServerId", str)
"""The id of a token-exchange policy, which names one upstream MCP server."""
