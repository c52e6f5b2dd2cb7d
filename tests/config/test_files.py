"""Each way in which a file is none, and the two files beside `config/`."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from devgw.cli.trust import wish_of
from devgw.config.jsonc import DEPTH_LIMIT
from devgw.config.settings_file import read_settings
from devgw.config.source import SIZE_LIMIT, blank_secrets, content_of
from devgw.settings import Settings
from devgw.wiring.project_watch import contents_of
from tests.config.bench import ENVIRON, codes, only, read, write


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config/policies.json", b"\xef\xbb\xbf{", "file-has-bom"),
        ("config/policies.json", b'{"a": "\xff"}', "file-not-utf8"),
        ("config/policies.json", '{"policies": []}'.encode("utf-16"), "file-not-utf8"),
        (".env", b"A=\xff\n", "file-not-utf8"),
        ("modules/zuplo.runtime.ts", b"\xfe\xff", "file-not-utf8"),
        ("config/routes.oas.json", b"[" * 1_000_000, "json-syntax"),
        ("zuplo.jsonc", b"{", "json-syntax"),
    ],
)
def test_each_way_in_which_a_file_is_none(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = write(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)

    assert only(read(tmp_path), code).file == name


def test_a_file_of_50_mb_is_one_finding_and_not_read(tmp_path: Path) -> None:
    with (write(tmp_path) / "config/routes.oas.json").open("r+b") as file:
        file.truncate(50 * 2**20)
    loaded = read(tmp_path)

    assert codes(loaded) == ["file-too-large"]
    assert "50 MB" in loaded.findings[0].message


@pytest.mark.parametrize("name", [".env", "devgw.toml", "modules/zuplo.runtime.ts", "zuplo.jsonc"])
def test_a_file_that_people_write_by_hand_has_no_megabytes(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).write_bytes(b"#" * 300_000)
    found = read_settings(tmp_path, {}, {})[1] if name == "devgw.toml" else read(tmp_path).findings
    message = next(each.message for each in found if each.code == "file-too-large")

    assert message == f"{name} has 293 kB; devgw reads up to 256 kB."


@pytest.mark.parametrize(
    "text",
    [
        "new McpGatewayPlugin({" + "basePath:" * 9_000 + "/*" * 20_000 + "`${" * 20_000,
        "runtime.addPlugin(new McpGatewayPlugin({ basePath: '" + "\\'" * 100_000,
        "new McpGatewayPlugin" + " " * 200_000 + "x",
        "new McpGatewayPlugin({ registry" + " " * 200_000 + "x",
        "new McpGatewayPlugin({ a " + "\"'`" * 60_000,
        "/*" * 120_000,
        "new McpGatewayPlugin({" + "a/*b" * 50_000 + "})",
    ],
    ids=["members", "escapes", "spaces", "spaces in the options", "quotes", "comments", "comments in the options"],
)
def test_no_text_of_the_plugins_module_takes_long_to_read(tmp_path: Path, text: str) -> None:
    """Each took minutes, in which the gateway answered nobody: its files are read anew with each save."""
    (write(tmp_path) / "modules/zuplo.runtime.ts").write_text(text)
    began = time.process_time()
    read(tmp_path)

    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("before", "is_read"),
    [
        ("const a = /[/*]/;", True),
        ("const a = '\\'';", True),
        ('glob("**/*.ts");', True),
        ("a /* b", True),
        ("/* a */", True),
    ],
)
def test_what_looks_like_a_comment_hides_no_plugin(tmp_path: Path, before: str, is_read: bool) -> None:
    text = f'{before}\nruntime.addPlugin(new McpGatewayPlugin({{ basePath: "/dev" }}));\n'
    (write(tmp_path) / "modules/zuplo.runtime.ts").write_text(text)
    project = read(tmp_path).project

    assert project is not None
    assert (project.base_path == "/dev") is is_read


NAMES = ("config/policies.json", "config/routes.oas.json", ".env", "devgw.toml", "zuplo.jsonc", "emulators/workos.json")


@pytest.mark.parametrize("name", [*NAMES, "modules/zuplo.runtime.ts", "config/more.oas.json"])
def test_nothing_waits_for_whoever_writes_into_a_named_pipe(tmp_path: Path, name: str) -> None:
    """Password managers put one in the place of `.env`; whoever reads it waits, and with it everybody who calls."""
    path = write(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    late = threading.Timer(5, lambda: os.close(os.open(path, os.O_RDWR)))
    late.daemon = True
    late.start()
    loaded = read(tmp_path)
    read_settings(tmp_path, {})
    contents_of(tmp_path)
    wish_of(Settings(root=tmp_path), (), ENVIRON)
    assert late.is_alive()
    late.cancel()
    if name in {"config/policies.json", "config/routes.oas.json", ".env"}:
        assert "not a regular file" in only(loaded, "file-unreadable").message


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path) / "config/policies.json"
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "not a regular file" in only(read(tmp_path), "file-unreadable").message
    with pytest.raises(OSError, match="no regular file"):
        content_of(path)


def test_a_project_without_the_plugins_module_is_told_that_the_deployed_gateway_needs_it(tmp_path: Path) -> None:
    (write(tmp_path) / "modules/zuplo.runtime.ts").unlink()
    loaded = read(tmp_path)
    assert only(loaded, "plugin-missing").severity == "note"
    assert loaded.project is not None


def test_a_directory_in_the_place_of_a_file(tmp_path: Path) -> None:
    place = write(tmp_path) / "config/policies.json"
    place.unlink()
    place.mkdir()
    assert only(read(tmp_path), "file-is-directory").file == "config/policies.json"


AS_NOBODY = """
import os, pathlib, sys
from devgw.config.finding import Findings
from devgw.config.source import read_source
os.geteuid() or os.setuid(65534)
findings = Findings()
read_source(pathlib.Path(sys.argv[1]), "config/policies.json", findings)
print(findings.found[0].fix)
"""


@pytest.mark.parametrize("closed", ["config", "."])
def test_a_folder_into_which_nobody_may_look_is_what_has_to_be_opened(closed: str) -> None:
    """The file in it may have every permission: to change those helps nobody."""
    with TemporaryDirectory(dir="/tmp") as folder:  # not below pytest's own, which is for one user alone
        root = write(Path(folder))
        root.chmod(0o755)
        (root / closed).chmod(0)
        command = [sys.executable, "-c", AS_NOBODY, folder]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        (root / closed).chmod(0o755)
    assert told.stdout.strip() == f"Let devgw in: chmod u+rx {closed}", told.stderr


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything, so the refusal of the system is raised here for one file."""
    write(tmp_path)
    open_file = os.open

    def refuse(path: Path, *more: int) -> int:
        if path.name == "policies.json":
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, *more)

    monkeypatch.setattr("devgw.config.source.os.open", refuse)
    found = only(read(tmp_path), "file-unreadable")

    assert found.file == "config/policies.json"
    assert "permission" in found.message


def test_nesting_is_bounded_where_a_stack_would_not_be(tmp_path: Path) -> None:
    write(tmp_path, policies_text='{"policies":' + "[" * (DEPTH_LIMIT + 5))

    assert "nested" in only(read(tmp_path), "json-syntax").message


@pytest.mark.parametrize(
    ("code", "says", "base_path", "registry"),
    [
        ('new McpGatewayPlugin({ basePath: "/", registry: false })', None, "/", False),
        ("new McpGatewayPlugin({\n  // basePath: '/no',\n  basePath: '/gw/',\n})", None, "/gw", True),
        ("new McpGatewayPlugin()", None, "/", True),
        ("new McpGatewayPlugin({ basePath: environment.BASE })", "plugin-not-literal", "/", True),
        ("new McpGatewayPlugin({ registry: { name: 'x' } })", None, "/", True),
        ("new McpGatewayPlugin({ 'basePath': '/gw' })", None, "/gw", True),
        ("new McpGatewayPlugin({ basePath: 'gw' })", "plugin-base-path", "/", True),
        ("new McpGatewayPlugin({ basePath: '/gw?x=1' })", "plugin-base-path", "/", True),
        ("new McpGatewayPlugin({ basePath: '//evil.example' })", "plugin-base-path", "/", True),
        ("new McpGatewayPlugin({ basePath: '/gw/../x' })", "plugin-base-path", "/", True),
        ("new McpGatewayPlugin(options)", "plugin-not-literal", "/", True),
        ("new OtherPlugin()", "plugin-missing", "/", True),
        ("// new McpGatewayPlugin()", "plugin-missing", "/", True),
    ],
)
def test_the_plugins_literal_is_read(
    tmp_path: Path, code: str, says: str | None, base_path: str, registry: bool
) -> None:
    write(tmp_path)
    (tmp_path / "modules/zuplo.runtime.ts").write_text(
        f"export function runtimeInit(r) {{\n  r.addPlugin({code});\n}}\n"
    )
    loaded = read(tmp_path)

    assert codes(loaded) == ([says] if says else [])
    assert loaded.project is not None
    assert (loaded.project.base_path, loaded.project.registry) == (base_path, registry)


@pytest.mark.parametrize(
    ("own", "plugins", "says", "base_path"),
    [
        ("/dev", "/gw", ["base-path-contradiction"], "/dev"),
        ("/", "/gw", ["base-path-contradiction"], "/"),
        ("/gw", "/gw/", [], "/gw"),
        (None, "/gw", [], "/gw"),
        ("/dev", None, [], "/dev"),
    ],
)
def test_our_own_base_path_wins_and_a_contradiction_is_found(
    tmp_path: Path, own: str | None, plugins: str | None, says: list[str], base_path: str
) -> None:
    write(tmp_path)
    literal = f'{{ basePath: "{plugins}" }}' if plugins else ""
    (tmp_path / "modules/zuplo.runtime.ts").write_text(f"r.addPlugin(new McpGatewayPlugin({literal}));")
    loaded = read(tmp_path, settings=Settings(root=tmp_path, base_path=own))

    assert codes(loaded) == says
    assert loaded.project is not None
    assert loaded.project.base_path == base_path


@pytest.mark.parametrize(
    ("document", "is_fine"),
    [
        ({"compatibilityDate": "2026-03-01"}, True),
        ({"compatibilityDate": "2025-02-06"}, False),
        ({}, False),
        ({"compatibilityDate": "x"}, False),
    ],
)
def test_the_compatibility_date_is_looked_at(tmp_path: Path, document: Any, is_fine: bool) -> None:
    (write(tmp_path) / "zuplo.jsonc").write_text("// x\n" + json.dumps(document))

    assert codes(read(tmp_path)) == ([] if is_fine else ["compatibility-date"])


@pytest.mark.parametrize(
    "line",
    [
        '"clientSecret": "hunter2hunter2",',
        '"clientSecret": "hunter2hunter2',
        "clientSecret: 'hunter2hunter2',",
        '"name": "A", "value": "Bearer hunter2hunter2"}',
        '"clientId": "sk_test_hunter2hunter2"',
        '"rewritePattern": "https://user:hunter2hunter2@a.example/x"',
    ],
)
def test_a_source_line_shows_no_secret_and_keeps_its_columns(line: str) -> None:
    shown = blank_secrets(line)

    assert "hunter2" not in shown
    assert len(shown) == len(line)
    assert blank_secrets('"clientSecret": "$env(SECRET)"') == '"clientSecret": "$env(SECRET)"'


def test_a_file_that_grew_after_the_first_look_is_not_read_in_part(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    with file.open("wb") as grown:
        grown.truncate(SIZE_LIMIT + 1)
    with pytest.raises(OSError, match="too large"):
        content_of(file)
