"""The one door for foreign bytes: whatever a client, provider, upstream or file says is read here first.

    json       one reader of JSON: size, depth, duplicate members, numbers that are none
    toml       one reader of TOML
    urls       one reader of URLs: absolute http(s), without what hides where it leads
    addresses  one table of addresses: which are public, near, or kept for something else
    dates      one reader of the dates in headers
    challenge  one reader of WWW-Authenticate
    retry_after  one reader of how long to wait
    coding     what a body stands in that does not say so
    pieces     the network under httpx2, read in small pieces up to a last one
    text       one cleaner of text, for every screen, line and page

The limits themselves stand in `limits.Limits`, each with its reason.

May import: `settings`. Everything above may import it, but for the emulators, which take `text` and `pieces` alone.
"""
