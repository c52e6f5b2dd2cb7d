"""A saved file becomes the next generation between two requests, or a refusal that every face shows.

What a start would run, a reload runs: the emulators too. Only whether the built-in sample runs is decided at the start:
a project that is gone is an invalid save, and a project that comes to a gateway without one is loaded.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from devgw.config.changes import changes, counted
from devgw.config.finding import Finding, Severity
from devgw.config.load import Loaded
from devgw.config.outflow import outflows
from devgw.config.policies import FILE as POLICIES_FILE
from devgw.config.project import Project
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, Outcome
from devgw.wiring.companions import WORKOS
from devgw.wiring.config_view import config_view
from devgw.wiring.effects import Effects
from devgw.wiring.generation import next_generation
from devgw.wiring.own_settings import OwnSettings
from devgw.wiring.project_watch import ProjectWatch
from devgw.wiring.reading import read_project
from devgw.wiring.runtime import Runtime

WATCHER = "file watcher"
"""As Health calls it."""


class Reloading:
    """Follows the project's files and swaps generations. A request finishes with the one it began with."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._effects = Effects(runtime)
        self._own = OwnSettings(runtime)
        self._watch = ProjectWatch(runtime.settings.root, partial(runtime.supervisor.limit, WATCHER))
        self._one_at_a_time = asyncio.Lock()

    async def watch(self) -> None:
        """Reload after every save, until cancelled."""
        await self._watch.follow(self.reload)

    async def reload(self) -> bool:
        """Read the configuration again; let it take effect, or keep the last good one. Return which of the two."""
        async with self._one_at_a_time:
            loaded = await self._read()
            self._runtime.monitor.secrets.keep(loaded.secrets(), loaded.upstream_urls())
            if loaded.project is None:
                return self._reject(loaded)
            await self._accept(loaded, loaded.project)
            return True

    async def _read(self) -> Loaded:
        """Return what is written now; without a project where anything in it, or in `devgw.toml`, is an error.

        Files that are long or odd take seconds: they are read in a thread, and requests are answered meanwhile.
        """
        companions = self._runtime.companions
        loaded = await self._read_for(companions.workos.origin)
        if loaded.wants_emulator and WORKOS not in companions.running:
            before = companions.workos.origin
            companions.workos.bind()
            if companions.workos.origin != before:  # somebody else took the port meanwhile
                loaded = await self._read_for(companions.workos.origin)
        faults = (*await asyncio.to_thread(self._own.faults), *self._not_allowed(loaded))
        return replace(loaded, project=None, findings=(*faults, *loaded.findings)) if faults else loaded

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

    async def _read_for(self, workos_origin: str) -> Loaded:
        runtime = self._runtime
        return await asyncio.to_thread(
            read_project,
            runtime.settings,
            runtime.environ,
            workos_origin,
            read_at=runtime.clock.now(),
            may_be_sample=runtime.loaded.is_sample,
            emulated_id=runtime.gateway.policy.login.client_id if runtime.loaded.wants_emulator else "",
        )

    def _reject(self, loaded: Loaded) -> bool:
        """Keep what runs, and say why what was saved does not."""
        runtime = self._runtime
        if WORKOS not in runtime.companions.running:
            runtime.companions.workos.release()
        found = [each for each in loaded.findings if each.severity is Severity.ERROR]
        errors, hint = tuple(f"{each.place}: {each.message}" for each in found), next((each.fix for each in found), "")
        runtime.monitor.take_config(config_view(runtime, rejected=loaded))
        generation = runtime.gateway.generation
        runtime.bus.publish(
            ConfigRejected(generation=generation, findings=errors, hint=hint or None, outcome=Outcome.FAILURE)
        )
        return False

    async def _accept(self, loaded: Loaded, written: Project) -> None:
        """Run what was saved, end what cannot go on, and say both."""
        runtime, companions = self._runtime, self._runtime.companions
        own = await asyncio.to_thread(self._own.changed)
        plan = companions.plan(loaded, written)
        notes, before = runtime.notes, list(companions.running)
        await companions.end(companions.stale(plan), runtime.supervisor)
        for each in companions.place(plan):
            runtime.supervisor.start(each.recipe.name, each.serve)
        project = companions.lead(written)
        found = changes(runtime.gateway.project, project)
        self._swap(loaded, project)
        said = [counted(each, self._effects.count) for each in found]
        for change in found:
            self._effects.end(change.effects)
        await companions.end(companions.superfluous(plan), runtime.supervisor)
        said += [*own, *(each for each in runtime.notes if each not in notes)]
        said += [f"The {name} has ended." for name in before if name not in companions.running]
        self._announce(loaded, said)

    def _swap(self, loaded: Loaded, project: Project) -> None:
        runtime = self._runtime
        number = runtime.gateway.generation + 1
        gateway = next_generation(project, runtime.ground, runtime.upstreams, number)
        runtime.loaded = loaded
        runtime.served.gateway = gateway
        runtime.front.serve(gateway)
        runtime.canonical.now = runtime.urls
        runtime.monitor.take_routes(project.routes)

    def _announce(self, loaded: Loaded, said: list[str]) -> None:
        runtime = self._runtime
        runtime.monitor.gateway = runtime.facts
        if not loaded.is_sample:
            runtime.monitor.health.forget("project")
        runtime.monitor.take_config(config_view(runtime, changes=said))
        runtime.bus.publish(
            ConfigLoaded(
                generation=runtime.gateway.generation,
                routes=len(runtime.gateway.project.routes),
                warnings=sum(each.severity != "error" for each in loaded.findings),
                changes=tuple(said),
            )
        )
