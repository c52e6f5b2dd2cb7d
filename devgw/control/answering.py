"""Commands to answers: looks up, opens and reveals by itself, and asks the gateway's `Actions` for the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, cast

from devgw.control.actions import Actions, NotPossible
from devgw.control.codec import plain_row
from devgw.control.commands import Consequences, Copied, Revealed
from devgw.control.messages import PARTS, Command, CommandAnswer
from devgw.events.flow import FlowState
from devgw.foreign.text import can_be_written, clean_lines, shown_json
from devgw.monitor import trace_view
from devgw.monitor.archive import Archive, MemoryArchive
from devgw.monitor.comparison import compare_flows, last_good
from devgw.monitor.details import BodyView, TraceDetail
from devgw.monitor.flow_file import FlowFileRefused, write_recording
from devgw.monitor.flow_view import row_of as flow_row
from devgw.monitor.monitor import Monitor
from devgw.monitor.opening import OPENERS, open_record
from devgw.monitor.reading import health_of
from devgw.monitor.recorded_flow import RecordedFlow
from devgw.monitor.row import Row
from devgw.monitor.rows import FlowRow
from devgw.problems import Refused

Result = Row | dict[str, Any]
RECORDING = "recording"
"""The kind of a flow with everything that tells how it went; its exchanges are in no list of kinds."""
REVOCABLE = ("token", "grant", "session", "client", "subject")
CLOCK_ACTS = ("", "freeze", "reset", "to_expiry")
CLEARABLE = ("traces", "flows", "lines", "all")
_JUDGED = frozenset({"why", "flow"})
"""What tells why something went wrong: who asks the moment after is answered by its name."""
_MOST_TIMES = 1_000_000
COPIES = ("curl", "url", "headers", "body", "report", "file", "json")


class Unanswerable(Exception):  # noqa: N818  it reads as the answer
    """Raised where a command cannot be answered; becomes the answer."""

    def __init__(self, code: str, explanation: str, hint: str = "") -> None:
        super().__init__(explanation)
        self.code = code
        self.hint = hint


class Answering:
    """Answers the commands of every connection."""

    def __init__(self, monitor: Monitor, actions: Actions, archive: Archive | None = None) -> None:
        self._monitor = monitor
        self._archive = archive or MemoryArchive(monitor)
        self._actions = actions
        self._commands: dict[str, Callable[[dict[str, Any]], Awaitable[Result]]] = {
            "revoke": self._revoke,
            "undo": self._undo,
            "inspect": self._inspect,
            "reveal": self._reveal,
            "copy": self._copy,
            "compare": self._compare,
            "replay": self._replay,
            "clear": self._clear,
            "reload": self._reload,
            "probe": self._probe,
            "examine": self._examine,
            "travel": self._travel,
            "clock": self._clock,
            "disconnect": self._disconnect,
            "sign_in": self._sign_in,
            "faults": self._faults,
            "set_fault": self._set_fault,
            "clear_faults": self._clear_faults,
            "stop": self._stop,
        }

    async def answer(self, command: Command) -> CommandAnswer:
        """Return the answer to a command; never raises for anything that a reader could send."""
        try:
            result = await self._act(command.name)(command.arguments)
            return CommandAnswer(command.id, ok=True, result=plain_row(result))
        except Unanswerable as reason:
            return CommandAnswer(command.id, code=reason.code, explanation=str(reason), hint=reason.hint)
        except NotPossible as reason:
            return CommandAnswer(command.id, code="not_possible", explanation=str(reason), hint=reason.hint)
        except FlowFileRefused as refused:
            text = f"What is kept of it cannot be read: {refused}."
            return CommandAnswer(command.id, code="not_readable", explanation=text)
        except Refused as refused:
            problem = refused.problem
            return CommandAnswer(command.id, code=problem.reason, explanation=problem.explain(), hint=problem.advise())

    def _act(self, name: str) -> Callable[[dict[str, Any]], Awaitable[Result]]:
        act = self._commands.get(name)
        if act is None:
            raise Unanswerable("unknown_command", f"There is no command {name!r}.", _known(self._commands))
        return act

    # --- changing something ---

    async def _revoke(self, arguments: dict[str, Any]) -> Result:
        kind, id_ = _one_of(arguments, "kind", REVOCABLE), _text(arguments, "id")
        found = await self._actions.revoke(kind, id_, dry_run=_flag(arguments, "dry_run"))
        return _found(found, kind, id_)

    async def _undo(self, arguments: dict[str, Any]) -> Result:
        undone = await self._actions.undo(_text(arguments, "id", ""))
        if undone is None:
            raise Unanswerable("not_possible", "There is nothing to take back, or its time is over.")
        return undone

    async def _clear(self, arguments: dict[str, Any]) -> Result:
        kind = _one_of(arguments, "kind", CLEARABLE)
        if kind in {"flows", "all"}:
            await self._archive.forget()
        return {"cleared": self._monitor.clear(kind)}

    async def _reload(self, arguments: dict[str, Any]) -> Result:
        del arguments
        return await self._actions.reload()

    async def _probe(self, arguments: dict[str, Any]) -> Result:
        del arguments
        await self._actions.probe()
        return health_of(self._monitor)

    async def _examine(self, arguments: dict[str, Any]) -> Result:
        part = _one_of(arguments, "part", PARTS) if arguments.get("part") else ""
        return {"checks": [asdict(check) for check in await self._actions.examine(part)]}

    async def _faults(self, arguments: dict[str, Any]) -> Result:
        del arguments
        return {"faults": [plain_row(each) for each in await self._actions.faults()]}

    async def _set_fault(self, arguments: dict[str, Any]) -> Result:
        times = _number(arguments, "times", 1, _MOST_TIMES)
        await self._actions.set_fault(_text(arguments, "fault"), int(times), _number(arguments, "seconds", 1, 3_600))
        return await self._faults(arguments)

    async def _clear_faults(self, arguments: dict[str, Any]) -> Result:
        await self._actions.clear_faults()
        return await self._faults(arguments)

    async def _travel(self, arguments: dict[str, Any]) -> Result:
        seconds = arguments.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= 366 * 86_400:
            raise Unanswerable("bad_arguments", "`seconds` must be a number above 0, a year at most.")
        return await self._actions.travel(float(seconds))

    async def _clock(self, arguments: dict[str, Any]) -> Result:
        act, id_ = _text(arguments, "do", ""), _text(arguments, "id", "")
        if act not in CLOCK_ACTS:
            raise Unanswerable("bad_arguments", f"`do` is {act!r}, but must be one of {', '.join(CLOCK_ACTS[1:])}.")
        return _found(await self._actions.set_clock(act, id_), "token", id_)

    async def _replay(self, arguments: dict[str, Any]) -> Result:
        id_ = _text(arguments, "id")
        return _found(await self._actions.replay(id_), "trace", id_)

    async def _disconnect(self, arguments: dict[str, Any]) -> Result:
        id_, subject = _text(arguments, "id"), _text(arguments, "subject_id", "")
        if not await self._actions.disconnect(id_, subject):
            raise Unanswerable("not_found", f"No credential is held for {id_}.")
        return {}

    async def _sign_in(self, arguments: dict[str, Any]) -> Result:
        return {"url": await self._actions.sign_in(_text(arguments, "operation_id", ""))}

    async def _stop(self, arguments: dict[str, Any]) -> Result:
        del arguments
        await self._actions.stop()
        return {}

    # --- looking ---

    async def _inspect(self, arguments: dict[str, Any]) -> Result:
        if arguments.get("kind") in {*_JUDGED, RECORDING}:
            await self._monitor.catch_up()
        return await self._open(_one_of(arguments, "kind", (*OPENERS, RECORDING)), _text(arguments, "id"))

    async def _open(self, kind: str, id_: str) -> Row:
        found = open_record(self._monitor, kind, id_) if kind in OPENERS else None
        return _found(found or await self._kept(kind, id_), kind, id_)

    async def _kept(self, kind: str, id_: str) -> Row | None:
        """Return what is kept of a record that is not in memory."""
        if kind == "trace":
            return await self._archive.find_exchange(id_)
        recording = await self._archive.find(id_) if kind in {*_JUDGED, RECORDING} else None
        if recording is None or kind == RECORDING:
            return recording
        return recording.why() if kind == "why" else recording.flow

    async def _reveal(self, arguments: dict[str, Any]) -> Result:
        trace_id, place = _text(arguments, "trace_id"), _text(arguments, "place")
        trace = self._monitor.trace(trace_id)
        if trace is None:
            raise Unanswerable("not_found", f"Trace {trace_id} is not kept any more.")
        found = trace_view.secret_at(trace, place)
        if found is None:
            raise Unanswerable("not_found", f"Nothing is masked at {place!r}.", "Places come with the trace's detail.")
        return Revealed(place, *found)

    async def _compare(self, arguments: dict[str, Any]) -> Result:
        one = await self._recorded(_text(arguments, "id"))
        other = _text(arguments, "other", "") or await asyncio.to_thread(self._last_good, one.flow.row)
        return await asyncio.to_thread(compare_flows, one, await self._recorded(other))

    async def _recorded(self, id_: str) -> RecordedFlow:
        await self._monitor.catch_up()
        return cast("RecordedFlow", await self._open(RECORDING, id_))

    def _last_good(self, row: FlowRow) -> str:
        """Return the id of the last flow of the same client that went well."""
        arrived = [flow_row(flow) for flow in list(self._monitor.flow_book.flows) if flow.state is FlowState.DONE]
        found = last_good([*self._monitor.earlier, *arrived], row)
        if found is None:
            hint = "Name the flow to compare with; `devgw flows --all` lists those that are kept."
            raise Unanswerable("not_found", f"No flow of {row.client} is kept that went well.", hint)
        return found.id

    async def _copy(self, arguments: dict[str, Any]) -> Result:
        kind, id_ = _one_of(arguments, "kind", COPIES), _text(arguments, "id")
        if kind == "report":
            return Copied(kind, getattr(await self._open("flow", id_), "report", ""))
        if kind == "file":
            return Copied(kind, (await asyncio.to_thread(write_recording, await self._recorded(id_))).decode())
        if kind == "json":
            of = _one_of(arguments, "of", OPENERS)
            return Copied(kind, shown_json(plain_row(await self._open(of, id_)), default=plain_row, indent=2))
        detail = await self._open("trace", id_)
        return _copied(kind, detail) if isinstance(detail, TraceDetail) else Copied(kind, "")


def _copied(kind: str, detail: TraceDetail) -> Copied:
    if kind == "curl":
        return Copied(kind, detail.curl, "the token is $DEVGW_TOKEN" if "$DEVGW_TOKEN" in detail.curl else "")
    if kind == "url":
        return Copied(kind, detail.url)
    if kind == "headers":
        return Copied(kind, clean_lines("\n".join(f"{each.name}: {each.value}" for each in detail.request_headers)))
    body: BodyView = detail.response_body if detail.response_body.text else detail.request_body
    return Copied(kind, clean_lines(body.text))


def _known(names: dict[str, Any]) -> str:
    return f"Known are {', '.join(sorted(names))}."


def _found(row: Row | Consequences | None, kind: str, id_: str) -> Row:
    if row is None:
        raise Unanswerable("not_found", f"There is no {kind} {id_}, or it is not kept any more.")
    return row


def _text(arguments: dict[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str) or (not value and default is None) or not can_be_written(value):
        raise Unanswerable("bad_arguments", f"`{name}` must be a text.")
    return value


def _number(arguments: dict[str, Any], name: str, usual: float, most: float) -> float:
    value = arguments.get(name, usual)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise Unanswerable("bad_arguments", f"`{name}` must be a number from 0 to {most:,}.")
    return float(value)


def _flag(arguments: dict[str, Any], name: str) -> bool:
    value = arguments.get(name, False)
    if not isinstance(value, bool):
        raise Unanswerable("bad_arguments", f"`{name}` must be true or false.")
    return value


def _one_of(arguments: dict[str, Any], name: str, choices: Any) -> str:
    value = _text(arguments, name)
    if value not in choices:
        raise Unanswerable("bad_arguments", f"`{name}` is {value!r}, but must be one of {', '.join(choices)}.")
    return value
