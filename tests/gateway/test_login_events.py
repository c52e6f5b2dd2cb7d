"""What is told of a login that brought nobody."""

import pytest

from devgw.events import Outcome
from devgw.gateway.login_events import login_failed
from devgw.problems.provider_refusal import ProviderRefused


@pytest.mark.parametrize(
    ("error", "outcome"),
    [("access_denied", Outcome.DENIED), ("server_error", Outcome.FAILURE)],
)
def test_a_person_who_said_no_is_denied_and_all_else_failed(error: str, outcome: Outcome) -> None:
    assert login_failed(None, ProviderRefused(error, "")).outcome == outcome
