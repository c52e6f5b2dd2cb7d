"""The environment: which value wins, what is reported, and what is hardly meant."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devgw.config.dotenv_file import read_dotenv
from devgw.config.environment import Origin, mask
from devgw.config.finding import Findings
from tests.config.bench import (
    CLIENT_ID,
    ENVIRON,
    POLICY_NAME,
    codes,
    only,
    operation,
    policy,
    read,
    workos_options,
    write,
)

SECRET = "sk_test_1234567890abcdef"
DOTENV = f"# ours\n\nWORKOS_CLIENT_ID={CLIENT_ID}\nexport WORKOS_CLIENT_SECRET='{SECRET}'\n"


def test_the_process_comes_before_dotenv(tmp_path: Path) -> None:
    """`gateway.md` §2."""
    write(tmp_path, dotenv=DOTENV)
    loaded = read(tmp_path, {"WORKOS_CLIENT_ID": "client_123456789"})

    assert loaded.findings == ()
    assert loaded.project is not None
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.login.client_id == "client_123456789"
    assert loaded.project.oauth.login.client_secret.value == SECRET
    by_name = {use.name: use for use in loaded.environment}
    assert by_name["WORKOS_CLIENT_ID"].origin is Origin.PROCESS
    secret = by_name["WORKOS_CLIENT_SECRET"]
    assert secret.origin is Origin.DOTENV
    assert secret.defined_at is not None
    assert (secret.defined_at.line, secret.defined_at.column) == (4, 1)
    assert [at.pointer for at in secret.used_at] == ["/policies/0/handler/options/clientSecret"]
    assert SECRET not in str(loaded.environment)
    assert secret.masked.startswith("sk_test_…")


def test_a_name_is_replaced_anywhere_in_a_string_and_reported_once(tmp_path: Path) -> None:
    headers = policy(
        {"headers": [{"name": "A", "value": "Bearer $env(KEY)/$env(KEY)"}]},
        "set-headers-inbound",
        "SetHeadersInboundPolicy",
        "h",
    )
    route = operation("https://${env.HOST}/$env(HOST)", inbound=[POLICY_NAME, "h"])
    write(tmp_path, [policy(workos_options()), headers], {"/mcp/x": {"post": route}})
    loaded = read(tmp_path, {**ENVIRON, "KEY": "k1", "HOST": "mcp.example.com"})

    assert loaded.findings == ()
    assert loaded.project is not None
    (found,) = loaded.project.routes
    assert found.upstream_url == "https://mcp.example.com/mcp.example.com"
    assert found.header_edits[0].set[0][1].value == "Bearer k1/k1"
    assert {use.name: len(use.used_at) for use in loaded.environment}["KEY"] == 2


def test_a_missing_name_says_where_it_is_used_and_what_it_may_have_been(tmp_path: Path) -> None:
    write(tmp_path, dotenv=f"WORKOS_CLIENTID={CLIENT_ID}\nWORKOS_CLIENT_SECRET={SECRET}\n")
    loaded = read(tmp_path, {})

    found = only(loaded, "env-missing")
    assert found.pointer == "/policies/0/handler/options/clientId"
    assert found.source_line.strip() == '"clientId": "$env(WORKOS_CLIENT_ID)",'
    assert found.nearest == "WORKOS_CLIENTID"
    assert codes(loaded) == ["env-missing"]


def test_a_missing_secret_is_one_finding(tmp_path: Path) -> None:
    assert codes(read(write(tmp_path), {"WORKOS_CLIENT_ID": CLIENT_ID})) == ["env-missing"]


def test_an_empty_name_is_not_the_same_as_a_missing_one(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, dotenv="WORKOS_CLIENT_ID=\n"), {"WORKOS_CLIENT_SECRET": SECRET})

    assert only(loaded, "env-empty").message == "WORKOS_CLIENT_ID is empty."


@pytest.mark.parametrize("reference", ["$env()", "$env(A B)", "$env(NAME", "$env(1A)", "$env(A-B)"])
def test_a_reference_that_is_none(tmp_path: Path, reference: str) -> None:
    assert codes(read(write(tmp_path, [policy(workos_options(scope=reference))]))) == ["env-malformed"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("your-client-secret", "env-placeholder"),
        ("<secret>", "env-placeholder"),
        ("changeme", "env-placeholder"),
        ("sk_test_...", "env-placeholder"),
        ("xxxx", "env-placeholder"),
        (f'"{SECRET}"', "env-quotes"),
        (f"{SECRET} ", "env-whitespace"),
        (f"{SECRET}\nX", "env-newline"),
        ("$env(OTHER)", "env-unexpanded"),
        ("${OTHER}", "env-unexpanded"),
    ],
)
def test_what_is_hardly_meant_in_a_secret(tmp_path: Path, value: str, code: str) -> None:
    """Issue 4, point 5."""
    loaded = read(write(tmp_path), {**ENVIRON, "WORKOS_CLIENT_SECRET": value})

    found = only(loaded, code)
    assert found.pointer.endswith("/clientSecret")
    assert SECRET not in str(loaded.findings)


def test_what_is_wrong_with_a_value_of_dotenv_is_shown_there_without_the_value(tmp_path: Path) -> None:
    write(tmp_path, dotenv=f"WORKOS_CLIENT_ID={CLIENT_ID}\nWORKOS_CLIENT_SECRET=\"'{SECRET}'\"\n")
    found = only(read(tmp_path, {}), "env-quotes")

    assert (found.file, found.line, found.column) == (".env", 2, 1)
    assert found.source_line.startswith("WORKOS_CLIENT_SECRET=•••")
    assert SECRET not in str(found)


def test_lines_of_dotenv_that_are_none_and_names_that_stand_twice(tmp_path: Path) -> None:
    write(tmp_path, dotenv="A=1\nthis is nothing\nA=2\n")
    loaded = read(tmp_path)

    assert (only(loaded, "env-line").line, only(loaded, "env-duplicate").line) == (2, 3)


@pytest.mark.parametrize(
    "dotenv",
    ["A=${A}\n", "A=${B}\nB=${A}\n", "A=x${B}\nB=${C}\nC=${A}y\n"],
)
def test_a_circle_of_references_is_one_finding(tmp_path: Path, dotenv: str) -> None:
    """Issue 4, bad input."""
    loaded = read(write(tmp_path, dotenv=dotenv))

    found = only(loaded, "env-loop")
    assert found.message.count("A") >= 2
    assert (found.file, found.line) == (".env", 1)


def test_references_within_dotenv_are_replaced(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nB=${A}2\nC=${NO:-3}\nD=${HOME_X}\nE=${NO}\n")
    found = read_dotenv(tmp_path, {"HOME_X": "h"}, Findings()).values

    assert found == {"A": "1", "B": "12", "C": "3", "D": "h", "E": "${NO}"}


@given(st.text())
@example("0\x850\r\n")
def test_no_dotenv_file_makes_it_raise(text: str) -> None:
    import tempfile  # noqa: PLC0415  a fixture's folder would be shared by all examples

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_bytes(text.encode("utf-8", "surrogatepass"))
        read_dotenv(Path(folder), {}, Findings())


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("WORKOS_CLIENT_ID", CLIENT_ID, CLIENT_ID),
        ("AUTH0_DOMAIN", "t.us.auth0.com", "t.us.auth0.com"),
        ("WORKOS_CLIENT_ID", SECRET, None),
        ("DATABASE_URL", "postgres://u:p4ssw0rd@db/x", None),
        ("LINEAR_PAT", "lin_abcdefgh", None),
        ("ANYTHING", "zyx", None),
    ],
)
def test_only_what_is_known_to_be_no_secret_is_shown(name: str, value: str, shown: str | None) -> None:
    masked = mask(name, value)

    assert masked == shown if shown else value not in masked


def test_no_line_of_dotenv_shows_a_value(tmp_path: Path) -> None:
    """A line without a name may be the middle of a secret that was meant to span lines."""
    write(tmp_path, dotenv=f"WORKOS_CLIENT_ID={CLIENT_ID}\nPRIVATE=-----BEGIN\nMIIBsecretsecret\nPRIVATE=x\n")
    loaded = read(tmp_path, {"WORKOS_CLIENT_SECRET": SECRET})

    assert {"env-line", "env-duplicate"} <= set(codes(loaded))
    assert "secretsecret" not in str(loaded.findings)


@given(st.text(min_size=1))
def test_a_mask_shows_prefix_length_and_fingerprint_alone(secret: str) -> None:
    assert re.fullmatch(r"sk_live_… \(\d+ characters, [0-9a-f]{4}\)", mask("MY_SECRET", "sk_live_" + secret))
    assert re.fullmatch(r"… \(\d+ characters, [0-9a-f]{4}\)", mask("DB_PASSWORD", "my_own_" + secret))


def test_a_name_that_the_files_ask_for_elsewhere_is_no_slip_of_another(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, dotenv="WORKOS_CLIENT_SECRET=sk_test_1234567890abcdef\n"), {})
    found = only(loaded, "env-missing")
    assert found.message.startswith("WORKOS_CLIENT_ID ")
    assert found.nearest is None
    assert "Add WORKOS_CLIENT_ID=" in (found.fix or "")


def test_a_folder_called_dotenv_is_passed_over_with_a_note(tmp_path: Path) -> None:
    """Some call a Python environment so."""
    write(tmp_path)
    (tmp_path / ".env/bin").mkdir(parents=True)
    loaded = read(tmp_path)
    assert loaded.project is not None
    assert [(each.code, each.severity, each.file) for each in loaded.findings] == [("env-is-folder", "note", ".env")]
