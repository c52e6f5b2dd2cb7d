"""The rule of refresh tokens, walked at random: whatever a client does with its answers, one of them goes on."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from devgw.clock import FrozenClock
from devgw.config.project import TokenSettings
from devgw.entropy import digest
from devgw.events import Bus
from devgw.gateway.families import Families
from devgw.gateway.issuing import Issuing
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import Grant, RefreshToken
from devgw.gateway.revocation import Revocation, RevocationReach
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId
from devgw.problems import Refused
from devgw.problems.refresh_token import RefreshTokenExpired, RefreshTokenReplayed, RefreshTokenVoid
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore

GRANT = GrantId("g-1")


@dataclass
class Bench:
    """A family over a real store; `restart` forgets everything that is not in it."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    database: Database = field(default_factory=lambda: Database(None, MIGRATIONS))
    rotates: bool = True

    def __post_init__(self) -> None:
        self.restart()
        now = self.clock.now()
        self.store.save_grant(
            Grant(
                id=GRANT,
                client_id=ClientId("dcr:1"),
                client_name="Test client",
                subject_id=SubjectId("user_1"),
                session_id=None,
                email=None,
                operation_id=OperationId("sample"),
                resource="http://localhost/mcp",
                scope="mcp:tools",
                issuer="http://localhost",
                created_at=now,
                expires_at=now + timedelta(days=30),
            )
        )

    def restart(self) -> None:
        self.store = RecordStore(self.database)
        self.live = LiveTokens(self.store, self.clock)
        self.revocation = Revocation(self.store, self.live, Bus(self.clock), self.clock)
        self.families = Families(self.store, self.live, self.revocation, self.clock, rotates=self.rotates)
        self.issuing = Issuing(TokenSettings(), self.store, self.live, self.clock)

    @property
    def grant(self) -> Grant:
        grant = self.store.find_grant(GRANT)
        assert grant
        return grant

    def begin(self) -> dict[str, str]:
        """Return the answer to the code."""
        answer = self.issuing.mint(self.grant, include_refresh_token=True)
        with self.store.transaction():
            issued = self.issuing.save(answer, self.grant, None, TokenId("code:1"))
        self.issuing.let_work(issued)
        return answer

    def refresh(self, secret: str) -> dict[str, str]:
        """Return the answer to a refresh, as the token endpoint decides it."""
        with self.store.transaction():
            token = self.record(secret)
            if self.grant.revoked_at:
                raise Refused(RefreshTokenReplayed(self.clock.now(), self.clock.now()))
            self.families.check(token)
            answer = self.issuing.mint(self.grant, include_refresh_token=self.rotates)
            issued = self.issuing.save(answer, self.grant, token, self.families.origin_of(token))
            self.families.spend(token, None if issued.refresh is token else issued.refresh)
        self.issuing.let_work(issued)
        return {"refresh_token": secret, **answer}

    def record(self, secret: str) -> RefreshToken:
        token = self.store.find_refresh_token(digest(secret))
        assert token
        return token

    def call(self, answer: dict[str, str]) -> bool:
        """Use an answer's access token; tell whether it works."""
        live = self.live.find(digest(answer["access_token"]))
        if live:
            live.uses += 1
            live.is_dirty = True
        return live is not None

    def opens(self, answer: dict[str, str]) -> bool:
        """Tell whether an answer's access token works."""
        return self.live.find(digest(answer["access_token"])) is not None


def test_a_lost_answer_is_asked_for_again_over_a_restart_and_any_time() -> None:
    """Nothing but digests is needed: neither what was in memory nor how long ago it was."""
    bench = Bench()
    first = bench.begin()
    lost = bench.refresh(first["refresh_token"])
    bench.clock.travel(timedelta(days=3))
    bench.restart()
    kept = bench.refresh(first["refresh_token"])
    assert kept["refresh_token"] != lost["refresh_token"]
    assert bench.opens(kept)
    assert not bench.opens(lost)
    assert bench.opens(bench.refresh(kept["refresh_token"]))


def test_a_predecessor_after_its_successor_was_used_ends_the_grant_over_a_restart() -> None:
    bench = Bench()
    first = bench.begin()
    second = bench.refresh(first["refresh_token"])
    third = bench.refresh(second["refresh_token"])
    bench.restart()
    with pytest.raises(Refused) as refused:
        bench.refresh(first["refresh_token"])
    assert isinstance(refused.value.problem, RefreshTokenReplayed)
    assert bench.grant.revoked_because == "refresh_token_replayed"
    assert not any(bench.opens(each) for each in (first, second, third))


def test_a_theft_is_told_with_the_moment_at_which_the_successor_was_used_first() -> None:
    """It may be presented again and again, while its answers are lost."""
    bench = Bench()
    first = bench.begin()
    second = bench.refresh(first["refresh_token"])
    moment = bench.clock.now()
    for _ in range(3):
        bench.refresh(second["refresh_token"])
        bench.clock.travel(timedelta(hours=1))
    with pytest.raises(Refused) as refused:
        bench.refresh(first["refresh_token"])
    assert refused.value.problem == RefreshTokenReplayed(moment, bench.clock.now())


def test_a_grant_is_contested_since_it_was_first_seen_to_be() -> None:
    bench = Bench()
    first = bench.begin()
    one, other = (bench.refresh(first["refresh_token"]) for _ in range(2))
    bench.refresh(other["refresh_token"])
    moment = bench.clock.now()
    for _ in range(2):
        with pytest.raises(Refused):
            bench.refresh(one["refresh_token"])
        bench.clock.travel(timedelta(hours=1))
    assert bench.grant.contested_at == moment


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_whichever_of_several_answers_a_client_keeps_it_goes_on(kept: int) -> None:
    bench = Bench()
    first = bench.begin()
    answers = [bench.refresh(first["refresh_token"]) for _ in range(5)]
    assert [bench.opens(each) for each in answers] == [False] * 4 + [True]
    after = bench.refresh(answers[kept]["refresh_token"])
    assert bench.opens(after)
    again = bench.refresh(after["refresh_token"])
    assert bench.opens(again)
    for other in answers[:kept] + answers[kept + 1 :]:
        with pytest.raises(Refused) as refused:
            bench.refresh(other["refresh_token"])
        assert isinstance(refused.value.problem, RefreshTokenVoid)
        assert not bench.opens(other)
    assert bench.opens(bench.refresh(again["refresh_token"]))


def test_an_answer_that_works_for_somebody_is_not_void_by_another_one() -> None:
    """Two processes refresh a moment apart and call at once: both work until the first of them refreshes again."""
    bench = Bench()
    first = bench.begin()
    one = bench.refresh(first["refresh_token"])
    assert bench.call(one)
    other = bench.refresh(first["refresh_token"])
    assert bench.call(other)
    assert bench.opens(one)
    assert bench.opens(bench.refresh(one["refresh_token"]))
    assert not bench.opens(other)
    with pytest.raises(Refused) as refused:
        bench.refresh(other["refresh_token"])
    assert isinstance(refused.value.problem, RefreshTokenVoid)


def test_a_grant_that_two_hold_ends_when_the_person_signs_in_again() -> None:
    """Nobody can tell a second process from a thief; whoever was refused signs in, and the other is out."""
    bench = Bench()
    first = bench.begin()
    one, other = (bench.refresh(first["refresh_token"]) for _ in range(2))
    kept = bench.refresh(other["refresh_token"])
    same = bench.grant.client_id, bench.grant.subject_id, bench.grant.operation_id
    bench.families.supersede(*same)
    assert bench.opens(kept)
    with pytest.raises(Refused):
        bench.refresh(one["refresh_token"])
    bench.families.supersede(*same[:2], OperationId("another"))
    assert bench.opens(kept)
    bench.families.supersede(*same)
    assert not bench.opens(kept)
    assert bench.grant.revoked_because == "signed_in_again"


def test_as_deployed_the_first_refresh_token_stays_for_everybody() -> None:
    bench = Bench(rotates=False)
    first = bench.begin()
    answers = [bench.refresh(first["refresh_token"]) for _ in range(3)]
    assert {each["refresh_token"] for each in answers} == {first["refresh_token"]}
    assert all(bench.opens(each) for each in answers)
    bench.restart()
    assert bench.opens(bench.refresh(first["refresh_token"]))


def test_one_that_was_rotated_before_stays_dead_as_deployed() -> None:
    """The setting may change between two starts."""
    bench = Bench()
    first = bench.begin()
    second = bench.refresh(first["refresh_token"])
    bench.rotates = False
    bench.restart()
    bench.refresh(second["refresh_token"])
    with pytest.raises(Refused):
        bench.refresh(first["refresh_token"])
    assert bench.grant.revoked_at


def test_a_void_one_that_is_presented_as_deployed_lives_again() -> None:
    bench = Bench()
    first = bench.begin()
    void = bench.refresh(first["refresh_token"])
    bench.refresh(first["refresh_token"])
    assert bench.record(void["refresh_token"]).revoked_at
    bench.rotates = False
    bench.restart()
    bench.refresh(void["refresh_token"])
    assert bench.record(void["refresh_token"]).revoked_at is None
    assert bench.record(void["refresh_token"]).used_at


def test_a_void_one_of_unknown_origin_is_refused() -> None:
    """As an older devgw wrote it."""
    bench = Bench()
    first = bench.begin()
    record = bench.record(first["refresh_token"])
    bench.store.save_refresh_token(replace(record, parent_id=None, revoked_at=bench.clock.now()))
    with pytest.raises(Refused) as refused:
        bench.refresh(first["refresh_token"])
    assert isinstance(refused.value.problem, RefreshTokenVoid)


def test_a_refresh_token_is_good_until_its_last_moment_and_not_in_it() -> None:
    bench = Bench()
    first = bench.begin()
    bench.store.save_refresh_token(replace(bench.record(first["refresh_token"]), expires_at=bench.clock.now()))
    with pytest.raises(Refused) as refused:
        bench.refresh(first["refresh_token"])
    assert isinstance(refused.value.problem, RefreshTokenExpired)


def test_that_an_access_token_was_used_is_known_over_a_restart() -> None:
    bench = Bench()
    first = bench.begin()
    used = bench.refresh(first["refresh_token"])
    bench.call(used)
    bench.live.write_down_uses()
    bench.restart()
    bench.refresh(first["refresh_token"])
    assert bench.record(used["refresh_token"]).revoked_at is None


def test_what_was_written_down_of_uses_is_not_written_again() -> None:
    bench = Bench()
    answer = bench.begin()
    bench.call(answer)
    bench.live.write_down_uses()
    bench.database.execute("UPDATE access_token SET uses = 7")
    bench.live.write_down_uses()
    assert [each.uses for each in bench.store.access_tokens()] == [7]
    bench.call(answer)
    bench.live.write_down_uses()
    assert [each.uses for each in bench.store.access_tokens()] == [2]


def test_whoever_listens_hears_of_void_tokens_after_the_commit_and_may_fall_over() -> None:
    bench = Bench()
    heard: list[RevocationReach] = []

    def fall(ending: RevocationReach) -> None:
        del ending
        raise RuntimeError

    bench.revocation.on_end(fall)
    bench.revocation.on_end(heard.append)
    first = bench.begin()
    lost = bench.refresh(first["refresh_token"])
    assert heard == []
    bench.refresh(first["refresh_token"])
    ids = bench.store.find_access_token(digest(lost["access_token"])), bench.record(lost["refresh_token"])
    assert [each.tokens for each in heard] == [tuple(each.id for each in ids if each)]
    bench.revocation.end_grant(GRANT, "revoked_by_user")
    assert heard[-1].grants == (GRANT,)


def test_what_is_rolled_back_has_not_ended() -> None:
    bench = Bench()
    heard: list[RevocationReach] = []
    bench.revocation.on_end(heard.append)
    answer = bench.begin()

    def fail() -> None:
        with bench.store.transaction():
            bench.revocation.end_grant(GRANT, "revoked_by_user")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert heard == []
    assert bench.opens(answer)
    assert bench.grant.revoked_at is None


@pytest.mark.parametrize("short", [0, 1, 499_000])
def test_a_lifetime_is_told_as_it_is_configured_and_no_token_outlives_its_grant(short: int) -> None:
    """A moment passes between the grant and its first token: that is no reason to say 899."""
    bench = Bench()
    ends = bench.clock.now() + timedelta(seconds=900) - timedelta(microseconds=short)
    grant = replace(bench.grant, expires_at=ends)
    answer = bench.issuing.mint(grant, include_refresh_token=False)
    assert answer["expires_in"] == 900
    assert bench.issuing.save(answer, grant, None, None).access.expires_at <= ends


def test_a_shorter_lifetime_that_was_saved_ends_no_grant_sooner() -> None:
    """What lives keeps its end, as the reload says; the refresh token that is out there was given for that long."""
    bench = Bench()
    answer, ends = bench.begin(), bench.grant.expires_at
    shorter = replace(TokenSettings(), refresh_token_ttl=timedelta(days=1))
    bench.issuing = Issuing(shorter, bench.store, bench.live, bench.clock)
    assert bench.refresh(answer["refresh_token"])
    assert bench.grant.expires_at == ends


class Walk(RuleBasedStateMachine):
    """Processes of one client that send, lose, keep, repeat, call and restart; none goes back behind what was used."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.answers: list[dict[str, str]] = []
        """What came for the newest token that was used: any of these may be in somebody's hands."""
        self.source = ""

    @initialize()
    def sign_in(self) -> None:
        self.answers = [self.bench.begin()]

    @rule(which=st.integers(0, 9))
    def refresh_with_any_answer(self, which: int) -> None:
        held = self.answers[which % len(self.answers)]["refresh_token"]
        was_void = self.bench.record(held).revoked_at is not None
        answer = self.bench.refresh(held)
        if was_void:
            self.answers.append(answer)
        else:
            self.source, self.answers = held, [answer]

    @rule()
    def ask_again(self) -> None:
        """The answer was lost, or another process asks with the same token."""
        if self.source:
            self.answers.append(self.bench.refresh(self.source))

    @rule(which=st.integers(0, 9))
    def call(self, which: int) -> None:
        self.bench.call(self.answers[which % len(self.answers)])
        self.bench.live.write_down_uses()

    @rule()
    def restart(self) -> None:
        self.bench.restart()

    @rule(minutes=st.integers(1, 10))
    def wait(self, minutes: int) -> None:
        self.bench.clock.travel(timedelta(minutes=minutes))

    @invariant()
    def the_newest_answer_works_and_nothing_void_opens_a_route(self) -> None:
        if not self.answers:
            return
        assert self.bench.grant.revoked_at is None
        assert self.bench.grant.contested_at is None
        assert self.bench.record(self.answers[-1]["refresh_token"]).revoked_at is None
        for each in self.answers:
            access = self.bench.store.find_access_token(digest(each["access_token"]))
            assert access
            is_void = self.bench.record(each["refresh_token"]).revoked_at is not None
            assert is_void == (access.revoked_at is not None)
            assert not (is_void and self.bench.opens(each))
            assert not (is_void and access.uses)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)


def test_what_a_grant_ended_or_outlived_is_live_no_more() -> None:
    bench = Bench()
    first = bench.begin()
    second = bench.refresh(first["refresh_token"])
    assert bench.opens(first)
    assert bench.opens(second)
    bench.live.drop_grant(GrantId("g-another"))
    assert bench.opens(second)
    bench.live.drop(digest(second["access_token"]))
    bench.live.drop(digest(second["access_token"]))
    assert bench.opens(first)
    bench.live.drop_grant(GRANT)
    assert not bench.opens(first)
    third = bench.refresh(second["refresh_token"])
    bench.clock.travel(timedelta(seconds=900))
    bench.live.write_down_uses()
    assert not bench.opens(third)
