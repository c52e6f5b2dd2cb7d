"""What a capability filter lets through, as pure functions over JSON-RPC messages.

Source: `gateway.md` §7; the public pages on mcp-capability-filter-inbound.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.foreign.text import clean
from devgw.gateway.upstream import Admitted
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.capability import CapabilityHidden

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CapabilityKind:
    """A kind of capability: how the filter, the list answer and each listed item call it."""

    option: str
    """The filter's field, and the member of the list answer, in snake case."""
    member: str
    """The member of the list answer."""
    key: str
    """The member of an item by which it is matched."""
    list_method: str


TOOLS = CapabilityKind("tools", "tools", "name", "tools/list")
PROMPTS = CapabilityKind("prompts", "prompts", "name", "prompts/list")
RESOURCES = CapabilityKind("resources", "resources", "uri", "resources/list")
RESOURCE_TEMPLATES = CapabilityKind(
    "resource_templates", "resourceTemplates", "uriTemplate", "resources/templates/list"
)
KINDS = (TOOLS, PROMPTS, RESOURCES, RESOURCE_TEMPLATES)
KIND_OF_LIST = {kind.list_method: kind for kind in KINDS}
_CALLS = {"tools/call": ("tool", TOOLS), "prompts/get": ("prompt", PROMPTS), "resources/read": ("resource", RESOURCES)}


def entries_of(policy: CapabilityFilter, kind: CapabilityKind) -> tuple[CapabilityEntry, ...] | None:
    """Return what `policy` lists of `kind`; None lets all pass, an empty tuple none."""
    listed: tuple[CapabilityEntry, ...] | None = getattr(policy, kind.option)
    return listed


def _at_path(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim called `path`: a literal name wins over a dotted way into nested objects."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _words(value: Any) -> frozenset[str]:
    """Return the strings of a claim that is a string, a list of strings, or something else."""
    if isinstance(value, str):
        return frozenset({value})
    return (
        frozenset(each for each in value if isinstance(each, str)) if isinstance(value, (list, tuple)) else frozenset()
    )


def _held(admitted: Admitted, access_control: Mapping[str, Any], option: str, ready: tuple[str, ...]) -> frozenset[str]:
    """Return the caller's roles or groups: from the claim that the policy names, else from those already read."""
    claim = access_control.get(option)
    found = _words(_at_path(admitted.claims, claim)) if claim and admitted.claims else frozenset()
    return found or (frozenset(ready) if not claim or claim in {"roles", "groups"} else frozenset())


def is_visible(policy: CapabilityFilter, entry: CapabilityEntry, admitted: Admitted | None) -> bool:
    """Tell whether `admitted` (None: nobody in particular) may see and call a listed entry."""
    access_control = policy.access_control or {}
    if access_control.get("mode", "allPublic") != "rolesAndGroups" or entry.public:
        return True
    if admitted is None:
        return False
    roles = _held(admitted, access_control, "roleClaim", admitted.roles)
    groups = _held(admitted, access_control, "groupClaim", admitted.groups)
    return not roles.isdisjoint(entry.roles) or not groups.isdisjoint(entry.groups)


def claims_without_value(policy: CapabilityFilter, admitted: Admitted | None) -> tuple[str, ...]:
    """Return the claims by which `policy` decides, and under which this person's sign-in brought nothing."""
    control = policy.access_control or {}
    if admitted is None or control.get("mode", "allPublic") != "rolesAndGroups":
        return ()
    listed = [entry for kind in KINDS for entry in entries_of(policy, kind) or ()]
    asked = (
        ("roleClaim", "roles", admitted.roles, any(entry.roles for entry in listed)),
        ("groupClaim", "groups", admitted.groups, any(entry.groups for entry in listed)),
    )
    return tuple(
        str(control.get(option) or usual)
        for option, usual, ready, is_asked in asked
        if is_asked and not _held(admitted, control, option, ready)
    )


def hidden_by_claims(policy: CapabilityFilter, admitted: Admitted | None) -> str:
    """Say why a list may be short where the sign-in brought nothing under a claim; empty where it brought all."""
    absent = " or ".join(f"`{each}`" for each in claims_without_value(policy, admitted))
    if not absent:
        return ""
    return (
        f"The filter {policy.name} decides by claims, and this person's sign-in brought nothing under {absent}: "
        "what is listed for those alone is hidden."
    )


_EXPRESSION = re.compile(r"\{([+#./;?&]?)([^{}]*)\}")
_OPERATORS = {
    "": r"[^/?#]+",
    "+": r".+",
    "#": r"(?:#.+)?",
    ".": r"(?:\.[^/?#]+)?",
    "/": r"(?:/[^?#]+)?",
    ";": r"(?:;[^/?#]+)?",
    "?": r"(?:\?[^#]*)?",
    "&": r"(?:&[^#]*)?",
}


@lru_cache(maxsize=512)
def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches the expansions of a URI template (RFC 6570, all operators, generously)."""
    parts, end = [], 0
    for found in _EXPRESSION.finditer(template):
        parts += [re.escape(template[end : found.start()]), _OPERATORS[found.group(1)]]
        end = found.end()
    return re.compile("".join(parts) + re.escape(template[end:]))


def _is_allowed_resource(policy: CapabilityFilter, uri: str, admitted: Admitted) -> bool:
    """Tell whether a read of `uri` passes: listed itself, or an expansion of a listed template."""
    if policy.resources is None:
        return True
    if any(entry.key == uri and is_visible(policy, entry, admitted) for entry in policy.resources):
        return True
    if len(uri) > Limits.URL_BYTES:
        return False
    templates = (entry for entry in policy.resource_templates or () if is_visible(policy, entry, admitted))
    return any(entry.key == uri or _pattern(entry.key).fullmatch(uri) for entry in templates)


def _needs(entries: Iterable[CapabilityEntry], name: str) -> tuple[str, ...]:
    """Return the roles and groups that would see `name`, where it is listed at all."""
    words = [
        word
        for entry in entries
        if entry.key == name
        for word in (*(f"role {each}" for each in entry.roles), *(f"group {each}" for each in entry.groups))
    ]
    return tuple(words)


def check_call(policy: CapabilityFilter, message: Message, admitted: Admitted) -> None:
    """Let a call of a listed capability pass, and everything that is no call.

    Raises:
        Refused: with `CapabilityHidden`.
    """
    word, kind = _CALLS.get(str(message.get("method")), ("", TOOLS))
    entries = entries_of(policy, kind)
    if not word or entries is None:
        return
    parameters = message.get("params")
    name = str(parameters.get(kind.key, "")) if isinstance(parameters, Mapping) else ""
    if kind is RESOURCES:
        allowed = _is_allowed_resource(policy, name, admitted)
    else:
        allowed = any(entry.key == name and is_visible(policy, entry, admitted) for entry in entries)
    if not allowed:
        others = [entry.key for entry in entries if entry.key != name]
        nearest = get_close_matches(name[: Limits.NAME_CHARACTERS], others, 1)
        identifier = message.get("id")
        raise Refused(
            CapabilityHidden(
                kind=word,
                name=clean(name, 200),
                policy=policy.name,
                nearest=nearest[0] if nearest else None,
                needs=_needs(entries, name),
                without=claims_without_value(policy, admitted),
                request_id=identifier if isinstance(identifier, (str, int)) else None,
            )
        )


def merge(upstream: Any, override: Any) -> Any:
    """Return `upstream` with the members of `override` laid over it, objects into objects; the override wins."""
    if not (isinstance(upstream, Mapping) and isinstance(override, Mapping)):
        return override
    return {**upstream, **{name: merge(upstream.get(name), value) for name, value in override.items()}}


def project_item(item: Mapping[str, Any], entry: CapabilityEntry, kind: CapabilityKind) -> dict[str, Any]:
    """Return a listed item as the client sees it: overrides laid over, identity and schemas untouched."""
    kept = {kind.key, "inputSchema", "outputSchema"}
    return {
        **item,
        **{name: merge(item.get(name), value) for name, value in entry.overrides.items() if name not in kept},
    }


def filter_result(
    policy: CapabilityFilter, kind: CapabilityKind, result: Mapping[str, Any], admitted: Admitted | None
) -> Mapping[str, Any]:
    """Return a list answer's `result` with only what is listed, in the upstream's order."""
    entries = entries_of(policy, kind)
    items = result.get(kind.member)
    if entries is None or not isinstance(items, list):
        return result
    shown = {entry.key: entry for entry in entries if is_visible(policy, entry, admitted)}
    named = [(item, item.get(kind.key)) for item in items if isinstance(item, Mapping)]
    kept = [project_item(item, shown[key], kind) for item, key in named if isinstance(key, str) and key in shown]
    return {**result, kind.member: kept}


def unmatched(
    policy: CapabilityFilter, kind: CapabilityKind, upstream_names: Iterable[str]
) -> tuple[tuple[str, str | None], ...]:
    """Return each entry that names nothing of the upstream, with the nearest real name, or None where none is near."""
    real = list(upstream_names)
    folded = {name.casefold().replace("-", "_"): name for name in real}
    missing = [entry.key for entry in entries_of(policy, kind) or () if entry.key not in real]
    return tuple((key, _nearest(key, folded)) for key in missing)


def _nearest(key: str, folded: Mapping[str, str]) -> str | None:
    """Return the name that differs in case and separators only, else the one that looks most alike."""
    if (same := folded.get(key.casefold().replace("-", "_"))) is not None:
        return same
    close = get_close_matches(key.casefold(), folded, 1, 0.55)
    return folded[close[0]] if close else None
