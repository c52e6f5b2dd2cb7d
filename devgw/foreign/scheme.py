"""The scheme of an Authorization header: what stands first in it may as well be a part of a secret.

Source: RFC 9110 §11.1, §11.4.
"""

import re

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}")
"""The schemes that are in use; RFC 9110 §11.1 allows further signs, which keys have too."""
_KNOWN = frozenset(
    {
        *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "ntlm", "oauth"),
        *("privatetoken", "scram-sha-1", "scram-sha-256", "vapid", "aws4-hmac-sha256", "token", "apikey", "api-key"),
    }
)
"""Those of IANA's list, and what services have for their own keys; in small letters."""


def scheme_in(header: str) -> str:
    """Return the scheme with which the value of a header begins, as it is written there; empty where it has none.

    A word before another is one; a word alone only where it is known, as it may be a key.
    """
    word, *value = header.split(maxsplit=1) or [""]
    return word if _WORD.fullmatch(word) and (value or is_known(word)) else ""


def is_known(scheme: str) -> bool:
    """Tell whether a scheme is one by its name, which may be shown then: no secret is written so."""
    return scheme.lower() in _KNOWN
