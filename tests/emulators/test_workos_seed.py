"""The file of the emulator, and what a start costs."""

import re
from pathlib import Path
from typing import Any

import pytest

from devgw.emulators.workos import Emulator, SeedError, create_app, parse_seed, read_seed
from devgw.emulators.workos.redirects import why_it_cannot_be_registered

SAMPLE = Path(__file__).parents[2] / "sample_config" / "emulators" / "workos.json"
SHAPE = re.compile(r"(client|user|org|conn)_[0-7][0-9A-HJKMNP-TV-Z]{25}")


def strings_in(written: Any) -> list[str]:
    if isinstance(written, dict):
        return [found for value in written.values() for found in strings_in(value)]
    if isinstance(written, list | tuple):
        return [found for value in written for found in strings_in(value)]
    return [written] if isinstance(written, str) else []


def test_the_sample_is_valid_and_its_ids_have_workos_s_shapes() -> None:
    seed = read_seed(SAMPLE)
    ids = [text for text in strings_in(seed.model_dump()) if re.match("(client|user|org|conn)_[0-9]", text)]
    assert len(ids) > 8
    assert all(SHAPE.fullmatch(text) for text in ids)
    for environment in seed.environments:
        prefix = {"staging": "sk_test_", "production": "sk_live_"}[environment.mode]
        assert environment.api_key.startswith(prefix)
        assert [why_it_cannot_be_registered(uri, environment.mode) for uri in environment.redirect_uris] == [None]
        known = {one.id for one in environment.organizations}
        joined = {membership.organization for one in environment.personas for membership in one.memberships}
        assert joined | {one.organization for one in environment.connections} <= known


def test_the_sample_registers_the_gateway_s_default_callback() -> None:
    assert read_seed(SAMPLE).environments[0].redirect_uris[0] == "http://localhost:9000/oauth/callback"


def test_whoever_embeds_it_registers_its_own_callback_in_staging_only() -> None:
    emulator = Emulator(
        read_seed(SAMPLE), "http://localhost:1/", redirect_uris=["http://localhost:9100/oauth/callback"]
    )
    staging, production = emulator.environments.values()
    assert staging.takes("http://localhost:9100/oauth/callback")
    assert staging.takes("http://localhost:9000/oauth/callback")
    assert not production.takes("http://localhost:9100/oauth/callback")
    begun = emulator.begin_impersonation(staging.client_id, "bob@example.com")
    assert begun.startswith("http://localhost:9100/oauth/callback?")
    assert emulator.origin == "http://localhost:1"


def test_it_can_answer_to_a_pair_of_the_caller_s() -> None:
    """For a project whose .env holds other credentials than the sample's."""
    mine = ("client_01TESTM1NE0000000000000000", "sk_test_mine")
    first, second = read_seed(SAMPLE).answering_to(*mine).environments
    assert (first.client_id, first.api_key) == mine
    assert first.personas == read_seed(SAMPLE).environments[0].personas
    assert second == read_seed(SAMPLE).environments[1]
    known = read_seed(SAMPLE).answering_to(second.client_id, "sk_live_wrong")
    assert known == read_seed(SAMPLE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "f.json#: Invalid JSON"),
        ("{}", "f.json#/environments: Field required"),
        ('{"environments": []}', "f.json#/environments: Tuple should have at least 1 item"),
        (
            """{"environments": [{"name": "x", "clientId": "c", "apiKey": "k"},
                                 {"name": "y", "clientId": "d", "apiKey": "k"}]}""",
            "environment 1 has the apiKey of another one",
        ),
        ('{"environments": [{"name": "x"}]}', "f.json#/environments/0/clientId: Field required"),
        (
            '{"environments": [{"name": "x", "clientId": "c", "apiKey": "k", "redirectUri": []}]}',
            "f.json#/environments/0/redirectUri: Extra inputs are not permitted",
        ),
        (
            '{"environments": [{"name": "x", "clientId": "c", "apiKey": "k", "issuer": "mine"}]}',
            "f.json#/environments/0/issuer: Input should be 'client', 'bare' or 'slash'",
        ),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(SeedError, match=re.escape(words)):
        parse_seed(text, "f.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="No such file"):
        read_seed(tmp_path / "workos.json")


def test_the_start_makes_no_key() -> None:
    emulator = Emulator(read_seed(SAMPLE), "http://localhost:1")
    create_app(emulator)
    assert not any(environment.keys.has_been_needed for environment in emulator.environments.values())
