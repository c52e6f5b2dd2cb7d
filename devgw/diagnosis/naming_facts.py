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


_WORKOS_STEPS = ("organization", "email_verification", "mfa", "sso_required", "connection_", "invitation", "sign_up")


def provider_refused(problem: Problem) -> str:
    """Name a `provider_refused` by its facts."""
    if _says(problem, "provider_error", "access_denied", "signin_consent_denied"):
        return "CONS-04"
    if _says(problem, "provider_error", "invalid_scope"):
        return "SCOPE-01"
    return "WORK-04" if _says(problem, "provider_error", *_WORKOS_STEPS) else "IDT-12"


def provider_answer(problem: Problem) -> str:
    """Name a `provider_answer` by its facts."""
    if _says(problem, "got", "stand more than"):
        return "LIMIT-05"
    if getattr(problem, "status_code", 200) == 404 or _says(problem, "got", "html", "page"):
        return "TOK-05"
    return "IDT-04" if _says(problem, "expected", "id_token", "user") else "TOK-08"


def provider_code_refused(problem: Problem) -> str:
    """Name a `provider_code_refused` by its facts: a provider that is broken says nothing about the code."""
    return "IDT-13" if _says(problem, "provider_error", "status 5", "server_error", "unavailable") else "WORK-06"


def keys_unavailable(problem: Problem) -> str:
    """Name a `keys_unavailable` by its facts."""
    return "IDT-05" if _says(problem, "failure", "404") else "IDT-08"


_BY_CLAIM = {
    "aud": "IDT-04",
    "client_id": "IDT-05",
    "azp": "IDT-05",
    "alg": "IDT-09",
    "signature": "IDT-11",
    "exp": "IDT-07",
    "iat": "IDT-07",
    "nbf": "IDT-07",
    "nonce": "SESS-01",
}


def provider_token_invalid(problem: Problem) -> str:
    """Name a `provider_token_invalid` by its facts."""
    claim, got = _fact(problem, "claim").lower(), _fact(problem, "got")
    if claim == "form" and "more than" in got:
        return "LIMIT-05" if "stand more than" in got else "LIMIT-01"
    if claim in ("iss", "issuer"):
        if "sts.windows.net" in got:
            return "IDT-06"
        return "IDT-03" if "workos" in got + _fact(problem, "expected") or "/user_management/" in got else "IDT-02"
    if claim == "aud" and got and got not in ("None", "absent", "(absent)", "nothing"):
        return "AUD-09" if "client_" in _fact(problem, "expected") else "AUD-03"
    return _BY_CLAIM.get(claim, "IDT-10")


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
