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
_METHOD = r"client_secret_post|(?:authentication|auth) method|token_endpoint_auth_method"
_IN_BODY = r"(?:credentials|client[ _]secret) in (?:the )?(?:(?:request|post|form) )?(?:body|form|parameters)"
_NOT_TAKEN = r"not (?:be )?(?:allowed|permitted|supported|accepted|enabled)|unsupported|forbidden|unexpected"
_REFUSED = rf"{_NOT_TAKEN}|disabled|(?:must|may|should|can) ?not be sent"
_DIFFERS = r"mismatch|(?:does ?n[o'’]t|not) match|instead"
_FORBIDS = r"does ?n[o'’]t (?:allow|permit|support|accept)"
_THEN = r"(?:['\"`]?: ?|[^.;,():]{0,60}?)"
"""What may stand between a thing and what is said of it: behind another sign another thing may be spoken of."""
_OF_OTHER_WAYS = re.compile(_OTHER_WAYS, re.IGNORECASE)
_OF_THIS_WAY = re.compile(
    rf"(?:{_METHOD}){_THEN}(?:{_REFUSED}|{_DIFFERS})|{_IN_BODY}{_THEN}(?:{_REFUSED})"
    rf"|(?:{_NOT_TAKEN}|{_FORBIDS})[^.;,():]{{0,40}}?(?:{_METHOD}|{_IN_BODY})"
    rf"|(?:mismatch (?:of|in)|not match|instead of) [^.;,():]{{0,40}}?(?:{_METHOD})"
    r"|(?:invalid|wrong|incorrect) (?:client |token )?(?:endpoint )?(?:authentication|auth) method",
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r"secret[^.;]{0,40}(?:match|is (?:wrong|invalid|incorrect)|expired)"
    r"|client (?:application )?(?:is|was|has been) (?:now )?(?:disabled|locked|suspended|blocked|deactivated)",
    re.IGNORECASE,
)
"""What speaks of the secret or of the client, be the way named beside it."""
_ALL_CAUSES = r"unknown client|no client authentication included|\be\.g\."
_LIST = re.compile(
    rf"\([^()]*?(?:{_ALL_CAUSES})[^()]*\)|(?:\be\.g\.,? )?(?:unknown client|no client authentication included)[^.()]*",
    re.IGNORECASE,
)
"""All that the code may mean, which some servers repeat before what it means (RFC 6749 §5.2): it names no cause."""
_EXAMPLES = re.compile(_ALL_CAUSES, re.IGNORECASE)
_READ = 2_000
"""Characters of a description."""


def is_against_way(error: str, description: str) -> bool:
    """Tell whether an answer to a secret in the body refuses this way of authentication."""
    words = _LIST.sub(" ", description[:_READ])
    if error != "invalid_client" or _EXAMPLES.search(words) is not None:
        return False
    is_of_itself = _OF_ITSELF.search(words) is not None
    return _OF_OTHER_WAYS.search(words) is not None or (_OF_THIS_WAY.search(words) is not None and not is_of_itself)
