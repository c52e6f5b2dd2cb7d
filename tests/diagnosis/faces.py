"""The faces on which a failure is read, each asked in the way in which the gateway and the command line ask it."""

import html
import json
import re
from collections.abc import Iterable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from quart import Blueprint

from devgw.cli import doctor_lines, explain, headless, trace, why
from devgw.clock import FrozenClock
from devgw.control.codec import plain_row
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.look.line import plain
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.views import lines, traces
from devgw.dashboard.views import why as why_box
from devgw.dashboard.views.base import View
from devgw.dashboard.views.doctor import DOCTOR
from devgw.dashboard.views.scene import Scene
from devgw.dashboard.world import World
from devgw.diagnosis.catalogue import find_failure
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.diagnosis.rule import Rule
from devgw.diagnosis.verdicts.check import Check, refused
from devgw.events import Published, refusal
from devgw.events import taxonomy as told
from devgw.events.flow import Diagnosis, Flow
from devgw.events.trace import Trace
from devgw.foreign.held import HeldTogether
from devgw.ids import ClientId
from devgw.monitor import flow_view, trace_view
from devgw.monitor.lines import line_of
from devgw.monitor.why import why_of
from devgw.problems import Problem, Refused
from devgw.web.answers import answer_bearer, answer_problem, rpc_error
from devgw.web.app import create_app
from devgw.web.recorder import Recording
from devgw.web.serving import Serving
from tests.monitor.walk import CALC, Walk

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Faces = dict[str, str]
"""What stands on each, by its name."""
WIDE, SMALL = 2_000, 6


def bare(text: str) -> str:
    """Return the letters and digits of a text: faces wrap, quote and spell it, each in its own way."""
    text = re.sub(r"(?<=RFC \d{4} )section (?=\d)", "", text)  # which ASCII has no sign for
    return re.sub(r"[\W_]+", "", re.sub(r"\\u[0-9a-f]{4}|<U\+[0-9A-F]{4,6}>", "", html.unescape(text)), flags=re.ASCII)


# --- what the client and the browser get ---


class Answers:
    """The gateway's own app, with a place at which each problem is raised."""

    def __init__(self, served: Serving, problems: list[Problem]) -> None:
        self.problems = problems
        self.gateway = served.gateway
        raised = Blueprint("raised", __name__)
        raised.add_url_rule("/oauth/<int:number>/raised", view_func=self._raise)
        self.app = create_app(served, [raised])

    async def _raise(self, number: int) -> Any:
        raise Refused(self.problems[number])

    async def of(self, number: int) -> Faces:
        """Return page, JSON, bearer challenge and problem details of a problem."""
        problem, client = self.problems[number], self.app.test_client()
        page = await client.get(f"/oauth/{number}/raised", headers={"accept": "text/html"})
        body = await client.get(f"/oauth/{number}/raised", headers={"accept": "application/json"})
        _, details = await _sent(answer_problem, problem)
        origin = self.gateway.ground.settings.canonical_origin
        challenge = self.gateway.admission.challenge(self.gateway.project.routes[0], problem, origin)
        head, bearer = await _sent(answer_bearer, problem, challenge)
        rpc = json.dumps(rpc_error(recording(), problem), default=str, ensure_ascii=False)
        found = {"JSON-RPC": rpc, "page": await page.get_data(as_text=True), "JSON": await body.get_data(as_text=True)}
        return found | {"problem details": details, "bearer body": bearer, "WWW-Authenticate": head}


def recording(messages: list[Any] | None = None) -> Recording:
    """Return an exchange on an MCP route; what is sent goes to `messages`."""

    async def send(message: Any) -> None:
        if messages is not None:
            messages.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope: Any = {"method": "POST", "path": "/mcp/calc", "query_string": b"", "scheme": "http", "http_version": "1.1"}
    return Recording(
        scope | {"headers": []}, receive, send, clock=FrozenClock(), limit=1_000, bodies=HeldTogether(1_000, 1_000)
    )


async def _sent(answer: Any, problem: Problem, *more: Any) -> tuple[str, str]:
    """Return the challenge and the body that an MCP route sends."""
    messages: list[Any] = []
    await answer(recording(messages), problem, *more)
    headers = dict(next(each["headers"] for each in messages if "headers" in each))
    body = b"".join(each.get("body", b"") for each in messages)
    return headers.get(b"www-authenticate", b"").decode("latin-1"), body.decode()


# --- what the person reads beside it ---


def read_beside(problem: Problem) -> Faces:
    """Return trace, event, `devgw why`, Why box, report, Doctor view and `devgw doctor` of a refused token request."""
    walk = Walk()
    walk.monitor.take_diagnoser(RuleDiagnoser(walk.bus, walk.clock))
    exchange = walk.trace("POST", "/oauth/token", kind="oauth", operation_id=CALC, client_id=ClientId("dcr:1"))
    exchange.refuse(problem)
    event = told.McpAuthDownstreamTokenRefused(trace_id=exchange.id, error=str(problem.error), **refusal(problem))
    walk.exchange(exchange, 400, event)
    walk.wait(3)  # what good clients mend at once is told after that
    walk.monitor.tick()
    walk.bus.drain()
    flow = next((each for each in walk.monitor.flow_book.flows if exchange.id in each.trace_ids), None)
    return {
        **_of_trace(exchange),
        **_of_event(event),
        **_of_flow(walk, flow),
        "devgw doctor": of_check(refused("a check", "asked", problem)),
    }


def read_of_diagnosis(found: Diagnosis) -> Faces:
    """Return event line, `devgw why`, Why box, report and Doctor view of what a rule says of a flow."""
    walk, heard = Walk(), list[Published]()
    walk.bus.listen(heard.append)
    rule = Rule((found.id,), "nothing", lambda _view, _now: [found])
    walk.monitor.take_diagnoser(RuleDiagnoser(walk.bus, walk.clock, [rule], []))
    walk.challenged()
    walk.wait(1)
    walk.monitor.tick()
    walk.bus.drain()
    (made,) = (each.event for each in heard if isinstance(each.event, told.DiagnosisMade))
    return {**_of_event(made), **_of_flow(walk, next(iter(walk.monitor.flow_book.flows)))}


def _of_trace(exchange: Trace) -> Faces:
    detail = trace_view.detail_of(exchange)
    scene = Scene(World(), KEYMAP, details={("trace", exchange.id): detail})
    told_ = json.loads(json.dumps(detail.to_json(), default=plain_row))
    return {"devgw trace": "\n".join(trace.lines(told_)), "trace view": _drawn(traces.TRACES, detail.row, scene)}


def _of_event(event: told.Event) -> Faces:
    line = line_of(Published(1, NOON, event))
    shown = StringIO()
    printer = headless.LinePrinter(shown, as_json=False)
    printer.show(line)
    return {"event line": shown.getvalue(), "event view": _drawn(lines.EVENTS, line, Scene(World(), KEYMAP))}


def _of_flow(walk: Walk, flow: Flow | None) -> Faces:
    """Return what is told of all that went wrong; without a flow there is nothing to open, and so no box nor report."""
    cases, faces, scene = why_of(walk.monitor, "newest"), Faces(), Scene(World(), KEYMAP)
    if cases is not None and cases.cases:
        faces["devgw why"] = "\n".join(why.tell(cases.cases))
        faces["devgw why --json"] = json.dumps(why.plain(cases), default=plain_row, ensure_ascii=False)
    if flow is not None:
        detail = flow_view.detail_of(flow, [])
        scene = Scene(World(), KEYMAP, details={("flow", flow.id): detail})
        faces |= {"report": detail.report, "Why box": _sheet(lambda sheet: why_box.write(detail.row, scene, sheet))}
        faces["small Why box"] = _sheet(lambda sheet: why_box.write(detail.row, scene, sheet), SMALL)
    rows = [_drawn(DOCTOR, row, scene) for row in walk.monitor.diagnoses.book]
    return faces | ({"Doctor view": "\n".join(rows)} if rows else {})


def of_check(check: Check) -> str:
    """Return what `devgw doctor` prints of a check."""
    printed = StringIO()
    with redirect_stdout(printed):
        doctor_lines.print_check(check, everything=True)
    return printed.getvalue()


def explained(failure_id: str) -> str:
    """Return the page of `devgw explain`."""
    failure = find_failure(failure_id)
    assert failure is not None, failure_id
    return explain.page(failure)


def _drawn(view: View, row: Any, scene: Scene) -> str:
    return "\n".join(_sheet(lambda sheet, tab=tab: tab.write(row, scene, sheet)) for tab in view.tabs)


def _sheet(write: Any, height: int = 0) -> str:
    scene = Scene(World(), KEYMAP)
    sheet = Sheet(WIDE, scene.glyphs, height=height)
    write(sheet)
    return "\n".join(plain(each) for each in sheet.lines)


def spoken(found: Iterable[Faces]) -> Faces:
    """Return all faces with their letters alone."""
    return {name: bare(text) for faces in found for name, text in faces.items()}
