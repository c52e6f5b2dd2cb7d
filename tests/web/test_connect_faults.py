"""Upstreams that misbehave, over both layers: each is connected all the same, or named on the page."""

import pytest

from devgw.emulators.upstream_auth import Fault
from tests.web.test_connect import Bench, bench  # noqa: F401  the fixture

TOLERATED = [
    Fault.PRM_ELSEWHERE,
    Fault.PRM_AT_ROOT,
    Fault.PRM_WITHOUT_SCOPES,
    Fault.CHALLENGE_MISSING,
    Fault.OIDC_ONLY,
    Fault.NO_CIMD,
    Fault.REGISTRATION_WITH_SECRET,
    Fault.TOKEN_FORM_ENCODED,
    Fault.TOKEN_WITHOUT_REFRESH,
    Fault.TOKEN_WITHOUT_EXPIRY,
    Fault.TOKEN_WITHOUT_TYPE,
    Fault.REFRESH_KEPT,
]
NAMED = {
    Fault.PRM_WRONG_RESOURCE: "resource_metadata_foreign",
    Fault.METADATA_NOWHERE: "authorization_server_metadata_missing",
    Fault.METADATA_HTML: "metadata_unreadable",
    Fault.METADATA_BROKEN: "authorization_server_metadata_missing",
    Fault.WRONG_ISSUER: "issuer_mismatch",
    Fault.ISSUER_SLASH: "issuer_mismatch",
    Fault.NO_S256: "pkce_unsupported",
    Fault.PLAIN_ONLY: "pkce_unsupported",
    Fault.NO_REGISTRATION: "registration_impossible",
    Fault.REGISTRATION_REFUSED: "registration_refused",
}
NAMED_AFTERWARDS = {
    Fault.ISS_MISSING: "response_issuer_missing",
    Fault.ISS_WRONG: "response_issuer_mismatch",
    Fault.STATE_LOST: "connect_state_unknown",
    Fault.TOKEN_HTML: "token_answer_unreadable",
    Fault.TOKEN_UNAVAILABLE: "token_request_refused",
    Fault.TOKEN_ANSWER_LOST: "upstream_closed_early",
}


@pytest.mark.parametrize("fault", TOLERATED)
async def test_an_odd_upstream_is_connected_all_the_same(bench: Bench, fault: Fault) -> None:  # noqa: F811  it is the fixture
    """Issue 5.4."""
    bench.upstream.faults.set(fault)
    await bench.everything()
    assert "tools" in (await bench.call()).text


@pytest.mark.parametrize("fault", NAMED)
async def test_a_broken_upstream_is_named_before_the_browser_leaves(bench: Bench, fault: Fault) -> None:  # noqa: F811  it is the fixture
    bench.upstream.faults.set(fault)
    await bench.sign_in()
    await bench.browser.press("Connect Notes")
    assert NAMED[fault] in bench.text


@pytest.mark.parametrize("fault", NAMED_AFTERWARDS)
async def test_a_broken_upstream_is_named_when_the_browser_is_back(bench: Bench, fault: Fault) -> None:  # noqa: F811  it is the fixture
    bench.upstream.faults.set(fault)
    await bench.sign_in()
    await bench.connect()
    assert NAMED_AFTERWARDS[fault] in bench.text
