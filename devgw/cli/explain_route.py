"""What `devgw explain route` prints: the way of a request through one route, with the place of every value."""

import os
from dataclasses import asdict, replace
from pathlib import Path

from devgw.cli.joining import find_gateway
from devgw.cli.printing import write_json, write_line, write_page
from devgw.config.explain import explain
from devgw.config.explanation import Fact, RouteExplanation, RouteStep
from devgw.config.finding import Severity, nearest_name
from devgw.config.load import Loaded
from devgw.config.report import one_for_people
from devgw.config.settings_file import read_settings
from devgw.control.state_place import folder_to_join
from devgw.wiring.reading import read_project

_ERRORS = "The project has errors; `devgw check` shows them."


def print_route(directory: Path, path: str, *, as_json: bool = False) -> int:
    """Print what will happen to a request on the route at `path`; return the exit code.

    Where the project's gateway runs, its URLs are the ones under which it answers now.

    Args:
        directory: the project.
        path: the route's path, its URL, or its operation id.
        as_json: print the facts as JSON.
    """
    settings, findings = read_settings(directory, os.environ)
    emulator = f"http://localhost:{settings.emulators.workos_port}"
    if (running := find_gateway(folder_to_join(settings, os.environ))) is not None:
        settings, emulator = replace(settings, origin=running.origin), running.emulator_origin or emulator
    loaded = read_project(settings, os.environ, emulator)
    is_wrong = any(each.severity is Severity.ERROR for each in findings)
    if is_wrong:
        write_line(_ERRORS, err=True)
        return 1
    found = explain(loaded, settings, path)
    if found is None:
        write_line(_absent(loaded, path), err=True)
        return 1
    if as_json:
        write_json(asdict(found), indent=2)
    else:
        write_page(text_of(found))
    return 0


def _absent(loaded: Loaded, path: str) -> str:
    if loaded.project is None:
        return _ERRORS
    known = [route.path for route in loaded.project.routes]
    other = next((each for each in loaded.project.other_routes if each.path == path), None)
    if other is not None:
        return f"{path} is not served here: its handler is {other.handler or 'none'}."
    nearest = nearest_name(path, known)
    return f"No MCP route at {path}. " + (f"Did you mean {nearest}?" if nearest else f"There are: {', '.join(known)}.")


def text_of(found: RouteExplanation) -> str:
    """Return the explanation as a page of text."""
    lines = [f"{found.path}  {found.summary}  (operationId {found.operation_id})", ""]
    lines += [f"  {_fact(fact)}" for fact in found.addresses]
    for number, step in enumerate(found.steps, 1):
        lines += ["", *_step(number, step)]
    for finding in found.findings:
        lines += ["", one_for_people(finding)]
    return "\n".join(lines)


def _step(number: int, step: RouteStep) -> list[str]:
    mark = "" if step.runs_here else "  not run here"
    where = f"{step.file}:{step.line}"
    return [
        f"{number}. {step.title}  [{step.kind}]{mark}  {where}",
        f"   {step.says}",
        *(f"     {_fact(each)}" for each in step.facts),
    ]


def _fact(fact: Fact) -> str:
    from_where = ", ".join(f"{name} from {origin}" for name, origin in fact.variables)
    return f"{fact.name} = {fact.value}  ({fact.place}{'; ' + from_where if from_where else ''})"
