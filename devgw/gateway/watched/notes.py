"""What a person is told of watching before anything is seen: what is changed on the way, and what cannot be seen."""

from typing import Final

NOTES: Final = (
    (
        "Changed on the way: the origin of each URL in challenges, redirects and metadata becomes a port here; nothing "
        "is made up. Left out of metadata: signed_metadata, mtls_endpoint_aliases, DPoP, JWT authentication. Where "
        "there is registration, client metadata documents are said not to be taken, so the client registers. At "
        "registration devgw's callback is added, and the answer to the login passes through it; cookies stop here."
    ),
    (
        "Not seen: the pages of login and consent, between the browser and the server. The consent page may name "
        "localhost as where the answer goes. An id_token names the real issuer: a client that checks it refuses it. A "
        "client with an id that was registered by hand gets its answer directly; where that has iss, most refuse it."
    ),
    (
        "Each login may register a client at the server, and the client keeps this URL as another server: remove it "
        "there afterwards. claude.ai and ChatGPT connect from their own machines and cannot reach localhost."
    ),
)

PROXY_NOTES: Final = (
    (
        "Changed on the way: nothing but Accept-Encoding, so that answers can be read. Opened: the origins above, and "
        "those to which their documents lead; a certificate of devgw's own, valid for a day, stands there for the "
        "server's. Everything else is tunnelled, and no byte of it is looked at; plain http, which knows no tunnel, is "
        "sent on, and nothing of it is kept."
    ),
    (
        "Not seen: the browser, so neither login nor consent, nor the answer to them; programs that take no proxy from "
        "their environment, or that believe the system's certificates alone (Go and Swift on macOS); HTTP/2 and "
        "WebSocket, which are not offered. Go takes no proxy for localhost."
    ),
)
