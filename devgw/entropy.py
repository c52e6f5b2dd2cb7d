"""The only source of randomness, digests of secrets, and the shapes of what we mint."""

import base64
import hashlib
import hmac
import secrets

ACCESS_PREFIX, REFRESH_PREFIX, CODE_PREFIX, SECRET_PREFIX = "at_", "rt_", "code_", "cs_"
"""Before every access token, refresh token, authorization code and client secret."""
SECRET_CHARACTERS, SECRET_LENGTH = "A-Za-z0-9_-", 43
"""What follows a prefix: 256 bits in base64url; the characters as a regular expression has them in its brackets."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ODD = "surrogatepass"
"""JSON of strangers may hold half a character: it equals nothing of ours, and is no reason to fall over."""


def is_of_one_case(secret: str, prefix: str) -> bool:
    """Tell whether something has the length of what we mint with `prefix`, and its letters are all small or capital.

    Chance throws both: somebody changed it on its way.
    """
    is_whole = secret.lower().startswith(prefix) and len(secret) == len(prefix) + SECRET_LENGTH
    return is_whole and secret in {secret.lower(), secret.upper()}


def token(prefix: str) -> str:
    """Return a fresh secret of 256 bits behind a prefix that tells a reader, and a secret scanner, what it is."""
    return prefix + secrets.token_urlsafe(32)


def derived(prefix: str, *parts: str) -> str:
    """Return the secret of 256 bits that follows from `parts`, one of which must be a secret of its own.

    The same parts give the same secret: what was answered once can be answered again and is kept nowhere.
    """
    hashed = hashlib.sha256("\n".join(parts).encode("utf-8", _ODD)).digest()
    return prefix + base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def random_bytes(count: int) -> bytes:
    """Return `count` fresh random bytes, for keys."""
    return secrets.token_bytes(count)


def short_id(prefix: str = "", length: int = 8) -> str:
    """Return a fresh lower-case hexadecimal id that is no secret, `length` digits behind `prefix`."""
    return prefix + secrets.token_hex((length + 1) // 2)[:length]


def ulid(milliseconds: int) -> str:
    """Return a ULID: 26 characters of Crockford base 32, 48 bits of time and 80 of randomness."""
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -5, -5))


def digest(secret: str) -> str:
    """Return the SHA-256 of `secret` in hexadecimal: the only form in which what we issue is kept."""
    return hashlib.sha256(secret.encode("utf-8", _ODD)).hexdigest()


def fingerprint(secret: str) -> str:
    """Return twelve digits of the digest: enough to tell two masked secrets apart, useless to whoever reads it."""
    return digest(secret)[:12]


def same(one: str, other: str) -> bool:
    """Tell whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode("utf-8", _ODD), other.encode("utf-8", _ODD))
