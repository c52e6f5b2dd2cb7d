"""Names that depend on the facts of a refusal: one function per `Problem.reason`, each giving an id or None."""

from devgw.problems import Problem


def _fact(problem: Problem, name: str) -> str:
    """Return a fact as text, empty where the problem has none of that name."""
    value = getattr(problem, name, None)
    return "" if value is None else str(value)


def _says(problem: Problem, name: str, *words: str) -> bool:
    text = _fact(problem, name).lower()
    return any(word in text for word in words)


def challenge_method(problem: Problem) -> str:
    """Name a `challenge_method` by its facts."""
    return "PKCE-03" if _fact(problem, "got") else "RURI-10"


def challenge_malformed(problem: Problem) -> str:
    """Name a `challenge_malformed` by its facts."""
    length = getattr(problem, "length", 43)
    return "RURI-10" if not _fact(problem, "character") and 0 < length < 43 else "PKCE-04"
