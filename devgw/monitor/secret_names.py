"""What secrets are called and what they look like: the data by which `masking` knows them.

A name is judged as it is meant, however it is written: `X-Amz-Security-Token`, `accessToken` and `access_token` are
names of one kind.
"""

import re
from functools import lru_cache

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
_IN_QUERIES = frozenset({"key", "sig", "auth", "pwd", "pass", "x_amz_credential", "x_goog_credential", "page_token"})
"""Names that say nothing of a secret in JSON, and do in a URL."""
_ENDS = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|passphrase|passcode|pwd|credentials?|signature|cookie|authorization"
    r"|assertion|ticket|verifier|apikey|jwt|sid|(?:api|access|secret|private|auth|account|client|subscription|signing"
    r"|encryption|service|session|shared|master|license|admin|app|storage|functions|goog_api|browser)_key)$"
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
_OPEN_HEADERS = frozenset({"sec_websocket_key", "idempotency_key", "x_idempotency_key", "surrogate_key"})
_WRITTEN = str.maketrans("-.[", "___", "]")
_LONGEST_NAME = 80
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_DIGIT_OR_CAPITAL = r"(?=[a-z_-]{0,64}[A-Z0-9])"
"""Soon: a look to the end of the word, from each of its places, would take time by the square of its length."""
_SHAPES = (
    # ours
    rf"(?:at|rt|cs|code|st|br|no|cv|ss|cb|pt|bk|cf|web)_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{12,}}",
    # GitHub, GitLab, npm, PyPI, Docker, Hugging Face, Replicate
    r"gh[pousr]_[A-Za-z0-9]{16,}", r"github_pat_[A-Za-z0-9_]{16,}", r"gl[a-z]{2,8}-[A-Za-z0-9_-]{16,}",
    r"npm_[A-Za-z0-9]{20,}", r"pypi-[A-Za-z0-9_-]{16,}", r"dckr_pat_[A-Za-z0-9_-]{16,}", r"hf_[A-Za-z0-9]{16,}",
    r"r8_[A-Za-z0-9]{20,}",
    # OpenAI, Anthropic, Groq, xAI, Perplexity, Tavily
    r"sk-[A-Za-z0-9_-]{16,}", r"gsk_[A-Za-z0-9]{20,}", r"xai-[A-Za-z0-9]{20,}", r"pplx-[A-Za-z0-9]{20,}",
    r"tvly-[A-Za-z0-9-]{16,}",
    # Stripe, WorkOS, Shopify, Linear, Notion, Figma, SendGrid, Slack, DigitalOcean, HashiCorp
    r"[spr]k_(?:test|live)_[A-Za-z0-9_-]{10,}", r"whsec_[A-Za-z0-9+/=]{16,}", r"shp[a-z]{2}_[A-Za-z0-9]{16,}",
    r"lin_(?:api|oauth)_[A-Za-z0-9]{16,}", r"(?:ntn|secret)_[A-Za-z0-9]{30,}", r"figd_[A-Za-z0-9_-]{16,}",
    r"SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", r"xox[abeoprsc]-[A-Za-z0-9-]{10,}", r"xapp-[A-Za-z0-9-]{10,}",
    r"do[opr]_v1_[a-f0-9]{20,}", r"hv[sbr]\.[A-Za-z0-9_-]{20,}",
    # AWS, Google
    r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ABIA)[A-Z0-9]{16}", r"AIza[A-Za-z0-9_-]{30,}", r"ya29\.[A-Za-z0-9_-]{10,}",
    r"GOCSPX-[A-Za-z0-9_-]{16,}", r"1//0[A-Za-z0-9_-]{20,}",
    # whoever else puts a prefix in front
    rf"[a-z]{{2,8}}_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{40,}}",
    r"eyJ[A-Za-z0-9_-]{5,2000}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",
)  # fmt: skip
_BEARER = r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{16,}=*(?![\w=\"'])"
_PEM = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|\Z)"
_BASIC = r"(?<=[Bb]asic )(?=[A-Za-z]*[a-z0-9][A-Z0-9+/=])[A-Za-z0-9+/_-]{8,}=*(?![\w=\"'])"
_HOOKS = (
    r"(?<=/services/)T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}|(?<=/webhooks/)[0-9]{6,}/[A-Za-z0-9_-]{30,}"
    r"|(?<=/bot)[0-9]{6,}:[A-Za-z0-9_-]{30,}"
)
"""What stands in a path: of Slack, Discord and Telegram."""
_KEY_ID = r"sso_oidc_key_pair_[0-7][0-9A-HJKMNP-TV-Z]{25}(?![A-Za-z0-9_-])"
"""The `kid` of a key that WorkOS publishes: no secret, and all that tells one key from another."""
SHAPED = re.compile(rf"{_PEM}|{_BEARER}|{_BASIC}|{_HOOKS}|(?<![A-Za-z0-9])(?!{_KEY_ID})(?:{'|'.join(_SHAPES)})")
"""Everything that looks like a token, a key or a JWT, wherever it stands."""
MARK = re.compile(
    r"[_-]|eyJ|earer |asic |/services/|/webhooks/|/bot|A(?:KIA|SIA|ROA|IDA|GPA|BIA|Iza)|ya29\.|SG\.|1//0|hv[sbr]\."
)
"""One of these is in every text that has such a shape."""
PREFIX = re.compile(
    r"(?:github_pat|dckr_pat|lin_api|lin_oauth|[spr]k_(?:test|live)|do[opr]_v1|[a-z]{1,6})_(?=.{12})"
    r"|(?:sk|xox[a-z]|gl[a-z]{2,8}|pypi|xai|pplx|tvly|xapp|GOCSPX)-(?=.{10})"
)
"""What may be shown of a secret: it says what kind it is."""


def plain_name(name: str) -> str:
    """Return a name of a field or header as it is meant: in words, small, with underscores between them."""
    return _plain(name[:_LONGEST_NAME])  # what is remembered is short, however long the name of a stranger is


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return _HUMP.sub("_", name).translate(_WRITTEN).strip("_").lower()


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
    if plain in _OPEN_HEADERS:
        return False
    is_named = plain.endswith(("_key", "_auth", "_pass", "_authentication", "_bearer"))
    return is_secret_field(name) or is_named or "signature" in plain or "csrf" in plain
