"""The dashboard: what a developer sees of a running gateway, and asks of it.

It knows the control socket's client and messages and the values that travel on it (`events.flow`), nothing else of
ours, and no web framework or HTTP client: its process starts in a third of a second and stays small.

How it is cut, from the bottom up:

- `look/`: lines of styled text as plain values, glyphs, themes, countdowns, frames. Pure.
- `filter/`, `lists/`: the filter language; rows that arrive, in order, filtered, with a cursor by identity. Pure.
- `views/`: what each of the ten views shows: columns, filter fields, detail tabs. Pure: rows in, lines out.
- `keys/`, `overlays/`: one key map, from which dispatch, key bar, help and palette are made; and what lies over it.
- `desk.py`: the state of the user's desk. Pure. `feed.py`: the wire. `app.py`: Textual, a thin shell around these.
- `child.py`, `entry.py`, `terminal.py`: the gateway as a child process, start, end and crash.

Decided against, after measuring: Textual's DataTable (171 ms a key with live rows), a Textual screen or tab per view
(50-200 ms; swapping what one widget draws costs 8), modal screens, its Footer and command palette. Every surface is one
line-API widget that is handed finished lines and repaints those that differ; so all drawing is a pure function.
"""
