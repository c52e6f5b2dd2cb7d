"""What was found of a token of the identity provider, check by check, for whoever inspects it.

The checks themselves are `identity`'s; they stop at the first that fails, and so does this list.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from devgw.entropy import fingerprint
from devgw.events import refusal
from devgw.events.taxonomy import McpAuthProviderTokenChecked, Outcome, TokenCheck
from devgw.gateway.identity import Expected, moment_of
from devgw.ids import TokenId
from devgw.problems import Problem

ORDER = ("form", "alg", "signature", "iss", "aud", "client_id", "azp", "exp", "nbf", "iat", "nonce", "at_hash", "sub")
UNSHOWN = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
"""Claims that are compared but never shown: who reads a nonce could replay it."""


def checked_event(
    token: str, claims: Mapping[str, Any], expected: Expected, problem: Problem | None
) -> McpAuthProviderTokenChecked:
    """Return the event that tells of `token`; `claims` are empty where its signature was no good."""
    return McpAuthProviderTokenChecked(
        token_id=TokenId(f"idp:{fingerprint(token)}"),
        header=_header(token),
        claims={name: value for name, value in claims.items() if name not in UNSHOWN},
        checks=tuple(_checks(claims, expected, problem)),
        verdict=problem.explain() if problem else "good",
        expires_at=moment_of(claims.get("exp")),
        outcome=Outcome.FAILURE if problem else Outcome.SUCCESS,
        **(refusal(problem) if problem else {}),
    )


def _header(token: str) -> dict[str, Any]:
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

    try:
        return dict(jwt.get_unverified_header(token))
    except (jwt.PyJWTError, RecursionError):
        return {}


def _checks(claims: Mapping[str, Any], expected: Expected, problem: Problem | None) -> list[TokenCheck]:
    """Return the checks that were made, the failed one last."""
    failed = getattr(problem, "claim", "signature") if problem else None
    wanted = _wanted(claims, expected)
    found: list[TokenCheck] = []
    for name in ORDER:
        if name == failed and problem:
            facts = problem.facts()
            return [*found, TokenCheck(name, False, str(facts.get("got", "")), str(facts.get("expected", "")))]
        if name in wanted:
            found.append(TokenCheck(name, True, *wanted[name]))
    return found


def _wanted(claims: Mapping[str, Any], expected: Expected) -> dict[str, tuple[str, str]]:
    """Return what was got and wanted of each claim that is there; hashes and nonce without their values."""
    wanted = {
        "iss": " or ".join(expected.issuers),
        "aud": expected.audience or expected.client_id,
        "client_id": expected.client_id,
        "azp": expected.client_id,
        "exp": f"after {_clock(expected.now)}",
        "nbf": f"not after {_clock(expected.now)}",
        "iat": f"not after {_clock(expected.now)}",
        "sub": "the person's id",
    }
    shown = {name: (_shown(name, claims[name]), str(value)) for name, value in wanted.items() if name in claims}
    unshown = {
        name: ("fits", "the one sent" if name == "nonce" else "the access token's") for name in UNSHOWN & {*claims}
    }
    return ({"signature": ("fits", "the published key's")} if claims else {}) | shown | unshown


def _shown(name: str, value: Any) -> str:
    moment = moment_of(value) if name in {"exp", "nbf", "iat"} else None
    return _clock(moment) if moment else str(value)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
