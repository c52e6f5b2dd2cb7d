"""Which browser may go on with an authorization: more than the session cookie, which other ports get too.

What is at stake: cookies know no ports (RFC 6265 §8.5). Every server on `localhost`, on whatever port and path it is
opened, is sent our cookies and can set ones of the same name. So a cookie says who signed in, and never that a request
comes from that person's browser. `Path` and `HttpOnly` keep honest neighbours from seeing it, and stop nobody else.

What other ports do not get is a page's text, a redirect's address and the storage of an origin: the same-origin policy
counts the port. So there are two more secrets, of which only digests are kept:

- The page token belongs to one authorization. The browser gets it in the redirect that ends its own sign-in, and in the
  form of the page behind it. Without it nobody is asked, no code is issued, and no answer is taken.
- The browser key belongs to a session. Our page puts it into the storage of its origin, where only our own pages read
  it; with it a signed-in browser gets the page token of its next authorization, without another sign-in. It is renewed
  by every page. A browser without script or storage, and whoever only has the cookie, signs in once more.

So another program on this machine that has the cookie gets the sign-in page, as a stranger does. What it still can do:
see on the sign-out page whose session it is and end it, make a browser sign in again by throwing cookies at it, and
begin an authorization of its own, whose page says so. A program that reads this user's files or browser needs none of
this, and nothing here is against it.
"""

from collections.abc import Iterable
from dataclasses import replace

from devgw.clock import Clock
from devgw.departure import Departure
from devgw.entropy import digest, same, token
from devgw.gateway.records import PendingAuthorization, Session
from devgw.gateway.store import Store
from devgw.problems import Refused
from devgw.problems.consent import SessionCookieLost

PAGE_PROOFS = Departure(
    name="page-proofs",
    here="A cookie alone opens no consent page: the page's own script proves the browser, and there is a page to sign "
    "out.",
    deployed="The browser's session is its cookie.",
    why="Every other port of localhost gets the cookies of this one.",
    source="https://zuplo.com/docs/mcp-gateway/auth/overview",
    cannot="No setting takes the proof away: any program on this machine could then consent in a person's name.",
)
MOST_COOKIES = 20
"""Cookies of one name that are looked at: another port may set as many as it likes."""


class PageProofs:
    """Gives out page tokens and browser keys, and takes them back."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def sessions_of(self, cookies: Iterable[str]) -> list[Session]:
        """Return the live sessions whose cookie is among those that a browser sent."""
        asked = list(dict.fromkeys(cookies))[:MOST_COOKIES]
        found = (self._store.find_session_by_cookie(digest(each)) for each in asked if each)
        return [each for each in found if each is not None and self.is_live(each)]

    def is_live(self, session: Session) -> bool:
        """Tell whether somebody is still signed in by it."""
        return session.ended_at is None and session.expires_at > self._clock.now()

    def page_token(self, pending: PendingAuthorization, session: Session) -> tuple[PendingAuthorization, str]:
        """Return the token of this authorization's pages, for a browser that has shown to be this session's."""
        secret = token("pt_")
        proven = replace(pending, session_id=session.id, page_digest=digest(secret))
        self._store.save_pending(proven)
        return proven, secret

    def session_by_page(
        self, pending: PendingAuthorization, page_token: str | None, sessions: Iterable[Session]
    ) -> Session | None:
        """Return the session for which this page token was given, if its cookie came too.

        Another session of the same person shows another browser, to which the page was carried: none is returned, so
        that this one shows whose it is.

        Raises:
            Refused: with `SessionCookieLost` where the token is right and the session lives, but no cookie of that
                person came: to sign in once more would end here again.
        """
        if not page_token or not pending.page_digest or not same(digest(page_token), pending.page_digest):
            return None
        known = self._store.find_session(pending.session_id) if pending.session_id else None
        if known is None:
            return None
        came = list(sessions)
        found = next((each for each in came if each.id == known.id), None)
        is_theirs = any(each.subject_id == known.subject_id for each in came)
        if found is None and not is_theirs and self.is_live(known):
            raise Refused(SessionCookieLost(others=len(came)))
        return found

    def session_by_key(self, browser_key: str | None, sessions: Iterable[Session]) -> Session | None:
        """Return the session, among those whose cookies came, to whose browser this key was given."""
        given = digest(browser_key) if browser_key else ""
        return next((each for each in sessions if each.key_digest and same(each.key_digest, given)), None)

    def browser_key(self, session: Session) -> str:
        """Return a new key for the storage of this session's browser; the one before is void."""
        secret = token("bk_")
        self._store.save_session(replace(session, key_digest=digest(secret)))
        return secret
