"""What the built-in client keeps: whole whoever writes beside it, and anybody's text where somebody edited it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from devgw.store.kept_logins import KeptLogin, LoginFile

ROUTE = "http://localhost:9000/mcp/sample"
LOGIN = KeptLogin("dcr:1", "http://localhost:9000/oauth/token", "at_1", "rt_1", 1_795_000_000.0, "ada")
ODD = [
    {"expires_at": 1e308},
    {"expires_at": -1e308},
    {"expires_at": -1},
    {"expires_at": "soon"},
    {"access_token": "a\r\nx: y"},
    {"access_token": "å\u202e"},
    {"refresh_token": "\ud800"},
    {"client_id": "a b"},
    {"token_endpoint": 7},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_login_that_cannot_be_used_is_none(odd: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "logins.json"
    path.write_text(json.dumps({"logins": {ROUTE: asdict(LOGIN) | odd, f"{ROUTE}2": asdict(LOGIN)}}))
    file = LoginFile(path)
    assert file.find(ROUTE) is None
    assert file.find(f"{ROUTE}2") == LOGIN


def test_commands_that_keep_a_login_at_the_same_time_are_not_in_each_others_way(tmp_path: Path) -> None:
    path = tmp_path / "logins.json"

    def keep(number: int) -> None:
        LoginFile(path).keep(ROUTE, replace(LOGIN, access_token=f"at_{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(400)))

    found = LoginFile(path).find(ROUTE)
    assert found is not None
    assert found.access_token.startswith("at_")
    assert [each.name for each in tmp_path.iterdir()] == ["logins.json"]
