"""Headers by which whoever stands in front of a server tells it about a request: they are no client's to write.

An upstream believes its gateway. What a client says of its own address, of who was authenticated, of the certificate
that was shown, of the host, the URL and the method that were really meant, or in the name of a platform on which
gateways run, would be believed as the gateway's word. So such a header is told by what its words mean, not by a list of
products; what a policy of the route sets is the project's own word, and goes.

Underscores count as hyphens, since CGI and WSGI make one name of both (RFC 3875 §4.1.18). The parts of a trace
(`traceparent`, `x-amzn-trace-id`) claim nothing, and the names of MCP are its own.

Source: RFC 7239 §8.1; RFC 9440 §3 (Client-Cert); CVE-2016-5385 (`Proxy`, which CGI makes `HTTP_PROXY`).
"""

import re
from functools import lru_cache

_WHOM = (
    "user(?!-agent)|users?name|userid|userdn|userinfo|name|e?mail|groups?|roles?|subject|sub|uid|id|principal|identity"
    "|claims?|payload|extra|display-name|preferred-username|consumer|scopes?|entitlements?"
)
_BY = "remote|auth|authn|authenticated|webauth|sso|saml|oidc|jwt|iap|verified|trusted|current|login|shib"
_END = "client|user|proxyuser|real|remote|true|connecting|source|src|origin|originating|peer|caller"
_PLATFORM = (
    "zuplo|zp|cf|cloudfront|fly|vercel|fastly|akamai|incap|sucuri|do-connecting|tailscale|azure|appengine|apigateway"
    "|apigee|endpoint-api|envoy|istio|kong|tyk|krakend|traefik|arr|fd|nf|render|railway|gfe|google|dapr|amzn"
    "|goog-authenticated|goog-iap|ms-client-principal|ms-token|wl-proxy|l5d|serverless-authorization"
)
_MEANT = (
    # who was authenticated, by whoever did it
    rf"(?:x-)?(?:{_BY})-(?:{_WHOM})(?:-|$)",
    r"(?:x-)?user(?:name|id|dn|info)?(?:-(?:id|name|e?mail|groups?|roles?|sub|info|claims?|principal|identity))?$",
    r"x-(?:e?mail|groups?|roles?|principal|identity|subject|consumer|anonymous|credential)(?:-|$)",
    r"(?:x-)?(?:impersonate|authenticated|remote|auth-request)-",
    r"(?:sm|iv|oam|osso|eppn|shib)(?:-|$)|x-(?:pomerium|authentik|authelia|shib)-",
    # the certificate or the connection that was seen
    r"(?:x-)?(?:(?:client|peer)-(?:cert|dn|verif|subject|issuer|serial|fingerprint|san\b)|ssl|tls|mtls|spiffe)",
    r"(?:x-)?(?:front-end-https|https|scheme|url-scheme|protocol|via|host|server-name)$",
    # from where
    rf"(?:.*-)?(?:{_END})-?(?:ip|ipv[46]|addr|address|port)(?:-|$)",
    r"(?:x-)?(?:ip|ipaddress|forwarded|forwarder|coming-from|proxy|proxyuser|cluster|bluecoat|proxied)(?:-|$)",
    # which request was meant
    r"x-(?:original|rewrite|override|http-method|http-host|http-path|http-destinationurl)",
    r"(?:.*-)?(?:method|host|path|url|uri|scheme)-override$",
    r"(?:x-)?(?:request-ur[il]|waws-unencoded-url|disguised-host|was-default-hostname)$",
    # in the name of a platform
    rf"(?:x-)?(?:{_PLATFORM})(?:-|$)",
)
_CLAIM = re.compile("|".join(f"(?:{each})" for each in _MEANT))
_OTHERS = re.compile(r"mcp-|.*\btrace")
_REMEMBERED = 64
"""Bytes of a name: what is remembered of strangers is short."""


def is_claim(name: bytes) -> bool:
    """Tell whether a header, its name in lower case, says what only a gateway may say."""
    return _known(name) if len(name) <= _REMEMBERED else _is_claim(name)


def _is_claim(name: bytes) -> bool:
    plain = name.decode("latin-1").replace("_", "-")
    return _CLAIM.match(plain) is not None and _OTHERS.match(plain) is None


_known = lru_cache(maxsize=1024)(_is_claim)
