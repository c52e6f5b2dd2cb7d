"""`[upstreams.<id>]` of `devgw.toml`: what mends one upstream's broken documents on this machine."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from devgw.config.finding import Findings, Place, did_you_mean, nearest_name
from devgw.config.members import near
from devgw.config.source import Source
from devgw.departure import Departure
from devgw.foreign.toml import TomlRefused, read_toml
from devgw.settings import UpstreamSettings

TABLE = "upstreams"
MENDED_DOCUMENTS = Departure(
    name="mended-documents",
    here="What `[upstreams.<id>]` in devgw.toml says is laid over that upstream's own metadata.",
    deployed="An upstream's metadata is taken as it is published.",
    why="A broken document can be worked around until it is mended. Without such a table nothing is laid over.",
    source="https://zuplo.com/docs/mcp-gateway/auth/upstream-oauth",
    setting="# no table [upstreams.<id>]",
    is_made=lambda settings: bool(settings.upstreams),
)
DOCUMENTS = ("authorization_server_metadata", "protected_resource_metadata")
_URL = "client_metadata_url"
_SERVER = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "jwks_uri",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "client_id_metadata_document_supported",
    "authorization_response_iss_parameter_supported",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
)
_RESOURCE = ("resource", "authorization_servers", "scopes_supported", "bearer_methods_supported", "resource_name")
_MEMBERS = dict(zip(DOCUMENTS, (_SERVER, _RESOURCE), strict=True))
"""What RFC 8414 and RFC 9728 call the members that matter; others may stand beside them."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What mends one upstream's broken documents on this machine, by the id of its token exchange.",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{
                name: {"type": "object", "description": "Members that replace those of the document."}
                for name in DOCUMENTS
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
        if member not in (*DOCUMENTS, _URL):
            nearest = nearest_name(member, (*DOCUMENTS, _URL))
            fix = did_you_mean(nearest, f"Known: {', '.join((*DOCUMENTS, _URL))}.")
            findings.error("setting-unknown", place_of(source, full), f"`{full}` is no setting.", fix, nearest)
        elif member == _URL and not (isinstance(value, str) and value.startswith("https://")):
            findings.error("setting-value", place_of(source, full), f"`{full}` must be an https URL.", "Write one.")
        elif member in DOCUMENTS and not isinstance(value, dict):
            message = f"`{full}` must be a table of metadata members."
            findings.error("setting-value", place_of(source, full), message, f"Write [{full}].")
        else:
            known[member] = value
            for inner in value if member in DOCUMENTS else ():
                _check_member(f"{full}.{inner}", _MEMBERS[member], source, findings, place_of)
    return UpstreamSettings(**known)


def _check_member(
    full: str, known: tuple[str, ...], source: Source, findings: Findings, place_of: Callable[[Source, str], Place]
) -> None:
    """Find a member of a document that is hardly meant to be another one than one of `known`."""
    written = full.rpartition(".")[2]
    meant = None if written in known else near(written, known)
    if meant is not None:
        message = f"`{written}` is no member of that document."
        findings.error("setting-unknown", place_of(source, full), message, did_you_mean(meant), meant)


def check_upstream_ids(
    source: Source,
    given: Iterable[str],
    known: Iterable[str],
    findings: Findings,
    place_of: Callable[[Source, str], Place],
) -> None:
    """Find settings for an upstream that no token exchange of the project has the id of."""
    ids = tuple(known)
    for each in (each for each in given if each not in ids):
        place, message = place_of(source, f"{TABLE}.{each}"), f'No token exchange has the id "{each}".'
        listed = f"There are {', '.join(ids)}." if ids else "Take it out, or add the token exchange."
        nearest = nearest_name(each, ids)
        findings.warning("setting-unknown", place, message, did_you_mean(nearest, listed), nearest)
