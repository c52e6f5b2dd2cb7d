"""What is written down of a secret: equal stays equal within one file, and nobody can try words against it."""

import hashlib
import re

import pytest

from devgw.entropy import fingerprint
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.monitor.kept_text import KeptText
from devgw.monitor.masking import mask, mask_header, mask_json, mask_text, mask_url

SHORT = ("hunter2", "1234", "s3cret", "at_0")
MARK = re.compile(r"…#([0-9a-f]{4})")


@pytest.mark.parametrize("secret", SHORT)
def test_equal_secrets_are_equal_within_a_text_and_others_are_not(secret: str) -> None:
    kept = KeptText()
    one, again, other = kept(mask(secret)), kept(f"password={mask(secret)}"), kept(mask(f"{secret}x"))

    assert one in again
    assert one != other


@pytest.mark.parametrize("secret", SHORT)
def test_no_digest_of_a_short_secret_is_left_that_could_be_tried_with_every_word(secret: str) -> None:
    digests = {hashlib.new(name, secret.encode()).hexdigest()[:4] for name in ("sha256", "sha1", "md5", "sha512")}
    shown = (
        mask(secret),
        mask_header("authorization", f"Bearer {secret}"),
        mask_header("cookie", f"sid={secret}; x={secret}"),
        mask_url(f"http://h/?password={secret}&url=http%3A%2F%2Fh%2F%3Ftoken%3D{secret}"),
        str(mask_json({"password": secret, "inside": {"client_secret": secret}})),
        mask_text(f"password: {secret}aaaa"),
        f"upstream:{fingerprint(secret)} at:{fingerprint(secret)}",
    )
    for text in shown:
        told = [KeptText()(text) for _ in range(3)]
        marks = [set(MARK.findall(each)) | {each[3:7] for each in re.findall(r"\bat:\w{12}", each)} for each in told]
        assert all(marks), text
        assert marks[0] != marks[1] or marks[1] != marks[2], "two files have marks of their own"
        assert sum(bool(each & digests) for each in marks) <= 1, "by chance at most"


def test_a_tokens_name_is_the_same_wherever_it_stands_and_leads_to_no_token() -> None:
    token = f"at:{fingerprint('at_abc')}"
    kept = KeptText()

    assert kept(f'{{"token_id": "{token}"}}')[14:-2] == kept(token)
    assert kept(token).startswith("at:")
    assert len(kept(token)) == len(token)
    assert fingerprint("at_abc") not in kept(token)


def test_what_only_looks_like_a_mark_stays() -> None:
    text = "http://localhost:9000/x f-4be1a2 g-0123456789ab 12:30:45 dcr:0123456789abcdef0123456789abcdef #abcd"

    assert KeptText()(text) == text


def test_what_the_project_configures_is_hidden_before() -> None:
    secrets = ConfiguredSecrets()
    secrets.keep(["correct horse battery"])

    told = KeptText(secrets.hide)('{"said": "correct horse battery"}')
    assert "horse" not in told
    assert "…#" in told
    assert mask("correct horse battery") not in told


def test_mail_addresses_stay_in_the_state_folder_and_are_no_ones_in_what_is_given_away() -> None:
    text = '{"email": "ada@acme.example", "url": "/x?login_hint=ada%40acme.example", "other": "bob@acme.example"}'
    told = KeptText(is_for_others=True)(text)

    assert KeptText()(text) == text
    assert "ada" not in told
    assert "bob" not in told
    one, same, other = re.findall(r"(…#[0-9a-f]{4})@acme\.example", told)
    assert one == same != other, "whoever is meant twice is seen to be the same"
    assert KeptText(is_for_others=True)("at 12:30 @home x@y git@") == "at 12:30 @home x@y git@"
