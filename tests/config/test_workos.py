"""The WorkOS client id and secret: which mistake is which."""

from pathlib import Path

import pytest

from tests.config.bench import CLIENT_ID, codes, only, policy, read, workos_options, write


@pytest.mark.parametrize(
    ("value", "code", "right"),
    [
        (f"https://api.workos.com/user_management/{CLIENT_ID}", "workos-client-id-url", CLIENT_ID),
        ("https://acme.authkit.app", "workos-client-id-url", "Client ID"),
        ("api.workos.com", "workos-client-id-host", "Client ID"),
        (f"api.workos.com/user_management/{CLIENT_ID}", "workos-client-id-host", CLIENT_ID),
        ("acme.authkit.app", "workos-client-id-host", "Client ID"),
        ("sk_test_1234567890abcdef", "workos-client-id-is-key", "clientSecret"),
        ("pk_live_1234567890abcdef", "workos-client-id-is-key", "clientSecret"),
        ("01KC6057N3C66XJAXZ65YHAC72", "workos-client-id-prefix", CLIENT_ID),
        ("org_01H945H0YD4F97JN9MATX7BYAG", "workos-client-id-other", "Client ID"),
        ("${WORKOS_CLIENT_ID}", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        ("<your client id>", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        ("your-client-id", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        (f'"{CLIENT_ID}"', "workos-client-id-quoted", CLIENT_ID),
        (f" {CLIENT_ID}", "workos-client-id-quoted", CLIENT_ID),
        ("client-01KC6057N3C66XJAXZ65YHAC72", "workos-client-id-shape", "client_01"),
        ("hello", "workos-client-id-prefix", "client_01"),
        ("", "workos-client-id-prefix", "client_01"),
    ],
)
def test_the_mistakes_with_a_workos_client_id_are_told_apart(tmp_path: Path, value: str, code: str, right: str) -> None:
    """Issue 2, point 2."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId=value))]))
    found = only(loaded, code)

    assert found.pointer.endswith("/clientId")
    assert right in found.fix
    assert "1234567890abcdef" not in str(found)


@pytest.mark.parametrize(
    "value", ["client_123456789", "client_01HXYZ123456789ABCDEFGHJK", "project_01GS91XFB2YPR1C0NR5SH758Q0"]
)
def test_the_ids_of_documentations_and_legacy_ones_are_never_refused(tmp_path: Path, value: str) -> None:
    """`workos.md` §9: warn, never refuse."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId=value))]))

    assert loaded.project is not None
    assert codes(loaded) in ([], ["workos-client-id-length"])


def test_a_letter_that_no_ulid_has_is_a_warning_with_its_position(tmp_path: Path) -> None:
    """`workos.md` §9: the O/0 trap is real."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId="client_O1KC6057N3C66XJAXZ65YHAC7L"))]))

    assert [each.code for each in loaded.findings] == ["workos-client-id-letter"] * 2
    assert "Character 8" in loaded.findings[0].message
    assert "letter O" in loaded.findings[0].message
    assert "it is 0" in loaded.findings[0].fix
    assert "Character 33" in loaded.findings[1].message
    assert loaded.project is not None


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("pk_test_12345678", "workos-secret-publishable"),
        (CLIENT_ID, "workos-secret-is-client-id"),
        ("hunter2hunter2", "workos-secret-shape"),
    ],
)
def test_a_secret_that_is_no_api_key_is_a_warning(tmp_path: Path, secret: str, code: str) -> None:
    loaded = read(write(tmp_path), {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_CLIENT_SECRET": secret})

    assert codes(loaded) == [code]
    assert secret not in str(loaded.findings)


@pytest.mark.parametrize(("written", "advice"), [(1e3, "Write 1000."), (900.4, "Write 900."), (1e300, "fraction")])
def test_a_number_with_a_fraction_is_corrected_to_one_that_can_be_meant(
    tmp_path: Path, written: float, advice: str
) -> None:
    loaded = read(write(tmp_path, [policy(workos_options(gateway={"accessTokenTtlSeconds": written}))]))
    found = only(loaded, "wrong-type")
    assert advice in (found.fix or "")
    assert len(found.fix or "") < 80
