"""`devgw tokens`: what lives counts down, what ended does not."""

import pytest

from devgw.cli.tokens import left
from devgw.control.messages import TokenRow

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("state", "expires", "ended", "shown"),
    [
        ("live", NOW + 59, 0.0, "59s"),
        ("live", NOW + 3 * 86_400, 0.0, "3d00h"),
        ("live", NOW - 5, 0.0, "-5s"),
        ("live", 0.0, 0.0, "never"),
        ("revoked", NOW + 900, NOW - 65, "ended 1m05s ago"),
        ("spent", NOW + 900, NOW, "ended 0s ago"),
        ("replayed", NOW + 900, 0.0, "ended"),
    ],
)
def test_only_what_lives_counts_down(state: str, expires: float, ended: float, shown: str) -> None:
    assert left(TokenRow("at:1", "access", state, NOW, expires, ended=ended), NOW) == shown
