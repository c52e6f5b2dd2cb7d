"""View 2, Traces: every HTTP exchange, its timing, headers and bodies."""

from devgw.control.messages import BodyView, HeaderView, TraceDetail, TraceRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.body import pretty
from devgw.dashboard.views.scene import Scene
from devgw.dashboard.views.waterfall import write as write_phases

_METHODS = {"OPTIONS": "OPT", "DELETE": "DEL"}


def status_look(status: int) -> str:
    """Return the look of an HTTP status."""
    if status >= 400 or status == 0:
        return "bad!"
    return "dim" if 300 <= status < 400 else "ok"


def status(row: TraceRow, _scene: Scene) -> Span:
    """Return the status, or a dash while there is none."""
    return str(row.status or "–"), status_look(row.status)


def _note_look(row: TraceRow) -> str:
    return "bad" if row.status >= 400 else ""


def summary(row: TraceRow, scene: Scene) -> Line:
    """Return an exchange in one line."""
    return line(
        (f"{row.method} ", "strong"),
        (scene.url(row.path), "strong"),
        f" {scene.glyphs.becomes} ",
        status(row, scene),
        (f"  {words.milliseconds(row.ms)}  {words.size(row.size)}B", ""),
        (f"  {words.clock_ms(row.at)}", "dim"),
    )


def _detail(row: TraceRow, scene: Scene, sheet: Sheet) -> TraceDetail | None:
    sheet.add(summary(row, scene))
    detail: TraceDetail | None = scene.detail("trace", row.id)
    if detail is None:
        sheet.blank()
        sheet.text(scene.why_missing("trace", row.id), "dim")
    return detail


def _write_timing(row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    _refusal(row, detail, scene, sheet)
    if detail is None:
        return
    sheet.blank()
    write_phases(detail.phases, row.ms, scene.glyphs, sheet)
    if row.upstream_ms:
        here = words.milliseconds(max(0.0, row.ms - row.upstream_ms))
        sheet.add(line(("gateway ", "dim"), here, ("  upstream ", "dim"), words.milliseconds(row.upstream_ms)))
    _headers("Request headers", detail.request_headers, row, scene, sheet)


def _refusal(row: TraceRow, detail: TraceDetail | None, scene: Scene, sheet: Sheet) -> None:
    """Say why an exchange was refused, before anything else."""
    if not row.reason_code:
        return
    sheet.blank()
    page = f"  {row.diagnosis_id}" if row.diagnosis_id else ""
    by = f"  fault of the {row.failure_origin.replace('_', ' ')}" if row.failure_origin else ""
    sheet.add(line((f"{scene.glyphs.bad} {row.reason_code.replace('_', ' ')}", "bad!"), (page, ""), (by, "dim")))
    if detail is not None:
        sheet.text(detail.explanation)
        if detail.hint:
            sheet.text(f"fix: {detail.hint}", "key")


def _headers(title: str, headers: list[HeaderView], row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    sheet.head(title, "" if headers else "none")
    reveals = scene.keymap.sign("reveal")
    names, sheet.names = sheet.names, min(24, max((len(each.name) for each in headers), default=0))
    for each in headers:
        opened = scene.secret(row.id, each.place) if each.place else None
        offered = (f"{reveals} reveal", "key") if opened is None else ("revealed", "warn")
        remark = offered if each.place else None
        target = Target("place", each.place) if each.place else None
        value = opened if opened is not None else scene.url(each.value)
        sheet.fact(each.name, value or "(empty)", "warn" if opened else "", target, remark)
    sheet.names = names


def _body(body: BodyView, row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    sheet.head(
        "Body",
        f"{words.size(body.size)}B {body.media_type}{' truncated' if body.truncated else ''}" if body.size else "none",
    )
    if body.binary:
        sheet.text("binary, not shown", "dim")
    for one in pretty(body.text, body.media_type, sheet.width):
        sheet.add(one)
    _places(body.places, row, scene, sheet)


def _places(places: list[str], row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    reveals = f"  {scene.keymap.sign('reveal')} reveal"
    for place in places:
        opened = scene.secret(row.id, place)
        shown = (opened, "warn") if opened else ("masked", "dim")
        sheet.add(line((f"{place}  ", "dim"), shown, (reveals, "key")), Target("place", place))


def _write_request(row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    if detail is None:
        return
    sheet.blank()
    sheet.fact("url", scene.url(detail.url))
    sheet.fact("from", f"{detail.peer}  HTTP/{detail.http_version}")
    _places(detail.places, row, scene, sheet)
    _headers("Headers", detail.request_headers, row, scene, sheet)
    _body(detail.request_body, row, scene, sheet)


def _write_response(row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    if detail is None:
        return
    if detail.upstream_url:
        sheet.blank()
        sheet.fact("upstream", scene.url(detail.upstream_url))
        sheet.fact("said", str(detail.upstream_status or "nothing"), status_look(detail.upstream_status))
    _headers("Headers", detail.response_headers, row, scene, sheet)
    _body(detail.response_body, row, scene, sheet)


def _write_verdict(row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    sheet.names = 12
    _refusal(row, detail, scene, sheet)
    sheet.blank()
    sheet.fact("outcome", row.outcome.replace("_", " "), "ok" if row.outcome == "success" else "warn")
    sheet.fact("kind", row.kind)
    sheet.fact("method", row.mcp_method)
    sheet.fact("capability", row.capability)
    sheet.fact("protocol", row.protocol_version)
    for note in detail.notes if detail else []:
        sheet.text(f"{scene.glyphs.dot} {note}")


def _write_links(row: TraceRow, scene: Scene, sheet: Sheet) -> None:
    sheet.add(summary(row, scene))
    sheet.blank()
    sheet.link("flow", row.flow_id, Target("flow", row.flow_id))
    sheet.link("token", row.token_id, Target("token", row.token_id))
    sheet.link("client", row.client or row.client_id, Target("client", row.client_id))
    sheet.link("session", row.session_id, Target("session", row.session_id))
    sheet.link("route", row.operation_id, Target("upstream", row.operation_id))
    sheet.link("grant", row.grant_id, Target("tokens", f"grant:{row.grant_id}" if row.grant_id else ""))
    sheet.fact("trace", row.id)
    if len(sheet.lines) <= 3:
        sheet.text("Nothing else is known to belong to this request.", "dim")


def _relations(row: TraceRow) -> list[tuple[str, Target]]:
    return [
        ("f", Target("flow", row.flow_id)),
        ("k", Target("token", row.token_id)),
        ("c", Target("client", row.client_id)),
        ("s", Target("session", row.session_id)),
        ("u", Target("upstream", row.operation_id)),
        ("t", Target("traces", f"flow:{row.flow_id}" if row.flow_id else "")),
        ("g", Target("tokens", f"grant:{row.grant_id}" if row.grant_id else "")),
    ]


TRACES = View(
    name="traces",
    title="Traces",
    short="Trace",
    noun="trace",
    table="trace",
    detail="trace",
    columns=(
        Column("TIME", 12, lambda row, _scene: (words.clock_ms(row.at), "dim"), lambda row: row.at, rank=3),
        Column("ST", 3, status, lambda row: row.status),
        Column("DUR", 6, lambda row, _scene: (words.milliseconds(row.ms), ""), lambda row: row.ms, True),
        Column("SIZE", 5, lambda row, _scene: (words.size(row.size), "dim"), lambda row: row.size, True, rank=6),
        Column("METH", 4, lambda row, _scene: (_METHODS.get(row.method, row.method), ""), lambda row: row.method),
        Column("PATH", 18, lambda row, scene: (scene.url(row.path), ""), lambda row: row.path, grows=4),
        Column(
            "CLIENT",
            12,
            lambda row, _scene: (row.client or row.flow_id, ""),
            lambda row: row.client.lower(),
            rank=4,
            grows=1,
        ),
        Column("NOTE", 16, lambda row, _scene: (row.note, _note_look(row)), lambda row: row.note, rank=5, grows=3),
    ),
    vocabulary=Vocabulary(
        fields={
            "status": Field("status", lambda row: row.status),
            "method": Field("text", lambda row: row.method),
            "path": Field("text", lambda row: row.path),
            "dur": Field("duration", lambda row: row.ms / 1_000),
            "size": Field("size", lambda row: row.size),
            "client": Field("text", lambda row: f"{row.client} {row.client_id}"),
            "flow": Field("text", lambda row: row.flow_id),
            "trace": Field("text", lambda row: row.id),
            "token": Field("text", lambda row: row.token_id),
            "grant": Field("text", lambda row: row.grant_id),
            "session": Field("text", lambda row: row.session_id),
            "route": Field("text", lambda row: row.operation_id),
            "kind": Field("text", lambda row: row.kind),
            "mcp": Field("text", lambda row: row.mcp_method),
            "tool": Field("text", lambda row: row.capability),
            "why": Field("text", lambda row: row.reason_code),
            "note": Field("text", lambda row: row.note),
            "age": Field("age", lambda row: row.at),
        },
        states={
            "error": lambda row: row.status >= 400 or bool(row.reason_code),
            "slow": lambda row: row.ms > 500,
            "mcp": lambda row: row.kind == "mcp",
            "oauth": lambda row: row.kind in {"oauth", "metadata"},
        },
        words=lambda row: (row.path, row.client, row.id, row.flow_id, row.note, row.reason_code, row.capability),
        values={
            "method": ("GET", "POST", "OPTIONS", "DELETE"),
            "kind": ("mcp", "oauth", "metadata", "page", "connect"),
        },
    ),
    order=Order("TIME", None, descending=True),
    tabs=(
        Tab("Timing", _write_timing),
        Tab("Request", _write_request),
        Tab("Response", _write_response),
        Tab("Verdict", _write_verdict),
        Tab("Links", _write_links),
    ),
    empty=("No request has come yet.", "Point an MCP client at the gateway; press {view_flows} to see how."),
    is_problem=lambda row: row.status >= 400 or bool(row.reason_code),
    relations=_relations,
)
