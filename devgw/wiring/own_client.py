"""The built-in client between two commands: the kept login, its next tokens, or a new one; then a session with it.

What `devgw login`, `token` and `call` do; they only name the route and print.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from devgw.clock import Clock, from_epoch
from devgw.control.folder import LOGINS
from devgw.outbound.built_in.calling import McpSession
from devgw.outbound.built_in.login import USER_AGENT, BuiltInClient, BuiltInLogin, StepRefused
from devgw.outbound.built_in.person import EmulatedPerson
from devgw.outbound.client import http_client
from devgw.store.kept_logins import KeptLogin, LoginFile
from devgw.wiring.browser_callback import browser_callback

PATIENCE_SECONDS = 300
"""That a person has for the browser."""
_SOON = timedelta(seconds=10)
"""A token that ends so soon is renewed before it is given to anybody."""
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class OwnClient:
    """The client at one MCP route of a running gateway."""

    resource: str
    """The route's URL."""
    gateway: str
    """Its origin."""
    is_protected: bool
    """Whether the route wants a login."""
    person: str | None
    """Who of the emulator signs in without a browser; None where somebody does with one."""
    state_dir: Path
    clock: Clock
    show: Callable[[str], object]
    """Shows the person the URL at which they sign in, and opens it."""

    async def session(self, http: Any) -> McpSession:
        """Return a session that has begun, with a token that the route took just now.

        Raises:
            StepRefused: where a step of the login, or the route, says no.
            TimeoutError: where nobody came back from the browser.
            OSError: where the login cannot be kept.
        """
        if not self.is_protected:
            return await self._begun(http, "")
        login = await self._kept(http) or await self.sign_in(http)
        try:
            return await self._begun(http, login.access_token)
        except StepRefused as refused:
            if refused.status != _UNAUTHORIZED:
                raise
        login = await self._renewed(http, login) or await self.sign_in(http)
        return await self._begun(http, login.access_token)

    async def sign_in(self, http: Any) -> BuiltInLogin:
        """Sign in anew, and keep what came of it; raises what `session` does."""
        async with AsyncExitStack() as stack:
            back = await stack.enter_async_context(browser_callback())
            client = BuiltInClient(http, self.resource, self.clock)
            asked = await client.ask(f"http://127.0.0.1:{back.port}{back.path}")
            if self.person is not None:
                browser = await stack.enter_async_context(http_client(user_agent=USER_AGENT, keeps_cookies=True))
                person = EmulatedPerson(browser, self.person, self.gateway)
                answer = await person.sign_in(asked.url, asked.redirect_uri)
            else:
                back.wants, back.title = lambda came: came.get("state") == asked.state, "Signed in"
                self.show(asked.url)
                answer = await back.answer(PATIENCE_SECONDS)
            return self._keep(await client.redeem(asked, answer))

    async def _begun(self, http: Any, access_token: str) -> McpSession:
        session = McpSession(http, self.resource, access_token)
        await session.open()
        return session

    async def _kept(self, http: Any) -> BuiltInLogin | None:
        """Return the login that is kept, renewed where it ends soon; None where there is none of this person's."""
        kept = LoginFile(self.state_dir / LOGINS).find(self.resource)
        if kept is None or (self.person is not None and self.person != kept.person):
            return None
        tokens = (kept.access_token, kept.refresh_token, from_epoch(kept.expires_at))
        login = BuiltInLogin(self.resource, kept.client_id, kept.token_endpoint, *tokens)
        return login if login.expires_at - self.clock.now() > _SOON else await self._renewed(http, login)

    async def _renewed(self, http: Any, login: BuiltInLogin) -> BuiltInLogin | None:
        """Return the next tokens of a login; None where its grant is over."""
        if not login.refresh_token:
            return None
        try:
            return self._keep(await BuiltInClient(http, self.resource, self.clock).refresh(login))
        except StepRefused:
            return None

    def _keep(self, login: BuiltInLogin) -> BuiltInLogin:
        file = LoginFile(self.state_dir / LOGINS)
        before = file.find(self.resource)
        person = self.person or (before.person if before and before.client_id == login.client_id else "")
        tokens = (login.access_token, login.refresh_token, login.expires_at.timestamp(), person)
        file.keep(self.resource, KeptLogin(login.client_id, login.token_endpoint, *tokens))
        return login
