"""What the gateway costs, as ratios of one run: `python -m tests.bench`. Nothing here is a test; no test is timed.

Absolute figures of one machine say little about another; the parts of Hypercorn's own raw-ASGI ceiling do travel.
"""
