"""Signing the person in: to the identity provider and back, into a session.

The state is one use, bound to the browser by a cookie of its own, and names the pending authorization, so that two tabs
never overwrite one another. Source: OAuth 2.1 §4.1, §7.12; `workos.md` §1 and §11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from devgw.clock import Clock
from devgw.config.project import OAuthPolicy
from devgw.entropy import digest, same, short_id, token
from devgw.events import Bus
from devgw.foreign.text import clean
from devgw.gateway.completion import Completion
from devgw.gateway.identity import Identity
from devgw.gateway.identity_provider import IdentityProvider, LoginRequest
from devgw.gateway.login_events import login_begun, login_failed, login_finished
from devgw.gateway.page_proof import MOST_COOKIES, PageProofs
from devgw.gateway.records import PendingAuthorization, Session
from devgw.gateway.store import Store
from devgw.ids import SessionId, SubjectId
from devgw.oauth.parameters import Parameters
from devgw.oauth.pkce import challenge_of
from devgw.oauth.urls import Urls
from devgw.problems import Problem, Refused
from devgw.problems.consent import TransactionFinished
from devgw.problems.login import (
    AnswerPosted,
    LoginCookieMissing,
    LoginEnded,
    RouteGone,
    StateExpired,
    StateMissing,
    StateSpent,
    StateUnknown,
)
from devgw.problems.provider_refusal import ProviderAnswerForeign, ProviderRefused
from devgw.problems.provider_steps import ProviderAnswerEmpty

Cookies = Mapping[str, Sequence[str]]
"""Every value that a browser sent, by name: other ports can set more of one name."""
SESSION_COOKIE = "devgw_session"
DEV_SUBJECT = "dev-browser-user"
_ASKS_WHO = ("login", "select_account")


@dataclass(frozen=True, slots=True)
class LoginDeparture:
    """Where the browser goes, and the cookie that proves at the callback that it is the same browser."""

    url: str
    cookie_name: str
    cookie_value: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A finished login: the session with the secret of its cookie, and what goes on now."""

    pending: PendingAuthorization
    session: Session
    session_cookie: str | None
    """None where the browser has it: it came twice, or its person signed in once more."""
    page_token: str | None
    """Of the page that comes now; who only comes twice proves anew what browser it is."""
    login_cookie_name: str


class Login:
    """Sends browsers to the identity provider and takes them back."""

    def __init__(
        self,
        policy: OAuthPolicy,
        provider: IdentityProvider,
        canonical_origin: str,
        proofs: PageProofs,
        store: Store,
        completion: Completion,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._proofs = proofs
        self._canonical_origin = canonical_origin
        self._policy = policy
        self._provider = provider
        self._store = store
        self._completion = completion
        self._bus = bus
        self._clock = clock

    def depart(self, pending: PendingAuthorization, urls: Urls) -> LoginDeparture:
        """Return where the browser goes to sign in for this authorization; an earlier state of it is spent."""
        state, browser, nonce = token("st_"), token("br_"), token("no_")
        verifier = token("cv_") if self._policy.login.pkce == "S256" else None
        now = self._clock.now()
        self._store.save_pending(
            replace(
                pending,
                login_state_digest=digest(state),
                login_nonce=nonce,
                login_verifier=verifier,
                browser_digest=digest(browser),
                login_finished_at=None,
                expires_at=now + self._policy.login.state_ttl,
            )
        )
        request = LoginRequest(
            callback=urls.callback,
            state=state,
            nonce=nonce,
            challenge=challenge_of(verifier) if verifier else None,
            prompt=next((each for each in (pending.prompt or "").split() if each in _ASKS_WHO), None),
            login_hint=pending.parameters.get("login_hint"),
        )
        url = urls.dev_login(state) if self.is_dev_login else self._provider.authorize_url(request)
        self._bus.publish(login_begun(pending, url, urls.callback))
        return LoginDeparture(url, _cookie_name(pending), browser)

    @property
    def is_dev_login(self) -> bool:
        """Tell whether people sign in without any provider, on loopback alone."""
        return self._policy.provider == "dev-login"

    async def arrive(self, parameters: Parameters, cookies: Cookies, urls: Urls, user_agent: str) -> Arrival:
        """Return the session that the provider's answer makes.

        Raises:
            Refused: with a problem of `problems.login`; after `ProviderRefused` the authorization is over.
        """
        pending: PendingAuthorization | None = None
        try:
            pending = self._find(parameters)
            if pending.login_finished_at:  # the login cookie is gone by now; the session's own is what counts
                return self._arrive_again(pending, cookies)
            self._check_browser(pending, cookies, urls)
        except Refused as refused:
            if pending or isinstance(refused.problem, StateMissing | StateUnknown):  # what had ended was told before
                self._publish_failed(pending, refused.problem)
            raise
        work = f"sign-in {(pending.login_state_digest or '')[:16]}"
        return await self._completion.once(work, lambda: self._arrive(parameters, pending, cookies, urls, user_agent))

    async def _arrive(
        self, parameters: Parameters, pending: PendingAuthorization, cookies: Cookies, urls: Urls, agent: str
    ) -> Arrival:
        """Redeem the provider's code, whether the browser waits or not, and open the session."""
        try:
            self._check_answer(parameters, pending, urls.callback)
            identity = await self._identify(parameters, pending, urls)
            pending = self._find(parameters)  # it may have been decided or begun anew meanwhile
        except Refused as refused:
            self._publish_failed(pending, refused.problem)
            raise
        session, cookie = self._open_session(identity, agent, cookies)
        now = self._clock.now()
        pending = replace(pending, login_finished_at=now, session_id=session.id, prompt=None)
        with self._store.transaction():
            self._store.save_session(session)
            pending, page_token = self._proofs.page_token(pending, session)
        self._bus.publish(login_finished(pending, session))
        return Arrival(pending, session, cookie, page_token, _cookie_name(pending))

    def find_for_error(self, parameters: Parameters) -> PendingAuthorization | None:
        """Return the authorization that a failed callback belongs to, to tell its client."""
        state = parameters.first("state")
        return self._store.find_pending_by_state(digest(state)) if state else None

    def _find(self, parameters: Parameters) -> PendingAuthorization:
        state = parameters.get("state")
        if not state:
            raise Refused(self._stateless(parameters))
        pending = self._store.find_pending_by_state(digest(state))
        if pending is None:
            raise Refused(StateUnknown(*_words_of(parameters)))
        if pending.decided_at:
            raise Refused(TransactionFinished(pending.client_name, pending.decided_at))
        if pending.ended_with_route:
            raise Refused(RouteGone(pending.client_name, pending.resource, pending.operation_id, pending.expires_at))
        if pending.expires_at <= self._clock.now():
            raise Refused(StateExpired(pending.created_at, pending.expires_at))
        if pending.begins_anew:
            raise Refused(LoginEnded(pending.login_finished_at or pending.created_at))
        return pending

    def _stateless(self, parameters: Parameters) -> StateMissing:
        return StateMissing("code" in parameters, self._policy.provider == "workos", *_words_of(parameters))

    def turn_away(self, form: Parameters) -> AnswerPosted:
        """Return why an answer that came as a form is not taken; the login that it belongs to has failed."""
        url, _, query = self._policy.login.url.partition("?")
        is_derived = self._policy.provider != "oidc"
        problem = AnswerPosted(url if self._policy.oidc else "", is_derived, "response_mode=form_post" in query)
        pending = self.find_for_error(form)
        if pending is None or not pending.decided_at:
            self._publish_failed(pending, problem)
        return problem

    def _check_browser(self, pending: PendingAuthorization, cookies: Cookies, urls: Urls) -> None:
        values = cookies.get(_cookie_name(pending), ())[:MOST_COOKIES]
        if not any(same(digest(each), pending.browser_digest or "") for each in values):
            raise Refused(LoginCookieMissing(urls.origin, self._canonical_origin))

    def _check_answer(self, parameters: Parameters, pending: PendingAuthorization, callback: str) -> None:
        """Refuse an answer of another issuer, then one that is an error; the state is spent with the latter.

        The provider's metadata is not read for a login, so that an answer without the `iss` that it promises is taken;
        it is told of once the metadata is known (`diagnosis.rules.login_page`).
        """
        self._check_issuer(parameters.get("iss"))
        error = parameters.get("error")
        if error:
            self._store.save_pending(replace(pending, decided_at=self._clock.now()))
            raise Refused(ProviderRefused.of(error, parameters.get("error_description", ""), callback))

    def _check_issuer(self, got: str | None) -> None:
        """Compare `iss` with the configured issuers, character by character (RFC 9207 §2.4)."""
        oidc = self._policy.oidc
        if got is not None and oidc is not None and got not in (oidc.issuer, *oidc.other_issuers):
            raise Refused(ProviderAnswerForeign(clean(got, 300), oidc.issuer, oidc.other_issuers))

    def _arrive_again(self, pending: PendingAuthorization, cookies: Cookies) -> Arrival:
        """Go on where the same browser's first callback went: browsers prefetch, people press reload."""
        sessions = self._proofs.sessions_of(cookies.get(SESSION_COOKIE, ()))
        session = next((each for each in sessions if each.id == pending.session_id), None)
        if session is None:
            raise Refused(StateSpent(pending.login_finished_at or self._clock.now()))
        return Arrival(pending, session, None, None, _cookie_name(pending))

    async def _identify(self, parameters: Parameters, pending: PendingAuthorization, urls: Urls) -> Identity:
        if self.is_dev_login:
            return Identity(SubjectId(DEV_SUBJECT), issuer=urls.origin, display_name="Development user")
        code = parameters.get("code")
        if not code:
            names = clean(", ".join(sorted(parameters)), 200)
            raise Refused(ProviderAnswerEmpty(names, _words_of(parameters)[1]))
        return await self._provider.redeem(code, urls.callback, pending.login_verifier, pending.login_nonce or "")

    def _open_session(self, identity: Identity, user_agent: str, cookies: Cookies) -> tuple[Session, str | None]:
        """Return a session with its cookie; the one that this browser has of the same person goes on, and so does its.

        So the pages that are open in its other tabs stay good.
        """
        whose = identity.subject_id, identity.issuer
        sessions = self._proofs.sessions_of(cookies.get(SESSION_COOKIE, ()))
        known = next((each for each in sessions if (each.subject_id, each.issuer) == whose), None)
        cookie = None if known else token("ss_")
        now = self._clock.now()
        session = Session(
            id=known.id if known else SessionId(short_id("s-", 12)),
            cookie_digest=known.cookie_digest if known else digest(cookie or ""),
            key_digest=known.key_digest if known else None,
            subject_id=identity.subject_id,
            email=identity.email,
            display_name=identity.display_name,
            started_at=now,
            expires_at=now + self._policy.login.session_ttl,
            issuer=identity.issuer,
            provider_session_id=identity.provider_session_id,
            user_agent=user_agent,
            claims=dict(identity.claims),
        )
        return session, cookie

    def _publish_failed(self, pending: PendingAuthorization | None, problem: Problem) -> None:
        self._bus.publish(login_failed(pending, problem))


def _words_of(parameters: Parameters) -> tuple[str, str]:
    """Return the provider's error and its description, empty where it has none."""
    return parameters.first("error") or "", parameters.first("error_description") or ""


def _cookie_name(pending: PendingAuthorization) -> str:
    """Return the name of this authorization's own login cookie: parallel logins do not overwrite one another."""
    return f"devgw_login_{pending.id}"
