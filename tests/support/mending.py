"""Which tests apply the change that devgw prints for a failure, and see the flow succeed: `@mends("RURI-02")`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def mends(*failure_ids: str) -> Callable[[Test], Test]:
    """Say of a test that it does, for each of these ids, what devgw printed, and that it helped."""
    assert all(re.fullmatch(r"[A-Z]+-\d\d", each) for each in failure_ids)

    def mark(test: Test) -> Test:
        return test

    return mark


def mended() -> set[str]:
    """Return every id of which some test says so."""
    tests = Path(__file__).parents[1]
    marks = [
        mark
        for path in tests.rglob("test_*.py")
        for mark in re.findall(r"^@mends\(([^)]*)\)", path.read_text(), re.MULTILINE)
    ]
    return {failure_id for mark in marks for failure_id in re.findall(r'"([A-Z]+-\d\d)"', mark)}


def written(fix: str, pattern: str) -> str:
    """Return the value that a printed change names, at the one group of `pattern`."""
    found = re.search(pattern, fix)
    assert found is not None, f"the printed change does not name it: {fix}"
    return found[1]
