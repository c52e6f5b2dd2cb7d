"""What the identity provider answered, and what was found of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devgw.events.event import Event
from devgw.ids import TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderAnswered(Event):
    """The gateway asked the identity provider something (token exchange, discovery) and got an answer, or none."""

    url: str
    status: int | None = None
    duration_ms: float
    error: str | None = None
    """The provider's own `error`, or the class of the transport failure."""


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """One check of a token of the identity provider, with both values."""

    name: str
    """`signature`, `iss`, `aud`, `exp`, `nbf`, `nonce`, `client_id`, …"""
    passed: bool
    got: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderTokenChecked(Event):
    """A JWT of the identity provider was checked; `claims` are shown with secrets left out."""

    token_id: TokenId
    """`idp:` and the fingerprint."""
    header: dict[str, Any]
    claims: dict[str, Any]
    checks: tuple[TokenCheck, ...]
    verdict: str
    """In words: `good, key abc`, `not verified: kid not in JWKS`."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthJwksFetched(Event):
    """The provider's keys were fetched, or not."""

    url: str
    status: int | None = None
    key_ids: tuple[str, ...] = ()
    duration_ms: float
    wanted_key_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderProbed(Event):
    """While a login was silent the provider was asked, without a browser, what it makes of our callback.

    `diagnosis_id` is the failure where it refuses, `explanation` what it answered, `hint` the one change.
    """

    callback_uri: str
    is_refused: bool
    is_certain: bool = True
    """False where the words of its page alone say why it refuses."""
    nearest: str = ""
    """What is nearest to what was sent, of what the provider would take; empty where that is not known."""
    promised_issuer: str | None = None
    """Which `iss` its metadata promises with each answer (RFC 9207 §3); empty for none, None where it was not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkewMeasured(Event):
    """The provider's clock was compared with ours: positive seconds mean theirs is ahead."""

    url: str
    skew_seconds: float
