"""What is kept of what happened: books that fold the events, and the rows and details that faces show of them.

A `Monitor` observes the bus in a task of its own (`Watching`), never inside a request: it counts and puts things in
place; sentences, masks and JSON are made when somebody looks. Each of its parts is guarded, and so is each row that is
made: one that fails takes no other along. A tick judges flows within a budget of time (`Judging`). Every change gets a
number (`seq`), so that a reader who knows the last number it saw can be given exactly what changed since, however slow
it is. Traces and lines are bounded rings in memory; of
what strangers send (bodies, heads) 64 MB are kept, and the oldest lose theirs first. What is written down of a flow
(`RecordedFlow`) is what faces show, with nothing in it that is configured and its fingerprints keyed (`KeptText`).

May import: diagnosis, config, events, oauth, problems, mcp, the ground. No JSON, no network, no database: what was
there before the start comes through the `Records` protocol.

Decided against: a queue of encoded messages per reader (memory grows with the slowest one; the rings already hold
everything), and rows rebuilt from the database (the last use of a token is not worth a write per request).
"""
