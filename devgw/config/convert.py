"""From the options of the upstream policies to what a route carries."""

from typing import Any

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.options import Options
from devgw.config.project import CapabilityEntry, CapabilityFilter, HeaderEdits, ManualClient, Secret, TokenExchange
from devgw.config.upstream_options import (
    AccessOptions,
    CapabilityFilterOptions,
    NamedEntry,
    RemoveHeadersOptions,
    ResourceEntry,
    SetHeadersOptions,
    TemplateEntry,
    TokenExchangeOptions,
    UpstreamApiKeyOptions,
)
from devgw.ids import UpstreamServerId

_PREFIX = "mcp-token-exchange-"


def token_exchange(name: str, options: Options, node: Node, findings: Findings) -> TokenExchange | None:
    """Return how the gateway gets a credential; the id comes from the policy's name where none is given."""
    if not isinstance(options, TokenExchangeOptions):
        return None
    inferred = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""
    upstream = options.id or inferred
    if not upstream:
        message = f'No `id`, and the name "{name}" is not of the form {_PREFIX}….'
        findings.error("upstream-id-missing", node.place, message, f'Add "id", or call the policy "{_PREFIX}{name}".')
        return None
    given = options.client_registration
    secret = Secret(given.client_secret) if given.client_secret else None
    manual = ManualClient(given.client_id, secret, given.token_endpoint_auth_method) if given.client_id else None
    return TokenExchange(
        name=name,
        id=UpstreamServerId(upstream),
        display_name=options.display_name,
        summary=options.summary,
        auth_mode=options.auth_mode,
        scopes=None if options.scopes is None else tuple(options.scopes),
        scope_delimiter=options.scope_delimiter,
        prompt=options.prompt,
        manual_client=manual,
        protected_resource_metadata_url=options.protected_resource_metadata_url,
        id_jag=options.id_jag,
    )


def capability_filter(name: str, options: Options) -> CapabilityFilter | None:
    """Return which tools, prompts and resources pass."""
    if not isinstance(options, CapabilityFilterOptions):
        return None
    return CapabilityFilter(
        name=name,
        tools=_entries(options.tools),
        prompts=_entries(options.prompts),
        resources=_entries(options.resources),
        resource_templates=_entries(options.resource_templates),
        access_control=options.access_control,
    )


def _entries(given: "list[Any] | None") -> tuple[CapabilityEntry, ...] | None:
    return None if given is None else tuple(_entry(each) for each in given)


def _entry(given: AccessOptions) -> CapabilityEntry:
    key = {NamedEntry: "name", ResourceEntry: "uri", TemplateEntry: "uri_template"}[type(given)]
    kept = {key, "roles", "groups", "public"}
    overrides = given.model_dump(by_alias=True, exclude=kept, exclude_none=True)
    return CapabilityEntry(getattr(given, key), overrides, tuple(given.roles), tuple(given.groups), given.public)


def header_edits(options: Options) -> HeaderEdits | None:
    """Return the headers that are set or removed on the way up."""
    if isinstance(options, SetHeadersOptions):
        return HeaderEdits(set=tuple((each.name, Secret(each.value), each.overwrite) for each in options.headers))
    if isinstance(options, UpstreamApiKeyOptions):
        return HeaderEdits(set=((options.header, Secret(options.value), options.overwrite),))
    if isinstance(options, RemoveHeadersOptions):
        return HeaderEdits(remove=tuple(options.headers))
    return None
