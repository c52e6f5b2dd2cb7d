"""What the control socket may ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from devgw.control.actions import NotPossible
from devgw.control.commands import ClockView, Consequences, FaultRow
from devgw.diagnosis.verdicts import Check
from devgw.entropy import short_id
from devgw.gateway.revocation import Restorable, RevocationReach
from devgw.ids import ClientId, GrantId, SessionId, SubjectId, TokenId, UpstreamServerId
from devgw.monitor.comparison_view import ReplayView
from devgw.monitor.views import ConfigView
from devgw.wiring.faulting import Faults
from devgw.wiring.own_clock import run_clock
from devgw.wiring.probing import probe
from devgw.wiring.runtime import Runtime

if TYPE_CHECKING:
    from devgw.wiring.reloading import Reloading

UNDO = timedelta(seconds=30)
EFFECT = "the next call answers 401 invalid_token"


@dataclass(frozen=True, slots=True)
class _Undoable:
    restorable: Restorable
    consequences: Consequences
    until: datetime


class GatewayActions:
    """The gateway's side of the commands; see `control.actions.Actions`."""

    def __init__(self, runtime: Runtime, reloading: "Reloading") -> None:
        self._runtime = runtime
        self._reloading = reloading
        self._undoable: dict[str, _Undoable] = {}
        self._faults = Faults(runtime.companions, runtime.monitor.health, runtime.clock)

    async def revoke(self, kind: str, id_: str, *, dry_run: bool) -> Consequences | None:
        """Say what ending this would end as well, and unless it is a dry run, end it at once."""
        ending = self._ending(kind, id_)
        if ending is None:
            return None
        said = Consequences(
            kind=kind,
            id=id_,
            label=self._label(kind, id_, ending),
            token_ids=list(ending.tokens),
            grant_ids=list(ending.grants),
            session_ids=list(ending.sessions),
            client_ids=list(ending.clients),
            effect=EFFECT if ending.tokens else "nothing that is live ends",
            already_over=not (ending.tokens or ending.sessions or ending.clients),
        )
        if not dry_run:
            self._end(ending, said)
        return said

    def _end(self, ending: RevocationReach, said: Consequences) -> None:
        revocation = self._runtime.ground.revocation
        restorable = revocation.remember(ending)
        revocation.end(ending, "revoked_by_user")
        until = self._runtime.clock.now() + UNDO
        said.undo_id, said.undo_until = short_id("u-"), until.timestamp()
        self._undoable[said.undo_id] = _Undoable(restorable, said, until)

    async def undo(self, undo_id: str) -> Consequences | None:
        """Take a revocation back; the newest where `undo_id` is empty."""
        now = self._runtime.clock.now()
        self._undoable = {key: each for key, each in self._undoable.items() if each.until > now}
        chosen = undo_id or next(reversed(self._undoable), "")
        found = self._undoable.pop(chosen, None)
        if found is None:
            return None
        self._runtime.ground.revocation.restore(found.restorable)
        return found.consequences

    async def reload(self) -> ConfigView:
        """Read the configuration anew, now."""
        await self._reloading.reload()
        return self._runtime.monitor.config

    async def probe(self) -> None:
        """Look after the identity provider, its keys, the upstreams."""
        await probe(self._runtime)

    async def examine(self, part: str) -> list[Check]:
        """Look wherever a login goes, or at one part of the way."""
        if part:
            return await probe(self._runtime, part)
        from devgw.wiring.examining import examine_running  # noqa: PLC0415  an HTTP client that a gateway at rest does without

        return await examine_running(self._runtime)  # for a command, which leaves no trace here

    async def travel(self, seconds: float) -> ClockView:
        """Move the gateway's clock forwards; return what time it is then, and who does not follow."""
        return await run_clock(self._runtime, "travel", seconds)

    async def set_clock(self, act: str, token_id: str) -> ClockView | None:
        """Tell the time, or move it."""
        if act != "to_expiry":
            return await run_clock(self._runtime, act)
        row, now = self._runtime.monitor.grants.tokens.get(token_id), self._runtime.clock.now().timestamp()
        if row is None:
            return None
        if not row.expires or row.expires <= now:
            raise NotPossible(f"{token_id} has expired already." if row.expires else f"{token_id} never expires.")
        return await run_clock(self._runtime, "travel", row.expires - now + 1)

    async def replay(self, trace_id: str) -> ReplayView | None:
        """Ask a recorded request again, of what runs now."""
        from devgw.wiring.replaying import replay  # noqa: PLC0415  rarely wanted

        return await replay(self._runtime, trace_id)

    async def disconnect(self, upstream_id: str, subject_id: str) -> bool:
        """Forget a credential for an upstream."""
        return await self._runtime.upstreams.oauth.disconnect(SubjectId(subject_id), UpstreamServerId(upstream_id))

    async def sign_in(self, operation_id: str) -> str:
        """Let the built-in client walk a whole flow on a route; return where the person signs in."""
        from devgw.wiring.signing_in import begin_sign_in  # noqa: PLC0415  opens a browser; rarely wanted

        return await begin_sign_in(self._runtime, operation_id)

    async def set_fault(self, name: str, times: int, seconds: float) -> None:
        """Let a fault happen at the emulator that has one of this name."""
        self._faults.set(name, times, seconds)

    async def clear_faults(self) -> None:
        """Let nothing go wrong on purpose any more."""
        self._faults.clear()

    async def faults(self) -> list[FaultRow]:
        """Return what can be made to go wrong at the emulators that run, and what is."""
        return self._faults.rows()

    async def stop(self) -> None:
        """Begin to end the gateway."""
        self._runtime.stopping.set()

    def _ending(self, kind: str, id_: str) -> RevocationReach | None:
        """Return what would end; None where there is no such thing."""
        store, revocation = self._runtime.ground.store, self._runtime.ground.revocation
        if kind == "token":
            grant_id = revocation.grant_of(TokenId(id_))
            return revocation.of_grants([grant_id]) if grant_id else None
        if kind == "grant":
            return revocation.of_grants([GrantId(id_)]) if store.find_grant(GrantId(id_)) else None
        if kind == "session":
            return revocation.of_session(SessionId(id_)) if store.find_session(SessionId(id_)) else None
        if kind == "client":
            return revocation.of_client(ClientId(id_)) if store.find_client(ClientId(id_)) else None
        return revocation.of_subject(SubjectId(id_))

    def _label(self, kind: str, id_: str, ending: RevocationReach) -> str:
        """Return what is revoked, in words."""
        store = self._runtime.ground.store
        grant = store.find_grant(ending.grants[0]) if ending.grants else None
        name = grant.client_name if grant else ""
        if kind == "client":
            client = store.find_client(ClientId(id_))
            name = client.name if client else name
        if kind in {"session", "subject"}:
            name = (grant.email if grant else "") or ""
        return f"{kind} {id_}" + (f" ({name})" if name else "")
