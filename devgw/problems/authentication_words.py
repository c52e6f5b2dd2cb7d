"""What a token endpoint says against the way in which a client authenticates, and not against its secret.

`invalid_client` is the code of both (RFC 6749 §5.2): only the words beside it tell them apart.
"""

import re

TAKE_THE_FORM = (
    "Let the provider take this client's secret in the form: set its token endpoint authentication method to "
    "client_secret_post there. The gateway sends it in no other way, and the secret itself may be right."
)
_OTHER_WAYS = (
    r"client_secret_basic|client_secret_jwt|private_key_jwt|(self_signed_)?tls_client_auth|client_assertion"
    r"|(http[ _-]?)?basic auth(entication|orization|\b)|authorization header|mutual[ -]tls|\bmtls\b"
)
"""The ways in which the secret is not in the body, as servers name them (RFC 7591 §2, RFC 8705 §2)."""
_THIS_WAY = (
    r"client_secret_post|(authentication|auth) method|token_endpoint_auth_method"
    r"|(credentials|client_secret|client secret) in (the )?((request|post|form) )?(body|form|parameters)"
)
_AGAINST = (
    r"not (be )?(allowed|permitted|supported|accepted|enabled|sent|match)|unsupported|disabled|forbidden|mismatch"
    r"|does ?n[o'’]t match|unexpected|instead"
)
_OF_WAY = re.compile(
    rf"({_OTHER_WAYS})|({_THIS_WAY})[^.]{{0,80}}({_AGAINST})|({_AGAINST})[^.]{{0,40}}({_THIS_WAY})"
    r"|(invalid|wrong|incorrect) (client |token )?(endpoint )?(authentication|auth) method",
    re.IGNORECASE,
)
_ALL_CAUSES = re.compile(r"unknown client|no client authentication included|\be\.g\.", re.IGNORECASE)
"""What stands beside it where a server repeats all that the code may mean (RFC 6749 §5.2): it names none."""
_READ = 2_000
"""Characters of a description."""


def is_against_way(error: str, description: str) -> bool:
    """Tell whether an answer to a secret in the body refuses this way of authentication."""
    words = description[:_READ]
    return error == "invalid_client" and _OF_WAY.search(words) is not None and _ALL_CAUSES.search(words) is None
