"""From a refusal to the name of the failure behind it: what an error page, an `error_description` and a rule all show.

Keyed by `Problem.reason`; where the facts decide, a small function does. None means that this refusal is no failure
but an ordinary answer (a first 401, an expired token that will be refreshed, a tool that a filter is meant to hide).
"""

from collections.abc import Callable

from devgw.diagnosis import naming_facts as by
from devgw.problems import Problem

Name = str | None | Callable[[Problem], str | None]


def name_problem(problem: Problem) -> str | None:
    """Return the id in the catalogue for `problem`; None where it is no failure."""
    name = NAMES.get(problem.reason)
    return name(problem) if callable(name) else name


def _limit(problem: Problem) -> str | None:
    """Return the id of the limit that a client's document passes."""
    name = NAMES.get(getattr(problem, "passes", ""))
    return name if isinstance(name, str) else None


NAMES: dict[str, Name] = {
    # authorization
    "parameter_missing": "REQ-01",
    "parameter_repeated": "REQ-01",
    "parameter_invalid": "REQ-01",
    "response_type_unsupported": "REQ-02",
    "redirect_uri_mismatch": by.redirect_uri_mismatch,
    "challenge_missing": "PKCE-03",
    "challenge_method_unsupported": by.challenge_method,
    "challenge_malformed": by.challenge_malformed,
    "scope_unsupported": "SCOPE-01",
    "resource_missing": "TOK-02",
    "resource_unknown": by.resource_unknown,
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
    "client_metadata_invalid": by.client_metadata_invalid,
    "redirect_uri_refused": by.redirect_uri_refused,
    "client_unknown": by.client_unknown,
    "client_expired": "REG-02",
    "client_authentication_missing": "TOK-01",
    "client_secret_wrong": "TOK-01",
    "client_assertion_invalid": "TOK-01",
    "client_authentication_twice": "TOK-01",
    "client_named_twice": "TOK-01",
    "client_document_unreachable": lambda problem: _limit(problem) or "REG-08",
    "client_document_forbidden": "REG-08",
    "client_document_invalid": lambda problem: _limit(problem) or "REG-09",
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
    "verifier_wrong": by.verifier_wrong,
    "resource_changed": by.resource_changed,
    "refresh_token_unknown": "REFR-03",
    "refresh_token_expired": "REFR-08",
    "refresh_token_replayed": "REFR-03",
    "refresh_token_void": "REFR-01",
    "grant_revoked": by.grant_revoked,
    "scope_exceeds_grant": "SCOPE-02",
    "id_jag_invalid": "IDT-14",
    "id_jag_replayed": "IDT-14",
    "id_jag_issuer_untrusted": "IDT-14",
    # bearer
    "token_missing": None,
    "token_malformed": by.token_malformed,
    "token_in_query": "BEAR-04",
    "token_unknown": by.token_unknown,
    "token_expired": None,
    "token_revoked": None,
    "invalid_audience": "AUD-06",
    "insufficient_scope": "SCOPE-04",
    # login
    "state_missing": "WORK-03",
    "state_unknown": "SESS-01",
    "state_expired": "SESS-01",
    "state_spent": "SESS-04",
    "login_cookie_missing": by.login_cookie_missing,
    "provider_refused": by.provider_refused,
    "provider_unreachable": "IDT-13",
    "provider_failing": "IDT-13",
    "provider_client_refused": "TOK-07",
    "provider_code_refused": by.provider_code_refused,
    "provider_answer_unreadable": by.provider_answer,
    "keys_unavailable": by.keys_unavailable,
    "signing_key_unknown": "IDT-01",
    "provider_token_invalid": by.provider_token_invalid,
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
    "upstream_framing_unsafe": "PROXY-09",
    "upstream_answer_not_mcp": "NET-06",
    "upstream_encoding_unreadable": "PROXY-02",
    "header_unsendable": None,
    "upstream_redirected": "PROXY-01",
    "upstream_too_many_redirects": "PROXY-01",
    "upstream_credential_refused": "UPST-03",
    "scope_still_insufficient": "SCOPE-02",
    "capability_hidden": by.capability_hidden,
    "connect_required": None,
    "address_forbidden": "UPST-10",
    "metadata_unreadable": "DISC-05",
    "authorization_server_unknown": "DISC-09",
    "upstream_open": None,
    "resource_metadata_foreign": "AUD-01",
    "authorization_server_metadata_missing": "DISC-02",
    "issuer_mismatch": "DISC-01",
    "authorization_server_incomplete": "DISC-11",
    "pkce_unsupported": "PKCE-01",
    "registration_impossible": by.registration_impossible,
    "registration_refused": by.registration_refused,
    "authorization_refused": by.authorization_refused,
    "response_issuer_missing": "DISC-07",
    "response_issuer_mismatch": "DISC-08",
    "connect_state_unknown": "SESS-01",
    "connect_browser_foreign": "SESS-02",
    "connect_link_invalid": "REQ-03",
    "connection_unknown": "CONF-03",
    "token_request_refused": by.token_request_refused,
    "token_answer_unreadable": by.token_answer,
    "identity_assertion_missing": "UPST-11",
    # limits
    "answer_too_long": "LIMIT-01",
    "answer_unpacks_too_long": "LIMIT-02",
    "answer_head_too_long": "LIMIT-03",
    "answer_unfinished": "LIMIT-04",
    "body_too_deep": "LIMIT-05",
    "registration_too_large": "LIMIT-06",
    # this machine
    "ca_file_unusable": "NET-03",
    "proxy_unusable": "NET-07",
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
