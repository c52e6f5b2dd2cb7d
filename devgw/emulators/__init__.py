"""Counterparts that make a first start possible offline: each a plain ASGI app on an origin of its own.

They are reached over HTTP only, like the services they stand for, so that redirects, cookies, CORS and JWKS fetches are
real. They import `clock` and `entropy` of ours, the cleaner of what pages print, and nothing else: a mistake cannot be
shared with the gateway, which would then agree with itself. Each keeps its state in memory and says on every page that
it is an emulator.
"""
