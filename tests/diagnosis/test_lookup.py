"""`devgw explain` leads to the page, whatever words a person has: ids, codes, error texts, and what is misspelt."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli.explain import command
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.lookup import look_up, other_words, plain, reasons
from devgw.oauth.description import describe
from devgw.problems import ErrorCode
from tests.diagnosis.every_problem import every_page

LINES = [
    line.partition(": ")
    for line in (Path(__file__).parent / "error_texts.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
TEXTS = {text: ids.split() for ids, _, text in LINES if not ids.startswith("~")}
MISSPELT = {text: ids.removeprefix("~ ") for ids, _, text in LINES if ids.startswith("~")}


def first(words: str) -> str:
    return next(iter(look_up(words).failures)).id


@pytest.mark.parametrize("words", ["RURI-02", "ruri-02", "ruri02", "Ruri 02", "ruri_2", "RURI2"])
def test_an_id_is_found_however_it_is_written(words: str) -> None:
    assert [each.id for each in look_up(words).failures] == ["RURI-02"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_real_programs_print_leads_to_the_page(text: str) -> None:
    found = look_up(text)
    assert not found.nearest
    assert len(TEXTS) >= 120
    assert found.failures[0].id in TEXTS[text], [each.id for each in found.failures]


@pytest.mark.parametrize("text", MISSPELT)
def test_what_is_misspelt_leads_to_the_page_of_the_nearest(text: str) -> None:
    assert first(text) == MISSPELT[text]


def test_every_title_leads_to_its_page() -> None:
    assert [each.id for each in failures().values() if look_up(each.title).failures[0] is not each] == []


def test_what_the_gateway_answers_leads_to_its_page() -> None:
    said = {name: describe(problem, "4be1") for (_, name), problem in every_page().items() if name}
    assert [name for name, text in said.items() if look_up(text).failures[0].id not in text] == []
    assert first("refused [RURI-02, trace 4be1]") == "RURI-02"


def test_several_ids_are_found_together() -> None:
    assert [each.id for each in look_up("ruri02 IDT-01").failures] == ["RURI-02", "IDT-01"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Invalid redirect URI", "RURI-04"),
        ("`Invalid redirect URI`.", "RURI-04"),
        ("invalid_client", "TOK-07"),
        ("JWKS fetch fails", "IDT-05"),
        ("JWKS fetch fails.", "IDT-05"),
        ("timeout", "NET-04"),
        ("remoteTimeoutMs", "IDT-23"),
        ("browserLoginOverrides.remoteTimeoutMs", "IDT-23"),
        ("ECONNREFUSED", "NET-01"),
        ("connect ECONNREFUSED 127.0.0.1:9002", "NET-01"),
        ("econnrefused", "NET-01"),
        ("state mismatch", "SESS-01"),
        ("OAuth state mismatch - possible CSRF attack", "SESS-01"),
        ("redirect_uri_mismatch", "RURI-12"),
        ("provider_code_refused", "WORK-06"),
        ("provider_token_invalid", "IDT-15"),
        ("state_unknown", "SESS-01"),
        ("verifier_wrong", "PKCE-02"),
        ("token_missing", "BEAR-01"),
        ("TOKEN_MISSING", "BEAR-01"),
        ("upstream_refused_connection", "NET-01"),
        ("self-signed certificate", "NET-03"),
        ("getaddrinfo ENOTFOUND mcp.example", "NET-02"),
        ("EADDRINUSE: address already in use 127.0.0.1:3334", "PORT-01"),
        ("Failed to fetch", "CORS-01"),
        ("insufficient_scope", "SCOPE-04"),
        ("kid", "IDT-01"),
        ("AADSTS50011", "RURI-04"),
        ("User is not assigned to the client application.", "IDT-21"),
    ],
)
def test_the_words_of_others_lead_to_the_page(words: str, name: str) -> None:
    found = look_up(words)
    assert found.failures[0].id == name
    assert not found.nearest


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("redirect_uri_missmatch", "RURI-12"),
        ("ECONREFUSED", "NET-01"),
        ("invalid_cliant", "TOK-07"),
        ("token_mising", "BEAR-01"),
        ("RURY-02", "RURI-02"),
        ("remotTimeoutMs", "IDT-23"),
        ("sate mismatch", "SESS-01"),
        ("Invalid redirct URI", "RURI-04"),
    ],
)
def test_what_is_misspelt_leads_to_the_nearest(words: str, name: str) -> None:
    found = look_up(words)
    assert found.nearest
    assert found.failures[0].id == name


def test_the_command_says_what_it_took_instead() -> None:
    done = CliRunner().invoke(command, ["invalid_cliant"])
    assert "nearest is “invalid client”" in done.stderr
    assert "TOK-07" in done.stdout
    assert done.exit_code == 0
    asked = json.loads(CliRunner().invoke(command, ["invalid_cliant", "--json"]).stdout)
    assert asked[0]["id"] == "TOK-07"


@pytest.mark.parametrize("words", ["aud mistake", "header misfit", "popup blocked", "gateway banana"])
def test_words_that_only_share_letters_with_known_ones_are_not_taken_for_them(words: str) -> None:
    assert look_up(words).failures == ()


@pytest.mark.parametrize("words", ["xyzzy", "no such failure", "???", "RURI-99999"])
def test_what_means_nothing_finds_nothing_or_says_so(words: str) -> None:
    found = look_up(words)
    assert found.nearest or not found.failures or plain(words) == ""


def test_every_reason_and_every_error_code_has_a_page() -> None:
    silent = {"problem", "provider_problem", "upstream_problem", "state_problem", "answer_problem", "standard_refusal"}
    silent |= {"request_off_revision"}
    silent |= {each for each, ids in reasons().items() if each.endswith("_problem") and not ids}
    starting = {"state_directory_unusable", "another_gateway_runs", "no_gateway_runs", "no_passing_folder"}
    starting |= {"gateway_of_another_user", "gateway_silent"}
    assert [each for each in reasons() if each not in silent | starting and not look_up(each).failures] == []
    assert [each for each in ErrorCode if look_up(str(each)).nearest or not look_up(str(each)).failures] == []


def test_other_words_lead_to_pages_that_exist() -> None:
    assert [ids for ids in other_words().values() if set(ids) - failures().keys()] == []
    assert [words for words, ids in other_words().items() if first(words) not in ids] == []


@pytest.mark.parametrize("words", ["RURI-99", "ruri98", "WORK-77", "disc_00"])
def test_an_id_whose_number_does_not_exist_leads_to_its_group(words: str) -> None:
    found = look_up(words)
    group = words[:4].upper()

    assert found.nearest == group
    assert {each.id.partition("-")[0] for each in found.failures} == {group}
