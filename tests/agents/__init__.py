"""The agents that people use, as installed from their registry: each in a home of its own, on loopback only.

No account is needed for an agent's MCP connection. They go by client metadata documents, which are not there without
internet: what is tried is the way of the README's first command, offline. One that is not installed is skipped by name.
"""
