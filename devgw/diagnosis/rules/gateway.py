"""What concerns the gateway as a whole: its configuration, its keys, its clock, its names."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.rule import GatewayRule, Observation, diagnosis
from devgw.diagnosis.surroundings import Surroundings
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthClientRegistered, McpCapabilityEntriesUnmatched

SKEW = 30.0
OLD = timedelta(minutes=10)


def reload_refused(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """CONF-05: the last saved configuration has errors."""
    if around.rejected is None:
        return
    at, event = around.rejected
    first = event.findings[0] if event.findings else "it could not be read"
    yield diagnosis(
        "CONF-05",
        f"The saved configuration was refused (first: {first}); generation {event.generation} still runs.",
        "Correct that line and save; the gateway takes it at once.",
        evidence=event.findings[:10],
        at=at,
        gone_when="a configuration without errors is saved",
    )


def clock_is_wrong(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """IDT-07: our clock and the provider's differ."""
    skew = around.skew
    if skew is not None and abs(skew.skew_seconds) >= SKEW:
        which = "behind" if skew.skew_seconds > 0 else "ahead of"
        yield diagnosis(
            "IDT-07",
            f"This machine's clock is {abs(skew.skew_seconds):.0f} s {which} that of {skew.url}.",
            "Set this machine's clock (in WSL or a virtual machine after sleep: `hwclock -s`, or restart it).",
            gone_when="the clocks agree",
        )


def keys_unreachable(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """IDT-08 and IDT-05: the newest fetch of the provider's keys failed."""
    fetch = around.jwks.last()
    if fetch is None or fetch.succeeded:
        return
    age = around.jwks.age(now, fetch.url)
    copy = f" The last good copy is {age.seconds} s old." if age is not None else " There is no good copy."
    name = "IDT-05" if fetch.status == 404 else "IDT-08"
    why = fetch.error or f"status {fetch.status}"
    fix = (
        "Check the client id in the URL."
        if name == "IDT-05"
        else "Make the URL reachable: DNS, CA bundle, proxy variables."
    )
    yield diagnosis(
        name,
        f"{fetch.url} could not be fetched ({why}).{copy}",
        fix,
        at=fetch.at,
        got=why,
        gone_when="a fetch succeeds",
    )


def filter_names_nothing(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """CONF-08: entries of a capability filter that the upstream does not have."""
    newest: dict[tuple[str, str], McpCapabilityEntriesUnmatched] = {}
    for published in around.recent:
        if isinstance(published.event, McpCapabilityEntriesUnmatched):
            newest[published.event.policy, published.event.capability_kind] = published.event
    for event in newest.values():
        for entry, nearest in event.entries:
            meant = f"; the upstream has `{nearest}`" if nearest else ""
            yield diagnosis(
                "CONF-08",
                f"{event.policy} lists `{entry}` ({event.capability_kind}), which the upstream does not have{meant}.",
                f"Write `{nearest}`." if nearest else "Remove the entry, or write the upstream's name.",
                got=entry,
                expected=nearest or "",
                gone_when="the names match",
            )


def gone_without_revoking(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """REVK-02: a client registered anew while tokens of its old registration live."""
    for published in around.recent:
        event = published.event
        if not isinstance(event, McpAuthClientRegistered) or now - published.at > OLD:
            continue
        older = [
            client.id
            for client in around.clients.values()
            if _same(client.name, event) and client.id != event.client_id
        ]
        live = [
            story
            for story in around.tokens.values()
            if story.client_id in older
            and not story.revoked_at
            and not story.spent_at
            and story.expires_at
            and story.expires_at > now
        ]
        if len(live) >= 3:
            yield diagnosis(
                "REVK-02",
                f"{event.client_name} registered anew; {len(live)} tokens of its older registrations still live.",
                "Revoke them in the Tokens screen if they are of no more use.",
                at=published.at,
                certain=False,
            )
            return


def _same(name: str, event: McpAuthClientRegistered) -> bool:
    return bool(name) and name == event.client_name


RULES = (
    GatewayRule(("CONF-05",), "a configuration that was refused", reload_refused, Observation.CONFIGURATION),
    GatewayRule(("IDT-07",), "the provider's Date header", clock_is_wrong),
    GatewayRule(("IDT-05", "IDT-08"), "a failed fetch of the provider's keys", keys_unreachable),
    GatewayRule(("CONF-08",), "the upstream's lists and a filter's entries", filter_names_nothing),
    GatewayRule(("REVK-02",), "a second registration and live tokens of the first", gone_without_revoking),
)
