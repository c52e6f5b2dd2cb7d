"""Which pages a route's own CORS policy lets in, where devgw runs it as the deployed gateway does."""

import pytest

from devgw.config.project import CorsPolicy
from devgw.problems import Refused
from devgw.web.cors import by_policy

POLICY = CorsPolicy("ours", ("https://app.example", "https://*.app.example", "http://localhost:*"))


@pytest.mark.parametrize("caller", ["https://app.example", "HTTPS://App.example", "https://a.app.example"])
def test_a_page_that_is_named_is_let_in(caller: str) -> None:
    assert (b"access-control-allow-origin", caller.encode()) in by_policy(POLICY, caller, asks=True)


@pytest.mark.parametrize(
    "caller",
    [
        "https://app.example.evil.example", "https://app.exampleevil", "https://evil.example/https://app.example",
        "https://app.example:8443", "http://app.example", "https://a.b.app.example", "https://.app.example",
        "https://evil.example:443.app.example", "https://evil.example/.app.example", "https://appXexample",
        "https://a.app.example.evil.example", "null", "", "https://app.example\nhttps://evil.example",
        "https://app.example\n",
    ],
)  # fmt: skip
def test_a_page_that_only_looks_like_one_that_is_named_is_not(caller: str) -> None:
    assert by_policy(POLICY, caller, asks=False) == ()
    with pytest.raises(Refused):
        by_policy(POLICY, caller, asks=True)
