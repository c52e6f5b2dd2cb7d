"""What holds for every test: none is judged by the time it takes, and none keeps what another one left."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
_THRESHOLDS = gc.get_threshold()


@pytest.fixture(autouse=True)
def what_a_gateway_froze_can_be_collected() -> Iterator[None]:
    """A gateway freezes what is there once it runs; in one process, thousands of them would stay for ever."""
    yield
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.set_threshold(*_THRESHOLDS)
