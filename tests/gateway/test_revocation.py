"""RevocationReach something reads what belongs to it, however many others hold tokens."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import pytest

from devgw.clock import FrozenClock
from devgw.events import Bus
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import AccessToken, Grant, RefreshToken, Session
from devgw.gateway.revocation import Revocation, RevocationReach
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from devgw.store.table import Table

OTHERS = 300
_READING = Table._read.__code__


class World:
    """Many people, each with a client, a session, a grant and two tokens."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.store = RecordStore(Database(None, MIGRATIONS))
        with self.store.transaction():
            for number in range(OTHERS):
                self.keep(number)
        self.live = LiveTokens(self.store, self.clock)
        self.revocation = Revocation(self.store, self.live, Bus(self.clock), self.clock)

    def keep(self, number: int) -> None:
        now, names = self.clock.now(), (ClientId(f"dcr:{number}"), "client", SubjectId(f"user_{number}"))
        later, session, grant = now + timedelta(days=9), SessionId(f"s-{number}"), GrantId(f"g-{number}")
        self.store.save_session(Session(session, f"c{number}", names[2], None, None, now, later, "http://idp"))
        urls = ("http://localhost/mcp", "mcp:tools", "http://localhost")
        self.store.save_grant(Grant(grant, *names, session, None, OperationId("sample"), *urls, now, later))
        self.store.save_access_token(AccessToken(TokenId(f"at:{number}"), f"a{number}", grant, now, later))
        self.store.save_refresh_token(RefreshToken(TokenId(f"rt:{number}"), f"r{number}", grant, now, later))


@contextmanager
def reading(most: int) -> Iterator[None]:
    """Fail where more records are read until the block ends."""
    read = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal read
        read += event == "call" and frame.f_code is _READING

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert 0 < read <= most


@pytest.mark.parametrize("kind", ["access token", "refresh token", "session", "client", "subject"])
def test_what_ends_is_found_and_ended_without_reading_what_belongs_to_others(kind: str) -> None:
    world = World()
    of = world.revocation
    find: dict[str, Callable[[], RevocationReach]] = {
        "access token": lambda: of.of_grants(filter(None, [of.grant_of(TokenId("at:7"))])),
        "refresh token": lambda: of.of_grants(filter(None, [of.grant_of(TokenId("rt:7"))])),
        "session": lambda: of.of_session(SessionId("s-7")),
        "client": lambda: of.of_client(ClientId("dcr:7")),
        "subject": lambda: of.of_subject(SubjectId("user_7")),
    }
    with reading(most=30):
        ending = find[kind]()
        of.end(ending, "test")
    assert (ending.grants, set(ending.tokens)) == ((GrantId("g-7"),), {"at:7", "rt:7"})
    assert ending.sessions == ((SessionId("s-7"),) if kind in {"session", "subject"} else ())
    assert len(world.store.live_grants(world.clock.now())) == OTHERS - 1


def test_what_is_over_is_not_ended_again() -> None:
    world = World()
    world.revocation.end(world.revocation.of_subject(SubjectId("user_7")), "test")
    assert world.revocation.of_subject(SubjectId("user_7")) == RevocationReach()
    assert world.revocation.of_client(ClientId("dcr:7")) == RevocationReach(clients=(ClientId("dcr:7"),))
    world.clock.travel(timedelta(days=10))
    assert world.revocation.of_session(SessionId("s-8")) == RevocationReach(sessions=(SessionId("s-8"),))
    assert world.store.live_grants(world.clock.now()) == []


def test_a_token_that_is_none_belongs_to_nothing() -> None:
    assert World().revocation.grant_of(TokenId("at:nobody")) is None
