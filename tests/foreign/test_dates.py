"""How dates and clocks of other machines are read and told."""

import pytest

from devgw.foreign.dates import standing_of


@pytest.mark.parametrize(
    ("skew", "said"),
    [
        (0.0, "agrees with ours"),
        (-1.0, "agrees with ours"),
        (-0.6, "agrees with ours"),
        (1.9, "agrees with ours"),
        (-2.0, "is 2 s behind ours"),
        (125.2, "is 125 s ahead of ours"),
        (-86_400, "is 86,400 s behind ours"),
    ],
)
def test_a_clock_is_told_in_words_and_a_second_is_no_difference(skew: float, said: str) -> None:
    """A `Date` is cut to whole seconds: of two clocks that agree it says up to one second less."""
    assert standing_of(skew) == said
