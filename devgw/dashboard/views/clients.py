"""View 4, Clients: who registered, how, and what hangs on it."""

from devgw.control.messages import ClientDetail, ClientRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Span, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.belongings import write_flows, write_grants, write_tokens
from devgw.dashboard.views.body import pretty
from devgw.dashboard.views.scene import Scene

_HOW = {
    "dcr": "registered itself (dynamic client registration)",
    "cimd": "client metadata document, fetched from its client_id",
    "configured": "written in the configuration",
}


def state(row: ClientRow, scene: Scene) -> Span:
    """Return glyph and word of a client's state."""
    if row.state == "refused" or row.refusals:
        return f"{scene.glyphs.bad} {row.state}", "bad"
    return (
        (f"{scene.glyphs.ok} known", "ok") if row.state == "known" else (f"{scene.glyphs.skipped} {row.state}", "dim")
    )


def _detail(row: ClientRow, scene: Scene, sheet: Sheet) -> ClientDetail | None:
    detail: ClientDetail | None = scene.detail("client", row.id)
    if detail is None:
        sheet.text(scene.why_missing("client", row.id), "dim")
    return detail


def _write_metadata(row: ClientRow, scene: Scene, sheet: Sheet) -> None:
    sheet.names = 12
    sheet.add(line((row.name or row.id, "strong"), "  ", state(row, scene)))
    sheet.blank()
    sheet.fact("client_id", scene.url(row.id))
    sheet.fact("how", _HOW.get(row.registered_by, row.registered_by))
    if row.kept_copy:
        sheet.fact("document", row.kept_copy, "warning")
    sheet.fact("auth", row.auth_method)
    for number, uri in enumerate(row.redirect_uris):
        sheet.fact("redirects" if not number else "", scene.url(uri))
    sheet.fact("user agent", row.user_agent)
    sheet.fact("since", words.clock(row.created), remark=(words.ago(row.created, scene.now), "dim"))
    sheet.fact("last seen", words.ago(row.last, scene.now))
    if row.refusals:
        sheet.fact("refused", words.plural(row.refusals, "time"), "bad")
    detail = _detail(row, scene, sheet)
    if detail is not None and detail.metadata:
        sheet.head("Metadata as registered")
        import json  # noqa: PLC0415  only when a client is opened

        for one in pretty(json.dumps(detail.metadata), "application/json", sheet.width):
            sheet.add(one)


def _write_tokens(row: ClientRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    if detail is not None:
        write_grants(detail.grants, scene, sheet)
        write_tokens(detail.tokens, scene, sheet)


def _write_flows(row: ClientRow, scene: Scene, sheet: Sheet) -> None:
    detail = _detail(row, scene, sheet)
    if detail is not None:
        write_flows(detail.flows, scene, sheet)


def _relations(row: ClientRow) -> list[tuple[str, Target]]:
    return [
        ("f", Target("flows", f'client:"{row.id}"')),
        ("t", Target("traces", f'client:"{row.id}"')),
        ("k", Target("tokens", f'client:"{row.id}"')),
    ]


CLIENTS = View(
    name="clients",
    title="Clients",
    short="Client",
    noun="client",
    table="client",
    detail="client",
    columns=(
        Column("STATE", 9, state, lambda row: row.state),
        Column("NAME", 14, lambda row, _scene: (row.name, ""), lambda row: row.name.lower(), grows=2),
        Column("HOW", 10, lambda row, _scene: (row.registered_by, ""), lambda row: row.registered_by, rank=4),
        Column("ID", 16, lambda row, scene: (scene.url(row.id), "dim"), lambda row: row.id, rank=6, grows=2),
        Column("REDIRECTS", 14, lambda row, scene: (scene.url(" ".join(row.redirect_uris)), "dim"), rank=5, grows=3),
        Column("TOKENS", 6, lambda row, _scene: (str(row.tokens or ""), ""), lambda row: row.tokens, True, rank=3),
        Column("LAST SEEN", 11, lambda row, scene: (words.ago(row.last, scene.now), "dim"), lambda row: row.last, True),
    ),
    vocabulary=Vocabulary(
        fields={
            "client": Field("text", lambda row: f"{row.name} {row.id}"),
            "name": Field("text", lambda row: row.name),
            "how": Field("text", lambda row: row.registered_by),
            "redirect": Field("text", lambda row: " ".join(row.redirect_uris)),
            "auth": Field("text", lambda row: row.auth_method),
            "state": Field("text", lambda row: row.state),
            "tokens": Field("number", lambda row: row.tokens),
            "age": Field("age", lambda row: row.last),
            "flows": Field("number", lambda row: row.flows),
        },
        states={
            "error": lambda row: row.state == "refused" or row.refusals > 0,
            "refused": lambda row: row.state == "refused",
            "known": lambda row: row.state == "known",
            "deleted": lambda row: row.state == "deleted",
        },
        words=lambda row: (row.name, row.id, *row.redirect_uris),
        values={"how": ("dcr", "cimd", "configured")},
    ),
    order=Order("LAST SEEN", lambda row: row.last, descending=True),
    tabs=(Tab("Metadata", _write_metadata), Tab("Tokens", _write_tokens), Tab("Flows", _write_flows)),
    empty=("No client is known yet.", "One registers itself at its first sign-in: press {view_flows} to see how."),
    is_problem=lambda row: row.state == "refused" or row.refusals > 0,
    ticks=True,
    relations=_relations,
)
