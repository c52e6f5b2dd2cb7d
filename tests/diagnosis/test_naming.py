"""Every refusal has a name in the catalogue, or is an ordinary answer on purpose."""

import importlib
import pkgutil
import re
from datetime import UTC, datetime, timedelta

import pytest

import devgw.problems
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.naming import NAMES, name_problem
from devgw.problems import ErrorCode, Problem
from devgw.problems.authorization import (
    ChallengeMalformed,
    ChallengeMethodUnsupported,
    RedirectUriMismatch,
    ResourceUnknown,
)
from devgw.problems.bearer import TokenMissing, TokenUnknown
from devgw.problems.clients import ClientUnknown, RedirectUriRefused
from devgw.problems.login import LoginCookieMissing
from devgw.problems.provider import ProviderTokenInvalid
from devgw.problems.standard import StandardRefusal
from devgw.problems.token import CodeUnknown, RefreshTokenReplayed, VerifierWrong

PATH = devgw.problems.__path__
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def all_problems() -> set[str]:
    modules = [importlib.import_module(f"devgw.problems.{each.name}") for each in pkgutil.iter_modules(PATH)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    kinds = {kind for kind in kinds if issubclass(kind, Problem)} - {StandardRefusal}
    leaves = {kind for kind in kinds if not any(kind in other.__mro__[1:] for other in kinds)}
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower() for kind in leaves}


STARTING = {"state_directory_unusable", "another_gateway_runs", "no_gateway_runs", "gateway_of_another_user"}
"""Said by the command line before there is a gateway, in words of their own."""


def test_every_problem_of_the_house_is_named_or_left_out_on_purpose() -> None:
    assert all_problems() - NAMES.keys() - STARTING == set()


def test_no_name_is_kept_for_a_problem_that_is_gone() -> None:
    assert NAMES.keys() - all_problems() - {code.value for code in ErrorCode} == set()


def test_every_plain_name_is_in_the_catalogue() -> None:
    assert {name for name in NAMES.values() if isinstance(name, str)} - failures().keys() == set()


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (RedirectUriMismatch("c", "http://localhost:2/cb", (), "http://localhost:1/cb", ""), "RURI-01"),
        (RedirectUriMismatch("c", "http://127.0.0.1:1/cb", (), "http://localhost:1/cb", ""), "RURI-02"),
        (RedirectUriMismatch("c", "http://127.0.0.1:2/cb", (), "http://localhost:1/cb", ""), "RURI-02"),
        (RedirectUriMismatch("c", "http://localhost:1/cb/", (), "http://localhost:1/cb", ""), "RURI-03"),
        (RedirectUriMismatch("c", "http://localhost:1/x", (), "http://localhost:1/callback", ""), "RURI-07"),
        (RedirectUriMismatch("c", "https://other.example/cb", (), "http://localhost:1/cb", ""), "RURI-12"),
        (ResourceUnknown("http://h/mcp/x/", "http://h/mcp/x", ""), "AUD-02"),
        (ResourceUnknown("http://h/", "http://h/mcp/x", ""), "AUD-05"),
        (ResourceUnknown("http://h/mcp/y", "http://h/mcp/files", ""), "AUD-01"),
        (ChallengeMethodUnsupported(None), "RURI-10"),
        (ChallengeMethodUnsupported("plain"), "PKCE-03"),
        (ChallengeMalformed(20, None), "RURI-10"),
        (ChallengeMalformed(44, "="), "PKCE-04"),
        (TokenMissing(), None),
        (TokenUnknown("a JWT of the identity provider"), "BEAR-04"),
        (TokenUnknown("a token of this gateway"), "BEAR-06"),
        (ClientUnknown("dcr:1", True), "REG-02"),
        (ClientUnknown("${CLIENT_ID}", False), "CONF-01"),
        (RedirectUriRefused("http://10.0.0.1/cb", "r", "i"), "REG-05"),
        (RedirectUriRefused("cursor://x/cb", "r", "i"), "RURI-06"),
        (LoginCookieMissing("127.0.0.1:1", "localhost:1"), "SESS-02"),
        (LoginCookieMissing("localhost:1", "localhost:1"), "SESS-03"),
        (CodeUnknown(True), "RURI-11"),
        (CodeUnknown(False), "TOK-03"),
        (VerifierWrong(True, False), "PKCE-02"),
        (VerifierWrong(False, True), "PKCE-03"),
        (RefreshTokenReplayed(NOON, NOON + timedelta(seconds=12)), "REFR-01"),
        (RefreshTokenReplayed(NOON, NOON + timedelta(hours=1)), "REFR-03"),
        (ProviderTokenInvalid("access token", "iss", "https://sts.windows.net/x/", "https://y"), "IDT-06"),
        (ProviderTokenInvalid("access token", "iss", "https://api.workos.com", "https://y"), "IDT-03"),
        (ProviderTokenInvalid("access token", "alg", "HS256", "RS256"), "IDT-09"),
    ],
)
def test_the_facts_decide_the_name(problem: Problem, name: str | None) -> None:
    assert name_problem(problem) == name
