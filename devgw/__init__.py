"""devgw: a local development gateway for MCP servers behind OAuth.

The floors, from the street to the cellar; imports go downward only, and import-linter checks it:

    cli                                    what the user types
    wiring                                 the only place that constructs; start and stop order
    dashboard                              Textual; knows control's client and messages, nothing else of ours
    control                                typed messages, server, client
    web | outbound | store | emulators     how it travels
    monitor | gateway                      what is kept, what is decided
    config | diagnosis                     what was written, what went wrong
    events | oauth                         what happened, what OAuth says
    mcp | problems                         what MCP says, why we say no
    foreign                                the one door for foreign bytes: JSON, URLs, text
    departure                              marks of where we differ on purpose from the deployed gateway
    clock | entropy | files | ids | limits | settings | tasks     the ground
    platforms                              what differs between operating systems

The same word stands on every floor: `oauth/token.py` (what is asked and answered), `gateway/token.py` (what is
decided), `web/token.py` (how it travels).
"""

__version__ = "0.1.0"
