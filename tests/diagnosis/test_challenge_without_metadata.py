"""A Bearer challenge that does not say where a login is to be had."""

import pytest

from devgw.problems import upstream_credential as sent


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_bearer_challenge_without_metadata_is_not_said_to_have_a_login(*, is_protected: bool) -> None:
    """RFC 9728 §5.1: the challenge is where a client learns of it."""
    told, cut, untold = (
        sent.UpstreamCredentialRefused("u", challenge, "", sent.Shown.NOTHING, is_protected).advise()
        for challenge in ('Bearer resource_metadata="https://x"', "Bearer realm=" + "x" * 287, "Bearer")
    )
    assert told == cut
    assert "set-upstream-api-key-inbound" not in told
    assert "where no login can be found for that server, attach set-upstream-api-key-inbound instead" in untold
    assert untold.startswith(told)
