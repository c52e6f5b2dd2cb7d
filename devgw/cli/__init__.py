"""What the user types. Each command is a file of its own and is imported only when it is called.

`--help` and `--version` must be quick: nothing here imports Quart, Textual, or the gateway.

May import: everything below, inside the command that needs it.
"""

import contextlib
import errno
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from devgw import __version__

GROUPS = {
    "Run": {
        "up": ("up", "Start the gateway, and the dashboard beside it."),
        "watch": ("watch", "Stand between a client and any MCP server, and see what they say."),
        "attach": ("attach", "Open a dashboard on a gateway that runs already."),
    },
    "Set up": {
        "init": ("init", "Copy the sample project, or make one for a server's URL."),
        "connect": ("connect", "Add this gateway to Claude Code and others; `mcp` lets them ask."),
        "call": ("call", "Sign in and call a tool; `login` and `token` do a part of it."),
        "check": ("check", "Print every finding in the configuration; `schema` is for editors."),
    },
    "Find out why": {
        "why": ("why", "Say why the last login failed, and what mends it."),
        "doctor": ("doctor", "Probe all that a login depends on, or a server by its URL."),
        "explain": ("explain", "Explain a failure, or what happens on a route; `fault` makes one."),
        "diff": ("diff", "What one attempt did otherwise than the last good one, or another."),
        "open": ("open_file", "Show a flow that somebody saved; `record` makes a test of one."),
    },
    "Look at what runs, as lines or --json": {
        "flows": ("flows", "The flows: how far each login came."),
        "tokens": ("tokens", "The tokens; also `clients`, `sessions` and `upstreams`."),
        "trace": ("trace", "One request, or the newest ones."),
        "tail": ("tail", "The events as they happen; `clock` moves the time."),
    },
}
"""By what one wants to do: the module of each command, and what `devgw --help` says of it without importing it."""
PARTS = {
    "clock": ("clock", "Move the time of gateway and emulators, so that things expire."),
    "record": ("record", "Write a flow as a test for pytest."),
    "login": ("login", "Sign in at a route, and keep the login for `devgw call`."),
    "token": ("token", "Print an access token for a route."),
    "fault": ("fault", "Make something go wrong at the emulators on purpose."),
    "clients": ("clients", "The OAuth clients, and what each has."),
    "sessions": ("sessions", "Who is signed in, and for how long."),
    "upstreams": ("upstreams", "The MCP servers behind the routes, and how they do."),
    "mcp": ("mcp", "Let a coding agent ask devgw why a login failed."),
    "schema": ("schema", "Print the JSON Schema of a configuration file, for an editor."),
}
"""What `devgw --help` names beside another command: it has to fit on a screen."""
COMMANDS = {name: each for group in GROUPS.values() for name, each in group.items()} | PARTS


_OUTPUT = "its output cannot be written"
_WHAT = {
    errno.ENOSPC: _OUTPUT,
    errno.EDQUOT: _OUTPUT,
    errno.EFBIG: _OUTPUT,
    errno.EIO: _OUTPUT,
    errno.EBADF: _OUTPUT,
    errno.EPIPE: _OUTPUT,
    errno.ENOENT: "the current folder is gone",
}
"""What the system refused, where it named no file."""


class LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is called."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; where its output cannot be written, or anything is refused, end with one sentence and 1."""
        try:
            try:
                return super().main(*arguments, **options)
            finally:
                if sys.stdout is not None and not sys.stdout.closed:
                    sys.stdout.flush()
        except OSError as error:
            _give_up(error)
        except Exception as error:
            _refuse(error)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Return the command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"devgw.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed; where there is none, end with what was meant. `help` stands for --help."""
        if args[:1] == ["help"]:
            args = [*args[1:2], "--help"]
        if args == ["--help"]:
            from devgw.cli.printing import write_page  # noqa: PLC0415  `--help` must be quick

            write_page(ctx.get_help())
            ctx.exit()
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from devgw.cli.meant import unknown_command  # noqa: PLC0415  `--help` must be quick

            ctx.fail(unknown_command(args[0]))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """Write everything on one screen of 24 lines, without importing any command."""
        formatter.write("Usage: devgw COMMAND [-h] ... | --version     Begin with `up`, then `connect`.\n")
        formatter.write("A local gateway for MCP servers behind OAuth that names the fault, and the fix.\n\n")
        for title, commands in GROUPS.items():
            formatter.write(f"{title}\n")
            formatter.write("".join(f"  {name:<8} {says}\n" for name, (_, says) in commands.items()))


def _refuse(error: Exception) -> None:
    """End with what was refused and what mends it; do nothing where `error` is something else."""
    from devgw.problems import Refused  # noqa: PLC0415  `--help` must be quick

    if isinstance(error, Refused):
        from devgw.cli.printing import write_page  # noqa: PLC0415  the same

        write_page(f"{error.problem.explain()} {error.problem.advise()}".strip(), colour="red", err=True)
        sys.exit(1)


def _give_up(error: OSError) -> NoReturn:
    """Say what the system refused, and leave nothing behind that is written at the interpreter's end."""
    with contextlib.suppress(OSError):
        what = str(error.filename) if error.filename else _WHAT.get(error.errno or 0, "it cannot go on")
        from devgw.cli.printing import write_line  # noqa: PLC0415  `--help` must be quick

        write_line(f"devgw: {what}: {error.strerror or type(error).__name__}.", err=True)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="devgw")
def main() -> None:
    """A local development gateway for MCP servers behind OAuth: it names the fault and the one change that mends it."""
