"""devgw's own settings: three places, the later wins, and whatever is wrong is said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.config.settings_file import SETTINGS, read_settings
from devgw.files import own_folder
from devgw.settings import Settings


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path, {}) == (Settings(root=tmp_path), ())


def test_every_setting_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text(
        """
host = "127.0.0.1"
port = 9100
origin = "http://127.0.0.1:9100/"
base_path = "/gw"
state_dir = "state"
ephemeral = true
trusted_proxies = ["10.0.0.1"]
allowed_hosts = ["gw.test"]
allowed_origins = ["https://play.test"]
proxy.connect_timeout = 2

[traces]
kept = 5
body_limit = 0
[workos]
base_url = "http://localhost:4100"
[emulators]
workos = false
workos_port = 1
upstream = false
upstream_port = 2
upstream_auth_port = 3
"""
    )
    settings, findings = read_settings(tmp_path, {})

    assert {each.code for each in findings} == {"others-let-in"}
    assert (settings.host, settings.port, settings.origin) == ("127.0.0.1", 9100, "http://127.0.0.1:9100")
    assert (settings.base_path, settings.state_dir, settings.ephemeral) == ("/gw", tmp_path / "state", True)
    assert (settings.trusted_proxies, settings.allowed_hosts) == (("10.0.0.1",), ("gw.test",))
    assert settings.allowed_origins == ("https://play.test",)
    assert settings.proxy.connect_timeout == 2.0
    assert (settings.traces.kept, settings.traces.body_limit) == (5, 0)
    assert settings.workos_base_url == "http://localhost:4100"
    assert (settings.emulators.workos, settings.emulators.upstream) == (False, False)
    ports = (settings.emulators.workos_port, settings.emulators.upstream_port, settings.emulators.upstream_auth_port)
    assert ports == (1, 2, 3)


def test_a_variable_wins_over_the_file_and_a_flag_over_both(tmp_path: Path) -> None:
    """`gateway.md` §9."""
    (tmp_path / "devgw.toml").write_text("port = 1\n[proxy]\nstateful = false\nconnect_timeout = 1\n")
    environ = {
        "DEVGW_PORT": "2",
        "DEVGW_PROXY_STATEFUL": "yes",
        "OTHER": "x",
        "DEVGW_THEME": "ansi",
        "DEVGW_ALLOWED_HOSTS": "a.test, b.test",
    }
    settings, findings = read_settings(tmp_path, environ, {"port": 3, "ephemeral": None})

    assert [each.code for each in findings] == ["others-let-in"]
    assert (settings.port, settings.proxy.stateful, settings.proxy.connect_timeout) == (3, True, 1.0)
    assert settings.allowed_hosts == ("a.test", "b.test")


def test_hosts_and_origins_are_kept_as_requests_carry_them(tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text(
        'allowed_hosts = ["Box.LAN", "box.lan:8080", "[2001:DB8::1]:8443", "münchen.test"]\n'
        'allowed_origins = ["https://Play.test/", "https://play.test:443", "null", "chrome-extension://abc"]\n'
    )
    settings, findings = read_settings(tmp_path, {})

    assert {each.code for each in findings} == {"others-let-in"}
    assert settings.allowed_hosts == ("box.lan", "box.lan:8080", "[2001:db8::1]:8443", "xn--mnchen-3ya.test")
    assert settings.allowed_origins == ("https://play.test", "https://play.test", "null", "chrome-extension://abc")


@pytest.mark.parametrize(
    ("text", "line", "nearest"),
    [
        ("prot = 1", 1, "port"),
        ("\n[proxy]\nstatful = true", 3, "proxy.stateful"),
        ("[worcos]\nbase_url = 'x'", 2, "workos.base_url"),
    ],
)
def test_an_unknown_name_is_found_with_its_nearest(tmp_path: Path, text: str, line: int, nearest: str) -> None:
    (tmp_path / "devgw.toml").write_text(text)
    _, (found,) = read_settings(tmp_path, {})

    assert (found.code, found.line, found.nearest) == ("setting-unknown", line, nearest)


@pytest.mark.parametrize(
    "text",
    [
        "port = 70000",
        "port = '9000'",
        "port = true",
        "host = ''",
        "origin = 'localhost:9000'",
        "origin = 'http://localhost:9000/x'",
        "base_path = 'x'",
        "ephemeral = 1",
        "allowed_hosts = 'a'",
        "allowed_hosts = ['https://box.lan']",
        "allowed_hosts = ['*.box.lan']",
        "allowed_hosts = ['box.lan/mcp']",
        "allowed_hosts = ['box.lan:']",
        "allowed_hosts = ['2001:db8::1']",
        "allowed_hosts = ['']",
        "allowed_hosts = [1]",
        "allowed_origins = ['play.test']",
        "allowed_origins = ['*']",
        "allowed_origins = ['https://*.play.test']",
        "allowed_origins = ['https://play.test/page']",
        "allowed_origins = ['mailto:a@b.test']",
        "origin = 'null'",
        "origin = 'vscode-webview://abc'",
        "trusted_proxies = ['proxy.local']",
        "proxy.connect_timeout = 0",
        "traces.kept = -1",
        "host = {}",
        "proxy = 5",
    ],
)
def test_a_wrong_value_is_one_finding_and_the_default_holds(tmp_path: Path, text: str) -> None:
    (tmp_path / "devgw.toml").write_text(text)
    settings, (found,) = read_settings(tmp_path, {})

    assert found.code in ("setting-value", "setting-unknown")
    assert found.line == 1
    assert settings == Settings(root=tmp_path)


@pytest.mark.parametrize("text", ["port = ", "[proxy", "port = 1\nport = 2"])
def test_what_is_no_toml_is_found_where_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "devgw.toml").write_text(text)
    _, (found,) = read_settings(tmp_path, {})

    assert found.code == "toml-syntax"
    assert found.line >= 1


def test_a_wrong_variable_names_itself(tmp_path: Path) -> None:
    _, findings = read_settings(tmp_path, {"DEVGW_PORT": "many", "DEVGW_PROT": "1"})

    assert [(each.code, each.file) for each in findings] == [
        ("setting-value", "DEVGW_PORT"),
        ("setting-unknown", "DEVGW_PROT"),
    ]


def test_leaving_loopback_is_said(tmp_path: Path) -> None:
    settings, (found,) = read_settings(tmp_path, {"DEVGW_HOST": "0.0.0.0"})

    assert settings.host == "0.0.0.0"
    assert (found.code, found.file) == ("host-not-loopback", "DEVGW_HOST")


@pytest.mark.parametrize("host", ["127.0.0.2", "0x7f000001", "localhost.", "::1", "a.localhost"])
def test_what_is_loopback_however_it_is_written_leaves_nothing(tmp_path: Path, host: str) -> None:
    assert read_settings(tmp_path, {"DEVGW_HOST": host})[1] == ()


@pytest.mark.parametrize(("folder", "is_said"), [(".", True), ("config", True), ("state", False), (".devgw", False)])
def test_a_state_folder_among_the_projects_files_is_said(tmp_path: Path, folder: str, is_said: bool) -> None:
    """The key and the database would be published with the next commit."""
    (tmp_path / "config").mkdir()
    own_folder(tmp_path / ".devgw")
    (tmp_path / "devgw.toml").write_text(f'state_dir = "{folder}"\n')
    codes = [each.code for each in read_settings(tmp_path, {})[1]]
    assert codes == (["state-among-files"] if is_said else [])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('allowed_hosts = ["gw.test"]', "The gateway also answers under gw.test."),
        ('allowed_origins = ["https://play.test"]', "Pages of https://play.test may call the gateway."),
        ('trusted_proxies = ["0.0.0.0/0"]', "What 0.0.0.0/0 says of a request's host and scheme is believed."),
        ('origin = "https://gw.test"', "Browsers and their sign-ins are sent to https://gw.test."),
    ],
)
def test_whatever_lets_others_in_is_said(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "devgw.toml").write_text(written)
    _, (found,) = read_settings(tmp_path, {})
    assert (found.code, found.message, found.file) == ("others-let-in", said, "devgw.toml")


@pytest.mark.parametrize("origin", ["http://localhost:9000", "http://127.0.0.1:9000"])
def test_an_origin_on_this_machine_lets_nobody_in(tmp_path: Path, origin: str) -> None:
    (tmp_path / "devgw.toml").write_text(f'origin = "{origin}"')
    assert read_settings(tmp_path, {})[1] == ()


def test_each_setting_names_a_field_that_exists() -> None:
    for each in SETTINGS:
        owner = Settings()
        *path, last = each.attribute.split(".")
        for step in path:
            owner = getattr(owner, step)
        assert hasattr(owner, last)


@given(st.dictionaries(st.sampled_from([each.variable for each in SETTINGS]), st.text()))
def test_no_variable_makes_it_raise(environ: dict[str, str]) -> None:
    settings, _ = read_settings(Path("nowhere"), environ)

    assert 0 <= settings.port <= 65_535


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('base_path = "/x"\ndeployed.strict = true\n', "base_path"),
        ("[deployed]\nstrict = true\nendpoints = false\n", "deployed.endpoints"),
        ('deployed.strict = true\n[oauth]\nrefresh_tokens = "rotate"\n', "oauth.refresh_tokens"),
        ("deployed.strict = true\n[proxy]\nstateful = true\n", "proxy.stateful"),
        (
            'deployed.strict = true\n[upstreams.notes]\nauthorization_server_metadata = { issuer = "https://a.io" }\n',
            "[upstreams]",
        ),
        ('deployed.strict = true\n[client_documents]\n"https://c.example/id.json" = "c.json"\n', "[client_documents]"),
    ],
)
def test_what_strict_overrides_is_said_to_do_nothing(tmp_path: Path, written: str, name: str) -> None:
    (tmp_path / "c.json").write_text('{"client_id": "https://c.example/id.json"}')
    (tmp_path / "devgw.toml").write_text(written)
    settings, findings = read_settings(tmp_path, {}, {})
    assert [(each.code, f"`{name}` does nothing" in each.message) for each in findings] == [("deployed-strict", True)]
    assert (settings.base_path, settings.upstreams, settings.client_documents) == (None, {}, {})


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('port = "9000"', "Write 9000, without quotes."),
        ('[proxy]\nstateful = "true"', "Write true, without quotes."),
        ('[proxy]\nconnect_timeout = "2.5"', "Write 2.5, without quotes."),
        ('origin = "localhost:9000"', 'Write "http://localhost:9000", with its scheme.'),
        ('port = "nine"', "Write a port from 0 to 65535."),
        ("port = -1", "Write a port from 0 to 65535."),
    ],
)
def test_a_value_that_nearly_fits_is_said_as_it_should_be(tmp_path: Path, text: str, fix: str) -> None:
    (tmp_path / "devgw.toml").write_text(f"{text}\n")
    (finding,) = [each for each in read_settings(tmp_path, {})[1] if each.code == "setting-value"]

    assert finding.fix == fix
