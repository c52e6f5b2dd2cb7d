"""The emulator itself: its environments, its clock, its origin, what is to go wrong, and who is told what happened."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from devgw.clock import Clock, SystemClock, ThreadTime
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.faults import ArmedFaults, read_fault
from devgw.emulators.workos.sessions import Impersonator, SignIn
from devgw.emulators.workos_seed import Seed


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that the emulator did or refused; holds no secret."""

    what: str
    """`authorize`, `sign-in`, `deny`, `authenticate`, `logout`, `impersonation`."""
    client_id: str
    outcome: str
    """`ok`, or the reason of the refusal."""


class SkewedClock:
    """The given clock, seen from a machine whose own is wrong by `skew`."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.skew = timedelta()

    def now(self) -> datetime:
        """Return the wall time that the emulator believes in."""
        return self._true.now() + self.skew

    def untravelled(self) -> datetime:
        """Return what the machine's own clock shows."""
        return self._true.untravelled() + self.skew

    def ticks(self) -> int:
        """Return steady nanoseconds."""
        return self._true.ticks()

    def thread_time(self) -> ThreadTime:
        """Return what the thread had of the machine."""
        return self._true.thread_time()


class Emulator:
    """WorkOS on this machine: several environments behind one origin.

    Args:
        seed: What was read from the file.
        origin: Where it answers, without a trailing slash; the counterpart of `https://api.workos.com`.
        clock: What tells the time.
        redirect_uris: The callbacks of whoever embeds it, registered in every staging environment before the file's.
        authkit_origin: Where the sign-in page lives, if on another host name or port than `origin`; the counterpart of
            `https://<subdomain>.authkit.app`.
        signing_keys: PEM by client id, for keys that outlive a restart; missing ones are made when first needed.
        observe: Is told what happened.
    """

    def __init__(
        self,
        seed: Seed,
        origin: str,
        *,
        clock: Clock | None = None,
        redirect_uris: Iterable[str] = (),
        authkit_origin: str | None = None,
        signing_keys: Mapping[str, bytes] | None = None,
        observe: Callable[[Happened], None] = lambda _: None,
    ) -> None:
        self.clock = SkewedClock(clock or SystemClock())
        self.origin = origin.rstrip("/")
        self.authkit_origin = (authkit_origin or origin).rstrip("/")
        self.observe = observe
        self.faults = ArmedFaults()
        keys, callbacks = signing_keys or {}, tuple(redirect_uris)
        self.environments = {
            written.client_id: WorkosEnvironment(
                written,
                self.clock,
                pem=keys.get(written.client_id),
                callbacks=callbacks if written.mode == "staging" else (),
            )
            for written in seed.environments
        }
        self.faults.arm(*(read_fault(written) for written in seed.faults))

    def environment_of_key(self, api_key: str) -> WorkosEnvironment | None:
        """Return the environment whose API key this is."""
        return next((one for one in self.environments.values() if one.seed.api_key == api_key), None)

    def begin_impersonation(
        self, client_id: str, user: str, *, email: str = "admin@example.com", reason: str = "Debugging"
    ) -> str:
        """Return the URL to which WorkOS sends the browser when an admin impersonates `user` from the dashboard.

        It has a code and no state, and the code has no challenge: the application never asked for it.

        Raises:
            LookupError: The environment, the persona or a default redirect URI is missing.
        """
        environment = self.environments[client_id]
        persona = environment.persona(user)
        default = next((known.uri for known in environment.redirect_uris if known.is_default), None)
        if persona is None or default is None:
            raise LookupError(f"{client_id} has no persona {user}, or no default redirect URI.")
        sign_in = SignIn(client_id, persona.id, None, "Impersonation", Impersonator(email, reason))
        code = environment.sessions.issue_code(sign_in, None)
        self.observe(Happened("impersonation", client_id, "ok"))
        return f"{default}?{urlencode({'code': code.code})}"

    async def rotate_keys(self, client_id: str, *, keep_old: bool = False) -> None:
        """Give the environment a new signing key at once."""
        await self.environments[client_id].keys.rotate(keep_old=keep_old)

    async def signing_key(self, client_id: str) -> bytes:
        """Return the environment's private key as PEM, to be stored and passed in as `signing_keys` next time."""
        return (await self.environments[client_id].keys.current()).pem()

    async def signing_keys(self) -> dict[str, bytes]:
        """Return the private keys that were needed so far, as PEM by client id, to be passed in next time."""
        needed = [name for name, each in self.environments.items() if each.keys.has_been_needed]
        return {name: await self.signing_key(name) for name in needed}
