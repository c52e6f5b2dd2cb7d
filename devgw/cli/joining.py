"""What the commands that join a running gateway share: where it is, and a clear word when there is none."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from devgw.cli.printing import write_line
from devgw.control.client import Lost, ask_once, snapshot_once, welcome_once
from devgw.control.messages import KINDS, CommandAnswer, GatewayFacts
from devgw.control.state_place import folder_to_join
from devgw.problems import Refused
from devgw.problems.control import GatewayNotReached, GatewayOfAnotherUser, GatewaySilent, NoGatewayRuns

T = TypeVar("T")
_THERE = (GatewayNotReached, GatewayOfAnotherUser, GatewaySilent)
"""Why nothing is known of a gateway that runs."""

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
    """Return the gateway that runs over this state; None where none runs.

    One that runs and says nothing of itself ends the command, with why: what it would say is nobody else's to guess.
    """
    try:
        return asyncio.run(welcome_once(state_dir)).gateway
    except Refused as refused:
        if isinstance(refused.problem, _THERE):
            fail(refused.problem.explain(), refused.problem.advise())
        return None
    except (Lost, OSError):
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


def run_where_one_runs(asking: Coroutine[Any, Any, T]) -> T | None:
    """Run what asks a gateway; return None where none runs, and end as `run` does where one does not answer."""

    async def asked() -> T | None:
        try:
            return await asking
        except Refused as refused:
            if isinstance(refused.problem, NoGatewayRuns):
                return None
            raise

    return run(asked())


def fail(explanation: str, hint: str = "") -> NoReturn:
    """Say why not, and what to do, then end with 1."""
    write_line(explanation, colour="red", err=True)
    if hint:
        write_line(hint, err=True)
    sys.exit(1)


def opened(state_dir: Path, kind: str, id_: str) -> dict[str, Any]:
    """Return one record of the gateway that runs over this state; end with what may have been meant by another id."""
    check_no_folder(id_)
    answer = run(ask_once(state_dir, "inspect", kind=kind, id=id_))
    if answer.code == "not_found":
        fail(answer.explanation, near(state_dir, kind, id_))
    return answered(answer)


def near(state_dir: Path, kind: str, id_: str) -> str:
    """Say which ids of this kind are near one that there is not."""
    from devgw.cli.meant import near_ids  # noqa: PLC0415  rarely wanted

    rows: list[Any] = run(snapshot_once(state_dir, [kind])).of(kind, KINDS[kind])
    found = near_ids(id_, (row.id for row in rows))
    return f"Near it: {', '.join(found)}." if found else ""


def check_no_folder(id_: str) -> None:
    """End where a folder stands in the place of an id: the gateway of another project is meant."""
    if Path(id_).is_dir():
        command = click.get_current_context().info_name
        fail(f"{id_} is a folder, and no id.", f"`devgw {command} -C {id_}` asks the gateway of that project.")


def answered(answer: CommandAnswer) -> dict[str, Any]:
    """Return the result of a command, or end with why there is none."""
    if not answer.ok:
        fail(answer.explanation, answer.hint)
    return answer.result
