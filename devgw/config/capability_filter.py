"""`mcp-capability-filter-inbound`: its options, and what they come to."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from devgw.config.options import Options, Text
from devgw.config.project import CapabilityEntry, CapabilityFilter


class AccessOptions(Options):
    """Who may see an entry, where `accessControl` asks."""

    roles: list[Text] = Field(default_factory=list)
    groups: list[Text] = Field(default_factory=list)
    public: bool = False
    description: str | None = None
    annotations: dict[str, Any] | None = None
    meta: Annotated[dict[str, Any] | None, Field(alias="_meta")] = None


class NamedEntry(AccessOptions):
    """A tool or prompt."""

    name: Text


class ResourceEntry(AccessOptions):
    """A resource."""

    uri: Text
    name: str | None = None
    mime_type: str | None = None


class TemplateEntry(AccessOptions):
    """A resource template."""

    uri_template: Text
    name: str | None = None
    mime_type: str | None = None


def _named(key: str, entry: type[AccessOptions]) -> BeforeValidator:
    """Let a string stand for an object with that key alone, as the policy does."""
    either: Any = str | entry
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=either
    )


class CapabilityFilterOptions(Options):
    """`mcp-capability-filter-inbound`."""

    tools: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    prompts: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    resources: list[Annotated[ResourceEntry, _named("uri", ResourceEntry)]] | None = None
    resource_templates: list[Annotated[TemplateEntry, _named("uriTemplate", TemplateEntry)]] | None = None
    access_control: dict[str, Any] | None = None


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
