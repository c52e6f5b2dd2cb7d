"""`devgw up`: the gateway, and the dashboard beside it."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from devgw.wiring.runtime import Runtime


@click.command("up")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--headless", is_flag=True, help="No dashboard: print event lines.")
@click.option("--json", "as_json", is_flag=True, help="With --headless: one JSON object per line.")
@click.option("--port", type=int, help="Port of the gateway (9000).")
@click.option("--host", help="Address to bind (localhost: both loopback families).")
@click.option("--ephemeral", is_flag=True, default=None, help="Keep all state in memory.")
@click.option("--parent-pipe", type=int, hidden=True, help="Stop when this file descriptor closes.")
def command(
    directory: Path,
    headless: bool,
    as_json: bool,
    port: int | None,
    host: str | None,
    ephemeral: bool | None,
    parent_pipe: int | None,
) -> None:
    """Start the gateway for the project in DIRECTORY (here, if not given), and the dashboard beside it."""
    overrides = {"port": port, "host": host, "ephemeral": ephemeral}
    del headless  # the dashboard is not wired yet
    given = {name: value for name, value in overrides.items() if value is not None}
    sys.exit(_run_headless(directory, given, as_json=as_json, parent_pipe=parent_pipe))


def _run_headless(directory: Path, overrides: dict[str, Any], *, as_json: bool, parent_pipe: int | None) -> int:
    """Run the gateway alone; return the exit code."""
    import gc  # noqa: PLC0415  the next line has to come first

    gc.disable()  # collections during the imports cost a fifth of the start
    from devgw.cli.starting import start  # noqa: PLC0415  the gateway is imported when it is wanted

    runtime = start(directory.resolve(), overrides, as_json=as_json)
    if runtime is None:
        return 1
    _run(runtime, parent_pipe)
    return 0


def _run(runtime: "Runtime", parent_pipe: int | None) -> None:
    """Serve until a signal, or until the parent's end of the pipe closes."""
    from devgw.wiring.running import run  # noqa: PLC0415  imported by now

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, runtime.stopping.set)
        if parent_pipe is not None:
            loop.add_reader(parent_pipe, runtime.stopping.set)
        await run(runtime)

    runner(main())


def runner(main: Any) -> None:
    """Run a coroutine on uvloop where that exists, else on asyncio's own loop."""
    try:
        import uvloop  # noqa: PLC0415  not on Windows
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)
