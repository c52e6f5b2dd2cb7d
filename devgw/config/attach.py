"""What the policies of one route come to: looked up by name, checked against each other, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from devgw.config.catalogue import Role
from devgw.config.finding import Findings, did_you_mean, nearest_name
from devgw.config.node import Node
from devgw.config.policies import FILE, Policies, Policy
from devgw.config.project import CapabilityFilter, HeaderEdits, PolicyUse, TokenExchange

Named: TypeAlias = tuple[Node, Policy]
"""A policy, and where a route names it."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The policies of a route, by what they do."""

    uses: tuple[PolicyUse, ...]
    protected: bool
    token_exchange: TokenExchange | None
    capability_filter: CapabilityFilter | None
    header_edits: tuple[HeaderEdits, ...]


def attach(operation: Node, policies: Policies | None, findings: Findings) -> Attached:
    """Return what the route's list of policies comes to."""
    inbound = list(_named(operation, "inbound", policies, findings))
    outbound = list(_named(operation, "outbound", policies, findings))
    if policies is not None:
        _check(operation, inbound, findings)
        _check_outbound(outbound, findings)
    found = [policy for _, policy in inbound]
    return Attached(
        uses=tuple(_use(policy, policy.kind is not None) for policy in found)
        + tuple(_use(policy, runs_here=False) for _, policy in outbound),
        protected=any(policy.role is Role.OAUTH for policy in found),
        token_exchange=next((each.token_exchange for each in found if each.token_exchange), None),
        capability_filter=next((each.capability_filter for each in found if each.capability_filter), None),
        header_edits=tuple(each.header_edits for each in found if each.header_edits),
    )


def _use(policy: Policy, runs_here: bool) -> PolicyUse:
    return PolicyUse(policy.name, policy.policy_type, runs_here, FILE, policy.node.line)


def _named(operation: Node, direction: str, policies: Policies | None, findings: Findings) -> Iterator[Named]:
    """Yield each policy that is listed, with its place in the list."""
    listed = operation.get("x-zuplo-route", "policies", direction)
    if listed is None:
        return
    if listed.items is None:
        message = f"`policies.{direction}` must be an array of names, not {listed.kind}."
        findings.error("wrong-type", listed.place, message, 'Write ["name", …].')
    if policies is None:
        return
    opened: set[str] = set()
    for node in listed.items or ():
        yield from _found(node, policies, findings, (), opened)


def _found(
    node: Node, policies: Policies, findings: Findings, within: tuple[str, ...], opened: set[str]
) -> Iterator[Named]:
    """Yield the policy that `node` names, and after a group the policies in it.

    Each group is opened once per route (`opened`): groups of groups could double at every level.
    """
    if node.text is None:
        findings.error(
            "wrong-type", node.place, f"The name of a policy belongs here, not {node.kind}.", 'Write "name".'
        )
        return
    policy = policies.by_name.get(node.text)
    if policy is None:
        nearest = nearest_name(node.text, policies.by_name)
        fix = did_you_mean(nearest, f"Declare it in {FILE}, or remove it here.")
        findings.error("policy-missing", node.place, f'No policy is called "{node.text}".', fix, nearest)
        return
    if policy.name in within:
        circle = " → ".join((*within[within.index(policy.name) :], policy.name))
        findings.error(
            "policy-loop", node.place, f"These policies stand for each other in a circle: {circle}.", "Break it."
        )
        return
    yield node, policy
    if policy.role is Role.GROUP and policy.name not in opened:
        opened.add(policy.name)
        listed = policy.node.get("handler", "options", "policies")
        for each in listed.children() if listed is not None else ():
            yield from _found(each, policies, findings, (*within, policy.name), opened)


def _check(operation: Node, inbound: list[Named], findings: Findings) -> None:
    seen: dict[str, Node] = {}
    for node, policy in inbound:
        if seen.setdefault(policy.name, node) is not node:
            findings.warning(
                "policy-twice", node.place, f'"{policy.name}" is attached twice.', "Remove one of the two."
            )
    by_role = {role: [each for each in inbound if each[1].role is role] for role in Role}
    _check_oauth(operation, inbound, by_role, findings)
    for node, _ in [each for each in by_role[Role.TOKEN_EXCHANGE] if seen[each[1].name] is each[0]][1:]:
        message = "A second token exchange on one route: only one credential can go up."
        findings.error("second-token-exchange", node.place, message, "Remove one of the two.")
    _check_order(inbound, by_role, findings)


def _check_outbound(outbound: list[Named], findings: Findings) -> None:
    """Find each policy that acts on requests and stands among those for answers, where it is not run."""
    for node, policy in outbound:
        if policy.kind is not None and policy.role is not Role.GROUP:
            message = f'"{policy.name}" acts on requests; in `policies.outbound` devgw does not run it.'
            findings.warning("policy-outbound", node.place, message, "Move it into policies.inbound.")


def _check_oauth(
    operation: Node,
    inbound: list[Named],
    by_role: dict[Role, list[Named]],
    findings: Findings,
) -> None:
    oauth, exchange = by_role[Role.OAUTH], by_role[Role.TOKEN_EXCHANGE]
    listed = operation.get("x-zuplo-route", "policies", "inbound")
    named = len(listed.items or ()) if listed is not None else 0
    if not oauth and named > len(inbound):
        return  # a name that nothing is called by may be the one that was meant
    if not oauth and exchange:
        message = "A token exchange without an MCP OAuth policy: one person's credential would answer every caller."
        fix = "Put the name of the OAuth policy before it in policies.inbound."
        findings.error("exchange-unprotected", exchange[0][0].place, message, fix)
        return
    if not oauth:
        at = listed.key_place if listed else operation.key_place
        message = "No MCP OAuth policy is attached: whoever reaches this route may call it."
        findings.warning(
            "route-unprotected", at, message, "Put the name of the OAuth policy first in policies.inbound."
        )
        return
    running = [each for each in inbound if each[1].kind is not None and each[1].role is not Role.GROUP]
    if running[0][1].role is not Role.OAUTH:
        message = "Another policy runs before the one that checks the token."
        findings.warning("policy-order", oauth[0][0].place, message, "Put the OAuth policy first.")


def _check_order(inbound: list[Named], by_role: dict[Role, list[Named]], findings: Findings) -> None:
    exchange, filters = by_role[Role.TOKEN_EXCHANGE], by_role[Role.FILTER]
    if exchange and filters and inbound.index(filters[0]) < inbound.index(exchange[0]):
        message = "The capability filter stands before the token exchange."
        findings.warning("filter-before-exchange", filters[0][0].place, message, "Put it after the token exchange.")
    for node, policy in filters[1:]:
        message = f'A second capability filter, "{policy.name}", on one route; only the first is used.'
        findings.error("second-filter", node.place, message, "Put both lists into one policy.")
