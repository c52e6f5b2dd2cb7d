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


def registration_impossible(problem: Problem) -> str:
    """Name a `registration_impossible` by its facts."""
    return "UPST-09" if _says(problem, "why", "loopback", "metadata document", "reach") else "REG-01"


def registration_refused(problem: Problem) -> str:
    """Name a `registration_refused` by its facts."""
    if _says(problem, "upstream_error", "invalid_redirect_uri"):
        return "REG-05"
    if _says(problem, "description", "scope"):
        return "REG-12"
    return "REG-11" if getattr(problem, "status_code", 0) == 429 else "REG-01"


def authorization_refused(problem: Problem) -> str:
    """Name a `authorization_refused` by its facts."""
    if _says(problem, "upstream_error", "access_denied"):
        return "CONS-04"
    return "AUD-07" if _says(problem, "description", "aadsts9010010", "resource") or _target(problem) else "UPST-06"


def _target(problem: Problem) -> bool:
    return _says(problem, "upstream_error", "invalid_target")


def token_request_refused(problem: Problem) -> str:
    """Name a `token_request_refused` by its facts."""
    if _target(problem):
        return "AUD-07"
    if _says(problem, "upstream_error", "invalid_client", "unauthorized_client"):
        return "TOK-07"
    return "TOK-05" if getattr(problem, "status_code", 400) in (404, 405) else "UPST-08"


def token_answer(problem: Problem) -> str:
    """Name a `token_answer` by its facts."""
    return "TOK-04" if getattr(problem, "status_code", 200) == 200 else "TOK-05"
