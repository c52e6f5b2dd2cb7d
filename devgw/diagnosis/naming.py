"""From a refusal to the name of the failure behind it: what an error page, an `error_description` and a rule all show.

Keyed by `Problem.reason`; where the facts decide, a small function does. None means that this refusal is no failure
but an ordinary answer (a first 401, an expired token that will be refreshed, a tool that a filter is meant to hide).
"""

from collections.abc import Callable

from devgw.diagnosis.difference import explain_difference
from devgw.problems import Problem

Name = str | None | Callable[[Problem], str | None]


def name_problem(problem: Problem) -> str | None:
    """Return the id in the catalogue for `problem`; None where it is no failure."""
    name = NAMES.get(problem.reason)
    return name(problem) if callable(name) else name


def _fact(problem: Problem, name: str) -> str:
    """Return a fact as text, empty where the problem has none of that name."""
    value = getattr(problem, name, None)
    return "" if value is None else str(value)


def _says(problem: Problem, name: str, *words: str) -> bool:
    text = _fact(problem, name).lower()
    return any(word in text for word in words)


_BY_URI_DIFFERENCE = {
    "port": "RURI-01",
    "default_port": "RURI-01",
    "host_alias": "RURI-02",
    "trailing_slash": "RURI-03",
    "path": "RURI-07",
    "path_missing": "RURI-07",
    "one_letter": "RURI-12",
    "double_encoding": "RURI-11",
    "percent_encoding": "RURI-11",
    "placeholder": "CONF-01",
}


def _redirect_uri_mismatch(problem: Problem) -> str:
    difference = explain_difference(_fact(problem, "got"), _fact(problem, "nearest"), "redirect_uri")
    if difference.kinds and "host_alias" in difference.kinds and {"port", "host_alias"} >= set(difference.kinds):
        return "RURI-02"
    return _BY_URI_DIFFERENCE.get(difference.kind, "RURI-12")


_BY_RESOURCE_DIFFERENCE = {"trailing_slash": "AUD-02", "path_missing": "AUD-05", "host_alias": "HOST-06"}


def _resource_unknown(problem: Problem) -> str:
    kind = explain_difference(_fact(problem, "got"), _fact(problem, "nearest"), "resource").kind
    return _BY_RESOURCE_DIFFERENCE.get(kind, "AUD-01")


def _resource_changed(problem: Problem) -> str:
    kind = explain_difference(_fact(problem, "got"), _fact(problem, "granted"), "resource").kind
    return _BY_RESOURCE_DIFFERENCE.get(kind, "AUD-06")


def _client_metadata_invalid(problem: Problem) -> str:
    by_member = {"scope": "REG-12", "application_type": "REG-07", "token_endpoint_auth_method": "TOK-01"}
    return by_member.get(_fact(problem, "member"), "REQ-01")


def _redirect_uri_refused(problem: Problem) -> str:
    scheme = _fact(problem, "redirect_uri").partition(":")[0].lower()
    is_private = scheme not in ("http", "https", "javascript", "data", "file", "vbscript", "about", "blob")
    return "RURI-06" if is_private and scheme else "REG-05"


def _client_unknown(problem: Problem) -> str:
    return "CONF-01" if _says(problem, "client_id", "${", "$env(", "{env:") else "REG-02"


def _challenge_method(problem: Problem) -> str:
    return "PKCE-03" if _fact(problem, "got") else "RURI-10"


def _challenge_malformed(problem: Problem) -> str:
    length = getattr(problem, "length", 43)
    return "RURI-10" if not _fact(problem, "character") and 0 < length < 43 else "PKCE-04"


def _token_malformed(problem: Problem) -> str:
    if _says(problem, "got", "placeholder", "${", "$env(", "variable"):
        return "CONF-01"
    if _says(problem, "got", "redact", "mask", "***", "…", "ellipsis"):
        return "BEAR-05"
    return "BEAR-04" if _says(problem, "got", "scheme") else "BEAR-02"


def _token_unknown(problem: Problem) -> str:
    if _says(problem, "looks", "placeholder"):
        return "CONF-01"
    if _says(problem, "looks", "mask", "redact"):
        return "BEAR-05"
    return "BEAR-06" if _says(problem, "looks", "of this gateway", "an access token") else "BEAR-04"


def _verifier_wrong(problem: Problem) -> str:
    return "PKCE-02" if getattr(problem, "fits_another_flow", False) else "PKCE-03"


def _refresh_token_replayed(problem: Problem) -> str:
    spent, presented = getattr(problem, "spent_at", None), getattr(problem, "presented_at", None)
    soon = spent is not None and presented is not None and (presented - spent).total_seconds() < 60
    return "REFR-01" if soon else "REFR-03"


def _grant_revoked(problem: Problem) -> str:
    return "REFR-03" if _says(problem, "because", "replay") else "REFR-08"


def _login_cookie_missing(problem: Problem) -> str:
    begun, came = _fact(problem, "begun_host"), _fact(problem, "callback_host")
    return "SESS-02" if begun and came and begun != came else "SESS-03"


_WORKOS_STEPS = ("organization", "email_verification", "mfa", "sso_required", "connection_", "invitation", "sign_up")


def _provider_refused(problem: Problem) -> str:
    if _says(problem, "provider_error", "access_denied", "signin_consent_denied"):
        return "CONS-04"
    if _says(problem, "provider_error", "invalid_scope"):
        return "SCOPE-01"
    return "WORK-04" if _says(problem, "provider_error", *_WORKOS_STEPS) else "IDT-12"


def _provider_answer(problem: Problem) -> str:
    if getattr(problem, "status_code", 200) == 404 or _says(problem, "got", "html", "page"):
        return "TOK-05"
    return "IDT-04" if _says(problem, "expected", "id_token", "user") else "TOK-08"


def _keys_unavailable(problem: Problem) -> str:
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


def _provider_token_invalid(problem: Problem) -> str:
    claim, got = _fact(problem, "claim").lower(), _fact(problem, "got")
    if claim in ("iss", "issuer"):
        if "sts.windows.net" in got:
            return "IDT-06"
        return "IDT-03" if "workos" in got + _fact(problem, "expected") or "/user_management/" in got else "IDT-02"
    if claim == "aud" and ("http" in got):
        return (
            "AUD-09" if "workos" in _fact(problem, "expected") or "client_" in _fact(problem, "expected") else "AUD-03"
        )
    return _BY_CLAIM.get(claim, "IDT-10")


def _registration_impossible(problem: Problem) -> str:
    return "UPST-09" if _says(problem, "why", "loopback", "metadata document", "reach") else "REG-01"


def _registration_refused(problem: Problem) -> str:
    if _says(problem, "upstream_error", "invalid_redirect_uri"):
        return "REG-05"
    if _says(problem, "description", "scope"):
        return "REG-12"
    return "REG-11" if getattr(problem, "status_code", 0) == 429 else "REG-01"


def _authorization_refused(problem: Problem) -> str:
    if _says(problem, "upstream_error", "access_denied"):
        return "CONS-04"
    return "AUD-07" if _says(problem, "description", "aadsts9010010", "resource") or _target(problem) else "UPST-06"


def _target(problem: Problem) -> bool:
    return _says(problem, "upstream_error", "invalid_target")


def _token_request_refused(problem: Problem) -> str:
    if _target(problem):
        return "AUD-07"
    if _says(problem, "upstream_error", "invalid_client", "unauthorized_client"):
        return "TOK-07"
    return "TOK-05" if getattr(problem, "status_code", 400) in (404, 405) else "UPST-08"


def _token_answer(problem: Problem) -> str:
    return "TOK-04" if getattr(problem, "status_code", 200) == 200 else "TOK-05"


def _capability_hidden(problem: Problem) -> str | None:
    return "CONF-08" if _fact(problem, "nearest") else None


NAMES: dict[str, Name] = {
    # authorization
    "parameter_missing": "REQ-01",
    "parameter_repeated": "REQ-01",
    "parameter_invalid": "REQ-01",
    "response_type_unsupported": "REQ-02",
    "redirect_uri_mismatch": _redirect_uri_mismatch,
    "challenge_missing": "PKCE-03",
    "challenge_method_unsupported": _challenge_method,
    "challenge_malformed": _challenge_malformed,
    "scope_unsupported": "SCOPE-01",
    "resource_missing": "TOK-02",
    "resource_unknown": _resource_unknown,
    "resource_malformed": "AUD-01",
    "access_denied": "CONS-04",
    "interaction_required": "REQ-01",
    "transaction_unknown": "REQ-03",
    "transaction_expired": "SESS-01",
    "transaction_finished": "REQ-03",
    "consent_stale": "CONS-03",
    "upstreams_not_connected": "CONS-02",
    # clients
    "registration_unreadable": "REQ-01",
    "client_metadata_invalid": _client_metadata_invalid,
    "redirect_uri_refused": _redirect_uri_refused,
    "client_unknown": _client_unknown,
    "client_expired": "REG-02",
    "client_authentication_missing": "TOK-01",
    "client_secret_wrong": "TOK-01",
    "client_assertion_invalid": "TOK-01",
    "client_document_unreachable": "REG-08",
    "client_document_forbidden": "REG-08",
    "client_document_invalid": "REG-09",
    "client_documents_disabled": "REG-13",
    # tokens
    "grant_type_unsupported": "REQ-02",
    "code_unknown": lambda problem: "RURI-11" if getattr(problem, "decoded_is_known", False) else "TOK-03",
    "code_expired": "TOK-03",
    "code_replayed": "TOK-03",
    "issued_to_another_client": "TOK-09",
    "redirect_uri_changed": "RURI-08",
    "verifier_missing": "PKCE-03",
    "verifier_malformed": "PKCE-04",
    "verifier_wrong": _verifier_wrong,
    "resource_changed": _resource_changed,
    "refresh_token_unknown": "REFR-03",
    "refresh_token_expired": "REFR-08",
    "refresh_token_replayed": _refresh_token_replayed,
    "grant_revoked": _grant_revoked,
    "scope_exceeds_grant": "SCOPE-02",
    # bearer
    "token_missing": None,
    "token_malformed": _token_malformed,
    "token_in_query": "BEAR-04",
    "token_unknown": _token_unknown,
    "token_expired": None,
    "token_revoked": "BEAR-06",
    "invalid_audience": "AUD-06",
    "insufficient_scope": "SCOPE-04",
    # login
    "state_missing": "WORK-03",
    "state_unknown": "SESS-01",
    "state_expired": "SESS-01",
    "state_spent": "SESS-04",
    "login_cookie_missing": _login_cookie_missing,
    "provider_refused": _provider_refused,
    "provider_unreachable": "IDT-13",
    "provider_client_refused": "TOK-07",
    "provider_code_refused": "WORK-06",
    "provider_answer_unreadable": _provider_answer,
    "keys_unavailable": _keys_unavailable,
    "signing_key_unknown": "IDT-01",
    "provider_token_invalid": _provider_token_invalid,
    "clock_skewed": "IDT-07",
    # the door
    "header_mismatch": "PROXY-06",
    "method_not_offered": None,
    "request_too_large": "REQ-01",
    "host_not_allowed": "HOST-02",
    "origin_not_allowed": "CORS-05",
    # upstreams
    "upstream_refused_connection": "NET-01",
    "upstream_name_unknown": "NET-02",
    "upstream_unreachable": "NET-07",
    "upstream_tls_failed": "NET-03",
    "client_certificate_unusable": "NET-03",
    "upstream_connect_timed_out": "NET-04",
    "upstream_answer_timed_out": "NET-04",
    "upstream_closed_early": "NET-05",
    "upstream_answer_malformed": "NET-05",
    "upstream_answer_not_mcp": "NET-06",
    "upstream_redirected": "PROXY-01",
    "upstream_too_many_redirects": "PROXY-01",
    "upstream_credential_refused": "UPST-03",
    "capability_hidden": _capability_hidden,
    "connect_required": None,
    "address_forbidden": "UPST-10",
    "metadata_unreadable": "DISC-05",
    "authorization_server_unknown": "DISC-09",
    "resource_metadata_foreign": "AUD-01",
    "authorization_server_metadata_missing": "DISC-02",
    "issuer_mismatch": "DISC-01",
    "authorization_server_incomplete": "DISC-11",
    "pkce_unsupported": "PKCE-01",
    "registration_impossible": _registration_impossible,
    "registration_refused": _registration_refused,
    "authorization_refused": _authorization_refused,
    "response_issuer_missing": "DISC-07",
    "response_issuer_mismatch": "DISC-08",
    "connect_state_unknown": "SESS-01",
    "connect_browser_foreign": "SESS-02",
    "connect_link_invalid": "REQ-03",
    "connection_unknown": "CONF-03",
    "token_request_refused": _token_request_refused,
    "token_answer_unreadable": _token_answer,
    "identity_assertion_missing": "UPST-11",
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
