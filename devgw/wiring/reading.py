"""Reads a whole project, the emulator's own file included: what `devgw check` is content with, a start can run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from devgw.config.checking import checked
from devgw.config.finding import Findings
from devgw.config.load import Loaded, load
from devgw.config.node import Node
from devgw.config.sample import emulated_environ, read_own_seed
from devgw.settings import Settings


def read_project(
    settings: Settings,
    environ: Mapping[str, str],
    workos_origin: str | None = None,
    *,
    read_at: datetime | None = None,
    may_be_sample: bool = True,
) -> Loaded:
    """Return what the configuration says at this moment.

    Args:
        settings: devgw's own settings, with the project's folder.
        environ: the process environment.
        workos_origin: where the WorkOS emulator answers; where nobody runs it, the URLs of a sign-in are WorkOS's.
        read_at: the time, for the environment report.
        may_be_sample: False where the project's own configuration has run: that it is gone now is a finding.
    """
    findings = Findings()
    may_run = settings.emulators.workos is not False and settings.workos_base_url is None
    written = read_own_seed(settings.root, findings) if may_run else None
    loaded = load(
        settings.root,
        environ,
        settings,
        fallback_environ=emulated_environ(written),
        workos_origin=workos_origin,
        read_at=read_at,
        may_be_sample=may_be_sample,
    )
    seed = _checked(written, findings) if written is not None and loaded.wants_emulator else None
    project = None if findings.has_errors() else loaded.project
    return replace(loaded, project=project, findings=(*loaded.findings, *findings.in_order()), seed=seed)


def _checked(written: Node, findings: Findings) -> dict[str, Any]:
    """Return the document, after a look at whether the emulator can start from it."""
    from devgw.emulators.workos_seed import Seed  # noqa: PLC0415  only where it would run

    checked(Seed, written, findings)
    return dict(written.plain()) if written.members is not None else {}
