"""Reads `config/policies.json`: each policy with what it comes down to, ready to be attached to routes."""

from dataclasses import dataclass, field
from typing import Any

from devgw.config.catalogue import EXPORTS, KINDS, MODULES, PolicyKind, Role, options_model
from devgw.config.checking import checked
from devgw.config.cors import read_cors
from devgw.config.credential_doubts import doubt_credentials
from devgw.config.finding import Findings
from devgw.config.literals import check_literals
from devgw.config.members import HANDLER, POLICIES_DOCUMENT, POLICY, check_members
from devgw.config.node import Node
from devgw.config.oauth import oauth_policy
from devgw.config.options import Options
from devgw.config.other_policies import say_not_run
from devgw.config.project import CapabilityFilter, CorsPolicy, HeaderEdits, OAuthPolicy, TokenExchange

FILE = "config/policies.json"
_WITHOUT_ID_TOKEN = {"workos": "WorkOS signs", "dev-login": "The login without a provider signs"}


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry of the file; of the results at most one is set, none where the policy does not run here or is wrong."""

    name: str
    policy_type: str
    node: Node
    kind: PolicyKind | None
    options: Options | None = None
    oauth: OAuthPolicy | None = None
    token_exchange: TokenExchange | None = None
    capability_filter: CapabilityFilter | None = None
    header_edits: HeaderEdits | None = None

    @property
    def role(self) -> Role | None:
        """Return what it does here, None where it does not run here."""
        return self.kind.role if self.kind else None


@dataclass(slots=True)
class Policies:
    """All policies by name."""

    by_name: dict[str, Policy] = field(default_factory=dict)
    cors: dict[str, CorsPolicy] = field(default_factory=dict)
    """The project's own CORS policies by name."""

    @property
    def oauth(self) -> OAuthPolicy | None:
        """Return the one MCP OAuth policy, None where there is none that is right."""
        return next((each.oauth for each in self.by_name.values() if each.oauth), None)


def read_policies(root: Node, workos_base: str, findings: Findings) -> Policies | None:
    """Return the policies of the document; None, and a finding, where it has no list of them."""
    policies = Policies(cors=read_cors(root, findings))
    check_members(root, POLICIES_DOCUMENT, findings)
    listed = root.get("policies")
    if root.members is None or listed is None or listed.items is None:
        message, fix = _what_else(root)
        findings.error("policies-shape", (listed or root).place, message, fix)
        return None
    for node in listed.items:
        policy = _read_policy(node, workos_base, findings)
        if policy is None:
            continue
        if policy.name in policies.by_name:
            first = policies.by_name[policy.name].node.line
            message = f'Another policy is called "{policy.name}" already, on line {first}.'
            findings.error("duplicate-policy", _at(node, "name").place, message, "Give it a name of its own.")
        policies.by_name.setdefault(policy.name, policy)
    _check_one_oauth(policies, listed, findings)
    _check_upstream_ids(policies, findings)
    _check_identity_tokens(policies, findings)
    _check_issuers(policies, findings)
    _check_roles(policies, findings)
    return policies


def _what_else(root: Node) -> tuple[str, str]:
    """Return message and advice for a document without a list of policies."""
    if root.get("policyType") is not None:
        return "This is one policy, not a list of them.", 'Write {"policies": [ … ]} around it.'
    if root.items is not None:
        return "This is a list; the document is an object that holds it.", 'Write {"policies": … } around it.'
    return "The document has no array `policies`.", 'Write {"policies": [ … ]}.'


def _check_identity_tokens(policies: Policies, findings: Findings) -> None:
    """Find cross-app access behind a sign-in that gives no identity token to trade."""
    oauth = policies.oauth
    who = _WITHOUT_ID_TOKEN.get(oauth.provider) if oauth is not None else None
    for each in policies.by_name.values() if who is not None else ():
        if each.token_exchange is not None and each.token_exchange.auth_mode == "id-jag":
            at = _at(each.node, "handler", "options", "authMode").place
            message = f"{who} people in without an id_token, and `id-jag` has to trade one: each call would fail."
            fix = 'Write "authMode": "user-oauth", or sign people in at a provider that gives id_tokens.'
            findings.warning("id-jag-without-id-token", at, message, fix)


def _check_issuers(policies: Policies, findings: Findings) -> None:
    """Find an inbound grant for assertions that nobody can present: no issuer is trusted, or one that issues none."""
    oauth = policies.oauth
    if oauth is None or not oauth.id_jag.enabled:
        return
    at = _at(policies.by_name[oauth.name].node, "handler", "options", "idJag").key_place
    fix = 'Write "trustedIssuers": [{"issuer": …, "jwksUrl": …}].'
    trusted = {each.issuer for each in oauth.id_jag.trusted_issuers}
    if not trusted:
        message = "`idJag` is enabled and trusts no issuer: no assertion would be taken."
        findings.warning("id-jag-without-issuer", at, message, fix)
    elif oauth.provider == "workos" and oauth.oidc is not None and oauth.oidc.issuer in trusted:
        message = "An entry of `trustedIssuers` stands for WorkOS, and WorkOS is not known to issue such assertions."
        findings.warning("id-jag-without-issuer", at, message, fix)


def _check_roles(policies: Policies, findings: Findings) -> None:
    """Find entries for some roles or groups behind dev-login, whose one person has none."""
    oauth = policies.oauth
    for each in policies.by_name.values() if oauth is not None and oauth.provider == "dev-login" else ():
        given = each.node.get("handler", "options")
        control = each.capability_filter.access_control if each.capability_filter else None
        asks = given is not None and any(node.key in ("roles", "groups") for node in given.walk())
        if control is not None and control.get("mode") == "rolesAndGroups" and asks:
            at = _at(each.node, "handler", "options", "accessControl").place
            message = (
                "The person of the login without a provider has no roles and no groups: what asks for some is hidden."
            )
            fix = "Mark the entries `public` to see them here, or sign people in at a provider."
            findings.warning("roles-without-provider", at, message, fix)


def _read_policy(node: Node, workos_base: str, findings: Findings) -> Policy | None:
    check_members(node, POLICY, findings)
    check_members(node.get("handler"), HANDLER, findings)
    name = _string(node, "name", findings)
    policy_type = _string(node, "policyType", findings)
    export = _string(node, "handler", findings, "export")
    if name is None:
        return None
    kind = _kind(node, policy_type or "", export or "", findings)
    if kind is None:
        return Policy(name, policy_type or "", node, None)
    _check_module(node, findings)
    given = node.get("handler", "options") or _no_options(node)
    check_literals(kind, given, findings)
    options = checked(options_model(kind), given, findings)
    results = _results(kind, name, options, given, workos_base, findings) if options is not None else {}
    return Policy(name, kind.policy_type, node, kind, options, **results)


def _results(
    kind: PolicyKind, name: str, options: Options, node: Node, workos_base: str, findings: Findings
) -> dict[str, Any]:
    if kind.provider != "workos":  # whose id and key have a form of their own
        doubt_credentials(node, findings)
    if kind.role is Role.OAUTH:
        return {"oauth": oauth_policy(kind, name, options, node, workos_base, findings)}
    if kind.role is Role.TOKEN_EXCHANGE:
        from devgw.config.token_exchange import token_exchange  # noqa: PLC0415  models that few starts need

        return {"token_exchange": token_exchange(name, options, node, findings)}
    if kind.role is Role.FILTER:
        from devgw.config.capability_filter import capability_filter  # noqa: PLC0415  the same

        return {"capability_filter": capability_filter(name, options, node, findings)}
    if kind.role is Role.HEADERS:
        from devgw.config.header_edits import header_edits  # noqa: PLC0415  the same

        return {"header_edits": header_edits(options)}
    return {}


def _no_options(node: Node) -> Node:
    handler = node.get("handler") or node
    return Node(node.source, handler.start, handler.end, members={}, parent=handler, key="options")


def _at(node: Node, *path: str) -> Node:
    return node.get(*path) or node


def _string(node: Node, key: str, findings: Findings, below: str | None = None) -> str | None:
    """Return the string at `key` (and `below`); None, and a finding, where there is none."""
    path = (key,) if below is None else (key, below)
    found = node.get(*path)
    name = ".".join(path)
    if found is None:
        findings.error("policy-shape", node.place, f"`{name}` is missing.", f'Add "{path[-1]}".')
    elif found.text is None or not found.text.strip():
        findings.error(
            "policy-shape", found.place, f"`{name}` must be a string with text in it.", f"Write the {path[-1]}."
        )
    else:
        return found.text
    return None


def _kind(node: Node, policy_type: str, export: str, findings: Findings) -> PolicyKind | None:
    """Return which policy this is; the type and the export have to agree, and a near miss is no unknown policy."""
    by_type, by_export = KINDS.get(policy_type), EXPORTS.get(export)
    if by_type and by_type is not by_export:
        if export:
            message = f"`{export}` is not what {policy_type} exports."
            place = _at(node, "handler", "export").place
            findings.error("policy-export", place, message, f'Write "{by_type.export}".', by_type.export)
        return by_type
    if by_type:
        return by_type
    if by_export:
        message = f"`{policy_type}` is not the type of {export}."
        right = by_export.policy_type
        findings.error("policy-type", _at(node, "policyType").place, message, f'Write "{right}".', right)
        return by_export
    say_not_run(node, policy_type, findings)
    return None


def _check_module(node: Node, findings: Findings) -> None:
    module = node.get("handler", "module")
    if module is None:
        findings.error(
            "policy-shape", _at(node, "handler").place, "`handler.module` is missing.", f'Add "module": "{MODULES[1]}".'
        )
    elif module.text not in MODULES:
        message = "This module does not hold the policy."
        findings.error("policy-module", module.place, message, f'Write "{MODULES[1]}".', MODULES[1])


def _check_one_oauth(policies: Policies, listed: Node, findings: Findings) -> None:
    declared = [each for each in policies.by_name.values() if each.role is Role.OAUTH]
    if not declared and not any(each.code == "policy-type" for each in findings.found):
        fix = 'Add one, such as "mcp-workos-oauth-inbound"; `devgw init` writes an example.'
        findings.error("oauth-policy-missing", listed.key_place, "The project declares no MCP OAuth policy.", fix)
    for each in declared[1:]:
        first = declared[0]
        message = f'A project has one MCP OAuth policy; "{first.name}" on line {first.node.line} is one already.'
        findings.error("second-oauth-policy", _at(each.node, "name").place, message, "Remove one of the two.")


def _check_upstream_ids(policies: Policies, findings: Findings) -> None:
    first: dict[str, Policy] = {}
    for each in policies.by_name.values():
        if each.token_exchange is None:
            continue
        known = first.setdefault(each.token_exchange.id, each)
        if known is not each:
            message = f'The upstream id "{each.token_exchange.id}" belongs to "{known.name}" already.'
            at = (
                _at(each.node, "handler", "options", "id")
                if each.node.get("handler", "options", "id")
                else _at(each.node, "name")
            )
            findings.error("duplicate-upstream-id", at.place, message, 'Give it an "id" of its own.')
