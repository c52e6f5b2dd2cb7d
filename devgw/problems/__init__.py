"""Why we say no: each refusal is a value, defined here and nowhere else.

A `Problem` is a frozen dataclass whose fields are the facts (typed, never secret). It knows the standard's `error` for
the wire, a `hint` (the one change that mends it), a `source` (RFC section or page) and how to `explain()` itself.
`reason` is its class name in snake_case and stable. `Refused(problem)` is raised; `web/` answers it in one place.

May import: nothing of ours but the ground.
"""

from devgw.problems.base import ErrorCode, Problem, Refused

__all__ = ["ErrorCode", "Problem", "Refused"]
