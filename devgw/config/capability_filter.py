"""`mcp-capability-filter-inbound`: its options, and what they come to."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.options import Options, Text
from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.config.shapes import refusal
from devgw.departure import Departure

ACCESS_BY_FUNCTION = Departure(
    name="access-by-function",
    here="`accessControl.mode: function` is not run: everybody sees every capability that the filter lists.",
    deployed="The project's own function says what each caller sees.",
    why="devgw reads a project's TypeScript and does not run it.",
    source="https://zuplo.com/docs/policies/mcp-capability-filter-inbound",
    cannot="No setting runs the function: try what each caller sees with the deployed gateway, or with "
    '"mode": "rolesAndGroups", which devgw runs.',
)


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


class IdentifierOptions(Options):
    """`accessControl.identifier`: a resolver of the project's own."""

    module: Text
    export: Text


class AccessControlOptions(Options):
    """`accessControl`: how a caller's roles and groups narrow the catalogue."""

    mode: Literal["allPublic", "rolesAndGroups", "function"] = "allPublic"
    role_claim: Text = "roles"
    group_claim: Text = "groups"
    identifier: IdentifierOptions | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Ask for the resolver that `function` needs."""
        del context
        if self.mode == "function" and self.identifier is None:
            raise refusal("missing-option", '"mode": "function" needs `identifier`.', 'Add "identifier".')


class CapabilityFilterOptions(Options):
    """`mcp-capability-filter-inbound`."""

    tools: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    prompts: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    resources: list[Annotated[ResourceEntry, _named("uri", ResourceEntry)]] | None = None
    resource_templates: list[Annotated[TemplateEntry, _named("uriTemplate", TemplateEntry)]] | None = None
    access_control: AccessControlOptions | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Refuse markup that would silently do nothing, or that contradicts itself."""
        del context
        control = self.access_control
        for entry in (
            *(self.tools or ()),
            *(self.prompts or ()),
            *(self.resources or ()),
            *(self.resource_templates or ()),
        ):
            if entry.public and (entry.roles or entry.groups):
                message = "An entry is `public` and has `roles` or `groups`."
                raise refusal("access-contradiction", message, "Keep one of them.")
            if (entry.public or entry.roles or entry.groups) and (control is None or control.mode == "allPublic"):
                message = "An entry has `roles`, `groups` or `public`, but accessControl does not ask for them."
                raise refusal("access-unused", message, 'Add "accessControl": {"mode": "rolesAndGroups"}.')


def capability_filter(name: str, options: Options, node: Node, findings: Findings) -> CapabilityFilter | None:
    """Return which tools, prompts and resources pass."""
    if not isinstance(options, CapabilityFilterOptions):
        return None
    control = options.access_control
    if control and control.mode == "function":
        place = (node.get("accessControl") or node).place
        message = "Access control by a function is not run here: everybody sees every listed capability."
        findings.warning("access-control-not-run", place, message, "Expect the deployed gateway to show fewer.")
    return CapabilityFilter(
        name=name,
        tools=_entries(options.tools),
        prompts=_entries(options.prompts),
        resources=_entries(options.resources),
        resource_templates=_entries(options.resource_templates),
        access_control=control.model_dump(by_alias=True, exclude_none=True) if control else None,
    )


def _entries(given: "list[Any] | None") -> tuple[CapabilityEntry, ...] | None:
    return None if given is None else tuple(_entry(each) for each in given)


def _entry(given: AccessOptions) -> CapabilityEntry:
    key = {NamedEntry: "name", ResourceEntry: "uri", TemplateEntry: "uri_template"}[type(given)]
    kept = {key, "roles", "groups", "public"}
    overrides = given.model_dump(by_alias=True, exclude=kept, exclude_none=True)
    return CapabilityEntry(getattr(given, key), overrides, tuple(given.roles), tuple(given.groups), given.public)
