"""`devgw watch URL` as the program it is, in front of the sample server with OAuth."""

import asyncio
import json
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.cli.test_up_servers import run, start
from tests.outbound.upstream import running_upstream
from tests.support.serving import listen
from tests.watched.bench import sample
from tests.watched.raw import RawClient


@dataclass
class Program:
    """One that runs."""

    process: Process
    url: str
    said: str

    async def end(self, by: signal.Signals = signal.SIGTERM) -> str:
        """Ask it to end, and return what it says then."""
        self.process.send_signal(by)
        async with asyncio.timeout(15):
            _, err = await self.process.communicate()
        assert self.process.returncode == 0
        return err.decode()


@asynccontextmanager
async def watch(url: str, *flags: str, here: Path) -> AsyncIterator[Program]:
    """Run `devgw watch URL --headless` until the block ends."""
    process = await start("watch", url, "--headless", *flags, here=here, XDG_STATE_HOME=str(here / "state"))
    try:
        async with asyncio.timeout(20):
            assert process.stdout is not None
            said = ""
            async for line in process.stdout:
                said += line.decode()
                if "gateway answers at" in said:
                    origin = said.split("gateway answers at ")[1].split(",")[0].strip()
                    break
            else:
                assert process.stderr is not None
                raise AssertionError(said + (await process.stderr.read()).decode())
        yield Program(process, f"{origin}/mcp", said)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def left(here: Path) -> list[str]:
    """Return the files that are left of a program."""
    return sorted(each.name for each in (here / "state").rglob("*") if not each.is_dir())


async def go(url: str) -> str:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        return await RawClient(http, url).go()


async def test_it_says_what_it_changes_and_leaves_nothing_where_nobody_registered(tmp_path: Path) -> None:
    async with sample() as server, watch(server.metadata.resource, here=tmp_path) as program:
        for said in (
            f"Watching {server.metadata.resource}: give the client this URL instead.",
            f"claude mcp add --transport http watched-localhost {program.url}",
            "Changed on the way",
            "Not seen",
            "claude.ai and ChatGPT",
            "devgw why -C",
        ):
            assert said in program.said
        assert await program.end() == ""
        assert not (tmp_path / "state" / "devgw").exists()


async def test_it_lists_what_was_registered_and_keeps_that_list_alone(tmp_path: Path) -> None:
    async with sample() as server:
        async with watch(server.metadata.resource, here=tmp_path) as program:
            assert await go(program.url) == "passes"
            folder = next((tmp_path / "state" / "devgw" / "watched").iterdir())
            flows = await run("flows", "-C", str(folder), "--json", here=tmp_path)
            assert json.loads(flows.out.splitlines()[0])["state"] == "done"
            traces = await run("trace", "-C", str(folder), here=tmp_path)
            assert traces.code == 0, traces.err
            said = await program.end(signal.SIGINT)
        assert f"Registered at {server.metadata.issuer}: Raw" in said
        assert left(tmp_path) == [".gitignore", "watched.json"]
        async with watch(server.metadata.resource, here=tmp_path) as again:
            assert again.url == program.url, "clients keep their tokens under it"


async def test_why_names_the_fault_in_the_servers_own_urls(tmp_path: Path) -> None:
    async with running_upstream() as upstream:
        upstream.server_metadata = {"issuer": f"{upstream.origin}/"}
        async with watch(f"{upstream.origin}/mcp", here=tmp_path) as program:
            assert "issuer" in await go(program.url)
            folder = next((tmp_path / "state" / "devgw" / "watched").iterdir())
            async with asyncio.timeout(20):
                while "DISC-01" not in (why := await run("why", "-C", str(folder), here=tmp_path)).out:
                    await asyncio.sleep(0.5)
            assert f"the authorization server at {upstream.origin}" in why.out
            assert program.url.removesuffix("/mcp") not in why.out


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"content-type": "text/html"}, b"<title>Welcome</title>"), "No MCP server is seen at"),
        ((302, {"location": "https://elsewhere.example/docs"}, b""), "is not followed"),
        ((302, {"location": "https://login.example/"}, b""), "a login page: it wants a login"),
        ((503, {"content-type": "text/plain"}, b"down"), "answered 503"),
    ],
    ids=["a page", "a redirect", "a redirect to a login", "a server that is down"],
)
async def test_what_is_no_mcp_server_is_said_in_a_sentence(
    answer: tuple[int, dict[str, str], bytes], said: str, tmp_path: Path
) -> None:
    async with running_upstream() as upstream:
        upstream.answers = dict.fromkeys(("/mcp", "/sse"), answer)
        done = await run("watch", f"{upstream.origin}/mcp", "--headless", here=tmp_path, XDG_STATE_HOME=str(tmp_path))
        assert done.code == 1
        assert said in done.err
        assert "Traceback" not in done.err


async def test_a_port_that_was_asked_for_and_is_taken_is_said(tmp_path: Path) -> None:
    async with sample() as server:
        with listen() as taken:
            taken.listen()
            port = taken.getsockname()[1]
            done = await run(
                *("watch", server.metadata.resource, "--headless", f"--port={port}"),
                here=tmp_path,
                XDG_STATE_HOME=str(tmp_path / "state"),
            )
        assert done.code == 1
        assert f"Port {port} is taken" in done.err


async def test_a_second_one_for_the_same_server_is_refused(tmp_path: Path) -> None:
    async with sample() as server, watch(server.metadata.resource, here=tmp_path):
        flags = ("watch", server.metadata.resource, "--headless")
        done = await run(*flags, here=tmp_path, XDG_STATE_HOME=str(tmp_path / "state"))
        assert done.code == 1
        assert "runs" in done.err
