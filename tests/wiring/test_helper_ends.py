"""How a helper ends: by itself, by what is no Exception, or stopped by whoever may; and what is named as the cause."""

import asyncio
import errno

import pytest

from devgw.wiring.cause import cause_of
from tests.wiring.test_supervisor import Bench, bench, until

__all__ = ["bench"]


class PanicException(BaseException):
    """What a library in Rust raises where it meets a defect of its own: no Exception."""


@pytest.mark.parametrize("fault", [PanicException("unwrap"), SystemExit(3)], ids=["panic", "exit"])
async def test_what_is_no_exception_is_a_failure_like_any_other(bench: Bench, fault: BaseException) -> None:
    attempts = 0

    async def begin() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise fault
        await asyncio.Event().wait()

    async def work() -> None:
        raise fault

    bench.supervisor.start("one", begin)
    await until(lambda: bench.states() == ["waiting", "running"])
    bench.supervisor.once("two", work())
    await until(lambda: bench.state("two") == "warning")
    assert type(fault).__name__ in (bench.told[-1].explanation or "")


async def test_one_that_ran_well_is_stopped_without_a_word(bench: Bench) -> None:
    bench.supervisor.start("one", asyncio.Event().wait)  # type: ignore[arg-type]  # what it returns is looked at by nobody
    await bench.supervisor.stop("one")
    assert (bench.states(), bench.state("one")) == ([], "not there")


async def test_one_may_stop_itself(bench: Bench) -> None:
    goes_on = asyncio.Event()

    async def begin() -> None:
        await bench.supervisor.stop("one", within=30)
        goes_on.set()

    bench.supervisor.start("one", begin)
    await asyncio.wait_for(goes_on.wait(), 5)
    assert bench.state("one") == "not there"


def test_of_a_group_the_first_is_the_cause() -> None:
    within = ExceptionGroup("inner", [OSError(errno.EROFS, "Read-only file system"), ValueError("second")])
    assert cause_of(ExceptionGroup("outer", [within])).reason == "Read-only file system"
