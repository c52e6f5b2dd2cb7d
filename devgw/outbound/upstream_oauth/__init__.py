"""The gateway as an OAuth client of upstream MCP servers: discovery, registration, browser flow, tokens, their life.

Owns everything that is fetched from, or sent to, an upstream's authorization server. What is decided without the
network is in `oauth.discovery`, `foreign.challenge` and `oauth.token_answer`; what is kept, in `gateway.connection`.

    UpstreamOAuth     what the proxy asks (`obtain`, `renew`), and how it stands with each upstream (`states`)
    Connecting        the browser's way: `begin` gives the redirect, `finish` takes the callback
    Discovering       challenge, resource metadata, server metadata, in the order of the MCP revisions
    Registering       client metadata document, dynamic registration, or a manual client
    Fetching          asks through `outbound.client`, with the guard of `outbound.guard`, and tells every answer

Decided against:

- Following redirects of metadata or token endpoints: each hop would need the whole SSRF check anew, and no client
  follows them either.
- Authlib's own refresh and expiry: it reads the wall clock, and a connection outlives one client object. Its
  `AsyncOAuth2Client` builds and authenticates each token request; our hook takes the answer before it does, and
  `oauth.token_answer` reads it within limits.
- A connect link that works for whoever opens it: it names its subject, expires, and a browser signed in as somebody
  else is refused.

May import: gateway, config, events, oauth, problems, the ground, httpx2, Authlib, PyJWT.
"""
