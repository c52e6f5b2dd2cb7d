"""`devgw watch URL -- COMMAND` as the program it is: the command has the terminal, its exit code is devgw's."""

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from tests.cli.test_up_servers import Done, run
from tests.outbound.upstream import running_upstream
from tests.support.serving import listen
from tests.support.terminal import devgw
from tests.watched.proxied import tls_sample

ASK = """curl -sS -X POST URL -d '{}' -o /dev/null -w '%{http_code}'"""


@asynccontextmanager
async def watched(url: str, *script: str, here: Path, stdin: int = DEVNULL, **environ: str) -> AsyncIterator[Process]:
    """Run a shell's script under `devgw watch URL`; what is left of it when the block ends is ended."""
    made = here / "tmp"
    made.mkdir(exist_ok=True)
    believed = {"SSL_CERT_FILE": str(here / "server.pem")} if (here / "server.pem").exists() else {}
    process = await asyncio.create_subprocess_exec(
        *devgw("watch", url, "--", "sh", "-c", *script),
        cwd=here,
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | {"TMPDIR": str(made)} | believed | environ,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def ended(process: Process, given: bytes | None = None) -> Done:
    async with asyncio.timeout(30):
        out, err = await process.communicate(given)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


def left(here: Path) -> list[Path]:
    return list((here / "tmp").iterdir())


async def until(process: Process, word: bytes) -> None:
    """Return when the command has written a line with `word`."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while word not in (line := await process.stdout.readline()):
            assert line


async def test_the_command_has_the_terminal_and_devgw_its_exit_code(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        url = server.metadata.resource
        async with watched(url, f"cat; {ASK.replace('URL', url)}; exit 7", here=tmp_path, stdin=PIPE) as process:
            done = await ended(process, b"typed\n")
    assert (done.code, done.out) == (7, "typed\n401")
    for said in (
        f"Watching what the command says to {server.metadata.issuer}.",
        "HTTPS_PROXY, https_proxy",
        "Changed on the way: nothing but Accept-Encoding",
        "Not seen: the browser",
        f"devgw saw 1 request to {server.metadata.issuer}, in 1 flow.",
        "abandoned at discover",
        "challenged, waiting for the client to discover, until the command ended",
    ):
        assert said in done.err
    assert not re.search(r"p_[A-Za-z0-9_-]{20}", done.err), "the credential is the command's alone"
    assert left(tmp_path) == []


async def test_what_went_wrong_is_said_at_the_end_as_by_why(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        prm = f"{server.metadata.issuer}/.well-known/oauth-protected-resource/mcp"
        script = f"{ASK.replace('URL', server.metadata.resource)}; curl -sS {prm} -o /dev/null; exit 0"
        server.faults.set(SampleFault.PRM_WRONG_RESOURCE)
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            done = await ended(process)
    assert done.code == 0
    assert "AUD-01" in done.err
    assert "devgw explain AUD-01" in done.err


async def test_a_program_reads_one_object_per_line_and_the_reason_in_the_last(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        server.faults.set(SampleFault.PRM_WRONG_RESOURCE)
        prm = f"{server.metadata.issuer}/.well-known/oauth-protected-resource/mcp"
        script = f"{ASK.replace('URL', server.metadata.resource)}; curl -sS {prm} -o /dev/null; exit 9"
        line = ("watch", server.metadata.resource, "--json", "--", "sh", "-c", script)
        done = await run(*line, here=tmp_path, SSL_CERT_FILE=str(tmp_path / "server.pem"))
    assert (done.code, done.out) == (9, "401")
    *events, last = map(json.loads, done.err.splitlines())
    assert {"gateway_started", "http_exchanged"} <= {each["event"] for each in events}
    assert (last["event"], last["exitCode"], last["requests"], last["flows"]) == ("command_ended", 9, 2, 1)
    assert last["why"]["diagnoses"][0]["id"] == "AUD-01"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=str)
async def test_a_signal_ends_the_command_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    async with (
        tls_sample(tmp_path) as server,
        watched(server.metadata.resource, "echo $$ there; exec sleep 60", here=tmp_path) as process,
    ):
        assert process.stdout is not None
        pid = int((await process.stdout.readline()).split()[0])
        process.send_signal(number)
        done = await ended(process)
    assert done.code == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert left(tmp_path) == []


async def test_a_signal_before_the_command_has_begun_leaves_nothing_either(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server, watched(server.metadata.resource, "sleep 60", here=tmp_path) as process:
        async with asyncio.timeout(20):
            while not any(each.is_dir() for each in left(tmp_path)):  # Python tries the place with a file
                await asyncio.sleep(0.005)
        process.terminate()
        done = await ended(process)
    assert done.code == 128 + signal.SIGTERM
    assert "Traceback" not in done.err
    assert left(tmp_path) == []


async def test_a_command_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = "trap '' TERM; echo there; while :; do sleep 0.2; done"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            await until(process, b"there")
            process.terminate()
            done = await ended(process)
    assert done.code == 128 + signal.SIGKILL
    assert left(tmp_path) == []


async def test_a_signal_for_the_command_reaches_it(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = "trap 'echo one; exit 3' USR1; trap 'echo int' INT; echo there; while :; do sleep 0.1; done"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            await until(process, b"there")
            process.send_signal(signal.SIGINT)  # not by the terminal, which would tell both
            await until(process, b"int")
            process.send_signal(signal.SIGUSR1)
            done = await ended(process)
    assert (done.code, done.out) == (3, "one\n")


async def test_where_devgw_is_killed_no_key_is_left(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = f"{ASK.replace('URL', server.metadata.resource)}; echo there; exec sleep 60"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            await until(process, b"there")
            folder = left(tmp_path)[0]
            assert folder.stat().st_mode & 0o077 == 0
            process.kill()  # the command lives on, until its group is ended
        files = [each for each in folder.rglob("*") if each.is_file()]
        assert files
        assert not [each for each in files if b"PRIVATE KEY" in each.read_bytes()]


async def test_a_command_that_is_not_there_or_cannot_be_started_is_said(tmp_path: Path) -> None:
    done = await run("watch", "localhost:1/mcp", "--", "no-such-program", here=tmp_path)
    assert (done.code, done.out) == (127, "")
    assert "no program no-such-program on the PATH" in done.err
    text = tmp_path / "text.txt"
    text.write_text("no program")
    for name, why in ((str(text), f"{text} may not be executed."), ("./none-here", "there is no program ./none-here.")):
        done = await run("watch", "localhost:1/mcp", "--", name, here=tmp_path)
        assert (done.code, why in done.err) == (127, True), done.err
    script = tmp_path / "script"
    script.write_text("#!/no/interpreter\n")
    script.chmod(0o755)
    async with running_upstream() as served:
        done = await run("watch", f"{served.origin}/mcp", "--", str(script), here=tmp_path)
    assert (done.code, "the interpreter that it names is not there" in done.err) == (127, True), done.err
    none = await run("watch", "--", "true", here=tmp_path)
    assert none.code == 2
    assert "devgw watch URL -- COMMAND" in none.err
    port = await run("watch", "localhost:1/mcp", "--port", "9", "--", "true", here=tmp_path)
    assert port.code == 2


async def test_a_server_whose_certificate_nobody_believes_is_said_before_the_command_runs(tmp_path: Path) -> None:
    async with (
        tls_sample(tmp_path) as server,
        watched(server.metadata.resource, "echo ran", here=tmp_path, SSL_CERT_FILE="") as process,
    ):
        done = await ended(process)
    assert (done.code, done.out) == (1, "")
    assert "certificate" in done.err


async def test_a_plain_server_of_this_machine_is_watched_too(tmp_path: Path) -> None:
    async with running_upstream() as upstream:
        url = f"{upstream.origin}/mcp"
        async with watched(url, ASK.replace("URL", url), here=tmp_path, NO_PROXY="localhost,127.0.0.1") as process:
            done = await ended(process)
    assert (done.code, done.out) == (0, "401"), done.err
    assert "devgw saw 1 request" in done.err


async def test_a_command_that_goes_around_the_proxy_is_said(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = f"curl -sk --noproxy '*' {server.metadata.resource} -o /dev/null"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            done = await ended(process)
    assert "Nothing of it came: the command asked nothing there, or went around the proxy." in done.err


async def test_a_token_of_which_nobody_saw_whence_it_came_is_said(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = ASK.replace("URL", f"{server.metadata.resource} -H 'authorization: Bearer of-before'")
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            done = await ended(process)
    assert "It showed a token that was not issued here: one of before, or its login went around the proxy." in done.err
    assert "of-before" not in done.err


async def test_what_is_typed_in_the_terminal_is_the_commands_alone(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        own = tmp_path / "own.sh"
        own.write_text(
            "trap 'echo interrupted $((n += 1))' INT; echo begun; until [ $n ]; do sleep 0.1; done; exit 5\n"
        )
        line = "exec " + shlex.join(devgw("watch", server.metadata.resource, "--", "sh", str(own)))
        process = await asyncio.create_subprocess_exec(
            *("script", "-qefc", line, "/dev/null"),
            stdin=PIPE,
            stdout=PIPE,
            env=os.environ | {"SSL_CERT_FILE": str(tmp_path / "server.pem"), "SHELL": "/bin/sh"},
        )
        assert process.stdin is not None
        await until(process, b"begun")
        process.stdin.write(b"\x03")
        await until(process, b"interrupted 1")
        done, _ = await process.communicate()
    assert process.returncode == 5
    assert b"interrupted 2" not in done


async def test_a_command_that_believes_the_system_alone_is_said(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = f"curl -sS --cacert {tmp_path}/server.pem {server.metadata.resource}; exit 0"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            done = await ended(process)
    assert "NET-10" in done.err
    assert "NODE_EXTRA_CA_CERTS" in done.err


async def test_a_port_of_the_proxy_is_this_machines_alone(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server:
        script = "echo ${HTTPS_PROXY##*:} there; exec sleep 60"
        async with watched(server.metadata.resource, script, here=tmp_path) as process:
            assert process.stdout is not None
            port = int((await process.stdout.readline()).split()[0])
            with listen("127.0.0.2", port):  # where it listened on all addresses, this one would be taken
                pass
