"""The save is the deploy: every editor's way of saving gives one reload, and never a half-applied one."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from devgw.config.sample import sample_root
from devgw.entropy import token
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected
from devgw.settings import DeployedSettings, Settings
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, register_callback, running_gateway

LIMIT = 10


def with_ttl(project: Path, seconds: Any) -> str:
    document = json.loads((project / "config" / "policies.json").read_text())
    document["policies"][0]["handler"]["options"]["gateway"]["accessTokenTtlSeconds"] = seconds
    return json.dumps(document, indent=2)


async def until(running: Running, kind: type[Any], count: int) -> list[Any]:
    """Wait for `count` events of one kind, and a moment more for those that should not come."""
    async with asyncio.timeout(LIMIT):
        while len(running.events(kind)) < count:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    return running.events(kind)


def rename_over(path: Path, text: str) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)


def truncate_and_write(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        file.write(text[len(text) // 2 :])


def delete_and_recreate(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def through_a_backup(path: Path, text: str) -> None:
    """As vim saves by default: the old file is moved away, the new one written."""
    path.rename(path.with_suffix(".json~"))
    path.write_text(text)
    path.with_suffix(".json~").unlink()


def in_a_storm(path: Path, text: str) -> None:
    for _ in range(20):
        path.write_text(text)


@pytest.mark.parametrize(
    "save", [Path.write_text, rename_over, truncate_and_write, delete_and_recreate, through_a_backup, in_a_storm]
)
async def test_each_way_of_saving_is_one_reload(
    gateway: Running, project: Path, save: Callable[[Path, str], None]
) -> None:
    save(project / "config" / "policies.json", with_ttl(project, 60))
    loaded = await until(gateway, ConfigLoaded, 2)
    assert [each.generation for each in loaded] == [1, 2]
    assert any("900" in change and "60" in change for change in loaded[-1].changes)
    assert gateway.runtime.gateway.policy.tokens.access_token_ttl.total_seconds() == 60


async def test_two_files_saved_together_are_one_reload(gateway: Running, project: Path) -> None:
    routes = project / "config" / "routes.oas.json"
    (project / "config" / "policies.json").write_text(with_ttl(project, 120))
    routes.write_text(routes.read_text().replace("Sample tools", "Other tools"))
    assert len(await until(gateway, ConfigLoaded, 2)) == 2
    assert gateway.runtime.gateway.project.routes[0].summary == "Other tools"


async def test_a_symlinked_file_is_watched_where_it_really_is(project: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "policies.json"
    real.parent.mkdir()
    (project / "config" / "policies.json").rename(real)
    (project / "config" / "policies.json").symlink_to(real)
    async with running_gateway(project, settings=Settings(port=0), ephemeral=False) as gateway:
        real.write_text(with_ttl(project, 60))
        assert len(await until(gateway, ConfigLoaded, 2)) == 2


async def test_an_invalid_save_leaves_the_last_good_generation_and_shows_the_findings(
    gateway: Running, project: Path
) -> None:
    policies = project / "config" / "policies.json"
    good = policies.read_text()
    policies.write_text(good.replace('"clientId"', '"clientID"'))
    rejected = await until(gateway, ConfigRejected, 1)
    assert "clientID" in " ".join(rejected[0].findings)
    assert gateway.runtime.gateway.generation == 1
    view = gateway.runtime.monitor.config
    assert view.is_rejected
    assert view.findings[0].line > 0
    policies.write_text(good)
    await until(gateway, ConfigLoaded, 2)
    assert not gateway.runtime.monitor.config.is_rejected


async def test_a_file_that_takes_long_to_read_holds_nobody_up(gateway: Running, project: Path) -> None:
    """What is saved may be long, or nonsense: whoever calls meanwhile is answered."""
    waits, clock = list[float](), asyncio.get_running_loop().time
    began = clock()
    (project / "config" / "policies.json").write_text(json.dumps({"policies": [{}] * 30_000}))
    async with httpx2.AsyncClient() as http, asyncio.timeout(60):
        while not gateway.events(ConfigRejected):
            asked = clock()
            assert (await http.get(f"{gateway.origin}/")).status_code == 200
            waits.append(clock() - asked)
    assert max(waits) < (clock() - began) / 2  # which is nearly 1 where it is read between two answers


async def test_env_is_read_again(gateway: Running, project: Path) -> None:
    """Zuplo's dev server has to be restarted after `.env` changes; ours never."""
    (project / ".env").write_text(
        "WORKOS_CLIENT_ID=client_01KC6057N3C66XJAXZ65YHAC72\nWORKOS_CLIENT_SECRET=sk_test_abcdefghijklmnop\n"
    )
    loaded = await until(gateway, ConfigLoaded, 2)
    assert gateway.runtime.gateway.policy.login.client_id == "client_01KC6057N3C66XJAXZ65YHAC72"
    assert any("client" in change for change in loaded[-1].changes)


async def test_a_login_in_progress_and_live_tokens_survive_a_reload(gateway: Running, project: Path) -> None:
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        tokens = await gateway.tokens(http, browser)
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
        assert browser.page is not None
        assert "Allow" in browser.page.text
        (project / "config" / "policies.json").write_text(with_ttl(project, 60))
        await until(gateway, ConfigLoaded, 2)
        await browser.press("Allow")
        assert browser.location is not None
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=bearer)).status_code != 401
        again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        again |= {"client_id": tokens["client_id"], "resource": gateway.mcp_url}
        assert (await http.post(f"{gateway.origin}/oauth/token", data=again)).json()["expires_in"] == 60


async def test_no_sequence_of_edits_leaves_a_half_applied_generation(gateway: Running, project: Path) -> None:
    """Whatever is saved in whatever order, policy and routes that run come from one load, and the last good one."""
    policies, routes = project / "config" / "policies.json", project / "config" / "routes.oas.json"
    good_routes = routes.read_text()
    steps = [(60, True), (70, False), ("x", True), (80, True), ("y", False), (90, True)]
    for ttl, are_routes_good in steps:
        policies.write_text(with_ttl(project, 900).replace("900", json.dumps(ttl)))
        routes.write_text(good_routes.replace("Sample tools", f"Tools {ttl}") if are_routes_good else "{")
        await asyncio.sleep(0.1)
        running = gateway.runtime.gateway
        seconds = running.policy.tokens.access_token_ttl.total_seconds()
        summary = running.project.routes[0].summary
        assert (seconds, summary) in {(900, "Sample tools"), (60, "Tools 60"), (80, "Tools 80"), (90, "Tools 90")}
    async with asyncio.timeout(LIMIT):
        while gateway.runtime.gateway.project.routes[0].summary != "Tools 90":
            await asyncio.sleep(0.01)


async def test_a_change_of_devgw_toml_says_when_it_takes_effect(gateway: Running, project: Path) -> None:
    (project / "devgw.toml").write_text("port = 9123\n")
    loaded = await until(gateway, ConfigLoaded, 2)
    assert any("port" in change and "next start" in change for change in loaded[-1].changes)


async def test_a_setting_that_a_flag_of_this_start_overrides_is_said_to_be_overridden(project: Path) -> None:
    async with running_gateway(project, settings=Settings(port=0, base_path="/flag")) as gateway:
        (project / "devgw.toml").write_text('base_path = "/file"\n')
        loaded = await until(gateway, ConfigLoaded, 2)
        told = [change for change in loaded[-1].changes if "devgw.toml" in change]
        assert told == ["devgw.toml: `base_path` changed; a flag of this start overrides it."]


async def test_strict_is_told_as_the_one_change_that_it_is(gateway: Running, project: Path) -> None:
    """It means a dozen settings, of which nobody wrote any."""
    (project / "devgw.toml").write_text("[deployed]\nstrict = true\n")
    loaded = await until(gateway, ConfigLoaded, 2)
    told = [change for change in loaded[-1].changes if "devgw.toml" in change]
    assert told == ["devgw.toml: `deployed.strict` changed; it takes effect at the next start."]


@pytest.mark.parametrize(
    ("line", "name"),
    [('base_path = "/x"', "base_path"), ("proxy.stateful = true", "proxy.stateful")],
)
async def test_a_setting_that_does_nothing_beside_strict_is_told_as_such_when_it_is_saved(
    project: Path, line: str, name: str
) -> None:
    strict = "deployed.strict = true\n"
    (project / "devgw.toml").write_text(strict)
    async with running_gateway(project, settings=Settings(port=0, deployed=DeployedSettings(strict=True))) as gateway:
        (project / "devgw.toml").write_text(f"{line}\n{strict}")
        loaded = await until(gateway, ConfigLoaded, 2)
        told = [change for change in loaded[-1].changes if "devgw.toml" in change]
        assert len(told) == 1
        assert f"`{name}` does nothing" in told[0]
        (project / "devgw.toml").write_text(f"# the same\n{line}\n{strict}")
        loaded = await until(gateway, ConfigLoaded, 3)
        assert not [change for change in loaded[-1].changes if "devgw.toml" in change]


@pytest.mark.parametrize("name", [".env", "modules/zuplo.runtime.ts", "config/policies.json"])
async def test_a_file_that_is_being_written_is_not_taken_while_it_is_empty(
    gateway: Running, project: Path, name: str
) -> None:
    """An empty .env would mean another environment, an empty module another base path: grants would end."""
    path = project / name
    if name == ".env":
        path.write_text("# nothing yet\n")
        await until(gateway, ConfigLoaded, 2)
    before = len(gateway.events(ConfigLoaded)) + len(gateway.events(ConfigRejected))
    text = path.read_text() + "\n"
    with path.open("w") as file:
        file.flush()
        await asyncio.sleep(0.5)
        file.write(text)
    await until(gateway, ConfigLoaded, before + 1)
    assert len(gateway.events(ConfigLoaded)) == before + 1
    assert gateway.events(ConfigRejected) == []


async def test_a_named_pipe_in_the_place_of_a_file_holds_nobody_up(gateway: Running, project: Path) -> None:
    policies = project / "config" / "policies.json"
    policies.unlink()
    os.mkfifo(policies)
    rejected = await until(gateway, ConfigRejected, 1)
    assert "not a regular file" in " ".join(rejected[-1].findings)
    policies.unlink()
    shutil.copy(sample_root() / "config" / "policies.json", policies)
    await until(gateway, ConfigLoaded, 2)


async def test_a_base_path_that_is_saved_moves_every_endpoint(gateway: Running, project: Path) -> None:
    """What a start would serve, a reload serves: metadata, endpoints, connect links, the callback."""
    module = project / "modules" / "zuplo.runtime.ts"
    module.write_text('runtime.addPlugin(new McpGatewayPlugin({ basePath: "/dev" }));')
    loaded = await until(gateway, ConfigLoaded, 2)
    assert any("basePath" in change for change in loaded[-1].changes)
    register_callback(gateway.runtime)
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        found = (await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server/mcp/notes")).json()
        assert found["token_endpoint"] == f"{gateway.origin}/dev/oauth/token"
        assert (await http.post(found["registration_endpoint"], json={})).status_code == 400
        client = await gateway.register(http)
        url = gateway.authorize_url(client["client_id"], token(""), resource=gateway.url_of("notes"))
        await gateway.sign_in(browser, url)
        assert browser.page is not None
        connect = next(href for href, text in browser.page.links if text.startswith("Connect"))
        assert connect.startswith(f"{gateway.origin}/dev/auth/connections/notes/connect?")
        await gateway.allow(browser)
        assert browser.location is not None
    assert gateway.runtime.monitor.config.effective["callback"] == f"{gateway.origin}/dev/oauth/callback"


async def test_a_page_that_was_open_when_the_base_path_moved_says_so(gateway: Running, project: Path) -> None:
    module = project / "modules" / "zuplo.runtime.ts"
    module.write_text('runtime.addPlugin(new McpGatewayPlugin({ basePath: "/dev" }));')
    await until(gateway, ConfigLoaded, 2)
    register_callback(gateway.runtime)
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
        assert browser.page is not None
        form = next(each for each in browser.page.forms if any("Allow" in label for *_, label in each.buttons))
        flows = len(gateway.runtime.monitor.flow_book.flows)
        module.write_text('runtime.addPlugin(new McpGatewayPlugin({ basePath: "/other" }));')
        loaded = await until(gateway, ConfigLoaded, 3)
        assert "Ends 1 sign-in under way." in " ".join(loaded[-1].changes)
        answer = await http.post(
            f"{gateway.origin}/dev/oauth/setup",
            data=form.fields,
            headers={"accept": "text/html", "origin": gateway.origin},
        )
        assert answer.status_code == 404
        assert "text/html" in answer.headers["content-type"]
        assert "begin again from the client" in answer.text
        assert "token endpoint" not in answer.text
        assert len(gateway.runtime.monitor.flow_book.flows) == flows


async def test_an_answer_from_before_the_base_path_moved_begins_its_sign_in_anew(
    gateway: Running, project: Path
) -> None:
    """Nobody forged that form: its page was ours, and the sign-in behind it is over because the callback moved."""
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
        assert browser.page is not None
        module = project / "modules" / "zuplo.runtime.ts"
        module.write_text('runtime.addPlugin(new McpGatewayPlugin({ basePath: "/dev" }));')
        await until(gateway, ConfigLoaded, 2)
        register_callback(gateway.runtime)
        await browser.press("Allow")
        assert browser.page is not None
        assert "was not taken" not in browser.page.text
        if "Choose who you are" in browser.page.text:
            await browser.press("@")
        assert urlsplit(browser.page.url).path == "/dev/oauth/setup"
        await browser.press("Allow")
        assert browser.location is not None
        assert "code=" in browser.location


async def test_of_a_rejected_save_each_file_says_for_itself_whether_it_is_right(
    gateway: Running, project: Path
) -> None:
    policies, routes = project / "config" / "policies.json", project / "config" / "routes.oas.json"
    good = routes.read_text()
    policies.write_text(with_ttl(project, 60))
    routes.write_text(good.replace('"summary"', '"summary" "x"', 1))
    await until(gateway, ConfigRejected, 1)
    states = {each.path: each.state for each in gateway.runtime.monitor.config.files}
    assert states["config/routes.oas.json"] == "rejected"
    assert states["config/policies.json"] == "waiting"
    assert states["modules/zuplo.runtime.ts"] == states["zuplo.jsonc"] == "loaded"
    policies.unlink()
    await until(gateway, ConfigRejected, 2)
    states = {each.path: each.state for each in gateway.runtime.monitor.config.files}
    assert states["config/policies.json"] == "missing"
    shutil.copy(sample_root() / "config" / "policies.json", policies)
    routes.write_text(good)
    await until(gateway, ConfigLoaded, 2)
    assert {each.state for each in gateway.runtime.monitor.config.files} == {"loaded"}
