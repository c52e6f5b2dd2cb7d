"""The doctor beside a running gateway: it examines what that runs with, on the ports that it really has."""

from devgw.clock import from_epoch
from devgw.config.dotenv_file import FILE as DOTENV
from devgw.diagnosis.verdicts import Check, Verdict, machine
from devgw.outbound.doctor import Machine, Patient, examine_login, examine_machine
from devgw.outbound.probes.provider import Measured, ignored
from devgw.wiring.runtime import Runtime


async def examine_running(runtime: Runtime, measured: Measured = ignored, only: str = "") -> list[Check]:
    """Return every check of a login at this gateway, or those of one part; its requests are observed by nobody.

    `measured` is told by how far the provider's clock is from ours.
    """
    if only == "machine":
        return await examine_machine(Machine(runtime.settings.port, runtime.environ, is_running=True))
    project = [_configuration(runtime), _dotenv(runtime)] if only in {"", "configuration"} else []
    if only == "configuration":
        return project
    with runtime.front.unseen.word() as word:
        return [*project, *await examine_login(patient_of(runtime, word), runtime.clock, measured, only)]


def patient_of(runtime: Runtime, word: str) -> Patient:
    """Return what runs, to be examined under `word`."""
    return Patient(
        runtime.gateway.project,
        runtime.settings,
        runtime.environ,
        runtime.upstreams.store,
        is_running=True,
        word=word,
        is_emulated=runtime.loaded.wants_emulator,
    )


def _configuration(runtime: Runtime) -> Check:
    """Say whether what is saved is what runs."""
    name, did = "configuration", "compared what is saved with what runs"
    view = runtime.monitor.config
    if not view.is_rejected:
        return Check(name, Verdict.PASS, did, f"generation {view.generation} runs, as it is saved")
    first = next((each for each in view.findings if each.severity == "error"), None)
    where = f"{first.file}{f':{first.line}' if first.line else ''}: {first.message}" if first else "it cannot be read"
    todo = (first.hint if first else "") or "Run `devgw check` for every finding."
    saw = f"what is saved was refused, generation {view.generation} still runs; first: {where}"
    return Check(name, Verdict.FAIL, did, saw, todo, "CONF-05")


def _dotenv(runtime: Runtime) -> Check:
    """Say whether `.env` changed since it was read last."""
    try:
        changed_at = from_epoch((runtime.settings.root / DOTENV).stat().st_mtime)
    except OSError:
        changed_at = None
    return machine.dotenv(changed_at, runtime.loaded.read_at)
