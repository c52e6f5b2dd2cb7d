"""`devgw init` with a WorkOS account: kept in `.env`, and tried at once at a real emulator, as the doctor tries it."""

import asyncio
import stat
from pathlib import Path

import pytest

from devgw.config.sample import sample_root
from devgw.emulators.workos import Emulator
from tests.cli.test_up_servers import Done, run
from tests.diagnosis.test_doctor import CALLBACK, CLIENT_ID, KEY
from tests.diagnosis.test_doctor import workos as workos_fixture
from tests.outbound.upstream import running_upstream
from tests.support.serving import listen, origin_of
from tests.support.terminal import Terminal, devgw

workos = workos_fixture
FLAGS = ("--workos-client-id", CLIENT_ID, "--workos-key-env", "MINE")
UNKNOWN = f"{CLIENT_ID[:-1]}7"
SWAPPED = {"WORKOS_CLIENT_ID": KEY, "WORKOS_CLIENT_SECRET": CLIENT_ID}


async def init(origin: str, *words: str, here: Path, **environ: str) -> Done:
    done = await run("init", *words, here=here, DEVGW_WORKOS_BASE_URL=origin, **environ)
    assert not [each for each in (KEY, "sk_test_wrong", "sk_live_mine") if each in done.out + done.err]
    return done


def texts_below(folder: Path) -> list[str]:
    return [each.read_text(encoding="utf-8") for each in folder.rglob("*") if each.is_file()]


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (FLAGS, {"MINE": KEY}),
        (FLAGS[:2], {"WORKOS_CLIENT_SECRET": KEY}),
        ((), {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_CLIENT_SECRET": KEY}),
        ((), {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_API_KEY": f"{KEY}\n"}),
    ],
)
async def test_an_account_that_workos_takes_is_kept_and_said_to_be_right(
    words: tuple[str, ...], environ: dict[str, str], workos: Emulator, tmp_path: Path
) -> None:
    done = await init(workos.origin, *words, here=tmp_path, **environ)
    assert done.code == 0, done.err
    assert f"WorkOS knows the client id, takes its key, and sends back to {CALLBACK}." in done.out
    assert "emulator" not in done.out.partition("Next:")[2]
    dotenv = tmp_path / ".env"
    assert dotenv.read_text() == f"WORKOS_CLIENT_ID='{CLIENT_ID}'\nWORKOS_CLIENT_SECRET='{KEY}'\n"
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    assert ".env" in (tmp_path / ".gitignore").read_text()


@pytest.mark.parametrize(
    ("changed", "found", "clicks"),
    [
        ({"WORKOS_CLIENT_SECRET": "sk_test_wrong"}, "[TOK-07]", "API Keys; copy the Client ID"),
        ({"WORKOS_CLIENT_SECRET": "sk_live_mine"}, "[RURI-05]", "API Keys; copy the Client ID"),
        ({"WORKOS_CLIENT_ID": UNKNOWN}, "[WORK-01]", "API Keys; copy the Client ID"),
        ({"DEVGW_PORT": "9005"}, "[RURI-04]", "Redirects; add http://localhost:9005/oauth/callback exactly so"),
    ],
)
async def test_what_workos_does_not_take_is_named_with_where_to_click(
    changed: dict[str, str], found: str, clicks: str, workos: Emulator, tmp_path: Path
) -> None:
    given = {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_CLIENT_SECRET": KEY} | changed
    done = await init(workos.origin, here=tmp_path, **given)
    assert done.code == 0
    assert done.out.count(found) == 1
    assert done.out.count(f"(Staging): {clicks}") == 1
    assert "knows the client id" not in done.out
    assert (tmp_path / ".env").exists()


async def test_an_unknown_client_id_is_the_one_thing_that_is_said(workos: Emulator, tmp_path: Path) -> None:
    done = await init(workos.origin, here=tmp_path, WORKOS_CLIENT_ID=UNKNOWN, WORKOS_CLIENT_SECRET=KEY)
    assert done.out.count("FAIL") == 1


async def test_without_a_network_everything_is_written_and_one_sentence_says_so(tmp_path: Path) -> None:
    with listen() as closed:
        nowhere = origin_of(closed)
    done = await init(nowhere, *FLAGS, here=tmp_path, MINE=KEY)
    assert done.code == 0
    assert done.out.count("WorkOS cannot be asked now") == 1
    assert "FAIL" not in done.out
    assert (tmp_path / ".env").exists()
    assert (tmp_path / "config/policies.json").exists()


@pytest.mark.parametrize(
    "account",
    [{"WORKOS_CLIENT_ID": CLIENT_ID.removeprefix("client_")}, {"WORKOS_CLIENT_ID": "your_client_id"}, SWAPPED],
)
async def test_what_is_no_client_id_is_said_as_the_check_says_it(
    account: dict[str, str], workos: Emulator, tmp_path: Path
) -> None:
    done = await init(workos.origin, here=tmp_path, **({"WORKOS_CLIENT_SECRET": KEY} | account))
    assert done.code == 0
    assert "[workos-client-id-" in done.out
    assert "knows the client id" not in done.out


@pytest.mark.parametrize("name", ["config", ".env", "devgw.toml", "emulators"])
async def test_in_a_project_of_somebody_nothing_of_the_shell_is_taken_or_sent(
    name: str, workos: Emulator, tmp_path: Path
) -> None:
    if name in {"config", "emulators"}:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text("")
    done = await init(workos.origin, here=tmp_path, WORKOS_CLIENT_ID=CLIENT_ID, WORKOS_CLIENT_SECRET=KEY)
    assert done.code == 0
    assert not any(KEY in text for text in texts_below(tmp_path))
    assert "WorkOS knows" not in done.out

    typed = await init(workos.origin, *FLAGS, here=tmp_path, MINE=KEY)
    said = "the account is not in it" if name == ".env" else "`devgw doctor` says what that one wants"
    assert said in typed.out
    assert any(KEY in text for text in texts_below(tmp_path)) == (name != ".env")
    assert "WorkOS knows" not in typed.out


async def test_a_project_in_front_of_a_server_signs_in_with_it_too(workos: Emulator, tmp_path: Path) -> None:
    async with running_upstream() as upstream:
        server = ("--from", f"{upstream.origin}/mcp", "--policy", "workos")
        done = await init(workos.origin, *server, *FLAGS, here=tmp_path, MINE=KEY)
    assert done.code == 0, done.err
    assert "WorkOS knows the client id" in done.out
    assert (tmp_path / ".env").read_text().endswith(f"WORKOS_CLIENT_SECRET='{KEY}'\n")


async def test_a_shell_that_says_something_else_is_told(workos: Emulator, tmp_path: Path) -> None:
    done = await init(workos.origin, *FLAGS, here=tmp_path, MINE=KEY, WORKOS_CLIENT_ID=UNKNOWN)
    assert "WORKOS_CLIENT_ID of this shell is another one, and goes before .env: unset it." in done.out
    assert "WorkOS knows the client id" in done.out


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (FLAGS, {}, "the variable MINE is not set"),
        (FLAGS[:2], {}, "An API key goes with it"),
        (FLAGS[2:], {"MINE": KEY}, "A client id goes with it"),
        (FLAGS, {"MINE": "sk_test_${HOME}"}, "The API key has a character"),
        (FLAGS, {"MINE": "sk test"}, "The API key has a character"),
        (("--from", "localhost:1/mcp", *FLAGS), {"MINE": KEY}, "go with --policy workos"),
    ],
)
async def test_half_an_account_is_refused_before_anything_is_written(
    words: tuple[str, ...], environ: dict[str, str], said: str, tmp_path: Path
) -> None:
    done = await run("init", *words, here=tmp_path, **environ)
    assert done.code == 2
    assert said in done.err
    assert KEY not in done.err
    assert texts_below(tmp_path) == []


async def test_without_an_account_nothing_is_asked_of_anybody(tmp_path: Path) -> None:
    done = await run("init", here=tmp_path)
    assert "signs in at its own emulator" in done.out
    assert not (tmp_path / ".env").exists()
    assert (tmp_path / ".env.example").read_text() == (sample_root() / ".env.example").read_text()


def asked(folder: Path, origin: str, answers: list[tuple[str, str]]) -> Terminal:
    """Run it in a terminal, and answer its questions."""
    given = {"CI": ""} | ({"DEVGW_WORKOS_BASE_URL": origin} if origin else {})
    terminal = Terminal(devgw("init", str(folder)), env=given)
    try:
        for question, answer in answers:
            assert terminal.shows(question, 30), terminal.text
            terminal.send(answer.encode() + b"\r")
        assert terminal.wait(60) == 0, terminal.text
    finally:
        terminal.end()
    return terminal


async def test_in_a_terminal_two_questions_give_it_and_the_key_is_not_shown(workos: Emulator, tmp_path: Path) -> None:
    answers = [("Your Client ID at WorkOS", CLIENT_ID), ("which is not shown", KEY)]
    terminal = await asyncio.to_thread(asked, tmp_path / "p", workos.origin, answers)
    assert "WorkOS knows the client id" in terminal.text
    assert KEY not in terminal.text
    assert KEY in (tmp_path / "p" / ".env").read_text()


def test_enter_is_the_emulator(tmp_path: Path) -> None:
    terminal = asked(tmp_path / "p", "", [("Your Client ID at WorkOS", "")])
    assert "which is not shown" not in terminal.text
    assert "signs in at its own emulator" in terminal.text
    assert not (tmp_path / "p" / ".env").exists()


def test_what_is_no_client_id_is_asked_for_again_and_written_nowhere(tmp_path: Path) -> None:
    answers = [("Your Client ID at WorkOS", "y"), ("one begins with `client_`", "")]
    terminal = asked(tmp_path / "p", "", answers)
    assert "which is not shown" not in terminal.text
    assert not (tmp_path / "p" / ".env").exists()


def test_in_a_project_that_is_there_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "p" / "config").mkdir(parents=True)
    assert "Your Client ID" not in asked(tmp_path / "p", "", []).text
