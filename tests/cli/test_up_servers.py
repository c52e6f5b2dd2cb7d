"""`devgw up URL` and `devgw init --from URL` as the programs they are, in front of small real servers."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from devgw.cli import servers
from devgw.cli.target import ServerUrl, is_like_url, with_scheme
from devgw.config.draft import Draft, Fronted, GivenClient, GivenHeader
from devgw.config.project import Secret
from devgw.config.settings_file import read_settings
from devgw.entropy import token
from devgw.oauth.pkce import challenge_of
from devgw.settings import Settings
from devgw.wiring.drafting import write
from devgw.wiring.reading import read_project
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request
from tests.support.terminal import Terminal, devgw

PAGE = (200, {"content-type": "text/html"}, b"<title>Welcome</title>")
NOTHING = (404, {"content-type": "text/plain"}, b"")
BROKEN = (503, {"content-type": "text/plain"}, b"down for maintenance")
OPEN: tuple[int, dict[str, str], Any] = (
    200,
    {},
    {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25"}},
)
SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource/mcp"


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start(*arguments: str, here: Path, **environ: str) -> Process:
    """Start devgw; what it makes for itself it makes below `here`."""
    made = here / "tmp"
    made.mkdir(exist_ok=True)
    env = os.environ | {"TMPDIR": str(made)} | environ
    return await asyncio.create_subprocess_exec(
        *devgw(*arguments), cwd=here, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=env
    )


async def run(*arguments: str, here: Path, **environ: str) -> Done:
    """Run devgw to its end beside the servers of this loop."""
    process = await start(*arguments, here=here, **environ)
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


@dataclass
class Session:
    """A gateway that runs in front of servers."""

    process: Process
    origin: str
    said: str

    async def end(self) -> str:
        """Ask it to end, as Ctrl+C does, and return what it says then."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(15):
            _, err = await self.process.communicate()
        return err.decode()


@asynccontextmanager
async def in_front_of(*urls: str, here: Path, **environ: str) -> AsyncIterator[Session]:
    """Run `devgw up URL… --headless` on any free port until the block ends."""
    process = await start("up", *urls, "--headless", "--port=0", here=here, **environ)
    try:
        async with asyncio.timeout(20):
            yield await _answering(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answering(process: Process) -> Session:
    assert process.stdout is not None
    said = ""
    async for line in process.stdout:
        said += line.decode()
        if "gateway answers at" in said:
            origin = said.split("gateway answers at ")[1].split(",")[0].strip()
            return Session(process, origin, said)
    assert process.stderr is not None
    raise AssertionError(said + (await process.stderr.read()).decode())


async def token_for(session: Session, path: str) -> str:
    """Go a client's whole way, with a person at the browser, and return the access token."""
    resource, verifier = session.origin + path, token("")
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = (await http.post(f"{session.origin}/oauth/register", json=CLIENT)).json()
        asked = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": "s1",
            "resource": resource,
        }
        await browser.open(f"{session.origin}/oauth/authorize?{urlencode(asked)}")
        for _ in range(6):
            if browser.location is not None or browser.page is None:
                break
            await browser.press(_next_on(browser))
        assert browser.location is not None, browser.page
        code = parse_qs(urlsplit(browser.location).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client["client_id"],
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
            "resource": resource,
        }
        return str((await http.post(f"{session.origin}/oauth/token", data=form)).json()["access_token"])


CLIENT = {"client_name": "a client", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}


def _next_on(browser: Browser) -> str:
    """Return what a person presses on the page that is open."""
    assert browser.page is not None
    if any(text.startswith("Connect") for _, text in browser.page.links):
        return "Connect"
    if "Choose who you are" in browser.page.text:
        return "@"
    return next((each for each in ("Allow", "Sign in as") if each in browser.page.text), "Allow")


async def call(session: Session, path: str, access_token: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {access_token}", "accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient() as http:
        return await http.post(session.origin + path, json=mcp_request("ping"), headers=headers)


def made_below(here: Path) -> list[str]:
    """Return what is left of what a session made for itself."""
    return sorted(each.name for each in (here / "tmp").iterdir())


def slug(upstream: Upstream) -> str:
    return upstream.origin.removeprefix("http://").replace(".", "-").replace(":", "-")


async def test_a_server_with_a_login_is_connected_and_called_through_a_gateway_without_files(
    tmp_path: Path, upstream: Upstream
) -> None:
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        path = f"/mcp/{slug(upstream)}"
        assert path in session.said
        answer = await call(session, path, await token_for(session, path))
        said = await session.end()

    assert answer.status_code == 200
    assert answer.json()["result"] == {}
    assert "wants a login (401) and names" in said
    assert "by registering itself when somebody connects it" in said
    assert f"stays registered at {upstream.issuer} as c1" in said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["tmp"]  # noqa: ASYNC240  nobody waits
    assert made_below(tmp_path) == []


async def test_the_workos_emulator_signs_in_on_any_port(tmp_path: Path, upstream: Upstream) -> None:
    upstream.answers = {"/mcp": OPEN}
    environ = {"DEVGW_EMULATORS_WORKOS_PORT": "0"}
    async with in_front_of(f"{upstream.origin}/mcp", "--policy=workos", here=tmp_path, **environ) as session:
        path = f"/mcp/{slug(upstream)}"
        assert (await call(session, path, await token_for(session, path))).status_code == 200
        said = await session.end()

    assert f"devgw init --from {upstream.origin}/mcp DIR" in said
    assert made_below(tmp_path) == []


async def test_a_bearer_that_is_good_at_the_server_goes_nowhere_else(tmp_path: Path, upstream: Upstream) -> None:
    async with running_upstream() as other:
        async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
            path = f"/mcp/{slug(upstream)}"
            access_token = await token_for(session, path)
            upstream.answers = {"/mcp": (307, {"location": f"{other.origin}/mcp"}, b"")}
            await call(session, path, access_token)
            await session.end()

        assert [each for each in other.asked if "authorization" in each.headers] == []


async def test_what_was_registered_is_deleted_at_the_end_where_the_server_says_how(
    tmp_path: Path, upstream: Upstream
) -> None:
    given = {"client_id": "c7", "token_endpoint_auth_method": "none", "registration_access_token": "word"}
    given |= {"registration_client_uri": f"{upstream.origin}/register/c7"}
    upstream.answers = {"/register": (201, {}, given), "/register/c7": (204, {}, b"")}
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        await token_for(session, f"/mcp/{slug(upstream)}")
        said = await session.end()

    (deleted,) = upstream.asked_at("/register/c7")
    assert (deleted.method, deleted.headers["authorization"]) == ("DELETE", "Bearer word")
    assert "as c7, and has deleted that" in said
    assert "word" not in said


async def test_a_server_without_a_login_and_two_at_once_are_plain_routes(tmp_path: Path, upstream: Upstream) -> None:
    upstream.answers = {"/mcp": OPEN}
    async with running_upstream() as other:
        other.answers = {"/mcp": OPEN}
        async with in_front_of(f"{upstream.origin}/mcp", f"{other.origin}/mcp", here=tmp_path) as session:
            for each in (upstream, other):
                path = f"/mcp/{slug(each)}"
                assert (await call(session, path, await token_for(session, path))).status_code == 200
            said = await session.end()

    assert said.count("answers without a login and speaks 2026-07-28, 2025-11-25: a plain route") == 2
    assert "registered" not in said
    assert made_below(tmp_path) == []


async def test_a_key_is_sent_with_every_call_and_stands_on_no_screen(tmp_path: Path, upstream: Upstream) -> None:
    keyed = upstream.answer

    def answer(asked: Any) -> Any:
        return OPEN if asked.headers.get("x-api-key") == "k3y" else (401, {}, {}) if asked.path == "/mcp" else NOTHING

    upstream.answer = answer  # type: ignore[method-assign]
    refused = await run("up", f"{upstream.origin}/mcp", here=tmp_path)
    wrong = await run("up", f"{upstream.origin}/mcp", "--header", "X-API-Key: no", here=tmp_path)
    async with in_front_of(f"{upstream.origin}/mcp", "--header=X-API-Key: k3y", here=tmp_path) as session:
        path = f"/mcp/{slug(upstream)}"
        status = (await call(session, path, await token_for(session, path))).status_code
        said = await session.end()
    upstream.answer = keyed  # type: ignore[method-assign]

    assert (refused.code, wrong.code, status) == (1, 1, 200)
    assert "--header" in refused.err
    assert "although X-API-Key was sent" in wrong.err
    assert "k3y" not in said + session.said
    assert made_below(tmp_path) == []


async def test_a_server_of_2025_03_26_is_reached_by_its_origin(tmp_path: Path, upstream: Upstream) -> None:
    upstream.challenge = "Bearer"
    upstream.answers = {RESOURCE: NOTHING, SERVER: NOTHING}
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        path = f"/mcp/{slug(upstream)}"
        assert (await call(session, path, await token_for(session, path))).status_code == 200
        said = await session.end()

    assert "publishes no protected resource metadata, so its origin" in said


@pytest.mark.parametrize(
    ("answers", "said", "todo"),
    [
        (dict.fromkeys(("/mcp", "/sse"), PAGE), "No MCP server is seen at", "Give the URL of the MCP endpoint"),
        (dict.fromkeys(("/mcp", "/sse"), NOTHING), "There is no MCP server at", "Give the URL of the MCP endpoint"),
        ({"/mcp": BROKEN}, "answered 503: “down for maintenance”", "log"),
        ({"/mcp": (302, {"location": "https://login.example/"}, b"")}, "leads to https://login.example/", "login page"),
        ({"/mcp": (401, {}, b""), RESOURCE: NOTHING, SERVER: NOTHING, "/token": NOTHING, "/authorize": NOTHING},
         "it wants a key", "--header"),
        ({"/mcp": (405, {}, b""), "/sse": (200, {"content-type": "text/event-stream"}, b"")}, "HTTP+SSE", "update"),
    ],
)  # fmt: skip
async def test_what_cannot_be_fronted_is_said_in_a_sentence_with_what_to_try(
    tmp_path: Path, upstream: Upstream, answers: dict[str, Any], said: str, todo: str
) -> None:
    upstream.answers = answers
    done = await run("up", f"{upstream.origin}/mcp", here=tmp_path)

    assert done.code == 1
    assert said in done.err
    assert todo in done.err
    assert "Traceback" not in done.err
    assert "rewritePattern" not in done.err
    assert made_below(tmp_path) == []


async def test_a_port_that_is_taken_leaves_nothing_behind_either(tmp_path: Path, upstream: Upstream) -> None:
    async with running_upstream() as other:
        port = urlsplit(other.origin).port
        done = await run("up", f"{upstream.origin}/mcp", "--headless", f"--port={port}", here=tmp_path)
    own = await run("up", f"{upstream.origin}/mcp", f"--port={urlsplit(upstream.origin).port}", here=tmp_path)

    assert done.code == 1
    assert f"Port {port} is taken" in done.err
    assert (own.code, "is the server's own" in own.err) == (2, True)
    assert made_below(tmp_path) == []


def test_a_project_for_a_server_on_the_gateways_port_names_another(tmp_path: Path) -> None:
    overrides: dict[str, Any] = {}
    servers._make_room([ServerUrl("http://localhost:9000/mcp")], overrides)
    write(tmp_path, Draft((Fronted("http://localhost:9000/mcp"),), port=overrides["port"]).files())
    settings, findings = read_settings(tmp_path, {})
    loaded = read_project(settings, {})

    assert settings.port == overrides["port"] != 9000
    assert not findings
    assert loaded.project is not None, loaded.findings


@pytest.mark.parametrize(
    ("server", "said", "todo"),
    [
        ({"require_pushed_authorization_requests": True}, "require_pushed_authorization_requests", "Let the provider"),
        ({"registration_endpoint": None}, "neither dynamic registration nor", "--client-id"),
        ({"code_challenge_methods_supported": None}, "S256 is required", "devgw init --from"),
        ({"issuer": "http://other.example"}, "authorization_servers says", "devgw init --from"),
    ],
)
async def test_an_authorization_server_that_will_not_do_is_named_before_anything_starts(
    tmp_path: Path, upstream: Upstream, server: dict[str, Any], said: str, todo: str
) -> None:
    upstream.server_metadata = server
    done = await run("up", f"{upstream.origin}/mcp", here=tmp_path)

    assert done.code == 1
    assert said in done.err
    assert todo in done.err
    assert upstream.clients == {}
    assert made_below(tmp_path) == []


async def test_a_client_that_was_registered_by_hand_is_used(tmp_path: Path, upstream: Upstream) -> None:
    upstream.server_metadata = {"registration_endpoint": None}
    upstream.clients = {"by-hand": {}}
    upstream.knows_its_clients = True
    async with in_front_of(f"{upstream.origin}/mcp", "--client-id=by-hand", here=tmp_path) as session:
        path = f"/mcp/{slug(upstream)}"
        assert (await call(session, path, await token_for(session, path))).status_code == 200
        said = await session.end()

    assert "becomes a client as by-hand" in said
    assert "registered at" not in said


async def test_a_secret_is_named_by_its_variable_and_written_nowhere_but_into_env(
    tmp_path: Path, upstream: Upstream
) -> None:
    flags = ("--client-id=by-hand", "--client-secret-env=MY_SECRET")
    done = await run("init", "--from", f"{upstream.origin}/mcp", "p", *flags, here=tmp_path, MY_SECRET="hush")
    missing = await run("init", "--from", f"{upstream.origin}/mcp", "q", *flags, here=tmp_path)

    policies = json.loads((tmp_path / "p/config/policies.json").read_text())["policies"]
    registration = policies[1]["handler"]["options"]["clientRegistration"]
    assert registration["clientSecret"].startswith("$env(")
    assert "hush" in (tmp_path / "p/.env").read_text()
    assert (tmp_path / "p/.env").stat().st_mode & 0o077 == 0
    assert "hush" not in done.out + done.err
    assert (missing.code, "MY_SECRET is not set" in missing.err) == (2, True)


@pytest.mark.parametrize("login", ["dev-login", "workos"])
async def test_init_writes_the_project_that_up_would_run_and_check_finds_nothing(
    tmp_path: Path, upstream: Upstream, login: str
) -> None:
    url = f"{upstream.origin}/mcp"
    done = await run("init", "--from", url, "--policy", login, "p", here=tmp_path)
    shown = await run("up", url, "--policy", login, "--dry-run", here=tmp_path)
    checked = await run("check", "p", here=tmp_path)

    assert (done.code, shown.code, checked.code) == (0, 0, 0), done.err + shown.err + checked.out
    for name in ("config/policies.json", "config/routes.oas.json", "modules/zuplo.runtime.ts", "devgw.toml"):
        assert f"--- {name}\n{(tmp_path / 'p' / name).read_text()}" in shown.out
    loaded = read_project(Settings(root=tmp_path / "p"), {})
    assert loaded.project is not None
    assert [route.upstream_url for route in loaded.project.routes] == [url]
    assert upstream.clients == {}
    assert made_below(tmp_path) == []


async def test_init_leaves_what_exists_alone_and_writes_what_can_be_mended(tmp_path: Path, upstream: Upstream) -> None:
    upstream.server_metadata = {"code_challenge_methods_supported": None}
    (tmp_path / "p").mkdir()
    (tmp_path / "p/devgw.toml").write_text("port = 9100\n")
    done = await run("init", "--from", f"{upstream.origin}/mcp", "p", here=tmp_path)

    assert done.code == 0
    assert (tmp_path / "p/devgw.toml").read_text() == "port = 9100\n"
    assert "exists  devgw.toml" in done.out
    assert "write into devgw.toml" in done.err


async def test_init_says_why_it_writes_nothing(tmp_path: Path) -> None:
    done = await run("init", "--from", "http://127.0.0.1:1/mcp", "p", here=tmp_path)

    assert done.code == 1
    assert "the connection was refused" in done.err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("value", ["plain", "it's", 'say "x"', "a\\b", "$HOME", "#5 # 6", "a=b", "$env(HOME)"])
def test_a_value_is_read_again_as_it_was_given(tmp_path: Path, value: str) -> None:
    server = Fronted("http://localhost:3000/mcp", headers=(GivenHeader("X-Key", value),))
    write(tmp_path, Draft((server,)).files())
    loaded = read_project(Settings(root=tmp_path), {"HOME": "/home/somebody"})

    assert loaded.project is not None, loaded.findings
    assert loaded.project.routes[0].header_edits[0].set == (("X-Key", Secret(value), True),)


@pytest.mark.parametrize("place", ["/$env(SHELL_KEY)/mcp", "/mcp?key=$env(SHELL_KEY)"])
async def test_a_server_that_redirects_reads_no_variable_of_the_shell(
    tmp_path: Path, upstream: Upstream, place: str
) -> None:
    upstream.mcp_path = place.partition("?")[0]
    upstream.answers = {"/start": (307, {"location": place}, b"")}
    done = await run("init", "--from", f"{upstream.origin}/start", "p", here=tmp_path, SHELL_KEY="hunter2-hunter2")
    written = read_project(Settings(root=tmp_path / "p"), {"SHELL_KEY": "hunter2-hunter2"})

    assert done.code == 0, done.err
    assert "hunter2" not in repr([(each.path, each.query, each.headers) for each in upstream.asked])
    assert written.project is not None
    assert written.environment == ()


def test_two_servers_of_one_name_have_routes_and_upstreams_of_their_own(tmp_path: Path) -> None:
    servers = tuple(Fronted(f"{scheme}://a.example/mcp", is_connected=True) for scheme in ("http", "https"))
    write(tmp_path, Draft((*servers, Fronted("http://b.example/v1/tools", client=GivenClient("x")))).files())
    loaded = read_project(Settings(root=tmp_path), {})

    assert loaded.project is not None, loaded.findings
    assert [each.path for each in loaded.project.routes] == [
        "/mcp/a-example",
        "/mcp/a-example-2",
        "/mcp/b-example-v1-tools",
    ]


async def test_a_command_that_is_printed_means_the_same_url_in_a_shell(tmp_path: Path, upstream: Upstream) -> None:
    upstream.answers = {"/a&b;c": OPEN}
    url = f"{upstream.origin}/a&b;c"
    async with in_front_of(url, here=tmp_path) as session:
        said = await session.end()

    assert f"devgw init --from '{url}' DIR" in said


def test_a_server_on_the_samples_port_is_not_taken_for_the_sample(tmp_path: Path) -> None:
    files = Draft((Fronted("http://localhost:9002/mcp"),)).files()
    assert "upstream = false" in files["devgw.toml"]
    assert "devgw.toml" not in Draft((Fronted("http://localhost:3000/mcp"),)).files()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost:3000/mcp", "http://localhost:3000/mcp"),
        ("localhost/mcp", "http://localhost/mcp"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/mcp", "http://[::1]:8000/mcp"),
        ("192.168.1.5:8000/mcp", "http://192.168.1.5:8000/mcp"),
        ("mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("mcp.example.com:8443/mcp", "https://mcp.example.com:8443/mcp"),
        ("HTTPS://Mcp.Example/mcp", "HTTPS://Mcp.Example/mcp"),
    ],
)
def test_a_url_without_a_scheme_is_known_as_one(text: str, url: str) -> None:
    assert is_like_url(text)
    assert with_scheme(text) == url


@pytest.mark.parametrize("text", [".", "..", "project", "my.project", "./localhost:3000", "a/b", "/srv/x", "~/p", ""])
def test_the_name_of_a_folder_is_no_url(text: str) -> None:
    assert not is_like_url(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "ftp://localhost/mcp"), "it is no absolute http(s) URL"),
        (("up", "http://user:secret@localhost/mcp"), "carries a user name or password"),
        (("up", "http://user:secret@localhost/mcp"), "--header 'Name: value'"),
        (("watch", "http://localhost/mcp#there"), "without user and fragment"),
        (("up", "http://localhost:99999/mcp"), "no URL of an MCP server"),
        (("up", "http://localhost:1/mcp", "."), "not both"),
        (("up", ".", ".."), "One project at a time"),
        (("up", ".", "--policy", "workos"), "go with a URL"),
        (("up", "http://localhost:1/mcp", "--header", "nonsense"), "'Name: value'"),
        (("up", "http://localhost:1/a", "http://localhost:1/b", "--header", "A: b"), "go with one URL"),
        (("up", "http://localhost:1/mcp", "--header", "A: ${HOME}"), "cannot stand in .env"),
        (("init", "--client-id", "x"), "go with a URL"),
        (("up", "nowhere"), "does not exist"),
    ],
)
async def test_what_was_typed_wrongly_is_said_and_ends_with_2(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = await run(*arguments, here=tmp_path)

    assert done.code == 2
    assert said in done.err.replace("\n", " ")
    assert "secret@" not in done.err
    assert made_below(tmp_path) == []


@pytest.mark.parametrize("how", ["Q", "SIGTERM", "SIGHUP"])
async def test_a_dashboard_in_front_of_a_server_leaves_nothing_behind(
    tmp_path: Path, upstream: Upstream, how: str
) -> None:
    made = tmp_path / "tmp"
    made.mkdir()
    command = devgw("up", f"{upstream.origin}/mcp", "--port=0", "--no-mouse")
    screen = Terminal(command, env={"TMPDIR": str(made), "XDG_RUNTIME_DIR": ""})
    try:
        assert await asyncio.to_thread(screen.shows, slug(upstream), 20)
        assert await asyncio.to_thread(screen.shows, "Flows", 20)
        if how == "Q":
            screen.send(b"Q")
        else:
            screen.kill(signal.Signals[how])
        assert await asyncio.to_thread(screen.wait, 15) is not None
    finally:
        screen.end()

    assert made_below(tmp_path) == []


async def test_the_token_is_revoked_at_the_end_where_the_server_says_how(tmp_path: Path, upstream: Upstream) -> None:
    upstream.server_metadata = {"revocation_endpoint": f"{upstream.origin}/revoke"}
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        await token_for(session, f"/mcp/{slug(upstream)}")
        said = await session.end()

    (revoked,) = upstream.asked_at("/revoke")
    assert revoked.form["token"] in upstream.refresh_tokens
    assert f"devgw had a token of {upstream.issuer}, and has revoked it." in said
    assert revoked.form["token"] not in said


@pytest.mark.parametrize("answer", [None, (503, {}, b"")], ids=["no such endpoint", "an endpoint that fails"])
async def test_a_token_that_cannot_be_revoked_is_listed_with_how_to_end_it(
    tmp_path: Path, upstream: Upstream, answer: tuple[int, dict[str, str], Any] | None
) -> None:
    if answer is not None:
        upstream.server_metadata = {"revocation_endpoint": f"{upstream.origin}/revoke"}
        upstream.answers = {"/revoke": answer}
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        await token_for(session, f"/mcp/{slug(upstream)}")
        said = await session.end()

    assert f"A token of {upstream.issuer} that devgw had stays good until" in said
    assert ("answered 503 to it" if answer else "it offers no revocation (RFC 7009)") in said
    assert "take the application c1 out of your account there" in said


async def test_what_a_killed_session_left_is_removed_by_the_next_one(tmp_path: Path, upstream: Upstream) -> None:
    given = {"client_id": "c7", "token_endpoint_auth_method": "none", "registration_access_token": "word"}
    given |= {"registration_client_uri": f"{upstream.origin}/register/c7"}
    upstream.answers = {"/register": (201, {}, given), "/register/c7": (204, {}, b"")}
    upstream.server_metadata = {"revocation_endpoint": f"{upstream.origin}/revoke"}
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as session:
        await token_for(session, f"/mcp/{slug(upstream)}")
        session.process.kill()
        await session.process.wait()
    (left,) = made_below(tmp_path)
    async with in_front_of(f"{upstream.origin}/mcp", here=tmp_path) as living:
        done = await run("up", f"{upstream.origin}/mcp", "--dry-run", "--port=0", here=tmp_path)
        assert done.code == 0
        assert "killed" not in done.err
        (kept,) = made_below(tmp_path)
        assert kept != left, "what nobody holds is gone, and what lives stays"
        said = await living.end()
    assert "Of a session that was killed: devgw had a token" in said
    assert "Of a session that was killed: devgw was registered at" in said
    assert upstream.asked_at("/revoke")
    assert upstream.asked_at("/register/c7")
    assert made_below(tmp_path) == []


async def test_a_folder_that_only_looks_like_a_session_is_left_alone(tmp_path: Path, upstream: Upstream) -> None:
    other = tmp_path / "tmp" / "devgw-session-somebodys"
    other.mkdir(parents=True)
    (other / "own.txt").write_text("mine")
    link = tmp_path / "tmp" / "devgw-session-link"
    (tmp_path / "elsewhere" / ".session").mkdir(parents=True)
    (tmp_path / "elsewhere" / ".session" / "gateway.lock").write_text("99999999\n")
    link.symlink_to(tmp_path / "elsewhere")
    done = await run("up", f"{upstream.origin}/mcp", "--dry-run", "--port=0", here=tmp_path)
    assert done.code == 0
    assert (other / "own.txt").read_text() == "mine"
    assert (tmp_path / "elsewhere" / ".session" / "gateway.lock").exists()
