"""How it travels: HTTP in, values to the gateway, values back, HTTP out.

`front` is the raw ASGI app that everything passes; `mcp` the raw ASGI data plane behind it; `app` the Quart app for
what a person or an OAuth client touches. Endpoints read the request, ask one service of the current generation, and
answer.
Below them the server: `listening` takes connections and `connections` makes room for them, `client_connection` gives
each of a client's steps a deadline, `http1` turns away what could be read in two ways. Protocol, ASGI and lifespan stay
Hypercorn's; its `worker_serve` was left, because no connection can be refused or put off there, and its idle task per
connection, because it outlives the client by 75 seconds.
`refusals` is the one place that turns a `Refused` into JSON, a page or a redirect.

Decided against: a Quart route for the MCP data plane (0.3-0.5 ms each), and flashing messages. The pages work without
script; one script keeps the key that spares a browser its next sign-in (why there is one: `gateway.page_proof`).

May import: gateway, monitor, config, diagnosis, events, oauth, problems, mcp, the ground, Quart.
"""
