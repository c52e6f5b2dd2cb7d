"""What secrets are called: the names by which `masking` knows them.

A name is judged as it is meant, however it is written: `X-Amz-Security-Token`, `accessToken` and `access_token` are
names of one kind.
"""

import re
from functools import lru_cache

from devgw.monitor.invisible import without_invisible

SECRET_FIELDS = frozenset(
    {
        "access_token", "refresh_token", "id_token", "token", "client_secret", "code", "code_verifier", "assertion",
        "client_assertion", "subject_token", "actor_token", "password", "csrf", "csrf_token", "nonce", "login_state",
        "api_key", "apikey", "secret", "id_token_hint", "registration_access_token", "authorization_code",
        "session_id_token", "sealed_session", "cookie", "authorization", "device_code", "user_code", "browser_key",
        "browser_ticket", "private_key_pem", "jwt", "otp", "pin", "sid", "session_secret",
        "jsessionid", "phpsessid",
    }
)  # fmt: skip
"""Fields of a form, a query or a JSON object, as `plain_name` writes them."""
PARTLY_SECRET_FIELDS = frozenset({"state"})
_IN_QUERIES = frozenset(
    {
        "key", "sig", "auth", "pwd", "pass", "x_amz_credential", "x_goog_credential", "page_token", "sessionid",
        "session", "sess", "hmac",
    }
)  # fmt: skip
"""Names that say nothing of a secret in JSON, and do in a URL."""
SCHEME = r"(?:(?:bearer|basic|dpop|token|api-?key|key|bot|ssws|negotiate)\s{1,9}(?=\S))?+"
"""Of a credential (RFC 9110 §11.4): the secret is what follows it."""
_IN_HEADERS = re.compile(
    r"_(?:key|auth|pass|authentication|bearer)$|signature|csrf|xsrf|hmac"
    r"|(?:session|(?:^|_)sess)(?:_?(?:id|key|hash|data|cookie|token|handle))?$"
)
"""Names that say it of a header alone: whoever has the id of a session is in it."""
_ENDS = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|passphrase|passcode|pwd|credentials?|signature|cookie|authorization"
    r"|assertion|ticket|verifier|apikey|jwt|sid|otp|(?:verification|recovery|backup|mfa|otp|totp|security)_code"
    r"|(?:api|access|secret|private|auth|account|client|subscription|signing"
    r"|encryption|service|session|shared|master|license|admin|app|storage|functions|goog_api|browser)_key)$"
    r"|(?:access|refresh|auth|bearer|session|client|api|app|bot|user|admin|db|shared|webhook)"
    r"(?:token|secret|password|passwd|pwd|key)$"
)
STEMS = (
    "token|secret|passw|passphrase|passcode|pwd|code|verifier|assertion|csrf|nonce|key|cookie|auth|sig|credential|ticket"
    "|jwt|state|otp|pin|sid|session"
)
"""One of these is in the name of every secret: what else stands before a colon is not looked at."""
_NOT_SECRET = frozenset(
    {"progress_token", "page_token", "next_page_token", "continuation_token", "next_token", "public_key"}
)
"""Names of the field that only sound so; ours are known by their shape."""
_OPEN_HEADERS = frozenset(
    {"sec_websocket_key", "idempotency_key", "x_idempotency_key", "surrogate_key", "mcp_session_id"}
)
"""A session of MCP authenticates nobody (Security Best Practices §Session Hijacking), and tells streams apart."""
_WRITTEN = str.maketrans("-.[", "___", "]")
_LONGEST_NAME = 80
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain_name(name: str) -> str:
    """Return a name of a field or header as it is meant: in words, small, with underscores between them."""
    return _plain(name[-_LONGEST_NAME:])  # what is remembered is short, however long the name of a stranger is


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return _HUMP.sub("_", without_invisible(name)).translate(_WRITTEN).strip("_").lower()


def is_secret_field(name: str) -> bool:
    """Tell whether a field of a form or a JSON object holds a secret by its name."""
    plain = plain_name(name)
    return plain in SECRET_FIELDS or (plain not in _NOT_SECRET and _ENDS.search(plain) is not None)


def is_secret_parameter(name: str) -> bool:
    """Tell whether a parameter of a query or form holds a secret by its name."""
    return plain_name(name) in _IN_QUERIES or is_secret_field(name)


def is_partly_secret(name: str) -> bool:
    """Tell whether a value is worth telling apart, and no more."""
    return plain_name(name) in PARTLY_SECRET_FIELDS


def is_secret_header(name: str) -> bool:
    """Tell whether a header holds a secret by its name."""
    plain = plain_name(name)
    return plain not in _OPEN_HEADERS and (is_secret_field(name) or _IN_HEADERS.search(plain) is not None)
