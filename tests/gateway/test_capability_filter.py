"""The pure rules of `mcp-capability-filter-inbound`."""

from dataclasses import replace
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.gateway.capability_filter import (
    PROMPTS,
    RESOURCE_TEMPLATES,
    RESOURCES,
    TOOLS,
    check_call,
    claims_without_value,
    filter_result,
    hidden_by_claims,
    is_visible,
    unmatched,
)
from devgw.gateway.upstream import Admitted
from devgw.ids import ClientId, GrantId, SubjectId, TokenId
from devgw.problems import Refused
from devgw.problems.capability import CapabilityHidden

ANNE = Admitted(
    TokenId("at:1"), GrantId("g-1"), ClientId("c"), "Client", SubjectId("anne"), "r", "mcp:tools", FrozenClock().now()
)


def call(method: str, **parameters: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters}


def entries(*keys: str) -> tuple[CapabilityEntry, ...]:
    return tuple(CapabilityEntry(key) for key in keys)


def hidden(policy: CapabilityFilter, message: dict[str, Any], who: Admitted = ANNE) -> CapabilityHidden | None:
    try:
        check_call(policy, message, who)
    except Refused as refused:
        return refused.problem if isinstance(refused.problem, CapabilityHidden) else None
    return None


def test_an_omitted_option_lets_all_pass_and_an_empty_one_none() -> None:
    """gateway.md §7; the single most consequential rule of the filter."""
    policy = CapabilityFilter("f", tools=(), prompts=None)
    assert hidden(policy, call("tools/call", name="anything"))
    assert hidden(policy, call("prompts/get", name="anything")) is None
    assert filter_result(policy, TOOLS, {"tools": [{"name": "a"}]}, ANNE) == {"tools": []}
    untouched = {"prompts": [{"name": "a"}]}
    assert filter_result(policy, PROMPTS, untouched, ANNE) is untouched


def test_names_match_exactly_and_a_near_miss_is_told() -> None:
    problem = hidden(CapabilityFilter("f", tools=entries("create_user")), call("tools/call", name="createUser"))
    assert problem
    assert problem.nearest == "create_user"
    assert problem.request_id == 7
    assert "createUser" in problem.explain()


@pytest.mark.parametrize("message", [call("tools/list"), call("ping"), {"jsonrpc": "2.0", "method": "x"}, {}])
def test_what_is_no_call_passes(message: dict[str, Any]) -> None:
    assert hidden(CapabilityFilter("f", tools=(), prompts=(), resources=()), message) is None


@pytest.mark.parametrize("parameters", [None, [], "x", {"name": None}, {"name": 3}, {}])
def test_a_call_without_a_proper_name_is_hidden_not_forwarded(parameters: Any) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
    assert hidden(CapabilityFilter("f", tools=entries("a")), message)


@pytest.mark.parametrize(
    ("template", "uri", "passes"),
    [
        ("stripe://customers/{id}", "stripe://customers/42", True),
        ("stripe://customers/{id}", "stripe://customers/42/cards", False),
        ("file:///{+path}", "file:///a/b/c.txt", True),
        ("x://list{?page,size}", "x://list?page=2", True),
        ("x://list{?page,size}", "x://list", True),
        ("x://a.b/{id}", "x://aXb/1", False),
    ],
)
def test_a_read_passes_where_it_expands_a_listed_template(template: str, uri: str, passes: bool) -> None:
    """RFC 6570."""
    policy = CapabilityFilter("f", resources=(), resource_templates=entries(template))
    assert (hidden(policy, call("resources/read", uri=uri)) is None) is passes


def test_a_listed_resource_is_read_and_another_is_not() -> None:
    policy = CapabilityFilter("f", resources=entries("a://1"))
    assert hidden(policy, call("resources/read", uri="a://1")) is None
    assert hidden(policy, call("resources/read", uri="a://2"))


def test_overrides_are_laid_over_and_identity_and_schemas_stay() -> None:
    entry = CapabilityEntry(
        "pay",
        {"description": "new", "annotations": {"a": {"y": 3}}, "_meta": {"m": 1}, "inputSchema": {}, "name": "other"},
    )
    upstream = {
        "name": "pay",
        "description": "old",
        "inputSchema": {"type": "object"},
        "annotations": {"a": {"x": 1, "y": 2}, "b": 1},
    }
    result = filter_result(CapabilityFilter("f", tools=(entry,)), TOOLS, {"tools": [upstream], "nextCursor": "n"}, ANNE)
    assert result == {
        "tools": [
            {
                "name": "pay",
                "description": "new",
                "inputSchema": {"type": "object"},
                "annotations": {"a": {"x": 1, "y": 3}, "b": 1},
                "_meta": {"m": 1},
            }
        ],
        "nextCursor": "n",
    }


def test_a_resource_may_be_renamed_for_a_template_too() -> None:
    policy = CapabilityFilter(
        "f",
        resources=(CapabilityEntry("a://1", {"name": "One", "mimeType": "text/plain"}),),
        resource_templates=(CapabilityEntry("a://{x}", {"name": "Any"}),),
    )
    shown = filter_result(policy, RESOURCES, {"resources": [{"uri": "a://1", "name": "1"}, {"uri": "b"}, 5]}, ANNE)
    assert shown["resources"] == [{"uri": "a://1", "name": "One", "mimeType": "text/plain"}]
    shown = filter_result(
        policy, RESOURCE_TEMPLATES, {"resourceTemplates": [{"uriTemplate": "a://{x}", "name": "x"}]}, ANNE
    )
    assert shown["resourceTemplates"] == [{"uriTemplate": "a://{x}", "name": "Any"}]


ACCOUNTING = CapabilityFilter(
    "f",
    tools=(
        CapabilityEntry("search", roles=("billing", "admin")),
        CapabilityEntry("create", roles=("admin",), groups=("finance",)),
        CapabilityEntry("list", public=True),
        CapabilityEntry("unmarked"),
    ),
    access_control={"mode": "rolesAndGroups"},
)


@pytest.mark.parametrize(
    ("roles", "groups", "seen"),
    [
        ((), (), ["list"]),
        (("billing",), ("sales",), ["search", "list"]),
        (("admin",), (), ["search", "create", "list"]),
        ((), ("finance",), ["create", "list"]),
    ],
)
def test_any_role_or_any_group_opens_and_nothing_is_exposed_by_omission(
    roles: tuple[str, ...], groups: tuple[str, ...], seen: list[str]
) -> None:
    who = replace(ANNE, roles=roles, groups=groups)
    upstream = {"tools": [{"name": name} for name in ("search", "create", "list", "unmarked", "else")]}
    assert [tool["name"] for tool in filter_result(ACCOUNTING, TOOLS, upstream, who)["tools"]] == seen
    for name in ("search", "create", "list", "unmarked", "else"):
        assert (hidden(ACCOUNTING, call("tools/call", name=name), who) is None) is (name in seen)


def test_a_tool_hidden_by_role_says_which_role_would_see_it() -> None:
    problem = hidden(ACCOUNTING, call("tools/call", name="create"))
    assert problem
    assert problem.needs == ("role admin", "group finance")


@pytest.mark.parametrize(
    ("claim", "claims", "visible"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["admin"]}}, True),
        ("https://x.com/roles", {"https://x.com/roles": "admin"}, True),
        ("realm_access.roles", {"realm_access": "admin"}, False),
        ("other", {"roles": ["admin"]}, False),
    ],
)
def test_roles_may_come_from_another_claim(claim: str, claims: dict[str, Any], visible: bool) -> None:
    policy = replace(ACCOUNTING, access_control={"mode": "rolesAndGroups", "roleClaim": claim})
    who = replace(ANNE, roles=("admin",), claims=claims)
    assert is_visible(policy, CapabilityEntry("t", roles=("admin",)), who) is visible


def test_markup_is_ignored_where_all_is_public() -> None:
    assert is_visible(CapabilityFilter("f"), CapabilityEntry("t", roles=("admin",)), None)
    assert not is_visible(ACCOUNTING, CapabilityEntry("t", roles=("admin",)), None)


def test_an_entry_that_names_nothing_gets_the_nearest_real_name() -> None:
    """CONF-08."""
    policy = CapabilityFilter("f", tools=entries("create_user", "list", "Create-Issue", "zzz"))
    found = unmatched(policy, TOOLS, ["createUser", "list", "create_issue", "get_user"])
    assert found == (("create_user", "createUser"), ("Create-Issue", "create_issue"), ("zzz", None))


@pytest.mark.parametrize(
    ("roles", "groups", "claims", "control", "without"),
    [
        ((), (), {}, {}, ("roles", "groups")),
        ((), (), None, {}, ("roles", "groups")),
        (("reader",), (), {}, {}, ("groups",)),
        (("reader",), ("staff",), {}, {}, ()),
        ((), ("staff",), {"role": "admin"}, {"roleClaim": "realm.roles"}, ("realm.roles",)),
        ((), ("staff",), {"realm": {"roles": ["reader"]}}, {"roleClaim": "realm.roles"}, ()),
        ((), (), {}, {"mode": "allPublic"}, ()),
    ],
)
def test_a_claim_that_the_sign_in_did_not_bring_is_named_where_it_hides_something(
    roles: tuple[str, ...], groups: tuple[str, ...], claims: Any, control: dict[str, Any], without: tuple[str, ...]
) -> None:
    """To sign in as somebody else is no advice where nobody can have one."""
    who = replace(ANNE, roles=roles, groups=groups, claims=claims)
    policy = replace(ACCOUNTING, access_control={"mode": "rolesAndGroups"} | control)
    assert claims_without_value(policy, who) == without
    said = hidden_by_claims(policy, who)
    assert all(f"`{each}`" in said for each in without)
    assert bool(said) == bool(without)
    if control.get("mode") == "allPublic" or "admin" in roles:
        return
    with pytest.raises(Refused) as refused:
        check_call(policy, {"method": "tools/call", "id": 1, "params": {"name": "create"}}, who)
    problem = refused.value.problem
    assert all(f"`{each}`" in problem.explain() and f"`{each}`" in problem.advise() for each in without)
    assert ("Sign in as somebody" in problem.advise()) == (not without)
