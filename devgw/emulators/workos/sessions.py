"""What sign-ins leave behind in one environment: codes, sessions and refresh tokens. All in memory."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from devgw import entropy
from devgw.clock import Clock, epoch
from devgw.emulators.workos.answers import JsonAnswer

CODE_LIFETIME = timedelta(minutes=10)
REPLAY_WINDOW = timedelta(seconds=30)
"""How long a refresh token that was just exchanged gets the same pair again."""
_KEPT = timedelta(hours=1)
"""How long what is spent or expired is remembered, so that the reason can be told apart."""


@dataclass(frozen=True, slots=True)
class Impersonator:
    """Who signs in from the dashboard in somebody's place."""

    email: str
    reason: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who was signed in, how, and for which application."""

    client_id: str
    user_id: str
    organization_id: str | None
    authentication_method: str
    impersonator: Impersonator | None = None


@dataclass(slots=True)
class LoginCode:
    """An authorization code."""

    code: str
    sign_in: SignIn
    expires_at: datetime
    code_challenge: str | None
    spent_at: datetime | None = None


@dataclass(slots=True)
class EmulatedSession:
    """A signed-in person; lives until it is revoked."""

    session_id: str
    sign_in: SignIn
    authenticated_at: datetime
    has_ended: bool = False


@dataclass(slots=True)
class Refresh:
    """A refresh token, and, once it was exchanged, what it was exchanged for."""

    token: str
    session: EmulatedSession
    used_at: datetime | None = None
    answer: JsonAnswer | None = None


class WorkosSessions:
    """The codes, sessions and refresh tokens of one environment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.codes: dict[str, LoginCode] = {}
        self.sessions: dict[str, EmulatedSession] = {}
        self.refreshes: dict[str, Refresh] = {}

    def mint(self, prefix: str = "") -> str:
        """Return a fresh id of WorkOS's shape: `prefix` and a ULID."""
        return prefix + entropy.ulid(int(self._clock.now().timestamp() * 1000))

    def issue_code(self, sign_in: SignIn, code_challenge: str | None) -> LoginCode:
        """Return a fresh code, good once within ten minutes."""
        self._forget()
        code = LoginCode(self.mint(), sign_in, self._clock.now() + CODE_LIFETIME, code_challenge)
        self.codes[code.code] = code
        return code

    def begin(self, sign_in: SignIn) -> EmulatedSession:
        """Return a fresh session."""
        session = EmulatedSession(self.mint("session_"), sign_in, self._clock.now())
        self.sessions[session.session_id] = session
        return session

    def issue_refresh(self, session: EmulatedSession) -> Refresh:
        """Return a fresh refresh token of `session`: opaque and alphanumeric."""
        opaque = entropy.token("").replace("-", "a").replace("_", "b")[:28]
        self.refreshes[opaque] = Refresh(opaque, session)
        return self.refreshes[opaque]

    def end(self, session_id: str) -> bool:
        """End the session, and tell whether there was one."""
        session = self.sessions.get(session_id)
        if session:
            session.has_ended = True
        return session is not None

    def expire_codes(self) -> None:
        """Let every code that is out be too old."""
        for code in self.codes.values():
            code.expires_at = self._clock.now()

    def end_all(self) -> None:
        """End every session, so that no refresh token is worth anything."""
        for session in self.sessions.values():
            session.has_ended = True

    def why_code_is_worthless(self, presented: str, client_id: str) -> str | None:
        """Return which of the cases it is that WorkOS answers with one wording, or None for a good code."""
        code = self.codes.get(presented)
        if code is None:
            return "code-unknown"
        if code.sign_in.client_id != client_id:
            return "code-of-another-application"
        if code.spent_at is not None:
            return "code-replayed"
        return "code-expired" if self._clock.now() >= code.expires_at else None

    def why_refresh_is_worthless(self, presented: str, client_id: str) -> str | None:
        """Return why `presented` gets nothing, or None for a good token, or one within its replay window."""
        refresh = self.refreshes.get(presented)
        if refresh is None:
            return "refresh-token-unknown"
        if refresh.session.sign_in.client_id != client_id:
            return "refresh-token-of-another-application"
        if refresh.session.has_ended:
            return "session-ended"
        if refresh.used_at is not None and self._clock.now() - refresh.used_at > REPLAY_WINDOW:
            return f"refresh-token-rotated-{epoch(self._clock.now()) - epoch(refresh.used_at)}-seconds-ago"
        return None

    def _forget(self) -> None:
        horizon = self._clock.now() - _KEPT
        self.codes = {key: code for key, code in self.codes.items() if code.expires_at > horizon}
        self.refreshes = {
            key: refresh
            for key, refresh in self.refreshes.items()
            if refresh.used_at is None or refresh.used_at > horizon
        }
