"""What the commands that join a running gateway share: where it is, and a clear word when there is none."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from devgw.cli.printing import write_line
from devgw.control.client import Lost, welcome_once
from devgw.control.messages import CommandAnswer, GatewayFacts
from devgw.control.state_place import folder_to_join
from devgw.problems import Refused

T = TypeVar("T")

directory_argument = click.option(
    "-C",
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The project whose gateway is meant (here).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


def state_dir_of(directory: Path) -> Path:
    """Return the folder in which the gateway of a project is to be found, as its settings say."""
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  `--help` must be quick

    settings, _ = read_settings(directory.resolve(), os.environ)
    return folder_to_join(settings, os.environ)


def find_gateway(state_dir: Path) -> GatewayFacts | None:
    """Return the gateway that runs over this state; None where none answers."""
    try:
        return asyncio.run(welcome_once(state_dir)).gateway
    except (Refused, Lost, OSError):
        return None


def run(asking: Coroutine[Any, Any, T]) -> T:
    """Run what asks a gateway; end with a clear word where there is none, and quietly at Ctrl+C or a closed pipe."""
    try:
        return asyncio.run(asking)
    except Refused as refused:
        fail(refused.problem.explain(), refused.problem.advise())
    except Lost as lost:
        fail(str(lost))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()  # else the interpreter reports the pipe once more at its end
        sys.exit(130)


def fail(explanation: str, hint: str = "") -> NoReturn:
    """Say why not, and what to do, then end with 1."""
    write_line(explanation, colour="red", err=True)
    if hint:
        write_line(hint, err=True)
    sys.exit(1)


def answered(answer: CommandAnswer) -> dict[str, Any]:
    """Return the result of a command, or end with why there is none."""
    if not answer.ok:
        fail(answer.explanation, answer.hint)
    return answer.result
