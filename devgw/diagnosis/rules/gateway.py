"""What concerns the gateway as a whole: its configuration, its keys, its clock, its names."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import query
from devgw.diagnosis.rule import GatewayRule, Observation, diagnosis
from devgw.diagnosis.surroundings import Surroundings, TokenStory
from devgw.events import Trace
from devgw.events.flow import Diagnosis, Step
from devgw.events.taxonomy import McpAuthLoginFinished, McpCapabilityEntriesUnmatched, McpCapabilityListEmptied, Outcome
from devgw.foreign.text import clean
from devgw.problems.capability import bring_claims, quoted_claims
from devgw.problems.provider_keys import KeysUnavailable
from devgw.problems.provider_token import SET_THE_CLOCK

_CALLBACK, _PROMISE = "/oauth/callback", "authorization_response_iss_parameter_supported"
SKEW = 30.0
OLD = timedelta(minutes=10)
MANY = 20
"""Programs that keep nothing register at each start: a few runs are no habit."""


def reload_refused(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """CONF-05: the last saved configuration has errors."""
    if around.rejected is None:
        return
    at, event = around.rejected
    first = event.findings[0] if event.findings else "it could not be read"
    change = event.hint or "Mend what it names and save."
    yield diagnosis(
        "CONF-05",
        f"The saved configuration was refused (first: {first.rstrip('.')}); generation {event.generation} still runs.",
        f"{change} The gateway takes what is saved at once.",
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
            f"This machine's clock is {abs(skew.skew_seconds):.0f} s {which} that of {skew.url}, "
            "by its answer's Date and by the token's iat.",
            SET_THE_CLOCK,
            gone_when="the clocks agree",
        )


def provider_without_issuer(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """DISC-07: the provider's last answer to a login lacks the `iss` that its metadata promises; it is taken here."""
    promised = around.promised_issuer
    last = _last_code(around) if promised else None
    if last is None or "iss" in query(last):
        return
    yield diagnosis(
        "DISC-07",
        f"The identity provider's metadata says {_PROMISE}, and its answer to the login has no `iss`.",
        f"Let the provider send iss={clean(promised, 200)} with each answer, or take {_PROMISE} out of its metadata; "
        "until then nothing in the answer itself shows whose it is (RFC 9207 §2.4).",
        trace=last,
        step=Step.LOGIN,
        expected=promised,
        gone_when="the provider answers a login with it",
    )


def _last_code(around: Surroundings) -> Trace | None:
    """Return the newest answer of the provider with a code, since the configuration holds that holds now."""
    answers = (each for each in around.requests if each.path.endswith(_CALLBACK) and "code" in query(each))
    newest = max(answers, key=lambda each: each.started_at, default=None)
    is_old = newest is not None and around.loaded_at is not None and newest.started_at < around.loaded_at
    return None if is_old else newest


def keys_unreachable(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """IDT-08, IDT-05, IDT-01, IDT-36 and IDT-23: the newest fetch of the provider's keys failed."""
    fetch = around.jwks.last()
    if fetch is None or fetch.succeeded or _signed_in_after(around, fetch.at):
        return
    age = around.jwks.age(now, fetch.url)
    copy = f"The last good copy is {age.seconds} s old." if age is not None else "There is no good copy."
    problem = fetch.problem or KeysUnavailable(fetch.url, fetch.error or f"it answered {fetch.status}", fetch.status)
    yield diagnosis(
        problem.diagnosis_id or "IDT-08",
        problem.explain(),
        problem.advise(),
        evidence=(copy,),
        at=fetch.at,
        got=fetch.error or "",
        gone_when="a fetch succeeds",
    )


def _signed_in_after(around: Surroundings, moment: datetime) -> bool:
    """Tell whether a login went through since, whose token was verified: then the keys are there."""
    logins = around.recent.of_kind(McpAuthLoginFinished)
    return any(at > moment and event.outcome is Outcome.SUCCESS for at, event in logins)


def filter_names_nothing(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """CONF-08: entries of a capability filter, as it is loaded now, that the upstream does not have."""
    newest: dict[tuple[str, str], McpCapabilityEntriesUnmatched] = {}
    loaded = around.loaded_at
    for at, event in around.recent.of_kind(McpCapabilityEntriesUnmatched):
        if loaded is None or at >= loaded:
            newest.setdefault((event.policy, event.capability_kind), event)
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


def claim_is_absent(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """CONF-10: a filter hid all that an upstream lists, for want of a claim; the person may have none."""
    said: set[tuple[str | None, str]] = set()
    for at, event in around.recent.of_kind(McpCapabilityListEmptied):
        place = (event.operation_id, event.capability_kind)
        is_old = around.loaded_at is not None and at < around.loaded_at
        if place not in said and event.claims and not is_old:
            yield diagnosis(
                "CONF-10",
                f"{event.policy} hid all {event.capability_kind} of {event.operation_id}: the person's sign-in brought "
                f"nothing under {quoted_claims(event.claims)}.",
                bring_claims(event.claims),
                at=at,
                certain=False,
                gone_when="somebody is shown some of them",
            )
        said.add(place)


def gone_without_revoking(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """REVK-02: a client registered anew while tokens of its old registration live."""
    for name, stories in around.tokens_by_name.items():
        client = around.newest.get(name) if name and len(stories) >= MANY else None
        if client is None or now - client.at > OLD:
            continue
        live = [each for each in stories.values() if each.client_id != client.id and _is_live(each, now)]
        if len(live) >= MANY:
            yield diagnosis(
                "REVK-02",
                f"{name} registered anew; {len(live)} tokens of its older registrations still live.",
                "Revoke them in the Tokens screen if they are of no more use.",
                at=client.at,
                certain=False,
            )
            return


def _is_live(story: TokenStory, now: datetime) -> bool:
    return not story.revoked_at and not story.spent_at and story.expires_at is not None and story.expires_at > now


RULES = (
    GatewayRule(("CONF-05",), "a configuration that was refused", reload_refused, Observation.CONFIGURATION),
    GatewayRule(("IDT-07",), "the provider's Date header", clock_is_wrong),
    GatewayRule(("DISC-07",), "the provider's metadata, and its last answer to a login", provider_without_issuer),
    GatewayRule(
        ("IDT-01", "IDT-05", "IDT-08", "IDT-23", "IDT-36"), "a failed fetch of the provider's keys", keys_unreachable
    ),
    GatewayRule(("CONF-08",), "the upstream's lists and a filter's entries", filter_names_nothing),
    GatewayRule(("CONF-10",), "a list of the upstream, and nothing left of it", claim_is_absent),
    GatewayRule(("REVK-02",), "a second registration and live tokens of the first", gone_without_revoking),
)
