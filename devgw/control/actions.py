"""What the gateway does when a person asks for it on the control socket."""

from typing import Protocol

from devgw.control.commands import ClockView, Consequences, FaultRow
from devgw.diagnosis.verdicts import Check
from devgw.monitor.comparison_view import ReplayView
from devgw.monitor.views import ConfigView


class Actions(Protocol):
    """The gateway's side of the commands; each may raise `Refused` with a problem that says why not."""

    async def revoke(self, kind: str, id_: str, *, dry_run: bool) -> Consequences | None:
        """Say what ending this would end as well, and unless it is a dry run, end it at once.

        Args:
            kind: `token`, `grant`, `session`, `client` or `subject`.
            id_: of that kind.
            dry_run: True to say it only.

        Returns:
            None where there is no such thing.
        """

    async def undo(self, undo_id: str) -> Consequences | None:
        """Take a revocation back (the newest where `undo_id` is empty); None where none can be any more."""

    async def reload(self) -> ConfigView:
        """Read the configuration anew, now."""

    async def probe(self) -> None:
        """Look after the identity provider, its keys, the upstreams; publish or judge what is found."""

    async def examine(self, part: str) -> list[Check]:
        """Look wherever a login goes, as a client and a browser would, and return what the doctor says of it.

        `part` is one of `messages.PARTS`; empty for all but `machine`, which the person's own shell knows best.
        """

    async def travel(self, seconds: float) -> ClockView:
        """Move the gateway's clock forwards, so that expiry is seen without waiting for it.

        Returns:
            What time it is then, and who does not follow.
        """

    async def set_clock(self, act: str, token_id: str) -> ClockView | None:
        """Let the clock stand still (`freeze`), go as the machine's (`reset`) or to a token's end (`to_expiry`).

        An empty act only tells the time; None where there is no such token.
        """

    async def replay(self, trace_id: str) -> ReplayView | None:
        """Ask a recorded request again, of what runs now; None where there is no such request."""

    async def disconnect(self, upstream_id: str, subject_id: str) -> bool:
        """Forget a credential for an upstream; False where none is held."""

    async def sign_in(self, operation_id: str) -> str:
        """Let the built-in client walk a whole flow on a route (any where empty); return where the person signs in."""

    async def set_fault(self, name: str, times: int, seconds: float) -> None:
        """Let a fault happen at the emulator that has one of this name.

        Args:
            name: one of `faults`.
            times: how often; 0 until it is cleared.
            seconds: how long what is slow takes.
        """

    async def clear_faults(self) -> None:
        """Let nothing go wrong on purpose any more."""

    async def faults(self) -> list[FaultRow]:
        """Return what can be made to go wrong at the emulators that run, and what is."""

    async def stop(self) -> None:
        """Begin to end the gateway."""


class NoActions:
    """For a gateway that is only watched: every command that would change something is refused."""

    async def revoke(self, kind: str, id_: str, *, dry_run: bool) -> Consequences | None:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")

    async def undo(self, undo_id: str) -> Consequences | None:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")

    async def reload(self) -> ConfigView:
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")

    async def probe(self) -> None:
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")

    async def examine(self, part: str) -> list[Check]:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not examined.")

    async def travel(self, seconds: float) -> ClockView:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway's clock cannot travel.")

    async def set_clock(self, act: str, token_id: str) -> ClockView | None:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway's clock cannot travel.")

    async def replay(self, trace_id: str) -> ReplayView | None:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway can be watched, and nothing is asked by it.")

    async def disconnect(self, upstream_id: str, subject_id: str) -> bool:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")

    async def sign_in(self, operation_id: str) -> str:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway has no built-in client.")

    async def set_fault(self, name: str, times: int, seconds: float) -> None:  # noqa: ARG002  the protocol's
        """Do nothing."""
        raise NotPossible("This gateway has no emulators.")

    async def clear_faults(self) -> None:
        """Do nothing."""
        raise NotPossible("This gateway has no emulators.")

    async def faults(self) -> list[FaultRow]:
        """Do nothing."""
        raise NotPossible("This gateway has no emulators.")

    async def stop(self) -> None:
        """Do nothing."""
        raise NotPossible("This gateway can be watched, not steered.")


class NotPossible(Exception):  # noqa: N818  it reads as the answer
    """Raised by an action that cannot be done here; its text says why, and may be shown."""

    def __init__(self, explanation: str, hint: str = "") -> None:
        super().__init__(explanation)
        self.hint = hint
