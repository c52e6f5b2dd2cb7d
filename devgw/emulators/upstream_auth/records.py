"""What the authorization server remembers: clients, codes, grants and tokens, by digest, in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devgw.clock import Clock
from devgw.entropy import digest, short_id, token

PEOPLE = {"ada": "Ada Lovelace", "grace": "Grace Hopper"}
"""As whom one can approve; the first is the default."""
CODE_LIFETIME = timedelta(seconds=60)
ACCESS_LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SampleClient:
    """A client, registered or known by its metadata document."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: str
    secret_digest: str | None = None


@dataclass(frozen=True, slots=True)
class AskedAuthorization:
    """An authorization request that was found good and waits for a click."""

    client: SampleClient
    redirect_uri: str
    state: str | None
    scope: str
    resource: str
    challenge: str


@dataclass(slots=True)
class SampleGrant:
    """What a person allowed a client."""

    id: str
    client_id: str
    subject: str
    scope: str
    resource: str
    is_live: bool = True


@dataclass(slots=True)
class SampleCode:
    """An authorization code."""

    grant: SampleGrant
    asked: AskedAuthorization
    expires_at: datetime
    is_spent: bool = False


@dataclass(frozen=True, slots=True)
class SampleAccessToken:
    """An access token."""

    grant: SampleGrant
    scope: str
    expires_at: datetime


@dataclass(slots=True)
class SampleRefreshToken:
    """A refresh token; a spent one that comes again ends its grant."""

    grant: SampleGrant
    is_spent: bool = False


@dataclass
class SampleRecords:
    """Everything remembered; keys of secrets are digests."""

    clock: Clock
    clients: dict[str, SampleClient] = field(default_factory=dict)
    waiting: dict[str, AskedAuthorization] = field(default_factory=dict)
    codes: dict[str, SampleCode] = field(default_factory=dict)
    access_tokens: dict[str, SampleAccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, SampleRefreshToken] = field(default_factory=dict)

    def wait_for_click(self, asked: AskedAuthorization) -> str:
        """Keep a request and return the id under which the page sends its answer."""
        key = short_id("ask_", 16)
        self.waiting[key] = asked
        return key

    def issue_code(self, asked: AskedAuthorization, subject: str) -> str:
        """Grant what was asked and return a code for it."""
        grant = SampleGrant(short_id("grant_"), asked.client.id, subject, asked.scope, asked.resource)
        code = token("uac_")
        self.codes[digest(code)] = SampleCode(grant, asked, self.clock.now() + CODE_LIFETIME)
        return code

    def issue_access_token(self, grant: SampleGrant, scope: str) -> str:
        """Return a fresh access token."""
        minted = token("uat_")
        self.access_tokens[digest(minted)] = SampleAccessToken(grant, scope, self.clock.now() + ACCESS_LIFETIME)
        return minted

    def issue_refresh_token(self, grant: SampleGrant) -> str:
        """Return a fresh refresh token."""
        minted = token("urt_")
        self.refresh_tokens[digest(minted)] = SampleRefreshToken(grant)
        return minted

    def live_access_token(self, presented: str) -> SampleAccessToken | None:
        """Return an access token that is known, unexpired and not revoked."""
        found = self.access_tokens.get(digest(presented))
        if found is None or not found.grant.is_live or found.expires_at <= self.clock.now():
            return None
        return found

    def grants(self) -> list[SampleGrant]:
        """Return every grant a code was issued for."""
        return [code.grant for code in self.codes.values()]

    def revoke(self, subject: str | None = None) -> int:
        """End the live grants, of one subject or of all, and return how many there were."""
        ended = [grant for grant in self.grants() if grant.is_live and subject in (None, grant.subject)]
        for grant in ended:
            grant.is_live = False
        return len(ended)
