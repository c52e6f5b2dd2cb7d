"""Reads a whole project, the emulator's own file included: what `devgw check` is content with, a start can run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from devgw.config.checking import checked
from devgw.config.finding import Findings, Severity
from devgw.config.load import Loaded, load
from devgw.config.node import Node
from devgw.config.sample import SEED_FILE, emulated_environ, read_own_seed
from devgw.config.source import content_of
from devgw.control.folder import is_session
from devgw.settings import Settings


def read_project(
    settings: Settings,
    environ: Mapping[str, str],
    workos_origin: str | None = None,
    *,
    read_at: datetime | None = None,
    may_be_sample: bool = True,
    emulated_id: str = "",
) -> Loaded:
    """Return what the configuration says at this moment.

    Args:
        settings: devgw's own settings, with the project's folder.
        environ: the process environment.
        workos_origin: where the WorkOS emulator answers; where nobody runs it, the URLs of a sign-in are WorkOS's.
        read_at: the time, for the environment report.
        may_be_sample: False where the project's own configuration has run: that it is gone now is a finding.
        emulated_id: the client id with which the emulator signed in so far; empty where it did not.
    """
    may_run = settings.emulators.workos is not False and settings.workos_base_url is None
    of_seed = Findings()
    written = read_own_seed(settings.root, of_seed) if may_run else None
    loaded = load(
        settings.root,
        environ,
        settings,
        fallback_environ=emulated_environ(written),
        workos_origin=workos_origin,
        read_at=read_at,
        may_be_sample=may_be_sample,
    )
    if is_session(settings.root):
        loaded = _as_given(loaded)
    if not loaded.wants_emulator and not _may_be_meant(settings.root, loaded, emulated_id):
        unused = tuple(replace(each, severity=Severity.WARNING) for each in of_seed.in_order())
        return replace(loaded, findings=(*loaded.findings, *unused), seed=None)
    seed = _checked(written, of_seed) if written is not None and loaded.wants_emulator else None
    project = None if of_seed.has_errors() else loaded.project
    return replace(loaded, project=project, findings=(*loaded.findings, *of_seed.in_order()), seed=seed)


def _as_given(loaded: Loaded) -> Loaded:
    """Return the same, where no person wrote the files."""
    if loaded.project is None:
        return loaded
    routes = tuple(replace(each, is_given=True) for each in loaded.project.routes)
    return replace(loaded, project=replace(loaded.project, routes=routes))


def _may_be_meant(root: Path, loaded: Loaded, emulated_id: str) -> bool:
    """Tell whether the client id that is used may be the emulator's: it was so far, or stands in that broken file.

    As long as nobody knows, nothing is loaded: with an id of the emulator nobody may be sent to WorkOS.
    """
    client_id = loaded.project.oauth.login.client_id if loaded.project and loaded.project.oauth else ""
    try:
        content = content_of(root / SEED_FILE)
    except OSError:
        return False
    return bool(client_id) and (client_id == emulated_id or client_id.encode() in content.replace(b"\0", b""))


def _checked(written: Node, findings: Findings) -> dict[str, Any]:
    """Return the document, after a look at whether the emulator can start from it."""
    from devgw.emulators.workos_seed import Seed  # noqa: PLC0415  only where it would run

    checked(Seed, written, findings)
    return dict(written.plain()) if written.members is not None else {}
