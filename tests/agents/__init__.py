"""The agents that people use, as installed from their registry: each in a home of its own, on loopback only.

None needs an account: a model of ours on loopback calls the tool `echo` once and repeats what it gave. The quick core
(each of a few agents from its own commands to a tool's answer) is part of every run; `python -m tests.agents` runs all
of it with all agents. One that is not installed is skipped by name.
"""
