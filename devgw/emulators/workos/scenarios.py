"""The troubles that the sign-in page offers, by name: each is a set of faults that happen to this sign-in alone."""

from typing import Any

from devgw.emulators.workos.faults import Fault, read_fault

_EXCHANGE = "/user_management/authenticate"
_LIMITED = {
    "kind": "answer",
    "path": _EXCHANGE,
    "status": 429,
    "body": {"error": "too_many_requests", "error_description": "Too many requests."},
    "headers": {"Retry-After": "1"},
}
_STRANGE_KEY = {"kid": "sso_oidc_key_pair_01AN0THERKEYPA1R0000000000"}
_STRANGE_ISSUER = {"iss": "https://api.workos.com/user_management/client_01AN0THERENV1R0NMENT000000"}
_STRANGE_APPLICATION = "client_01AN0THERAPP00000000000000"

_CREDENTIALS = {"kind": "answer", "path": _EXCHANGE, "status": 400}
UNREGISTERED = "redirect-uri-unregistered"
"""The scenario that is no fault of an answer: the environment forgets the redirect URI."""

SCENARIOS: dict[str, tuple[str, *tuple[dict[str, Any], ...]]] = {
    UNREGISTERED: ("The redirect URI is not registered (Invalid redirect URI)",),
    "secret-wrong": (
        "The client secret does not match (invalid_client)",
        {**_CREDENTIALS, "body": {"error": "invalid_client", "error_description": "Invalid client secret."}},
    ),
    "secret-of-another-environment": (
        "The client secret is another environment's (unauthorized_client)",
        {**_CREDENTIALS, "body": {"error": "unauthorized_client", "error_description": "Unauthorized"}},
    ),
    "keys-missing": (
        "There is no key set for the client id (JWKS fetch fails)",
        {"kind": "answer", "path": "/sso/jwks/*", "status": 404, "body": {"message": "Not Found"}},
        {"kind": "token", "header": _STRANGE_KEY},
    ),
    "state-missing": (
        "The answer comes back without state",
        {"kind": "callback", "parameters": {"state": None}},
    ),
    "state-foreign": (
        "The answer comes back with another state",
        {"kind": "callback", "parameters": {"state": "foreign"}},
    ),
    "code-missing": ("The answer comes back without a code", {"kind": "callback", "parameters": {"code": None}}),
    "code-expired": ("The code has expired", {"kind": "code", "codeIs": "expired"}),
    "code-spent": ("The code was used before", {"kind": "code", "codeIs": "spent"}),
    "exchange-fails": ("The token endpoint answers 500", {"kind": "answer", "path": _EXCHANGE, "status": 500}),
    "exchange-limited": ("The token endpoint answers 429", _LIMITED),
    "exchange-slow": ("The token endpoint takes 15 seconds", {"kind": "slow", "path": _EXCHANGE, "seconds": 15}),
    "clock-ahead": ("The clock that issues is 10 minutes ahead", {"kind": "token", "skewSeconds": 600}),
    "clock-behind": ("The clock that issues is 10 minutes behind", {"kind": "token", "skewSeconds": -600}),
    "key-unknown": (
        "The token names a key that is not published",
        {"kind": "token", "header": _STRANGE_KEY, "signedByStranger": True},
    ),
    "signature-wrong": ("The signature does not belong to the token", {"kind": "token", "signedByStranger": True}),
    "key-rotated": ("The key was changed just now (this should work)", {"kind": "key_rotation"}),
    "issuer-other": ("The issuer is another environment's", {"kind": "token", "claims": _STRANGE_ISSUER}),
    "audience-other": ("The audience is somebody else", {"kind": "token", "claims": {"aud": _STRANGE_APPLICATION}}),
    "application-other": (
        "The token was made for another application",
        {"kind": "token", "claims": {"client_id": _STRANGE_APPLICATION}},
    ),
    "token-missing": ("The answer has no access token", {"kind": "token", "answer": {"access_token": None}}),
    "user-missing": ("The answer has no user", {"kind": "token", "answer": {"user": None}}),
}
"""Label and faults by name; as written in JSON, so that a start need not build what most sign-ins never use."""


def faults_of(name: str) -> tuple[Fault, ...]:
    """Return the faults of the scenario `name`; none where there is none, or it is no fault of an answer."""
    return tuple(read_fault(written) for written in SCENARIOS.get(name, ("",))[1:])
