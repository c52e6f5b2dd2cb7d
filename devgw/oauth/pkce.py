"""Proof Key for Code Exchange, S256 alone. Source: RFC 7636; OAuth 2.1 §4.1.1, §4.1.3."""

import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from devgw.entropy import SECRET_CHARACTERS, same
from devgw.problems import Refused
from devgw.problems.authorization import (
    CHALLENGE_LENGTH,
    ChallengeMalformed,
    ChallengeMethodUnsupported,
    ChallengeMissing,
)
from devgw.problems.token import VerifierMalformed

_CHALLENGE = re.compile(f"[{SECRET_CHARACTERS}]{{{CHALLENGE_LENGTH}}}")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def check_challenge(challenge: str | None, method: str | None) -> None:
    """Refuse an authorization request whose challenge is absent, malformed, or not S256.

    Raises:
        Refused: with `ChallengeMissing`, `ChallengeMethodUnsupported` or `ChallengeMalformed`.
    """
    if not challenge:
        raise Refused(ChallengeMissing())
    if method != "S256":
        raise Refused(ChallengeMethodUnsupported(got=method))
    if not _CHALLENGE.fullmatch(challenge):
        odd = re.search(r"[^A-Za-z0-9_-]", challenge)
        raise Refused(ChallengeMalformed(length=len(challenge), character=odd.group() if odd else None))


def check_verifier(verifier: str) -> None:
    """Refuse a verifier that none may be.

    Raises:
        Refused: with `VerifierMalformed`.
    """
    if not _VERIFIER.fullmatch(verifier):
        odd = next((each for each in verifier if not _UNRESERVED.fullmatch(each)), "")
        raise Refused(VerifierMalformed(len(verifier), f"U+{ord(odd):04X}" if odd else ""))


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of `verifier`."""
    return str(create_s256_code_challenge(verifier))


def verifies(verifier: str, challenge: str) -> bool:
    """Tell whether `verifier` is what `challenge` was made of."""
    return same(challenge_of(verifier), challenge)
