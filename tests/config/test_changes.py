"""The semantic diff: what is said of each change, and whom it meets."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devgw.config.changes import Affected, Change, Effect, changes, counted
from devgw.config.project import CapabilityFilter, Project
from tests.config.bench import ENVIRON, POLICY_NAME, operation, policy, read, workos_options, write

OTHER_ID = "client_01HXYZ123456789ABCDEFGHJKM"
EXCHANGE = policy(
    {"displayName": "Linear", "authMode": "user-oauth"},
    "mcp-token-exchange-inbound",
    "McpTokenExchangeInboundPolicy",
    "mcp-token-exchange-linear",
)


@pytest.fixture
def before(tmp_path: Path) -> Project:
    found = read(write(tmp_path)).project
    assert found is not None
    return found


def after(before: Project, policies: Any = None, paths: Any = None, **environ: str) -> tuple[Change, ...]:
    found = read(write(before.root, policies, paths), {**ENVIRON, **environ})
    assert found.project is not None, found.findings
    return changes(before, found.project)


def ended(found: tuple[Change, ...]) -> set[Affected]:
    return {effect.affected for each in found for effect in each.effects if effect.ends}


def test_nothing_changed_says_nothing(before: Project) -> None:
    """Comments and the order of members are no change."""
    text = (before.root / "config/policies.json").read_text()
    (before.root / "config/policies.json").write_text("// a comment\n" + text)
    again = read(before.root).project

    assert again is not None
    assert changes(before, again) == ()


def test_a_shorter_lifetime_is_for_new_tokens(before: Project) -> None:
    """Issue 4, point 2."""
    (found,) = after(before, [policy(workos_options(gateway={"accessTokenTtlSeconds": 60}))])

    assert found.text == "`accessTokenTtlSeconds` 900 → 60."
    assert found.consequence == "Applies to new tokens; live tokens keep their end."
    assert found.effects == (Effect(Affected.ACCESS_TOKENS, ends=False),)


def test_another_client_id_ends_what_belongs_to_the_other_environment(before: Project) -> None:
    (found,) = after(before, WORKOS_CLIENT_ID=OTHER_ID)

    assert found.subject == "clientId"
    assert "another WorkOS environment" in found.consequence
    assert ended((found,)) == {Affected.SESSIONS, Affected.GRANTS, Affected.PENDING_LOGINS}


def test_another_secret_is_said_without_showing_either(before: Project) -> None:
    (found,) = after(before, WORKOS_CLIENT_SECRET="sk_test_another0987654321")

    assert found.subject == "clientSecret"
    assert ended((found,)) == set()
    assert "another0987654321" not in str(found)
    assert "1234567890abcdef" not in str(found)
    assert found.consequence == "Used from now on, also for sign-ins under way; nothing ends."


@pytest.mark.parametrize(
    ("options", "subject", "text"),
    [
        ({"scope": "openid"}, "scope", '`scope` "openid profile email" → "openid".'),
        ({"browserLoginOverrides": {"sessionTtlSeconds": 60}}, "sessionTtlSeconds", "`sessionTtlSeconds` 28800 → 60."),
        ({"browserLoginOverrides": {"remoteTimeoutMs": 500}}, "remoteTimeoutMs", "`remoteTimeoutMs` 10000 → 500."),
        ({"browserLoginOverrides": {"stateTtlSeconds": 5}}, "stateTtlSeconds", "`stateTtlSeconds` 900 → 5."),
        ({"browserLoginOverrides": {"pkce": "S256"}}, "pkce", '`pkce` "none" → "S256".'),
        (
            {"gateway": {"refreshTokenTtlSeconds": 5000}},
            "refreshTokenTtlSeconds",
            "`refreshTokenTtlSeconds` 2592000 → 5000.",
        ),
        ({"gateway": {"cimdEnabled": False}}, "cimdEnabled", "`cimdEnabled` true → false."),
        ({"idJag": {"enabled": True}}, "idJag", "`idJag` changed."),
    ],
)
def test_each_option_has_its_sentence(before: Project, options: Any, subject: str, text: str) -> None:
    (found,) = after(before, [policy(workos_options(**options))])

    assert (found.subject, found.text) == (subject, text)
    assert found.consequence
    assert ended((found,)) <= {Affected.CIMD_CLIENTS}


def test_another_provider_ends_all_sign_ins(before: Project) -> None:
    google = policy(
        {"clientId": "x", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"},
        "mcp-google-oauth-inbound",
        "McpGoogleOAuthInboundPolicy",
    )
    (found,) = after(before, [google])

    assert found.text == "`provider` workos → google."
    assert Affected.GRANTS in ended((found,))


def test_a_policy_that_goes_and_one_that_comes(before: Project) -> None:
    without = replace(before, oauth=None)

    assert [each.text for each in changes(before, without)] == [f'OAuth policy "{POLICY_NAME}" was removed.']
    assert Affected.SESSIONS in ended(changes(before, without))
    assert [each.text for each in changes(without, before)] == [f'OAuth policy "{POLICY_NAME}" (workos) was added.']


def test_a_route_that_goes_takes_its_grants_along(before: Project) -> None:
    found = after(before, paths={"/mcp/other": {"post": operation(operation_id="other")}})

    assert [each.text for each in found] == [
        "Route /mcp/linear was removed.",
        "Route /mcp/other was added, in front of https://mcp.example.com/mcp.",
    ]
    assert {each.operation_id for each in found[0].effects} == {"linear"}
    assert ended(found[:1]) == {Affected.GRANTS, Affected.PENDING_LOGINS}


def test_a_route_that_moves_ends_its_grants(before: Project) -> None:
    (found,) = after(before, paths={"/mcp/issues": {"post": operation()}})

    assert found.text == "Route /mcp/linear is now /mcp/issues."
    assert ended((found,)) == {Affected.GRANTS, Affected.PENDING_LOGINS}


def test_a_route_that_asks_for_a_connection_now(before: Project) -> None:
    """Issue 4, point 2: `route /mcp/x now asks for connection y`."""
    route = operation(inbound=[POLICY_NAME, "mcp-token-exchange-linear"])
    found = after(before, [policy(workos_options()), EXCHANGE], {"/mcp/linear": {"post": route}})

    assert found[0].text == 'Route /mcp/linear now asks for connection "linear" (Linear).'
    assert found[1].subject == "/mcp/linear: policies"
    assert ended(found) == set()


def test_a_connection_that_asks_for_more_has_to_be_made_again(before: Project) -> None:
    route = operation(inbound=[POLICY_NAME, "mcp-token-exchange-linear"])
    read(write(before.root, [policy(workos_options()), EXCHANGE], {"/mcp/linear": {"post": route}}))
    connected = read(before.root).project
    assert connected is not None
    wider = json.loads(json.dumps(EXCHANGE))
    wider["handler"]["options"]["scopes"] = ["read"]
    (found,) = after(connected, [policy(workos_options()), wider], {"/mcp/linear": {"post": route}})

    assert found.text == 'Connection "linear" changed: scopes.'
    assert ended((found,)) == {Affected.CONNECTIONS}

    renamed = json.loads(json.dumps(EXCHANGE))
    renamed["handler"]["options"]["displayName"] = "Linear 2"
    (found,) = after(connected, [policy(workos_options()), renamed], {"/mcp/linear": {"post": route}})
    assert ended((found,)) == set()


def test_each_part_of_a_route_has_its_sentence_once(before: Project) -> None:
    (route,) = before.routes
    changed = replace(
        route,
        upstream_url="https://b.example/mcp",
        forward_search=False,
        summary="Issues",
        protected=False,
        capability_filter=CapabilityFilter("f", tools=()),
    )
    found = changes(before, replace(before, routes=(changed,)))

    assert len(found) == len({each.text for each in found}) == 5


def test_what_the_project_is_told(before: Project) -> None:
    found = changes(before, replace(before, base_path="/gw", registry=False, is_sample=True))

    assert [each.subject for each in found] == ["basePath", "registry", "project"]


def test_a_change_is_worded_with_how_many_it_meets(before: Project) -> None:
    """Issue 4, point 2: what ends is said, with numbers."""
    (ttl,) = after(before, [policy(workos_options(gateway={"accessTokenTtlSeconds": 60}))])
    (client,) = after(before, WORKOS_CLIENT_ID=OTHER_ID)
    counts = {Affected.ACCESS_TOKENS: 3, Affected.SESSIONS: 2, Affected.GRANTS: 1}

    assert counted(ttl, lambda effect: counts.get(effect.affected, 0)) == (
        "`accessTokenTtlSeconds` 900 → 60. Applies to new tokens; live tokens keep their end. "
        "Goes on as it was for 3 live access tokens."
    )
    assert counted(client, lambda effect: counts.get(effect.affected, 0)).endswith("Ends 2 sessions, 1 grant.")
    assert counted(client, lambda _: 0).endswith("Nobody is met by it now.")
