"""Upstreams that misbehave, over both layers: each is connected all the same, or named on the page."""

import pytest

from devgw.emulators.upstream_auth import SampleFault
from tests.web.test_connect import Bench, bench  # noqa: F401  the fixture

TOLERATED = [
    SampleFault.PRM_ELSEWHERE,
    SampleFault.PRM_AT_ROOT,
    SampleFault.PRM_WITHOUT_SCOPES,
    SampleFault.CHALLENGE_MISSING,
    SampleFault.OIDC_ONLY,
    SampleFault.NO_CIMD,
    SampleFault.REGISTRATION_WITH_SECRET,
    SampleFault.TOKEN_FORM_ENCODED,
    SampleFault.TOKEN_WITHOUT_REFRESH,
    SampleFault.TOKEN_WITHOUT_EXPIRY,
    SampleFault.TOKEN_WITHOUT_TYPE,
    SampleFault.REFRESH_KEPT,
]
NAMED = {
    SampleFault.PRM_WRONG_RESOURCE: "resource_metadata_foreign",
    SampleFault.METADATA_NOWHERE: "authorization_server_metadata_missing",
    SampleFault.METADATA_HTML: "metadata_unreadable",
    SampleFault.METADATA_BROKEN: "authorization_server_metadata_missing",
    SampleFault.WRONG_ISSUER: "issuer_mismatch",
    SampleFault.ISSUER_SLASH: "issuer_mismatch",
    SampleFault.NO_S256: "pkce_unsupported",
    SampleFault.PLAIN_ONLY: "pkce_unsupported",
    SampleFault.NO_REGISTRATION: "registration_impossible",
    SampleFault.REGISTRATION_REFUSED: "registration_refused",
}
NAMED_AFTERWARDS = {
    SampleFault.ISS_MISSING: "response_issuer_missing",
    SampleFault.ISS_WRONG: "response_issuer_mismatch",
    SampleFault.STATE_LOST: "connect_state_unknown",
    SampleFault.TOKEN_HTML: "token_answer_unreadable",
    SampleFault.TOKEN_UNAVAILABLE: "token_request_refused",
    SampleFault.TOKEN_ANSWER_LOST: "upstream_closed_early",
}


@pytest.mark.parametrize("fault", TOLERATED)
async def test_an_odd_upstream_is_connected_all_the_same(bench: Bench, fault: SampleFault) -> None:  # noqa: F811  it is the fixture
    """Issue 5.4."""
    bench.upstream.faults.set(fault)
    await bench.everything()
    assert "tools" in (await bench.call()).text


@pytest.mark.parametrize("fault", NAMED)
async def test_a_broken_upstream_is_named_before_the_browser_leaves(bench: Bench, fault: SampleFault) -> None:  # noqa: F811  it is the fixture
    bench.upstream.faults.set(fault)
    await bench.sign_in()
    await bench.browser.press("Connect Notes")
    assert NAMED[fault] in bench.text


@pytest.mark.parametrize("fault", NAMED_AFTERWARDS)
async def test_a_broken_upstream_is_named_when_the_browser_is_back(bench: Bench, fault: SampleFault) -> None:  # noqa: F811  it is the fixture
    bench.upstream.faults.set(fault)
    await bench.sign_in()
    await bench.connect()
    assert NAMED_AFTERWARDS[fault] in bench.text
