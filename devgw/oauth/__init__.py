"""What OAuth says: requests and documents as values, and the rules that need nobody's memory.

Redirect URIs, resources, PKCE, client metadata, the metadata documents of both dialects. Pure: no store, no clock, no
network. What is decided with memory lives in `gateway`, under the same word.

May import: problems, mcp, the ground.
"""
