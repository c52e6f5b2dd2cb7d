"""Policies that devgw does not run: told apart from slips of those that it does."""

from devgw.config.catalogue import EXPORTS, KINDS
from devgw.config.finding import Findings, did_you_mean, nearest_name
from devgw.config.node import Node
from devgw.departure import Departure

OTHER_POLICIES = Departure(
    name="other-policies",
    here="Policies other than sign-in, token exchange, capability filter, API key and headers do not run: requests "
    "pass as if they were not attached, and they are shown as not run.",
    deployed="Every policy of the project runs: rate limits, validation, custom code.",
    why="devgw is for the sign-in and the MCP routes, and does not run a project's TypeScript.",
    source="https://zuplo.com/docs/mcp-gateway/policies/overview",
    cannot="No setting runs them: `devgw check` names each one that does not run.",
)


def not_run(root: Node) -> list[Node]:
    """Return the policies of a document that devgw does not run, and takes for no slip of one that it does."""
    listed = root.get("policies")
    return [each for each in (listed.items or ()) if not _is_ours(each)] if listed is not None else []


def say_not_run(node: Node, policy_type: str, findings: Findings) -> None:
    """Say of a policy whose type and export are none of ours that it does not run, or what was meant."""
    if not policy_type:
        return
    nearest = _slip_of(policy_type)
    place = (node.get("policyType") or node).place
    if nearest is not None:
        message = f"devgw knows no policy type `{policy_type}`."
        findings.error("policy-type", place, message, did_you_mean(nearest), nearest)
        return
    message = f"Policies of type `{policy_type}` do not run here; requests pass as if it were not attached."
    findings.note("policy-not-run", place, message, "It will run in the deployed gateway.")


def _is_ours(node: Node) -> bool:
    policy_type, export = (node.get(*path) for path in (("policyType",), ("handler", "export")))
    named = (policy_type.text if policy_type is not None else None) or ""
    exported = (export.text if export is not None else None) or ""
    return named in KINDS or exported in EXPORTS or _slip_of(named) is not None


def _slip_of(policy_type: str) -> str | None:
    """Return the type that runs here and that this one was probably meant to be, None where it is another one."""
    nearest = nearest_name(policy_type, KINDS) if policy_type else None
    is_slip = nearest is not None and (policy_type.startswith("mcp-") or _is_one_slip(policy_type, nearest))
    return nearest if is_slip else None


def _is_one_slip(one: str, other: str) -> bool:
    """Tell whether two names differ by so little that one is a misspelling of the other."""
    from difflib import SequenceMatcher  # noqa: PLC0415  needed for a mistake only

    # set-headers-inbound and set-headers-outbound are both real; only what names the same direction can be a slip.
    return (
        one.rsplit("-", 1)[-1][:3] == other.rsplit("-", 1)[-1][:3] and SequenceMatcher(None, one, other).ratio() > 0.93
    )
