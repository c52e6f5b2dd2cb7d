"""What is decided: each service takes typed questions, checks, commits, publishes, and answers or raises `Refused`.

No framework, no network, no database here: the store, the clock and the network come in as protocols.

May import: config, diagnosis, events, oauth, problems, mcp, the ground.
"""
