"""`devgw explain ID --try`: a failure made to happen in the sample project, and what `devgw why` says of it."""

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from devgw.cli.joining import fail
from devgw.cli.printing import write_line, write_lines
from devgw.diagnosis.tries import TRIES, Try

if TYPE_CHECKING:
    from devgw.testing.gateway import GatewayUnderTest

PERSON, TOOL, SLOW = "bob", "echo", 12.0


def try_out(failure_id: str) -> None:
    """Run the sample on ports of its own, let it fail so, and print what there is to see; or end."""
    trial = TRIES.get(failure_id)
    if trial is None:
        fail(f"No fault of the emulators leads to {failure_id}.", f"To try: {', '.join(sorted(TRIES))}.")
    from devgw.cli.why import tell  # noqa: PLC0415  a gateway that explaining does without
    from devgw.testing.gateway import GatewayFailed, run_gateway  # noqa: PLC0415  the same

    write_line(f"The sample runs for a moment, with `devgw fault {trial.fault}`:", err=True)
    ends: tuple[type[Exception], ...] = (GatewayFailed, *_refusals())
    try:
        with run_gateway() as gateway:
            fail_so(gateway, trial)
            cases = gateway.why()
    except ends as failed:
        fail(_why(failed), "`devgw doctor` says what is in the way.")
    write_lines(["", *tell(cases)])


def _why(failed: Exception) -> str:
    from devgw.problems import Refused  # noqa: PLC0415  a gateway that explaining does without

    said = failed.problem.explain() if isinstance(failed, Refused) else str(failed).strip()
    return f"It did not come to the fault. {said or type(failed).__name__}"


def fail_so(gateway: "GatewayUnderTest", trial: Try) -> None:
    """Do at a gateway what leads to the failure."""
    if trial.is_connected:
        gateway.call(trial.route, TOOL, PERSON, message="hello")
    if trial.minutes:
        gateway.travel(timedelta(minutes=trial.minutes))
    gateway.set_fault(trial.fault, times=0, seconds=SLOW)
    with contextlib.suppress(*_refusals()):
        gateway.call(trial.route, TOOL, PERSON, message="hello")


def _refusals() -> tuple[type[Exception], ...]:
    """Return how it ends where a gateway, or one on whom it depends, does not do what it was asked for."""
    import httpx2  # noqa: PLC0415  a gateway that explaining does without

    from devgw.control.client import Lost  # noqa: PLC0415  the same
    from devgw.outbound.built_in.login import StepRefused  # noqa: PLC0415  the same
    from devgw.problems import Refused  # noqa: PLC0415  the same

    return StepRefused, Refused, Lost, OSError, httpx2.TransportError
