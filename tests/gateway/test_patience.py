"""Reminders come in order, once, and never after they were forgotten."""

from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any, cast

from devgw.gateway.patience import Patience


class Loop:
    """The part of a loop that is used: a time that is moved by hand, and the timers that wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[..., Any], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> None:
        self.timers.append((self.now + delay, function, arguments))

    def wake(self) -> None:
        """Call what is overdue after it stood still: at the moment it has, not at those it missed."""
        overdue = [timer for timer in self.timers if timer[0] <= self.now]
        self.timers = [timer for timer in self.timers if timer[0] > self.now]
        for _, function, arguments in overdue:
            function(*arguments)

    def travel(self, to: float) -> None:
        while due := [timer for timer in self.timers if timer[0] <= to]:
            self.timers.remove(due[0])
            self.now = due[0][0]
            due[0][1](*due[0][2])
        self.now = to


def test_what_is_due_is_called_once_in_order_and_the_timer_then_rests() -> None:
    loop, patience, called = Loop(), Patience(1.0, 0.25), list[str]()
    known = cast("AbstractEventLoop", loop)
    patience.remind(known, lambda: called.append("a"))
    loop.travel(0.6)
    patience.remind(known, lambda: called.append("b"))
    assert len(loop.timers) == 1

    loop.travel(0.99)
    assert called == []
    loop.travel(1.25)
    assert called == ["a"]
    loop.travel(9)
    assert called == ["a", "b"]
    assert loop.timers == []


def test_what_was_set_as_the_loop_woke_waits_no_longer_than_anything_else() -> None:
    """Only what waited while nothing went on gets that time back."""
    loop, patience, called = Loop(), Patience(1.0, 0.25), list[tuple[str, float]]()
    known = cast("AbstractEventLoop", loop)
    patience.remind(known, lambda: called.append(("before", loop.now)))
    loop.now = 3_600.0
    patience.remind(known, lambda: called.append(("after", loop.now)))
    loop.wake()
    loop.travel(9_000)

    assert [each for each, _ in called] == ["before", "after"]
    assert all(3_600.75 <= at <= 3_601.25 for _, at in called), called


def test_what_is_forgotten_is_not_called() -> None:
    loop, patience, called = Loop(), Patience(1.0, 0.25), list[str]()
    known = cast("AbstractEventLoop", loop)
    first = patience.remind(known, lambda: called.append("a"))
    patience.remind(known, lambda: called.append("b"))
    patience.forget(first)
    patience.forget(first)
    loop.travel(5)

    assert called == ["b"]
    patience.remind(known, lambda: called.append("c"))
    loop.travel(10)
    assert called == ["b", "c"]
