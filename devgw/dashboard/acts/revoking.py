"""Revoking: ask what else ends, confirm, act, show the proof, and undo."""

from functools import partial
from typing import Any

from devgw.control.messages import CommandAnswer, Consequences
from devgw.dashboard.acts.running import why_not_steered
from devgw.dashboard.desk import Desk
from devgw.dashboard.look import words
from devgw.dashboard.overlays.confirm import Confirm, also_ends
from devgw.dashboard.world import row_id

_UNDO_SECONDS = 30.0
_LISTED = 5
_FORESEEN = 50
"""Of how many things the gateway is asked what else ends with them."""
_KINDS = {"tokens": "token", "clients": "client", "sessions": "session", "flows": "grant"}

_NOT_OURS = {
    "idp": "the identity provider's: {revoke} in Sessions ({view_sessions}) ends what it began",
    "upstream": "an upstream's: {revoke} in Upstreams ({view_upstreams}) disconnects it",
    "code": "a code is good once, for a minute: revoke the tokens that it brought",
}
"""Why some kinds of tokens cannot be revoked by themselves."""


def why_not(desk: Desk) -> str:
    """Say why nothing can be revoked."""
    if desk.is_read_only:
        return "read-only"
    return why_not_steered(desk) or (_why_not_row(desk, desk.row) if desk.row is not None else "the list is empty")


def _why_not_row(desk: Desk, row: Any) -> str:
    if desk.view.name == "flows" and not row.grant_id:
        return "this flow has no grant"
    if desk.view.name == "tokens" and not desk.listing.marks:
        return desk.keymap.said(_NOT_OURS.get(row.kind, ""))
    if desk.view.name == "upstreams" and not row.connected:
        return "nobody is connected to it"
    return ""


def ask(desk: Desk) -> None:
    """Ask before anything ends; the subject is frozen now."""
    if desk.view.name == "upstreams":
        _ask_disconnect(desk)
        return
    kind = _KINDS[desk.view.name]
    if desk.listing.marks:
        confirm, kind, ids = _question_of_marked(desk, kind)
    else:
        row: Any = desk.row
        ids = [row.grant_id if kind == "grant" else row.id]
        confirm = _question(desk, kind, row, ids[0])
    if not ids:
        desk.say("nothing that is marked can end", "warn")
        return
    foreseen = ids[:_FORESEEN]
    confirm.awaited = len(foreseen)
    if len(ids) > len(foreseen):
        confirm.notes.append(f"what else ends was asked for {len(foreseen)} of {len(ids):,} alone")
    desk.overlay = confirm
    for each in foreseen:
        arguments = {"kind": kind, "id": each, "dry_run": True}
        desk.port.ask("revoke", arguments, partial(_foreseen, confirm))


def _question_of_marked(desk: Desk, kind: str) -> tuple[Confirm, str, list[str]]:
    """Return the question about all that is marked and can end, and what it is about; tokens go by their grants."""
    marked = [row for row in desk.listing.rows() if row_id(row) in desk.listing.marks]
    rows = [row for row in marked if desk.view.can_end is None or desk.view.can_end(row, desk.now)]
    ids = [row_id(row) for row in rows]
    of = ""
    notes = [f"{i}  {_client(row)}" for i, row in zip(ids[:_LISTED], rows, strict=False)]
    notes += [f"and {len(ids) - _LISTED:,} more"] if len(ids) > _LISTED else []
    if len(marked) > len(rows):
        notes.append(f"{len(marked) - len(rows):,} of the {len(marked):,} marked left out: nothing there can end")
    if kind == "token":  # one of them ends its whole grant
        typed, kind = len(ids), "grant"
        ids = [*dict.fromkeys(row.grant_id for row in rows)]
        of = f" ({words.plural(len(ids), 'grant')})"
    else:
        typed = len(ids)
    verb = {"client": "Delete", "session": "End"}.get(kind, "Revoke")
    question = f"{verb} {typed:,} marked {desk.view.noun}{'' if typed == 1 else 's'}{of}?"
    confirm = Confirm("Revoke", question, partial(_revoke, kind=kind, ids=ids), typed=str(typed), notes=notes)
    confirm.named = frozenset(map(row_id, rows))
    return confirm, kind, ids


def _question(desk: Desk, kind: str, row: Any, id_: str) -> Confirm:
    act = partial(_revoke, kind=kind, ids=[id_])
    if kind == "token":
        return Confirm("Revoke", f"Revoke {row.kind} token {row.id} ({_client(row)})?", act)
    if kind == "grant":
        return Confirm("Revoke", f"Revoke grant {id_} ({_client(row)}) and its whole family of tokens?", act)
    if kind == "client":
        return Confirm("Delete client", f"Delete client {row.name or row.id}?", act, "delete", typed=row.name or row.id)
    name = desk.scene.person(row.email or row.subject_id)
    return Confirm("Sign out", f"End the session of {name}?", act, "sign out", typed=row.id)


def _client(row: Any) -> str:
    return str(getattr(row, "client", "") or getattr(row, "client_id", "") or "unknown client")


def _foreseen(confirm: Confirm, answer: CommandAnswer) -> None:
    confirm.awaited -= 1
    if answer.ok:
        confirm.known.append(Consequences.from_json(answer.result))
    else:
        confirm.problem = answer.explanation or "the gateway does not know it any more"


def _revoke(desk: Desk, kind: str, ids: list[str]) -> None:
    done: list[Consequences] = []
    for each in ids:
        arguments = {"kind": kind, "id": each}
        desk.port.ask("revoke", arguments, partial(_revoked, desk, done, len(ids)))
    desk.listing.marks.clear()


def _revoked(desk: Desk, done: list[Consequences], expected: int, answer: CommandAnswer) -> None:
    if not answer.ok:
        desk.complain(answer.explanation or "the gateway did not revoke it")
        return
    result = Consequences.from_json(answer.result)
    done.append(result)
    tokens = [*result.token_ids, *([result.id] if result.kind == "token" else [])]
    desk.proof.expect(tokens, [row for row in map(desk.world.table("token").find, tokens) if row is not None])
    if len(done) == expected:
        _tell(desk, done)


def _tell(desk: Desk, done: list[Consequences]) -> None:
    undo_ids = [each.undo_id for each in done if each.undo_id]
    until = max((each.undo_until for each in done), default=0.0) or desk.now + _UNDO_SECONDS
    rest = also_ends(done)
    what = done[0].label or done[0].id if len(done) == 1 else words.plural(len(done), done[0].kind)
    text = f"revoked {what}{' and ' + rest if rest else ''}"
    if undo_ids:
        desk.undoable = [(each, until) for each in undo_ids]
        desk.say(f"{text} {desk.glyphs.dot} {desk.keymap.sign('undo')} undo", "ok", until - desk.now, counts_down=True)
    else:
        desk.say(text, "ok", 8.0)


def undo(desk: Desk) -> None:
    """Take the last revocation back."""
    wanted, desk.undoable = desk.undoable, []
    done: list[Consequences] = []
    for undo_id, _until in reversed(wanted):
        desk.port.ask("undo", {"id": undo_id}, partial(_undone, desk, done))


def _undone(desk: Desk, done: list[Consequences], answer: CommandAnswer) -> None:
    if not answer.ok:
        desk.complain(answer.explanation or "it could not be undone")
        return
    result = Consequences.from_json(answer.result)
    done.append(result)
    desk.proof.forget([result.id, *result.token_ids])
    desk.notes = []
    if len(done) == 1:
        desk.say(f"undone: {result.label or result.id} works again", "ok")
    else:
        desk.say(f"undone: {words.plural(len(done), result.kind)} work again", "ok")


def why_no_undo(desk: Desk) -> str:
    """Say why there is nothing to undo."""
    return "" if desk.undoable else "nothing to undo"


def _ask_disconnect(desk: Desk) -> None:
    row = desk.row
    assert row is not None
    subjects = list(row.connected)
    confirm = Confirm(
        "Disconnect",
        f"Forget the credential for {row.name} of {words.plural(len(subjects), 'person')}?",
        partial(_disconnect, row_id_=row.upstream_id or row.id, subjects=subjects),
        "disconnect",
        typed=row.name,
    )
    confirm.known = [
        Consequences(kind="upstream", id=row.id, effect="the next call asks the person to connect again"),
    ]
    confirm.is_final = True
    confirm.notes = [
        "The credential is forgotten here, and revoked at the upstream if its server has an endpoint for that; else it",
        "lives on there until it expires.",
    ]
    desk.overlay = confirm


def _disconnect(desk: Desk, row_id_: str, subjects: list[str]) -> None:
    for subject in subjects:
        arguments = {"id": row_id_, "subject_id": subject}
        desk.port.ask("disconnect", arguments, partial(_disconnected, desk))


def _disconnected(desk: Desk, answer: CommandAnswer) -> None:
    if answer.ok:
        desk.say("disconnected", "ok")
    else:
        desk.complain(answer.explanation or "it could not be disconnected")
