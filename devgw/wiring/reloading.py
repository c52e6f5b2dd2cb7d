"""A saved file becomes the next generation between two requests, or a refusal that every face shows.

What a start would run, a reload runs: the emulators too. Only whether the built-in sample runs is decided at the start:
a project that is gone is an invalid save, and a project that comes to a gateway without one is loaded.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from devgw.config.changes import Change, changes, counted
from devgw.config.finding import Finding, Severity
from devgw.config.load import Loaded
from devgw.config.outflow import outflows
from devgw.config.policies import FILE as POLICIES_FILE
from devgw.config.project import Project
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, Outcome
from devgw.monitor.configured_secrets import Forms, forms_of
from devgw.monitor.views import FindingRow
from devgw.wiring.companions import WORKOS
from devgw.wiring.config_view import config_view, finding_rows
from devgw.wiring.effects import Effects
from devgw.wiring.generation import next_generation
from devgw.wiring.own_settings import OwnSettings, WrittenSettings
from devgw.wiring.project_reader import ProjectReader
from devgw.wiring.project_watch import ProjectWatch
from devgw.wiring.reading import read_project
from devgw.wiring.runtime import Runtime

WATCHER = "file watcher"
"""As Health calls it."""


@dataclass(frozen=True, slots=True)
class SavedFiles:
    """What a save wrote, looked at as far as nothing of the loop's is needed for it."""

    loaded: Loaded
    """Without a project where anything in it, or in `devgw.toml`, is an error."""
    own: WrittenSettings
    findings: list[FindingRow]
    secrets: Forms


class Reloading:
    """Follows the project's files and swaps generations. A request finishes with the one it began with."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._effects = Effects(runtime)
        self._own = OwnSettings(runtime)
        limit = partial(runtime.supervisor.limit, WATCHER)
        self._reader = ProjectReader(limit)
        self._watch = ProjectWatch(runtime.settings.root, limit, self._reader)
        self._one_at_a_time = asyncio.Lock()

    async def watch(self) -> None:
        """Reload after every save, until cancelled."""
        await self._watch.follow(self.reload)

    async def reload(self) -> bool:
        """Read the configuration again; let it take effect, or keep the last good one. Return which of the two."""
        async with self._one_at_a_time:
            saved = await self._reader.read(self._look_at, await self._read())
            self._runtime.monitor.secrets.take(saved.secrets)
            if saved.loaded.project is None:
                return self._reject(saved)
            await self._accept(saved, saved.loaded.project)
            return True

    async def _read(self) -> Loaded:
        """Return what is written now."""
        companions = self._runtime.companions
        loaded = await self._read_for(companions.workos.origin)
        if loaded.wants_emulator and WORKOS not in companions.running:
            before = companions.workos.origin
            companions.workos.bind()
            if companions.workos.origin != before:  # somebody else took the port meanwhile
                loaded = await self._read_for(companions.workos.origin)
        return loaded

    async def _read_for(self, workos_origin: str) -> Loaded:
        runtime = self._runtime
        return await self._reader.read(
            read_project,
            runtime.settings,
            runtime.environ,
            workos_origin,
            read_at=runtime.clock.now(),
            may_be_sample=runtime.loaded.is_sample,
            emulated_id=runtime.gateway.policy.login.client_id if runtime.loaded.wants_emulator else "",
        )

    def _look_at(self, loaded: Loaded) -> SavedFiles:
        """Return what there is to see in it; with large files this takes long."""
        own = self._own.read()
        faults = (*own.faults, *self._not_allowed(loaded))
        if faults:
            loaded = replace(loaded, project=None, findings=(*faults, *loaded.findings))
        rows = finding_rows(own.findings, loaded, self._runtime.settings.root)
        return SavedFiles(loaded, own, rows, forms_of(loaded.secrets(), loaded.upstream_urls()))

    def _not_allowed(self, loaded: Loaded) -> Iterator[Finding]:
        """Yield what of the shell's environment would go where nobody was asked about, as a finding each."""
        allowed = self._runtime.allowed
        for each in outflows(loaded, self._runtime.settings.upstreams) if allowed is not None else ():
            if allowed is not None and each not in allowed:
                whose = each.file or "the shell"
                message = f"{each.name} of {whose} would go to {each.origin}, and nobody was asked about that."
                instead = "put a file in the place of the link .env" if each.file else "write the value into .env"
                fix = f"Start devgw again to be asked, or {instead}."
                yield Finding("environment-not-trusted", Severity.ERROR, POLICIES_FILE, message, fix)

    def _reject(self, saved: SavedFiles) -> bool:
        """Keep what runs, and say why what was saved does not."""
        runtime, loaded = self._runtime, saved.loaded
        if WORKOS not in runtime.companions.running:
            runtime.companions.workos.release()
        found = [each for each in loaded.findings if each.severity is Severity.ERROR]
        errors, hint = tuple(f"{each.place}: {each.message}" for each in found), next((each.fix for each in found), "")
        runtime.monitor.take_config(config_view(runtime, saved.findings, rejected=loaded))
        generation = runtime.gateway.generation
        runtime.bus.publish(
            ConfigRejected(generation=generation, findings=errors, hint=hint or None, outcome=Outcome.FAILURE)
        )
        return False

    async def _accept(self, saved: SavedFiles, written: Project) -> None:
        """Run what was saved, end what cannot go on, and say both."""
        runtime, companions = self._runtime, self._runtime.companions
        plan = companions.plan(saved.loaded, written)
        notes, before = runtime.notes, list(companions.running)
        await companions.end(companions.stale(plan), runtime.supervisor)
        for each in companions.place(plan):
            runtime.supervisor.start(each.recipe.name, each.serve)
        project = companions.lead(written)
        found = changes(runtime.gateway.project, project)
        self._swap(saved.loaded, project)
        said = await self._carry_out(found)
        await companions.end(companions.superfluous(plan), runtime.supervisor)
        said += [*self._own.changed(saved.own), *(each for each in runtime.notes if each not in notes)]
        said += [f"The {name} has ended." for name in before if name not in companions.running]
        self._announce(saved, said)
        self._own.told(saved.own)

    async def _carry_out(self, found: Sequence[Change]) -> list[str]:
        """End what cannot go on; return in words what changed, and whom it meets.

        Requests are answered in between. Who is cancelled in the midst carries out the rest at once.
        """
        said, left = [], deque(found)
        try:
            for each in found:
                said.append(counted(each, self._effects.count))
                await asyncio.sleep(0)
            while left:
                self._end(left.popleft())
                await asyncio.sleep(0)
        finally:
            for each in left:
                self._end(each)
        return said

    def _end(self, change: Change) -> None:
        with self._runtime.ground.store.transaction():
            self._effects.end(change.effects)

    def _swap(self, loaded: Loaded, project: Project) -> None:
        runtime = self._runtime
        number = runtime.gateway.generation + 1
        gateway = next_generation(project, runtime.ground, runtime.upstreams, number)
        runtime.loaded = loaded
        runtime.served.gateway = gateway
        runtime.front.serve(gateway)
        runtime.canonical.now = runtime.urls
        runtime.monitor.take_routes(project.routes)

    def _announce(self, saved: SavedFiles, said: list[str]) -> None:
        runtime = self._runtime
        runtime.monitor.gateway = runtime.facts
        if not saved.loaded.is_sample:
            runtime.monitor.health.forget("project")
        runtime.monitor.take_config(config_view(runtime, saved.findings, changes=said))
        runtime.bus.publish(
            ConfigLoaded(
                generation=runtime.gateway.generation,
                routes=len(runtime.gateway.project.routes),
                warnings=sum(each.severity != "error" for each in saved.loaded.findings),
                changes=tuple(said),
            )
        )
