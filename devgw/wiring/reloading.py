"""A saved file becomes the next generation between two requests, or a refusal that every face shows."""

from dataclasses import fields
from pathlib import Path

from devgw.config.changes import Affected, Change, Effect, changes
from devgw.config.load import watched_files
from devgw.config.settings_file import read_settings
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, Outcome
from devgw.gateway.revocation import Ending
from devgw.settings import Settings
from devgw.wiring.building import read
from devgw.wiring.config_view import config_view
from devgw.wiring.generation import next_generation
from devgw.wiring.runtime import Runtime

STEP_MILLISECONDS = 30
"""How long a burst of changes must pause before it counts as one save."""


class Reloading:
    """Watches the project's files and swaps generations. A request finishes with the one it began with."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._written = self._read_settings()

    async def watch(self) -> None:
        """Reload after every save, until cancelled."""
        from watchfiles import awatch  # noqa: PLC0415  loaded once the port answers

        folders = self._folders()
        if not folders:
            return
        async for changed in awatch(
            *folders, debounce=200, step=STEP_MILLISECONDS, recursive=False, watch_filter=None, stop_event=None
        ):
            if {Path(path) for _, path in changed} & self._watched():
                self.reload()

    def reload(self) -> bool:
        """Read the configuration again; let it take effect, or keep the last good one. Return which of the two."""
        runtime = self._runtime
        before = runtime.gateway
        loaded = read(runtime.settings, runtime.environ, runtime.clock, runtime.companions.workos)
        if loaded.project is None:
            errors = tuple(f"{each.place}: {each.message}" for each in loaded.findings if each.severity == "error")
            runtime.monitor.take_config(config_view(runtime, rejected=loaded))
            runtime.bus.publish(ConfigRejected(generation=before.generation, findings=errors, outcome=Outcome.FAILURE))
            return False
        project = runtime.companions.lead(loaded.project)
        found = changes(before.project, project)
        gateway = next_generation(project, runtime.ground, runtime.upstreams, before.generation + 1)
        runtime.loaded = loaded
        runtime.served.gateway = gateway
        runtime.front.serve(gateway)
        runtime.canonical.now = runtime.urls
        runtime.monitor.take_routes(project.routes)
        said = (*(self._say(each) for each in found), *self._settings_changed())
        for change in found:
            self._end(change)
        runtime.monitor.take_config(config_view(runtime, changes=list(said)))
        warnings = sum(each.severity != "error" for each in loaded.findings)
        runtime.bus.publish(
            ConfigLoaded(generation=gateway.generation, routes=len(project.routes), warnings=warnings, changes=said)
        )
        return True

    def _read_settings(self) -> Settings:
        """Return what `devgw.toml` and the environment say, without the flags of this start."""
        return read_settings(self._runtime.settings.root, self._runtime.environ, {})[0]

    def _settings_changed(self) -> list[str]:
        """Return devgw's own settings that were changed; they are read at the start alone."""
        before, self._written = self._written, self._read_settings()
        names = [each.name for each in fields(Settings)]
        changed = [name for name in names if getattr(before, name) != getattr(self._written, name)]
        return [f"devgw.toml: `{name}` changed; it takes effect at the next start." for name in changed]

    def _say(self, change: Change) -> str:
        """Return a change in words, with how many it meets."""
        counted = [text for each in change.effects if (text := self._count(each))]
        tail = f" ({'; '.join(counted)})" if counted else ""
        return f"{change.text} {change.consequence}".strip() + tail

    def _count(self, effect: Effect) -> str:
        found = len(self._met(effect))
        if not found:
            return ""
        what = str(effect.affected).replace("_", " ")
        return f"{found} {what} {'end' if effect.ends else 'go on'}"

    def _met(self, effect: Effect) -> list[str]:
        store, now = self._runtime.ground.store, self._runtime.clock.now()
        grants = [
            each
            for each in store.grants()
            if not each.revoked_at and each.expires_at > now and effect.operation_id in (None, each.operation_id)
        ]
        if effect.affected is Affected.SESSIONS:
            return [each.id for each in store.sessions() if not each.ended_at and each.expires_at > now]
        if effect.affected is Affected.GRANTS:
            return [each.id for each in grants]
        if effect.affected is Affected.ACCESS_TOKENS:
            tokens = [token for grant in grants for token in store.access_tokens_of(grant.id)]
            return [each.id for each in tokens if not each.revoked_at and each.expires_at > now]
        return []

    def _end(self, change: Change) -> None:
        """End what cannot go on under the new configuration."""
        revocation = self._runtime.ground.revocation
        for effect in change.effects:
            if not effect.ends:
                continue
            if effect.affected is Affected.GRANTS:
                revocation.end(revocation.of_grants(self._met(effect)), "configuration_changed")  # type: ignore[arg-type]  # ids of grants
            elif effect.affected is Affected.SESSIONS:
                revocation.end(Ending(sessions=tuple(self._met(effect))), "configuration_changed")  # type: ignore[arg-type]  # ids of sessions
            elif effect.affected is Affected.CONNECTIONS:
                self._disconnect(effect)

    def _disconnect(self, effect: Effect) -> None:
        """Forget the credentials of an upstream that is another one now."""
        oauth = self._runtime.upstreams.oauth
        for each in oauth.connections():
            if effect.upstream_server_id in (None, each.upstream_server_id):
                forgetting = oauth.disconnect(each.subject_id, each.upstream_server_id, "configuration_changed")
                self._runtime.supervisor.once("disconnecting", forgetting)

    def _watched(self) -> set[Path]:
        return {each.resolve() for each in watched_files(self._runtime.settings.root)} | watched_files(
            self._runtime.settings.root.resolve()
        )

    def _folders(self) -> list[Path]:
        """Return the folders that exist and hold what is watched; a symlinked file's own folder too."""
        files = self._watched()
        found = {each.parent for each in files} | {each.resolve().parent for each in files if each.is_symlink()}
        return sorted(each for each in found if each.is_dir())
