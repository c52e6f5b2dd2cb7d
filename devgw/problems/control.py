"""Why a gateway cannot take a project for itself, or a face finds none."""

import shlex
from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import Fault, Problem


@dataclass(frozen=True, slots=True)
class StateDirectoryUnusable(Problem):
    """The state directory cannot be made or written."""

    path: str
    reason_given: str
    keeps: bool | None = None
    """Whether the gateway keeps a state, which it may go without; None where nobody can choose."""
    variable: str = "TMPDIR"
    """Of the environment; names another place where no state is kept."""

    fault: ClassVar = Fault.MACHINE

    def explain(self) -> str:
        """Say which directory, and what the system said."""
        if self.keeps is False:
            return f"{self.path} cannot be used for devgw's control socket: {self.reason_given}."
        return f"{self.path} cannot be used for devgw's state: {self.reason_given}."

    def advise(self) -> str:
        """Say how to get one, or how to do without."""
        if self.keeps is False:
            return (
                f"Set {self.variable} to a folder that you may write to; with --headless a gateway runs without that "
                "socket."
            )
        otherwise = ", or keep nothing with --ephemeral" if self.keeps else ""
        return f"Mend that or move it away, or name another folder with --state-dir{otherwise}."


@dataclass(frozen=True, slots=True)
class NoPassingFolder(Problem):
    """Nothing can be kept that lasts as long as one command."""

    path: str
    reason_given: str

    fault: ClassVar = Fault.MACHINE
    hint: ClassVar = "Set TMPDIR to a folder that you may write to."

    def explain(self) -> str:
        """Say which folder was tried last, and what the system said."""
        needed = "devgw needs a folder for as long as this command runs"
        return f"{needed}, and cannot make it in {self.path}: {self.reason_given}."


@dataclass(frozen=True, slots=True)
class AnotherGatewayRuns(Problem):
    """A gateway runs with this state already: in this project, or in another one that was given the same folder."""

    state_dir: str
    pid: int

    fault: ClassVar = Fault.MACHINE

    def explain(self) -> str:
        """Say which process holds the state."""
        who = f"process {self.pid}" if self.pid else "another process"
        return f"A gateway runs with this state already: {who} holds {self.state_dir}."

    def advise(self) -> str:
        """Say what to do instead."""
        end = f" end it (kill {self.pid})," if self.pid else ""
        attach = f"devgw attach --state-dir {shlex.quote(self.state_dir)}"  # it may have been started anywhere
        return f"Join it with `{attach}`,{end} or start this one with another --state-dir and --port."


@dataclass(frozen=True, slots=True)
class NoGatewayRuns(Problem):
    """No gateway answers on the control socket of this project."""

    state_dir: str

    fault: ClassVar = Fault.MACHINE
    hint: ClassVar = "Start one with `devgw up`, or name its project's folder, or its state with DEVGW_STATE_DIR."

    def explain(self) -> str:
        """Say where it was looked for."""
        return f"No gateway runs here: nothing answers on the control socket in {self.state_dir}."


@dataclass(frozen=True, slots=True)
class GatewayNotReached(Problem):
    """A gateway holds the project, and its control socket does not answer."""

    state_dir: str
    pid: int

    fault: ClassVar = Fault.MACHINE

    def explain(self) -> str:
        """Say which process holds the project."""
        return (
            f"A gateway runs here (process {self.pid}), but nothing answers on its control socket in {self.state_dir}."
        )

    def advise(self) -> str:
        """Say what may be in the way."""
        return (
            "It may be starting or ending: ask again in a moment. Else take away what stands in the place of "
            f"control.sock there: it listens again within seconds. Or end it (kill {self.pid}) and start it again."
        )


@dataclass(frozen=True, slots=True)
class GatewaySilent(Problem):
    """A gateway took the connection and says nothing: it hangs, was suspended, or the machine is overloaded."""

    state_dir: str
    pid: int
    seconds: float

    fault: ClassVar = Fault.MACHINE

    def explain(self) -> str:
        """Say which process is silent, and for how long it was waited."""
        who = f"process {self.pid}, which " if self.pid else "what "
        return (
            f"Nothing was said within {self.seconds:.0f} s by {who}listens on the control socket in {self.state_dir}."
        )

    def advise(self) -> str:
        """Say how to go on."""
        if not self.pid:
            return "End it and start devgw again."
        return (
            f"Ask again where the machine is busy; `kill -CONT {self.pid}` lets it go on where it was suspended. "
            f"Else end it (`kill {self.pid}`; it takes up to 5 s) and start it again."
        )


@dataclass(frozen=True, slots=True)
class GatewayOfAnotherUser(Problem):
    """The state directory belongs to somebody else."""

    state_dir: str

    fault: ClassVar = Fault.MACHINE
    hint: ClassVar = "Run this as the user who started the gateway."

    def explain(self) -> str:
        """Say which directory may not be entered."""
        return f"The state directory {self.state_dir} is another user's: only its owner may join the gateway."
