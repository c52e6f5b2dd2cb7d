"""Proof that nothing from outside ends it, crosses users or loses something: `python -m tests.trust kill|faults|…`.

Each command starts a gateway as the program it is, on free ports, attacks or breaks it over real sockets, prints what
it counted and exits 1 where a promise was broken. All are bounded by their arguments; `all --short` runs a short form
of each. `TEST_DEVGW_PATH` names a source tree to try in place of this one.
"""
