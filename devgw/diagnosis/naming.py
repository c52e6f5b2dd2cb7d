"""From a refusal to the name of the failure behind it: what an error page, an `error_description` and a rule all show.

A problem knows its name (`Problem.diagnosis_id`). What stands here, keyed by `Problem.reason`, are those whose name
follows from facts that are not typed yet.
"""

from collections.abc import Callable, Iterator

from devgw.diagnosis import naming_facts as by
from devgw.problems import Problem
from devgw.problems.base import reason_of

Name = str | None | Callable[[Problem], str | None]


def name_problem(problem: Problem) -> str | None:
    """Return the id in the catalogue for `problem`; None where it is no failure."""
    name = NAMES.get(problem.reason, problem.diagnosis_id)
    return name(problem) if callable(name) else name


def name_reason(reason: str) -> str | None:
    """Return the id that every problem with this reason has; None where there is none, or the facts decide."""
    name = NAMES.get(reason) or _BY_REASON.get(reason)
    return name if isinstance(name, str) else None


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


NAMES: dict[str, Name] = {
    "redirect_uri_mismatch": by.redirect_uri_mismatch,
    "challenge_method_unsupported": by.challenge_method,
    "challenge_malformed": by.challenge_malformed,
    "resource_unknown": by.resource_unknown,
    "client_metadata_invalid": by.client_metadata_invalid,
    "redirect_uri_refused": by.redirect_uri_refused,
    "client_unknown": by.client_unknown,
    "code_unknown": lambda problem: "RURI-11" if getattr(problem, "decoded_is_known", False) else "TOK-03",
    "verifier_wrong": by.verifier_wrong,
    "resource_changed": by.resource_changed,
    "grant_revoked": by.grant_revoked,
    "login_cookie_missing": by.login_cookie_missing,
    "provider_refused": by.provider_refused,
    "provider_code_refused": by.provider_code_refused,
    "provider_answer_unreadable": by.provider_answer,
    "keys_unavailable": by.keys_unavailable,
    "provider_token_invalid": by.provider_token_invalid,
    "capability_hidden": by.capability_hidden,
    "registration_impossible": by.registration_impossible,
    "registration_refused": by.registration_refused,
    "authorization_refused": by.authorization_refused,
    "token_request_refused": by.token_request_refused,
    "token_answer_unreadable": by.token_answer,
    # `StandardRefusal`: in the standard's own words, without facts of ours
    "invalid_request": "REQ-01",
    "invalid_client": "TOK-01",
    "invalid_grant": "TOK-03",
    "unauthorized_client": "REQ-02",
    "unsupported_grant_type": "REQ-02",
    "unsupported_response_type": "REQ-02",
    "invalid_scope": "SCOPE-01",
    "invalid_target": "AUD-01",
    "invalid_redirect_uri": "REG-05",
    "invalid_client_metadata": "REQ-01",
}

_BY_REASON = {reason_of(kind): kind.diagnosis for kind in _kinds(Problem)}
