"""Keeps the records in SQLite: `.devgw/devgw.db`, WAL, one connection on the loop's own thread.

Only digests of what we issue are stored; credentials of upstreams are encrypted (`connections`). A schema is a list of
migrations, counted in `PRAGMA user_version`; a database from a newer devgw is refused with a sentence. `:memory:`
serves `--ephemeral` and the tests, through the same code.

Decided against: an ORM (the records are flat), a writer thread (a write takes 0.02 ms), JSON blobs (a column can be
indexed and read by a person with the sqlite3 shell).

May import: gateway's records, the ground.
"""
