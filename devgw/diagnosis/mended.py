"""Which printed changes were tried: a test does what is printed, read out of its words, and sees the flow succeed."""

_MENDED = """
AUD-01 AUD-03 AUD-05 AUD-06 AUD-07 AUD-09 AUD-10 BEAR-02 BEAR-03 BEAR-04 BEAR-05 BEAR-06 BEAR-07 BEAR-08 BEAR-09 BEAR-10
BEAR-11 CONF-01 CONF-02 CONF-03 CONF-04 CONF-05 CONF-06 CONF-08 CONF-09 CONF-10 CONF-11 CONS-02 CONS-03 CONS-04 CONS-05
CORS-01 CORS-06 DISC-01 DISC-02 DISC-03 DISC-05 DISC-07 DISC-08 DISC-09 DISC-10 DISC-11 DISC-12 DISC-13 DISC-14 DISC-15
DISC-16 DISC-17 HOST-01 HOST-02 HOST-03 HOST-04 HOST-08 HOST-09 HOST-10 IDT-01 IDT-02 IDT-03 IDT-04 IDT-05 IDT-07 IDT-08
IDT-09 IDT-10 IDT-12 IDT-13 IDT-14 IDT-15 IDT-16 IDT-17 IDT-18 IDT-19 IDT-20 IDT-21 IDT-22 IDT-23 IDT-24 IDT-25 IDT-26
IDT-27 IDT-28 IDT-29 IDT-30 IDT-31 IDT-32 IDT-33 IDT-34 IDT-35 IDT-36 LIMIT-01 LIMIT-02 LIMIT-03 LIMIT-04 LIMIT-05
LIMIT-06 LIMIT-20 LIMIT-21 LIMIT-22 LIMIT-23 LIMIT-24 LIMIT-25 LIMIT-26 LIMIT-27 LIMIT-40 LIMIT-41 LIMIT-42 LIMIT-50
NET-01 RURI-16
NET-02 NET-03 NET-04 NET-05 NET-06 NET-07 NET-08 NET-09 NET-10 NET-11 NET-12 NET-13 NET-14 PKCE-01 PKCE-02 PKCE-03
PKCE-04 PORT-01 PORT-02 PORT-04 PORT-05 PROXY-01 PROXY-03 PROXY-04 PROXY-05 PROXY-06 PROXY-07 PROXY-08 PROXY-09 PROXY-10
PROXY-11 PROXY-12 PROXY-13 PROXY-14 PROXY-15 PROXY-16 PROXY-17 PROXY-18 PROXY-19 PROXY-20 PROXY-21 PROXY-22 PROXY-23
PROXY-24 PROXY-25 PROXY-26 PROXY-27 PROXY-28 REFR-01 REFR-02 REFR-03 REFR-05 REFR-06 REFR-08 REFR-09 REFR-10 REG-01
REG-02 REG-05 REG-08 REG-09 REG-11 REG-12 REG-13 REG-14 REG-15 REG-16 REG-17 REG-18 REG-19 REQ-01 REQ-02 REQ-03 REQ-04
REQ-05 REQ-06 REQ-07 REQ-08 REQ-09 REQ-10 REQ-11 REVK-02 REVK-04 RURI-01 RURI-02 RURI-03 RURI-04 RURI-05 RURI-07 RURI-08
RURI-09 RURI-10 RURI-11 RURI-12 RURI-13 RURI-14 RURI-15 SCOPE-01 SCOPE-02 SCOPE-05 SCOPE-06 SESS-01 SESS-02 SESS-03
SESS-04 SESS-05 SESS-06 SESS-07 SESS-09 SESS-10 SESS-11 STATE-01 STATE-02 STATE-04 STATE-05 TOK-01 TOK-02 TOK-03
TOK-04 TOK-05 TOK-06 TOK-07 TOK-08 TOK-09 TOK-10 UPST-01 UPST-02 UPST-03 UPST-04 UPST-06 UPST-08 UPST-09 UPST-10
UPST-11 UPST-12 UPST-13 UPST-14 UPST-15 UPST-16 UPST-17 UPST-18 UPST-19 UPST-20 UPST-21 UPST-22 UPST-23 UPST-24
UPST-25 UPST-26 UPST-27 WORK-01 WORK-02 WORK-03 WORK-04 WORK-06 WORK-07 WORK-08 CORS-03
CORS-07 CORS-08 DISC-18 DISC-20 HOST-11 REG-21 SESS-12
"""
MENDED = frozenset(_MENDED.split())
"""Kept equal to the marks of the tests by a test."""

ELSEWHERE = {
    "AUD-02": "devgw takes the resource with a slash at its end and without, so that it refuses neither",
    "AUD-08": "a refresh at devgw keeps the resource of its grant, and another one is refused as AUD-06",
    "BEAR-01": "devgw loads no route that needs a person and has no OAuth policy, and passes no upstream's 401 on",
    "CONS-01": "devgw's consent page lists where its own form leads, so that no browser stops there",
    "CORS-02": "devgw answers the preflight of each MCP route before it looks for a token",
    "CORS-04": "devgw exposes WWW-Authenticate in each 401 of an MCP route",
    "CORS-05": "the change is a permission of the person's browser",
    "DISC-04": "devgw serves both forms of discovery, and a path of no route is told as DISC-14",
    "DISC-06": "devgw promises `iss` in all metadata that it serves",
    "HOST-05": "devgw serves its metadata under the Host that was asked, and adds no port of its own",
    "HOST-06": "devgw serves each loopback name metadata of its own, and takes the resource under each",
    "HOST-07": "the change is a tunnel on the public network",
    "IDT-06": "the change is made in Entra's manifest of the application",
    "IDT-11": "the change is a key of the provider, which alone can publish it",
    "LIMIT-07": "the change is one of a third party's own documents",
    "PROXY-02": "it is suspected alone, and nothing is suspected of a flow whose call was taken",
    "REFR-04": "devgw gives a refresh token, another or the same, in each answer to a refresh",
    "REG-04": "the projects that devgw reads configure no clients",
    "REG-06": "devgw compares at authorization with what it took at registration",
    "REG-07": "devgw takes whatever application_type a client registers",
    "REG-20": "the change is one of a third party's own registration endpoint",
    "REQ-12": "none of the clients that are driven proves possession",
    "REVK-01": "devgw asks its store about a token at each call",
    "REVK-03": "the change is a command of each client on the person's machine",
    "RURI-06": "the change is a permission of the person's browser or system",
    "SCOPE-04": "devgw has one scope, and gives it with each token",
    "SESS-08": "devgw spends the state of a login with the error too",
    "STATE-03": "the change is a right on the person's disk",
}
"""Changes that are made where no test reaches, and where that is; and what devgw itself does not let go wrong."""
