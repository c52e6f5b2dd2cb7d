"""The troubles that the sign-in page offers, by name: each is a set of faults that happen to this sign-in alone."""

from devgw.emulators.workos.faults import (
    AnswerFault,
    CallbackFault,
    CodeFault,
    Fault,
    KeyRotation,
    SlowFault,
    TokenFault,
)

_EXCHANGE = "/user_management/authenticate"

SCENARIOS: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "state-missing": ("The answer comes back without state", (CallbackFault(parameters={"state": None}),)),
    "state-foreign": ("The answer comes back with another state", (CallbackFault(parameters={"state": "foreign"}),)),
    "code-missing": ("The answer comes back without a code", (CallbackFault(parameters={"code": None}),)),
    "code-expired": ("The code has expired", (CodeFault(code_is="expired"),)),
    "code-spent": ("The code was used before", (CodeFault(code_is="spent"),)),
    "exchange-fails": ("The token endpoint answers 500", (AnswerFault(path=_EXCHANGE, status=500),)),
    "exchange-limited": (
        "The token endpoint answers 429",
        (
            AnswerFault(
                path=_EXCHANGE,
                status=429,
                body={"error": "too_many_requests", "error_description": "Too many requests."},
                headers={"Retry-After": "1"},
            ),
        ),
    ),
    "exchange-slow": ("The token endpoint takes 15 seconds", (SlowFault(path=_EXCHANGE, seconds=15),)),
    "clock-ahead": ("The clock that issues is 10 minutes ahead", (TokenFault(skew_seconds=600),)),
    "clock-behind": ("The clock that issues is 10 minutes behind", (TokenFault(skew_seconds=-600),)),
    "key-unknown": (
        "The token names a key that is not published",
        (TokenFault(header={"kid": "sso_oidc_key_pair_01AN0THERKEYPA1R0000000000"}, signed_by_stranger=True),),
    ),
    "signature-wrong": ("The signature does not belong to the token", (TokenFault(signed_by_stranger=True),)),
    "key-rotated": ("The key was changed just now (this should work)", (KeyRotation(),)),
    "issuer-other": (
        "The issuer is another environment's",
        (TokenFault(claims={"iss": "https://api.workos.com/user_management/client_01AN0THERENV1R0NMENT000000"}),),
    ),
    "audience-other": (
        "The audience is somebody else",
        (TokenFault(claims={"aud": "client_01AN0THERAPP00000000000000"}),),
    ),
    "application-other": (
        "The token was made for another application",
        (TokenFault(claims={"client_id": "client_01AN0THERAPP00000000000000"}),),
    ),
    "token-missing": ("The answer has no access token", (TokenFault(answer={"access_token": None}),)),
    "user-missing": ("The answer has no user", (TokenFault(answer={"user": None}),)),
}
