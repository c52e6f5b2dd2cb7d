"""`[upstreams.<id>]` of `devgw.toml`: what mends one upstream's broken documents on this machine."""

from collections.abc import Callable, Mapping
from typing import Any

from devgw.config.finding import Findings, Place, did_you_mean, nearest_name
from devgw.config.source import Source
from devgw.foreign.toml import TomlRefused, read_toml
from devgw.settings import UpstreamSettings

TABLE = "upstreams"
_DOCUMENTS = ("authorization_server_metadata", "protected_resource_metadata")
_URL = "client_metadata_url"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What mends one upstream's broken documents on this machine, by the id of its token exchange.",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{
                name: {"type": "object", "description": "Members that replace those of the document."}
                for name in _DOCUMENTS
            },
            _URL: {"type": "string", "description": "Where our own metadata document is published."},
        },
    },
}


def read_upstreams(
    source: Source, findings: Findings, place_of: Callable[[Source, str], Place]
) -> dict[str, UpstreamSettings]:
    """Return the settings of each upstream by its id; what does not fit is a finding and left out."""
    try:
        tables = read_toml(source.text).get(TABLE, {})
    except TomlRefused:
        return {}  # said already, by whoever reads the rest of the file
    if not isinstance(tables, dict):
        message = "`upstreams` must hold one table per upstream."
        findings.error("setting-value", place_of(source, TABLE), message, "Write [upstreams.ID].")
        return {}
    return {name: _one(name, table, source, findings, place_of) for name, table in tables.items()}


def _one(
    name: str, table: Any, source: Source, findings: Findings, place_of: Callable[[Source, str], Place]
) -> UpstreamSettings:
    """Return one upstream's settings."""
    known: dict[str, Any] = {}
    for member, value in table.items() if isinstance(table, Mapping) else ():
        full = f"{TABLE}.{name}.{member}"
        if member not in (*_DOCUMENTS, _URL):
            nearest = nearest_name(member, (*_DOCUMENTS, _URL))
            fix = did_you_mean(nearest, f"Known: {', '.join((*_DOCUMENTS, _URL))}.")
            findings.error("setting-unknown", place_of(source, full), f"`{full}` is no setting.", fix, nearest)
        elif member == _URL and not (isinstance(value, str) and value.startswith("https://")):
            findings.error("setting-value", place_of(source, full), f"`{full}` must be an https URL.", "Write one.")
        elif member in _DOCUMENTS and not isinstance(value, dict):
            message = f"`{full}` must be a table of metadata members."
            findings.error("setting-value", place_of(source, full), message, f"Write [{full}].")
        else:
            known[member] = value
    return UpstreamSettings(**known)
