"""How far a remembered consent reaches: to which redirect URIs a code goes without a page.

A client that registered itself got an id that nobody else can guess: whoever knows it was given it, so its consent
holds for every port of loopback, as RFC 8252 §7.3 has such clients take a new one each time. The same holds for a
client that authenticates: a code in other hands is worth nothing.

The id of any other client is public knowledge (the URL of its document, or what a configuration says), and any program
can ask in its name. What it is allowed holds for the very redirect URI that the person saw: another port or another
scheme is another program. The price is a click where such a client takes a new port (RFC 8252 §8.6 would ask always).
A web host proves who the client is, so there the origin is enough.
"""

from urllib.parse import urlsplit

from devgw.gateway.records import Client
from devgw.oauth.redirect_uri import RedirectKind, host_of, kind_of


def reach_of(client: Client, redirect_uri: str) -> str:
    """Return what a consent given for `redirect_uri` holds for; two requests with the same reach share one."""
    parts, kind = urlsplit(redirect_uri), kind_of(redirect_uri)
    if kind is RedirectKind.WEB:
        return f"{parts.scheme}://{parts.netloc}".lower()
    if client.is_public and client.registered_by != "dcr":
        return redirect_uri
    return host_of(redirect_uri) if kind is RedirectKind.PRIVATE_USE else f"{parts.scheme}://{host_of(redirect_uri)}"
