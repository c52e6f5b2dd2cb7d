"""The built-in client: signs in at the gateway and calls its tools over HTTP, as any client does; its flows are real.

    login      discovery, registration, the authorization request, the code, refresh
    calling    a session at an MCP route: its tools, and a call
    person     goes through the pages as somebody of the emulator would, where no browser is wanted
    page       the forms and links of a page

Used by the dashboard's test client and by `devgw login`, `token` and `call`. What the gateway refuses is `StepRefused`,
with the gateway's own words: its flow, and `devgw why`, tell the rest.
"""
