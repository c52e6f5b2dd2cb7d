"""Secrets are looked for in a long line beside the requests; the line is what it would be otherwise."""

import sys
import threading
from types import FrameType

from devgw.control.messages import Snapshot
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.monitor.views import ConfigView
from tests.control.conftest import Served

LONG = 100_000
SECRET = "a-configured-secret-value"


async def test_a_long_row_is_masked_in_another_thread_than_the_loops(served: Served) -> None:
    monitor, looked = served.walk.monitor, list[int]()
    monitor.secrets.keep([SECRET])
    monitor.take_config(ConfigView(changes=["x" * LONG, f"says {SECRET}"]))

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is ConfiguredSecrets.hide.__code__:
            looked.append(len(frame.f_locals["text"]))

    sys.setprofile(note)
    try:
        async with served.reading() as (_, seen):
            await seen.until(monitor.count.value)
    finally:
        sys.setprofile(None)
    (row,) = [row for each in seen.messages if isinstance(each, Snapshot) for row in each.rows.get("config", [])]
    assert isinstance(row, ConfigView)
    assert len(row.changes[0]) == LONG
    assert SECRET not in row.changes[1]
    assert looked, "short lines are looked at where they are"
    assert max(looked) < LONG


def test_what_is_looked_for_may_change_while_another_thread_looks() -> None:
    secrets, faults, is_over = ConfiguredSecrets(), list[BaseException](), threading.Event()
    secrets.keep([SECRET])

    def look() -> None:
        try:
            while not is_over.is_set():
                secrets.hide(f"says {SECRET}")
        except BaseException as error:  # noqa: BLE001  it is what must not be
            faults.append(error)

    looking, usual = threading.Thread(target=look), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    looking.start()
    for number in range(100):
        secrets.keep([f"another-secret-{number}-of-many"])
    is_over.set()
    looking.join(10)
    sys.setswitchinterval(usual)
    assert faults == []
    assert SECRET not in secrets.hide(SECRET)
    assert "another-secret-99-of-many" not in secrets.hide("another-secret-99-of-many")
