"""Reads a whole project: every finding at once, and the project itself where nothing wrong was found."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from devgw.config import other_policies, plugin, policies, routes, settings_file, workos
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.dotenv_file import read_dotenv
from devgw.config.emulator import CLIENT_ID_NAME, check_mixed, offered_names, port_of, signs_in
from devgw.config.environment import Environment, EnvironmentUse
from devgw.config.finding import Finding, Findings, Place
from devgw.config.jsonc import parse
from devgw.config.node import Node
from devgw.config.own_origin import leads_to_devgw
from devgw.config.project import Project, secrets_in
from devgw.config.sample import SEED_FILE, sample_root
from devgw.config.source import Source, content_of, read_source
from devgw.config.toml_place import place_of
from devgw.config.upstreams_file import check_upstream_ids
from devgw.oauth.urls import ALIAS_BASE
from devgw.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a project."""

    project: Project | None
    """None where a finding is an error; the last good project stays then."""
    findings: tuple[Finding, ...]
    environment: tuple[EnvironmentUse, ...] = ()
    read_from: Path = Path()
    """The directory that was read: the project's, or the sample's."""
    is_sample: bool = False
    wants_emulator: bool = False
    """True where the sign-in goes to the WorkOS emulator, whose origin was given."""
    read_at: datetime | None = None
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False)
    """The files' texts. Kept instead of what was read from them: a large OpenAPI file takes twenty times its size."""
    lookup: Environment | None = field(default=None, repr=False)
    seed: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the project's own file says that the emulator's environments are, where that is used."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Which contents each file had, by its name; those that are not there or cannot be read are left out."""

    def secrets(self) -> list[str]:
        """Return every secret that the project configures, written out or taken from the environment."""
        named = self.lookup.secrets() if self.lookup else []
        return [*named, *secrets_in(self.project)]

    def upstream_urls(self) -> list[str]:
        """Return where each route leads, with what its URL shows the upstream."""
        return [route.upstream_url for route in self.project.routes] if self.project else []

    def documents(self) -> dict[str, Node]:
        """Return the documents by file, read again, for whoever explains where a value comes from."""
        if self.lookup is None:
            return {}
        return _documents(self.sources.values(), replace(self.lookup, findings=Findings(), used={}))


def load(
    root: Path,
    environ: Mapping[str, str],
    settings: Settings,
    *,
    fallback_environ: Mapping[str, str] | None = None,
    workos_origin: str | None = None,
    read_at: datetime | None = None,
    may_be_sample: bool = True,
) -> Loaded:
    """Return the project under `root`, or the built-in one where there is none.

    Args:
        root: the directory that holds `config/`.
        environ: the process environment.
        settings: devgw's own settings, already read.
        fallback_environ: what the WorkOS emulator offers for names that are set nowhere.
        workos_origin: the emulator's origin, used in derived URLs where the emulator signs in.
        read_at: the time, for the environment report.
        may_be_sample: False where the project's own configuration has run: that it is gone now is a finding.
    """
    findings = Findings()
    is_sample = may_be_sample and not has_config(root)
    read_from = sample_root() if is_sample else root
    dotenv = read_dotenv(root, environ, findings)
    offered = offered_names(settings, fallback_environ or {}, environ, dotenv.values)
    environment = Environment(environ, dotenv, offered, findings, read_at)
    sources = _sources(read_from, findings)
    for source in sources.values():
        environment.expect(source.text)
    documents = _documents(sources.values(), environment)
    emulated = signs_in(settings, offered, documents)
    if not emulated and settings.workos_base_url is None and settings.emulators.workos is None:
        check_mixed((fallback_environ or {}).get(CLIENT_ID_NAME), documents, findings)
    base = settings.workos_base_url or (workos_origin if emulated else None) or workos.BASE_URL
    emulator_port = port_of(settings, workos_origin) if emulated else 0
    project = _project(root, read_from, base.rstrip("/"), emulator_port, documents, environment, findings, settings)
    usable = None if findings.has_errors() else project
    return Loaded(
        project=usable,
        findings=tuple(map(environment.without_secrets, findings.in_order())),
        environment=environment.report(),
        read_from=read_from,
        is_sample=is_sample,
        wants_emulator=emulated,
        read_at=read_at,
        sources=sources,
        lookup=environment,
        digests=_digests(read_from),
    )


def has_config(root: Path) -> bool:
    """Tell whether `root` holds a project: one file of it is enough, or a folder into which nobody can look."""
    folder = root / "config"
    if os.path.lexists(folder) and not (folder.is_dir() and os.access(folder, os.X_OK)):
        return True
    # os.path, because Path.exists raises where a directory may not be looked into.
    return any(os.path.lexists(root / name) for name in (policies.FILE, *_route_files(root)))


def watched_files(root: Path) -> set[Path]:
    """Return the files whose change is worth a reload, whether they exist or not."""
    names = {policies.FILE, routes.FILE, DOTENV_FILE, settings_file.FILE, plugin.RUNTIME_FILE, plugin.ZUPLO_FILE}
    names.add(SEED_FILE)
    return {root / name for name in names} | {root / name for name in _route_files(root)}


def _digests(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted(watched_files(root)):
        try:
            found[path.relative_to(root).as_posix()] = hashlib.sha256(content_of(path)).hexdigest()[:8]
        except OSError:
            continue
    return found


def _route_files(root: Path) -> list[str]:
    """Return the OpenAPI files of the project, the usual one first; that one alone where there is none."""
    found = sorted(f"config/{each.name}" for each in (root / "config").glob("*.oas.json"))
    return sorted(found, key=lambda name: name != routes.FILE) or [routes.FILE]


def _sources(root: Path, findings: Findings) -> dict[str, Source]:
    """Return the text of every configuration file that could be read."""
    found: dict[str, Source] = {}
    if not has_config(root):
        message = "The configuration is gone: config/ holds no policies.json and no routes.oas.json any more."
        fix = "Put it back. To run the built-in sample instead, end devgw and start it again."
        findings.error("config-gone", Place("config"), message, fix)
        return found
    for name in (policies.FILE, *_route_files(root)):
        source = read_source(root, name, findings)
        if source is not None:
            found[name] = source
        elif not any(each.file == name for each in findings.found):
            fix = f"Create it; `devgw init` writes a {Path(name).name} to begin with."
            findings.error("file-missing", Place(name), f"{name} does not exist.", fix)
    return found


def _documents(sources: Iterable[Source], environment: Environment) -> dict[str, Node]:
    """Return every document that is JSON, with its `$env(...)` replaced."""
    found: dict[str, Node] = {}
    for source in sources:
        document = parse(source, environment.findings)
        if document is not None:
            found[source.file] = document
            if "$env(" in source.text:
                not_run = other_policies.not_run if source.file == policies.FILE else routes.not_run
                environment.resolve(document, not_run(document))
    return found


def _project(
    root: Path,
    read_from: Path,
    workos_base: str,
    emulator_port: int,
    documents: Mapping[str, Node],
    environment: Environment,
    findings: Findings,
    settings: Settings,
) -> Project:
    document = documents.get(policies.FILE)
    read = policies.read_policies(document, workos_base, findings) if document is not None else None
    if read is not None and read.oauth is not None:
        _check_provider(read.by_name[read.oauth.name], settings, findings)
    if read is not None and settings.upstreams:
        _check_upstreams(root, read, settings, findings)
    must_build = not plugin.PROJECT_FILES.is_made(settings)
    told = plugin.read_plugin(read_from, findings, must_build=must_build)
    base_path = _base_path(settings, told, findings)
    reader = routes.RouteReader(read, environment, findings, settings, base_path, emulator_port)
    for name in documents:
        if name != policies.FILE:
            reader.read(documents[name])
    if not reader.routes.served and not findings.has_errors():
        message = f"No route has the handler {routes.HANDLER}: there is nothing for an MCP client to connect to."
        findings.warning("no-mcp-route", Place(routes.FILE), message, "Add one; `devgw init` writes an example.")
    plugin.check_zuplo_file(read_from, findings, must_build=must_build)
    return Project(
        root=root,
        oauth=read.oauth if read is not None else None,
        routes=tuple(reader.routes.served),
        other_routes=tuple(reader.routes.others),
        base_path=base_path,
        registry=told.registry,
        is_sample=read_from != root,
    )


def _check_upstreams(root: Path, read: policies.Policies, settings: Settings, findings: Findings) -> None:
    source = read_source(root, settings_file.FILE, Findings())
    ids = [each.token_exchange.id for each in read.by_name.values() if each.token_exchange]
    if source is not None:
        check_upstream_ids(source, settings.upstreams, ids, findings, place_of)


def _check_provider(policy: policies.Policy, settings: Settings, findings: Findings) -> None:
    """Find a sign-in that leads to devgw itself, which then waits for itself; dev-login is meant to."""
    oauth = policy.oauth
    if oauth is None or oauth.provider == "dev-login":
        return
    url = next((each for each in (oauth.login.url, oauth.login.token_url) if leads_to_devgw(each, settings)), None)
    if url is not None:
        fix = "Write the identity provider's own URLs; devgw is its client."
        findings.error("provider-is-devgw", policy.node.place, f"This identity provider is devgw itself: {url}", fix)


def _base_path(settings: Settings, told: plugin.Plugin, findings: Findings) -> str:
    """Return the base path: devgw's own setting, else the plugin's; where both say something else, a finding."""
    if settings.base_path is None or told.base_path_at is None:
        return settings.base_path or told.base_path or ("/" if plugin.BASE_PATH.is_made(settings) else ALIAS_BASE)
    if settings.base_path != told.base_path:
        message = (
            f"The plugin's `basePath` is {told.base_path}, devgw's own `base_path` is {settings.base_path}: devgw uses "
            "its own, and the deployed gateway has other URLs."
        )
        fix = f'Remove `base_path` from devgw.toml, or write basePath: "{settings.base_path}" here.'
        findings.warning("base-path-contradiction", told.base_path_at, message, fix)
    return settings.base_path
