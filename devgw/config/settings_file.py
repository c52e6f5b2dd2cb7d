"""devgw's own settings: `devgw.toml`, then `DEVGW_*` variables, then flags; the later one wins."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from devgw.config.authorities import find_unusable
from devgw.config.client_documents_file import TABLE as CLIENT_DOCUMENTS
from devgw.config.client_documents_file import read_client_documents
from devgw.config.elsewhere import doubt_destinations
from devgw.config.finding import Finding, Findings, Place, did_you_mean, nearest_name
from devgw.config.members import near
from devgw.config.setting_values import WANTED, Unfit, fit, from_text, meant
from devgw.config.settings_doubts import doubt_settings
from devgw.config.source import Source, read_source
from devgw.config.strict import DEPLOYED, check_strict
from devgw.config.toml_place import place_of
from devgw.config.upstreams_file import TABLE as UPSTREAMS
from devgw.config.upstreams_file import read_upstreams
from devgw.foreign.toml import TomlRefused, read_toml
from devgw.settings import Settings

FILE = "devgw.toml"
PREFIX = "DEVGW_"
_OTHERS = re.compile(r"DEVGW_(?:THEME|TOKEN|TRUST|TEST_\w+)")
"""Variables that are no settings of the gateway: the dashboard's theme, the token of a copied command, the tests'."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the file, its place in `Settings`, and what it takes."""

    name: str
    """With the table before a dot, such as `proxy.stateful`."""
    attribute: str
    kind: str
    """One of `setting_values.WANTED`."""
    meaning: str

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.name.replace(".", "_").upper()


SETTINGS = (
    Setting("host", "host", "host", "Address to bind; `localhost` binds both loopback families."),
    Setting("port", "port", "port", "Port of the gateway."),
    Setting("origin", "origin", "url", "Origin of browser pages, where it is not http://localhost:{port}."),
    Setting("base_path", "base_path", "path", "Path before the gateway's own endpoints, where it is not the plugin's."),
    Setting("state_dir", "state_dir", "text", "Directory of database, socket and key; .devgw by default."),
    Setting("ephemeral", "ephemeral", "flag", "Keep all state in memory."),
    Setting("ca_file", "ca_file", "text", "PEM file of authorities to believe beside the system's, for outgoing TLS."),
    Setting("trusted_proxies", "trusted_proxies", "addresses", "Addresses whose X-Forwarded-* headers are believed."),
    Setting("allowed_hosts", "allowed_hosts", "hosts", "Host names beyond loopback that are answered."),
    Setting(
        "allowed_origins", "allowed_origins", "origins", "Origins of pages beyond loopback that may call MCP routes."
    ),
    *(Setting(f"deployed.{name}", f"deployed.{name}", "flag", meaning) for name, meaning in DEPLOYED.items()),
    Setting(
        "oauth.refresh_tokens",
        "oauth.refresh_tokens",
        "rotation",
        "`rotate`: each refresh brings another refresh token; `as-deployed`: the first stays.",
    ),
    Setting("proxy.stateful", "proxy.stateful", "flag", "Forward GET, DELETE and Mcp-Session-Id too."),
    Setting("proxy.connect_timeout", "proxy.connect_timeout", "seconds", "To reach an upstream."),
    Setting("proxy.response_timeout", "proxy.response_timeout", "seconds", "Until an upstream begins to answer."),
    Setting("proxy.request_limit", "proxy.request_limit", "count", "Bytes that a request on an MCP route may have."),
    Setting("traces.kept", "traces.kept", "count", "Traces kept in memory."),
    Setting("traces.body_limit", "traces.body_limit", "count", "Bytes of each body kept with its trace."),
    Setting("workos.base_url", "workos_base_url", "url", "Stands for https://api.workos.com in all derived URLs."),
    Setting("emulators.workos", "emulators.workos", "flag", "Start the WorkOS emulator, or never."),
    Setting("emulators.workos_port", "emulators.workos_port", "port", "Port of the WorkOS emulator."),
    Setting(
        "emulators.upstream", "emulators.upstream", "flag", "Start the sample MCP server where a route points at it."
    ),
    Setting("emulators.upstream_port", "emulators.upstream_port", "port", "Port of the sample MCP server."),
    Setting(
        "emulators.takes_callback",
        "emulators.takes_callback",
        "flag",
        "Take this gateway's callback at the WorkOS emulator whatever its file says: for tests.",
    ),
    Setting("emulators.upstream_auth_port", "emulators.upstream_auth_port", "port", "Port of the sample with OAuth."),
)
_PATHS = {"state_dir", "ca_file"}
_BY_NAME = {each.name: each for each in SETTINGS}
_OPEN_TABLES = (UPSTREAMS, CLIENT_DOCUMENTS)
"""Tables whose members the project names."""
_TABLES = {each.name.split(".")[0] for each in SETTINGS if "." in each.name}
_FLAGS = {"host", "port", "origin", "state_dir", "ephemeral"}
"""Settings that are flags of their own; each other one is given by `--set`."""


def read_settings(
    root: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> tuple[Settings, tuple[Finding, ...]]:
    """Return the settings for `root` and what is wrong with them; a wrong value leaves the default.

    Args:
        root: the project directory.
        environ: the process environment.
        overrides: values of flags by setting name (`port`, `proxy.stateful`); None means not given.
    """
    findings = Findings()
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    source = read_source(root, FILE, findings)
    for setting, value, at in _given(source, environ, overrides or {}, findings):
        try:
            values[setting.attribute] = fit(setting.kind, value)
            places[setting.attribute] = at
        except Unfit:
            wanted = WANTED[setting.kind]
            fix = meant(setting.kind, value) or f"Write {wanted}."
            findings.error("setting-value", at, f"`{setting.name}` must be {wanted}.", fix)
    upstreams = read_upstreams(source, findings, place_of) if source else {}
    copies = read_client_documents(source, root, findings, place_of) if source else {}
    check_strict(values, places, {UPSTREAMS: upstreams, CLIENT_DOCUMENTS: copies}, findings)
    settings = replace(_settings(root, values), upstreams=upstreams, client_documents=copies)
    doubt_settings(settings, places, findings)
    find_unusable(settings, places, environ, findings)
    at_base_url = places.get("workos_base_url")
    doubt_destinations(settings, at_base_url, partial(place_of, source) if source else Place, findings)
    return settings, findings.in_order()


def _given(
    source: Source | None, environ: Mapping[str, str], overrides: Mapping[str, Any], findings: Findings
) -> Iterator[tuple[Setting, Any, Place]]:
    """Yield every value that is given, in order of rising force."""
    if source is not None:
        yield from _in_file(source, findings)
    for variable in sorted(name for name in environ if name.startswith(PREFIX) and not _OTHERS.fullmatch(name)):
        setting = next((each for each in SETTINGS if each.variable == variable), None)
        if setting is not None:
            yield setting, from_text(setting.kind, environ[variable]), Place(variable)
            continue
        nearest = nearest_name(variable, [each.variable for each in SETTINGS])
        findings.warning(
            "setting-unknown", Place(variable), f"{variable} is no setting.", did_you_mean(nearest), nearest
        )
    for name, value in overrides.items():
        if value is not None:
            yield _BY_NAME[name], value, Place(f"--{name.replace('_', '-')}" if name in _FLAGS else f"--set {name}")


def _in_file(source: Source, findings: Findings) -> Iterator[tuple[Setting, Any, Place]]:
    try:
        document = read_toml(source.text)
    except TomlRefused as error:
        findings.error("toml-syntax", _error_place(source, str(error)), f"devgw.toml is not TOML: {error}.", "")
        return
    document.pop(UPSTREAMS, None)
    document.pop(CLIENT_DOCUMENTS, None)
    for name, value in _flat(document):
        place = place_of(source, name)
        setting = _BY_NAME.get(name)
        if setting is not None:
            yield setting, value, place
            continue
        table = name.partition(".")[0]
        nearest = (None if table in _TABLES else near(table, _OPEN_TABLES)) or nearest_name(name, _BY_NAME)
        known = ", ".join(sorted({*_OPEN_TABLES, *(each.split(".")[0] for each in _BY_NAME)}))
        fix = did_you_mean(nearest, f"Known: {known}.")
        findings.error("setting-unknown", place, f"`{name}` is no setting.", fix, nearest)


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict) and (name in _TABLES or name not in _BY_NAME):
            yield from ((f"{name}.{inner}", below) for inner, below in value.items())
            if not value and name not in _TABLES:
                yield name, value
        else:
            yield name, value


def _error_place(source: Source, message: str) -> Place:
    found = re.search(r"line (\d+), column (\d+)", message)
    if found is None:
        return source.place(len(source.text))
    line = int(found[1])
    return Place(source.file, line, int(found[2]), 1, "", source.line(line))


def _settings(root: Path, values: Mapping[str, Any]) -> Settings:
    plain = {name: value for name, value in values.items() if "." not in name}
    for each in _PATHS & plain.keys():
        plain[each] = root / plain[each]
    settings = Settings(root=root, **plain)
    for table in fields(settings):
        inner = {name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{table.name}.")}
        if inner:
            settings = replace(settings, **{table.name: replace(getattr(settings, table.name), **inner)})
    return settings
