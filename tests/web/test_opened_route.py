"""Whether a person's browser opens a route's URL is asked of a GET alone."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from devgw.web.front import _opens_page


class Unread(list[tuple[bytes, bytes]]):
    """Headers at which nobody may look."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        raise AssertionError


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_a_call_s_headers_are_not_searched_for_what_only_a_browser_asks(method: str) -> None:
    asked = SimpleNamespace(trace=SimpleNamespace(method=method, request_headers=Unread()))
    assert not _opens_page(asked)  # type: ignore[arg-type]  # what it looks at


@pytest.mark.parametrize(
    ("accept", "opens"), [(b"text/html,*/*", True), (b"text/html, text/event-stream", False), (b"*/*", False)]
)
def test_a_browser_is_known_by_what_it_accepts(accept: bytes, opens: bool) -> None:
    asked = SimpleNamespace(trace=SimpleNamespace(method="GET", request_headers=[(b"accept", accept)]))
    assert _opens_page(asked) is opens  # type: ignore[arg-type]  # what it looks at
