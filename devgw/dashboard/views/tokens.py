"""View 3, Tokens: what was issued, how long it lives, its family, and what became of it."""

from typing import Any

from devgw.control.messages import TokenDetail, TokenRow
from devgw.dashboard.filter import Field, Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look.countdown import WIDTH, Countdown, countdown
from devgw.dashboard.look.line import Span
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views import inspector
from devgw.dashboard.views.base import Column, Tab, View
from devgw.dashboard.views.scene import Scene

_LEAVES_AFTER = 60.0
_KINDS = ("access", "refresh", "code", "upstream", "idp")
"""In the order in which a family stands below one another."""
_FAR = 1e12


def ended(row: TokenRow) -> str:
    """Return the word for an end before its time, empty while it lives or only expired."""
    return "" if row.state == "live" else {"replayed": "reused"}.get(row.state, row.state)


def left(row: TokenRow, now: float) -> Countdown:
    """Return what is left of a token."""
    return countdown(now, row.expires, row.issued, ended(row))


def _state_look(row: TokenRow) -> str:
    return {"live": "", "replayed": "bad"}.get(row.state, "dim")


def _kind(row: TokenRow, _scene: Scene) -> Span:
    return row.kind, _state_look(row)


def family(row: TokenRow) -> tuple[str, ...]:
    """Return whose grant a token belongs to: person, client, route, grant."""
    return row.subject_id, row.client.lower(), row.operation_id or row.upstream_id, row.grant_id


def _order(row: TokenRow) -> tuple[Any, ...]:
    return (*family(row), _KINDS.index(row.kind) if row.kind in _KINDS else len(_KINDS), -row.issued)


def _person(row: TokenRow, scene: Scene) -> Span:
    return scene.person(row.email or row.subject_id), ""


def can_end(row: TokenRow, now: float) -> bool:
    """Tell whether a token can be revoked here: it is ours, and opens something."""
    return row.kind in {"access", "refresh"} and row.state == "live" and not 0 < row.expires <= now


def is_over(row: TokenRow, now: float) -> bool:
    """Tell whether a token leaves the list: of the provider, or ended a minute ago, five where it was misused."""
    if row.kind == "idp":
        return True
    end = row.ended if row.state != "live" else row.expires
    patience = _LEAVES_AFTER * (5 if row.state in {"replayed", "revoked"} else 1)
    latest = max(end, row.last_refused)
    return 0 < latest < now - patience


def _write_family(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    detail: TokenDetail | None = scene.detail("token", row.id)
    if detail is None:
        sheet.text(scene.why_missing("token", row.id), "dim")
        return
    inspector.write_family(row, detail.family, scene, sheet)


def _write_uses(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    detail: TokenDetail | None = scene.detail("token", row.id)
    inspector.write_uses(row, detail, scene, sheet)


def _relations(row: TokenRow) -> list[tuple[str, Target]]:
    return [
        ("f", Target("flow", row.flow_id)),
        ("t", Target("traces", f"token:{row.id}")),
        ("c", Target("client", row.client_id)),
        ("g", Target("tokens", f"grant:{row.grant_id}" if row.grant_id else "")),
        ("s", Target("session", row.session_id)),
        ("u", Target("upstream", row.operation_id)),
        ("k", Target("token", row.parent)),
    ]


TOKENS = View(
    name="tokens",
    title="Tokens",
    short="Token",
    noun="token",
    table="token",
    detail="token",
    columns=(
        Column("CLIENT", 11, lambda row, _scene: (row.client, ""), lambda row: row.client.lower(), grows=2, once=True),
        Column("PERSON", 10, _person, lambda row: (row.email or row.subject_id).lower(), grows=2, rank=3, once=True),
        Column(
            "ROUTE",
            8,
            lambda row, _scene: (row.operation_id or row.upstream_id, "dim"),
            lambda row: row.operation_id,
            rank=6,
            grows=1,
            once=True,
        ),
        Column("KIND", 8, _kind, lambda row: row.kind),
        Column("TOKEN", 15, lambda row, _scene: (row.id, _state_look(row)), lambda row: row.id, rank=4),
        Column(
            "EXPIRES IN",
            WIDTH,
            lambda row, scene: left(row, scene.now).cell(scene.glyphs),
            lambda row: row.expires or _FAR,
        ),
        Column("USES", 4, lambda row, _scene: (str(row.uses or ""), "dim"), lambda row: row.uses, True, rank=5),
    ),
    vocabulary=Vocabulary(
        fields={
            "kind": Field("text", lambda row: row.kind),
            "token": Field("text", lambda row: row.id),
            "client": Field("text", lambda row: f"{row.client} {row.client_id}"),
            "grant": Field("text", lambda row: row.grant_id),
            "flow": Field("text", lambda row: row.flow_id),
            "session": Field("text", lambda row: row.session_id),
            "person": Field("text", lambda row: f"{row.email} {row.subject_id}"),
            "route": Field("text", lambda row: row.operation_id),
            "scope": Field("text", lambda row: row.scope),
            "state": Field("text", lambda row: row.state),
            "parent": Field("text", lambda row: row.parent),
            "uses": Field("number", lambda row: row.uses),
            "refused": Field("number", lambda row: row.refused_after),
            "age": Field("age", lambda row: row.issued),
            "ttl": Field("ttl", lambda row: row.expires if row.state == "live" else 0.0),
            "life": Field("duration", lambda row: row.expires - row.issued if row.expires else _FAR),
        },
        states={
            "live": lambda row: row.state == "live",
            "revoked": lambda row: row.state == "revoked",
            "spent": lambda row: row.state == "spent",
            "reused": lambda row: row.state == "replayed",
            "error": lambda row: row.state == "replayed" or row.refused_after > 0,
            "unused": lambda row: not row.uses,
        },
        timed={
            "expired": lambda row, now: row.state == "live" and 0 < row.expires <= now,
            "expiring": lambda row, now: row.state == "live" and now < row.expires <= now + 60,
        },
        words=lambda row: (row.id, row.kind, row.client, row.email, row.grant_id, row.operation_id, row.scope),
        values={
            "kind": _KINDS,
            "state": ("live", "spent", "revoked", "replayed"),
        },
    ),
    order=Order("GRANT", _order),
    family=family,
    can_end=can_end,
    tabs=(
        Tab("Claims", inspector.write_claims),
        Tab("Family", _write_family),
        Tab("Used by", _write_uses),
    ),
    empty=(
        "No token has been issued yet.",
        "A client gets one when its person has signed in: press {view_flows} to see how, or {sign_in} to sign in here.",
    ),
    is_problem=lambda row: row.state == "replayed" or row.refused_after > 0,
    is_over=is_over,
    is_past=lambda row, now: row.state != "live" or 0 < row.expires <= now,
    ticks=True,
    relations=_relations,
)
