"""`[client_documents]` of devgw.toml: what is taken, and what is a finding."""

import json
import os
from pathlib import Path

import pytest

from devgw.config.settings_file import read_settings

URL = "https://client.example/id.json"


def test_a_copy_is_taken_by_its_url(tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_text(json.dumps({"client_id": URL}))
    (tmp_path / "devgw.toml").write_text(f'[client_documents]\n"{URL}" = "copy.json"\n')
    settings, findings = read_settings(tmp_path, {}, {})
    assert (settings.client_documents, list(findings)) == ({URL: tmp_path / "copy.json"}, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[client_documents]\n"{URL}" = "absent.json"\n', "cannot be read from absent.json"),
        (f'[client_documents]\n"{URL}" = 3\n', "is no file name"),
        (f'[client_documents]\n"{URL}" = "a\\u0000b.json"\n', "no file has a zero byte in its name"),
        (f'[client_documents]\n"{URL}" = "bad.json"\n', "in bad.json is no document"),
        (f'[client_documents]\n"{URL}" = "other.json"\n', "in other.json is that of https://other.example/"),
        ('client_documents = "x"\n', "must hold one file per URL"),
    ],
)
def test_a_copy_that_is_none_is_a_finding(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "other.json").write_text(json.dumps({"client_id": "https://other.example/"}))
    (tmp_path / "devgw.toml").write_text(text)
    settings, findings = read_settings(tmp_path, {}, {})
    assert settings.client_documents == {}
    assert [words in each.message for each in findings] == [True], [each.message for each in findings]


def test_a_named_pipe_in_the_place_of_a_copy_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "devgw.toml").write_text(f'[client_documents]\n"{URL}" = "pipe.json"\n')
    settings, findings = read_settings(tmp_path, {}, {})
    assert settings.client_documents == {}
    assert ["it is no regular file" in each.message for each in findings] == [True]
