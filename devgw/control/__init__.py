"""The one way to see and steer a running gateway: NDJSON over `.devgw/control.sock`, one version number.

The reader says `hello` first (version, the last `seq` it saw); the gateway answers `hello`, then a snapshot in parts or
what changed since, then batches of changes. A reader that falls behind the gateway's rings gets a `gap` that says what
it lost, and goes on. Commands carry an id and get an answer on the same connection.

`messages`: what travels. `codec`: to and from lines. `server`: serves a monitor. `client`: what dashboard and CLI use;
it imports the standard library alone. Masking has happened before anything gets here.

May import: monitor, events, problems, the ground. Decided against: SSE over HTTP (44 % of a core at 1,000 events/s
against 28 %, and an HTTP client in the dashboard), and a message per event (a row that changed ten times in a tick
travels once).
"""
