"""What a start would run, a reload runs; a folder is followed wherever it comes from, one that goes ends nothing."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from devgw.config.sample import sample_root
from devgw.control.client import welcome_once
from devgw.entropy import token
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, GatewayStarted
from devgw.monitor.views import CheckRow
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.companions import is_local
from devgw.wiring.reloading import Reloading
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, register_callback, running_gateway

LIMIT = 10
ACCEPT = "application/json, text/event-stream"
REAL = "WORKOS_CLIENT_ID=client_01KC6057N3C66XJAXZ65YHAC72\nWORKOS_CLIENT_SECRET=sk_test_abcdefghijklmnop\n"


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.01)


async def until_loaded(running: Running, count: int) -> ConfigLoaded:
    await until(lambda: len(running.events(ConfigLoaded)) >= count)
    loaded: ConfigLoaded = running.events(ConfigLoaded)[-1]
    return loaded


async def until_rejected(running: Running, count: int = 1) -> ConfigRejected:
    await until(lambda: len(running.events(ConfigRejected)) >= count)
    rejected: ConfigRejected = running.events(ConfigRejected)[-1]
    return rejected


async def answers(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=2) as http:
            await http.get(url)
    except httpx2.TransportError:
        return False
    return True


# --- emulators and sample servers ---


async def test_the_emulator_starts_when_the_real_id_goes_and_every_face_says_so(project: Path) -> None:
    env = project / ".env"
    env.write_text(REAL)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        runtime = gateway.runtime
        assert runtime.provider_name == "workos"
        assert not await answers(runtime.companions.workos.origin)
        env.unlink()
        loaded = await until_loaded(gateway, 2)
        assert any("WorkOS is emulated at" in each for each in loaded.changes)
        assert runtime.monitor.config.provider == "workos-emulator"
        assert any("WorkOS is emulated" in each for each in runtime.monitor.config.notes)
        welcome = await welcome_once(runtime.settings.state_path)
        assert welcome.gateway.provider == "workos-emulator"
        assert welcome.gateway.notes == runtime.notes
        register_callback(runtime)
        async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
            client = await gateway.register(http)
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
            assert browser.page is not None
            assert "Allow" in browser.page.text


async def test_the_emulator_stops_when_a_real_id_comes(gateway: Running, project: Path) -> None:
    origin = gateway.runtime.companions.workos.origin
    assert await answers(origin)
    (project / ".env").write_text(REAL)
    loaded = await until_loaded(gateway, 2)
    assert "The WorkOS emulator has ended." in loaded.changes
    assert not await answers(origin)
    assert gateway.runtime.monitor.config.provider == "workos"
    assert gateway.runtime.monitor.gateway.provider == "workos"
    assert not any("WorkOS is emulated" in each for each in gateway.runtime.notes)
    assert not any(each.name == "WorkOS emulator" for each in gateway.runtime.monitor.health.view.checks)


async def test_the_emulator_comes_back_under_the_same_origin_as_often_as_wanted(
    gateway: Running, project: Path
) -> None:
    origin = gateway.runtime.companions.workos.origin
    for count in range(2, 8, 2):
        (project / ".env").write_text(REAL)
        await until_loaded(gateway, count)
        (project / ".env").unlink()
        await until_loaded(gateway, count + 1)
        assert gateway.runtime.companions.workos.origin == origin
        assert await answers(origin)


async def test_the_emulator_takes_another_port_where_its_own_was_taken_meanwhile(project: Path) -> None:
    (project / ".env").write_text(REAL)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        origin = gateway.runtime.companions.workos.origin
        taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", urlsplit(origin).port)
        async with taken:
            (project / ".env").unlink()
            await until_loaded(gateway, 2)
            now = gateway.runtime.companions.workos.origin
            assert now != origin
            assert gateway.runtime.gateway.policy.login.url.startswith(now)
            assert await answers(now)


async def test_people_who_are_saved_into_the_emulators_file_can_sign_in_at_once(
    gateway: Running, project: Path
) -> None:
    """What it is made from is another thing, so that it is another emulator, at the same address."""
    seed, origin = project / "emulators" / "workos.json", gateway.runtime.companions.workos.origin
    register_callback(gateway.runtime)
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as before, Browser(CALLBACK) as after:
        await gateway.tokens(http, before)
        seed.write_text(seed.read_text().replace('"Ada"', '"Adelheid"'))
        await until_loaded(gateway, 2)
        assert gateway.runtime.companions.workos.origin == origin
        register_callback(gateway.runtime)
        client = await gateway.register(http)
        await after.open(gateway.authorize_url(client["client_id"], token("")))
        assert after.page is not None
        assert "Adelheid" in after.page.text
        await after.press("Adelheid")  # signed with the key that the gateway knows: it may not ask for another at once
        assert "Allow" in after.page.text, after.page.text


async def test_a_save_that_is_refused_keeps_no_port_for_the_emulator_that_it_wanted(project: Path) -> None:
    (project / ".env").write_text(REAL)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        port = gateway.runtime.companions.workos.port
        (project / "devgw.toml").write_text("prot = 9000\n")
        (project / ".env").unlink()
        await until_rejected(gateway)
        assert not await Reloading(gateway.runtime).reload()
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port) as taken:
            assert taken.is_serving()


async def test_a_route_that_is_led_to_a_sample_on_another_port_says_so(project: Path) -> None:
    """Whoever has a server of their own on that port must not wonder why nothing comes there."""
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    routes = project / "config" / "routes.oas.json"
    routes.write_text(routes.read_text().replace("localhost:9002", f"localhost:{port}"))
    settings = Settings(port=0, emulators=EmulatorSettings(upstream_port=port))
    async with taken, running_gateway(project, settings=settings) as gateway:
        place = gateway.runtime.companions.running["sample server"].place
        said = f"A sample MCP server runs at {place.origin}/mcp. Port {port}, where it is meant to be, was taken"
        assert f"{said}; routes to that port lead here." in gateway.runtime.notes
        assert gateway.runtime.gateway.project.routes[0].upstream_url == f"{place.origin}/mcp"


async def test_sample_servers_start_and_stop_with_the_routes_that_point_at_them(project: Path) -> None:
    routes = project / "config" / "routes.oas.json"
    with_samples = routes.read_text()
    elsewhere = with_samples.replace("http://localhost:9002/mcp", "http://127.0.0.1:1/mcp")
    routes.write_text(elsewhere.replace("http://localhost:9003/mcp", "http://127.0.0.1:1/mcp"))
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        running = gateway.runtime.companions.running
        assert set(running) == {"WorkOS emulator"}
        routes.write_text(with_samples)
        loaded = await until_loaded(gateway, 2)
        assert any("A sample MCP server runs at" in each for each in loaded.changes)
        assert {"sample server", "OAuth sample"} <= set(running)
        upstream = next(each for each in gateway.runtime.gateway.project.routes if each.operation_id == "sample")
        async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
            tokens = await gateway.tokens(http, browser)
            bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
            answer = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)
            assert answer.status_code == 200, answer.text
        routes.write_text(elsewhere)
        await until_loaded(gateway, 3)
        await until(lambda: "sample server" not in running)
        assert not await answers(upstream.upstream_url)
        assert "OAuth sample" in running


async def test_a_seed_with_mistakes_is_an_invalid_save(gateway: Running, project: Path) -> None:
    seed = project / "emulators" / "workos.json"
    good = seed.read_text()
    seed.write_text("{")
    rejected = await until_rejected(gateway)
    assert any("workos.json" in each for each in rejected.findings)
    assert await answers(gateway.runtime.companions.workos.origin)
    seed.write_text(good.replace("Ada Lovelace", "Ada King"))
    await until_loaded(gateway, 2)


# --- folders that come and go ---


def remove(root: Path) -> None:
    shutil.rmtree(root / "config")


def move_away(root: Path) -> None:
    (root / "config").rename(root / "elsewhere")


def delete_each_file(root: Path) -> None:
    for each in (root / "config").iterdir():
        each.unlink()


def whole_project(root: Path) -> None:
    root.rename(root.with_name("moved"))


@pytest.mark.parametrize("vanish", [remove, move_away, delete_each_file, whole_project])
async def test_a_configuration_that_vanishes_is_an_invalid_save_and_its_return_is_loaded(
    gateway: Running, project: Path, vanish: Callable[[Path], None]
) -> None:
    kept = project.with_name("kept")
    shutil.copytree(project, kept, ignore=shutil.ignore_patterns(".devgw"))
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        tokens = await gateway.tokens(http, browser)
        bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
        vanish(project)
        rejected = await until_rejected(gateway)
        assert any("gone" in each for each in rejected.findings)
        assert gateway.runtime.monitor.config.is_rejected
        assert "start it again" in gateway.runtime.monitor.config.findings[0].hint
        assert not gateway.runtime.gateway.project.is_sample
        assert all(each.revoked_at is None for each in gateway.runtime.ground.store.grants())
        assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code == 200
        shutil.copytree(kept, project, dirs_exist_ok=True)
        await until(lambda: not gateway.runtime.monitor.config.is_rejected)
        assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code == 200


def replaced_by_a_rename(config: Path, text: str) -> None:
    beside = config.with_name("config.new")
    shutil.copytree(config, beside)
    (beside / "routes.oas.json").write_text(text)
    config.rename(config.with_name("config.old"))
    beside.rename(config)


def removed_and_made_anew(config: Path, text: str) -> None:
    policies = (config / "policies.json").read_text()
    shutil.rmtree(config)
    config.mkdir()
    (config / "policies.json").write_text(policies)
    (config / "routes.oas.json").write_text(text)


def led_elsewhere_by_a_link(config: Path, text: str) -> None:
    there = config.with_name("there")
    config.rename(there)
    (there / "routes.oas.json").write_text(text)
    config.symlink_to(there)


@pytest.mark.parametrize("replace", [replaced_by_a_rename, removed_and_made_anew, led_elsewhere_by_a_link])
async def test_a_folder_that_is_replaced_is_followed_and_so_is_what_is_saved_in_it_later(
    gateway: Running, project: Path, replace: Callable[[Path, str], None]
) -> None:
    routes = project / "config" / "routes.oas.json"
    text = routes.read_text()
    replace(project / "config", text.replace("Sample tools", "Second tools"))
    await until(lambda: gateway.runtime.gateway.project.routes[0].summary == "Second tools")
    for name in ("Third tools", "Fourth tools"):
        routes.write_text(text.replace("Sample tools", name))
        await until(lambda name=name: gateway.runtime.gateway.project.routes[0].summary == name)  # type: ignore[misc]


def git(root: Path, *words: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, env=os.environ | who)


async def test_a_checkout_of_another_branch_is_followed_there_and_back(project: Path) -> None:
    routes = project / "config" / "routes.oas.json"
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    git(project, "checkout", "-qb", "other")
    routes.write_text(routes.read_text().replace("Sample tools", "Other tools"))
    git(project, "commit", "-qam", "two")
    git(project, "checkout", "-q", "--orphan", "empty")
    git(project, "rm", "-rqf", ".")
    git(project, "commit", "-q", "--allow-empty", "-m", "three")
    git(project, "checkout", "-q", "main")
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        git(project, "checkout", "-q", "other")
        await until(lambda: gateway.runtime.gateway.project.routes[0].summary == "Other tools")
        git(project, "checkout", "-q", "empty")
        await until(lambda: gateway.runtime.monitor.config.is_rejected)
        assert gateway.runtime.gateway.project.routes[0].summary == "Other tools"
        git(project, "checkout", "-q", "main")
        await until(lambda: gateway.runtime.gateway.project.routes[0].summary == "Sample tools")


def _of_project(gateway: Running) -> list[CheckRow]:
    return [each for each in gateway.runtime.monitor.health.look().checks if each.name == "project"]


async def test_an_empty_folder_runs_the_sample_until_a_project_comes(tmp_path: Path) -> None:
    """As `devgw up` in an empty folder, then `devgw init`."""
    root = tmp_path / "empty"
    root.mkdir()
    settings = Settings(port=0, emulators=EmulatorSettings(upstream=False))
    async with running_gateway(root, settings=settings, ephemeral=False) as gateway:
        assert gateway.events(GatewayStarted)
        assert gateway.runtime.loaded.is_sample
        assert [each.text for each in _of_project(gateway)] == [
            f"none in {root}: the built-in sample runs. `devgw init` copies it here."
        ]
        for each in sorted(sample_root().rglob("*.json")):
            target = root / each.relative_to(sample_root())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(each.read_text())
        await until(lambda: not gateway.runtime.loaded.is_sample)
        await until(lambda: not _of_project(gateway))
        await until(lambda: not gateway.runtime.monitor.config.is_rejected)
        assert (gateway.runtime.monitor.gateway.is_sample, gateway.runtime.monitor.config.is_sample) == (False, False)
        routes = root / "config" / "routes.oas.json"
        routes.write_text(routes.read_text().replace("Sample tools", "My tools"))
        await until(lambda: gateway.runtime.gateway.project.routes[0].summary == "My tools")
        shutil.rmtree(root / "config")
        await until(lambda: gateway.runtime.monitor.config.is_rejected)
        assert gateway.runtime.gateway.project.routes[0].summary == "My tools"


# --- devgw.toml ---


TABLES = {
    "upstreams": '[upstreams.notes]\nclient_metadata_url = "https://me.example/id"\n',
    "client_documents": '[client_documents]\n"https://client.example/id.json" = "copy.json"\n',
}


async def test_a_broken_devgw_toml_is_an_invalid_save(gateway: Running, project: Path) -> None:
    (project / "copy.json").write_text('{"client_id": "https://client.example/id.json"}')
    for count, text in enumerate(("port = ", "prot = 9000\n", 'base_path = "dev"\n'), 1):
        (project / "devgw.toml").write_text(text)
        rejected = await until_rejected(gateway, count)
        assert all("devgw.toml" in each for each in rejected.findings)
        assert gateway.runtime.monitor.config.is_rejected
    assert gateway.runtime.gateway.generation == 1
    (project / "devgw.toml").write_text("[proxy]\nstateful = true\n")
    loaded = await until_loaded(gateway, 2)
    assert loaded.changes == ("devgw.toml: `proxy.stateful` changed; it takes effect at the next start.",)
    (project / "devgw.toml").unlink()
    loaded = await until_loaded(gateway, 3)
    assert loaded.changes == ("devgw.toml: `proxy.stateful` is again as it was at the start.",)
    for count, (table, text) in enumerate(TABLES.items(), 4):
        (project / "devgw.toml").write_text(text)
        loaded = await until_loaded(gateway, count)
        assert f"devgw.toml: `{table}` changed; it takes effect at the next start." in loaded.changes


async def test_a_setting_with_which_the_next_start_would_be_refused_says_so_now(
    gateway: Running, project: Path
) -> None:
    own = project / "devgw.toml"
    own.write_text("[emulators]\nworkos = false\n")
    loaded = await until_loaded(gateway, 2)
    (told,) = [each for each in loaded.changes if each.startswith("The next start would be refused: config/policies")]
    assert "WORKOS_CLIENT_ID is not set" in told
    own.write_text("[emulators]\nworkos = false\n[proxy]\nstateful = true\n")
    loaded = await until_loaded(gateway, 3)
    assert loaded.changes == ("devgw.toml: `proxy.stateful` changed; it takes effect at the next start.",)
    own.write_text('[upstreams.nobody.authorization_server_metadata]\nissuer = "https://as.test"\n')
    loaded = await until_loaded(gateway, 4)
    assert 'devgw.toml: No token exchange has the id "nobody".' in loaded.changes
    own.write_text('allowed_hosts = ["box.lan"]\n')
    loaded = await until_loaded(gateway, 5)
    assert loaded.changes == (
        "devgw.toml: `allowed_hosts` changed; it takes effect at the next start.",
        "devgw.toml: `upstreams` is again as it was at the start.",
    )


async def test_a_flag_of_this_start_is_over_the_settings_of_the_next_one_too(gateway: Running, project: Path) -> None:
    assert "http://localhost:9002/mcp" in (project / "config/routes.oas.json").read_text()
    (project / "devgw.toml").write_text("port = 9002\n")
    loaded = await until_loaded(gateway, 2)
    assert loaded.changes == ("devgw.toml: `port` changed; it takes effect at the next start.",)


async def test_what_is_doubtful_in_devgws_own_settings_is_among_the_findings_of_config(
    gateway: Running, project: Path
) -> None:
    (project / "devgw.toml").write_text('origin = "https://localhost:9100"\n')
    await until_loaded(gateway, 2)
    assert gateway.runtime.monitor.config is not None
    (found,) = [each for each in gateway.runtime.monitor.config.findings if each.file == "devgw.toml"]
    assert (found.severity, found.line, found.excerpt) == ("warning", 1, ['origin = "https://localhost:9100"'])
    (project / "devgw.toml").write_text("prot = 1\n")
    await until_rejected(gateway)
    found_now = [each.message for each in gateway.runtime.monitor.config.findings if each.file == "devgw.toml"]
    assert found_now == ["`prot` is no setting."]


async def test_what_is_saved_without_a_difference_is_no_new_generation(gateway: Running, project: Path) -> None:
    policies = project / "config" / "policies.json"
    policies.write_text(policies.read_text())
    os.utime(policies)
    document = json.loads(policies.read_text())
    document["policies"][0]["handler"]["options"]["gateway"]["accessTokenTtlSeconds"] = 60
    policies.write_text(json.dumps(document))
    assert (await until_loaded(gateway, 2)).generation == 2


# --- what of the shell goes where ---


async def test_a_save_that_would_send_what_nobody_was_asked_about_is_an_invalid_save(
    gateway: Running, project: Path
) -> None:
    """As a checkout of somebody else's branch would."""
    runtime = gateway.runtime
    runtime.environ = {"API_KEY": "a-key-of-mine"}
    runtime.allowed = frozenset()
    policies, routes = project / "config" / "policies.json", project / "config" / "routes.oas.json"
    document = json.loads(policies.read_text())
    options = {"headers": [{"name": "x-key", "value": "$env(API_KEY)"}]}
    handler = {"export": "SetHeadersInboundPolicy", "module": "$import(@zuplo/runtime)", "options": options}
    document["policies"].append({"name": "headers", "policyType": "set-headers-inbound", "handler": handler})
    policies.write_text(json.dumps(document))
    await until_loaded(gateway, 2)
    text = routes.read_text().replace(
        '["my-mcp-workos-oauth-inbound-policy"]', '["my-mcp-workos-oauth-inbound-policy","headers"]'
    )
    routes.write_text(text)
    await until_loaded(gateway, 3)
    routes.write_text(text.replace("http://localhost:9002/mcp", "https://mcp.invalid/mcp"))
    rejected = await until_rejected(gateway)
    assert any("API_KEY of the shell would go to https://mcp.invalid" in each for each in rejected.findings)
    runtime.allowed = None
    await Reloading(runtime).reload()
    assert runtime.gateway.project.routes[0].upstream_url == "https://mcp.invalid/mcp"


async def test_a_folder_that_goes_file_by_file_ends_nothing_on_the_way(project: Path) -> None:
    """As a slow checkout or a synchronised folder removes it: the first file is not taken for the whole change."""
    more = project / "config" / "more.oas.json"
    document = json.loads((project / "config" / "routes.oas.json").read_text())
    paths = document["paths"]
    document["paths"] = {"/mcp/notes": paths.pop("/mcp/notes")}
    more.write_text(json.dumps(document))
    (project / "config" / "routes.oas.json").write_text(json.dumps(document | {"paths": paths}))
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
            await gateway.tokens(http, browser)
        for name in ("routes.oas.json", "policies.json", "more.oas.json"):
            (project / "config" / name).unlink()
            await asyncio.sleep(0.4)
        await until_rejected(gateway)
        assert gateway.runtime.gateway.generation == 1
        assert all(each.revoked_at is None for each in gateway.runtime.ground.store.grants())


@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("http://localhost:9002/mcp", True),
        ("http://127.0.0.1:9002/mcp", True),
        ("http://[::1]:9002/mcp", True),
        ("https://localhost:9002/mcp", False),
        ("http://localhost:9003/mcp", False),
        ("http://mcp.example.com:9002/mcp", False),
        ("http://localhost:9002@mcp.example.com/", False),
        ("localhost:9002", False),
    ],
)
def test_a_sample_server_runs_for_its_own_address_alone(url: str, is_found: bool) -> None:
    """What leads elsewhere is never led to a sample in its place."""
    assert is_local(url, 9002) is is_found
