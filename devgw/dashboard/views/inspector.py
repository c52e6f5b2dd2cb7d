"""The token inspector: the record or the claims, the verdict, the family tree, and who showed it."""

from collections.abc import Sequence

from devgw.control.messages import JwtView, TokenDetail, TokenRow, TraceRow
from devgw.dashboard.look import words
from devgw.dashboard.look.countdown import countdown
from devgw.dashboard.look.line import Line, line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.scene import Scene
from devgw.foreign.text import clean

_MOMENTS = {"exp", "iat", "nbf", "auth_time"}
_LONGEST = 16
"""Cells for the names of claims: longer ones have a line of their own."""
_KINDS = {
    "access": "access token",
    "refresh": "refresh token",
    "code": "authorization code",
    "idp": "identity provider's token",
    "upstream": "upstream credential",
}


def write_claims(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    """Write what a token is: a JWT with its claims and checks, an opaque one with its record in the same shape."""
    detail: TokenDetail | None = scene.detail("token", row.id)
    sheet.names = 9
    live = row.state == "live" and (not row.expires or row.expires > scene.now)
    sign, look = (scene.glyphs.ok, "ok") if live else (scene.glyphs.bad, "bad" if row.state == "replayed" else "dim")
    state = row.state if row.state != "live" or live else "expired"
    sheet.add(line((_KINDS.get(row.kind, row.kind), "strong"), f" {row.id}  ", (f"{sign} {state}", look)))
    if detail is not None and detail.jwt is not None:
        _jwt(detail.jwt, scene, sheet)
    _record(row, scene, sheet)
    _life(row, scene, sheet)
    _proof(row, scene, sheet)
    if detail is None:
        sheet.blank()
        sheet.text(scene.why_missing("token", row.id), "dim")
    elif detail.verdict:
        sheet.head("Verdict")
        for each in detail.verdict:
            sheet.text(each, "ok" if each.startswith("accepted") else "dim")


def _record(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    sheet.blank()
    sheet.link("client", row.client or row.client_id, Target("client", row.client_id))
    sheet.fact("person", scene.person(row.email))
    session = Target("session", row.session_id) if row.session_id else None
    sheet.fact("subject", scene.person(row.subject_id), "link" if session else "", session)
    sheet.link("route", row.operation_id, Target("upstream", row.operation_id))
    sheet.link("grant", row.grant_id, Target("tokens", f"grant:{row.grant_id}" if row.grant_id else ""))
    sheet.link("flow", row.flow_id, Target("flow", row.flow_id))
    sheet.link("from", row.parent, Target("token", row.parent))
    sheet.fact("resource", scene.url(row.resource))
    sheet.fact("scope", row.scope)


def _life(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    sheet.blank()
    sheet.fact("issued", words.clock(row.issued), remark=(words.ago(row.issued, scene.now), "dim"))
    if row.uses:
        times = words.plural(row.uses, "time")
        sheet.fact("used", times, remark=(f"last {words.ago(row.last_used, scene.now)}", "dim"))
    else:
        sheet.fact("used", "never", "dim")
    if row.state != "live":
        cause = row.ended_by.replace("_", " ")
        sheet.fact("ended", words.clock(row.ended), remark=(cause, "bad" if row.state == "replayed" else "dim"))
        return
    left = countdown(scene.now, row.expires, row.issued)
    if left.left is None:
        sheet.fact("expires", "never")
        return
    gone = left.left <= 0
    said = f"expired {words.seconds(-left.left)} ago" if gone else f"in {words.seconds(left.left)}"
    sheet.fact("expires", words.clock(row.expires), remark=(said, left.look or "strong"))
    whole = words.seconds(row.expires - row.issued)
    look = "dim" if gone else left.look or "bar"
    sheet.add(
        line(
            (" " * (sheet.names + 1), ""),
            (left.bar(scene.glyphs, 16), look),
            (f" {left.share:.0%} of {whole} left", "dim"),
        )
    )


def _proof(row: TokenRow, scene: Scene, sheet: Sheet) -> None:
    """Show that an ended token is refused: the proof of a revocation."""
    if row.refused_after:
        times = words.plural(row.refused_after, "time")
        sheet.fact(
            "proof", f"refused {times} since", "ok", remark=(f"last {words.ago(row.last_refused, scene.now)}", "dim")
        )
    elif row.state in {"revoked", "replayed"}:
        sheet.fact("proof", "nobody has shown it since; the next use will be refused here", "dim")


def _jwt(jwt: JwtView, scene: Scene, sheet: Sheet) -> None:
    good = jwt.signature.startswith("good")
    sheet.text(f"{scene.glyphs.ok if good else scene.glyphs.bad} signature {jwt.signature}", "ok" if good else "bad")
    sheet.text("  ".join(f"{name} {value}" for name, value in jwt.header.items()), "dim")
    sheet.blank()
    checks = {each.name: each for each in jwt.checks}
    sheet.names = min(_LONGEST, max(map(len, (*jwt.claims, *checks)), default=sheet.names))
    for name, value in jwt.claims.items():
        check = checks.pop(name, None)
        sign = None if check is None else (scene.glyphs.ok, "ok") if check.passed else (scene.glyphs.bad, "bad!")
        sheet.fact(name, _claim(name, value, scene), remark=sign)
        if check is not None and not check.passed:
            sheet.fact("", f"expected {check.expected}", "bad")
    for check in checks.values():
        _check(check.name, check.passed, check.got, check.expected, scene, sheet)


def _check(name: str, is_passed: bool, got: str, expected: str, scene: Scene, sheet: Sheet) -> None:
    sign = (scene.glyphs.ok, "ok") if is_passed else (scene.glyphs.bad, "bad!")
    sheet.fact(name, got or "(absent)", remark=sign)
    if not is_passed:
        sheet.fact("", f"expected {expected}", "bad")


def _claim(name: str, value: object, scene: Scene) -> str:
    if name in _MOMENTS and isinstance(value, int | float):
        far = f"in {words.seconds(value - scene.now)}" if value > scene.now else words.ago(value, scene.now)
        return f"{words.clock(value)} {far}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return scene.person(text) if name in {"sub", "email", "name"} else scene.url(text)


def write_family(row: TokenRow, family: Sequence[TokenRow], scene: Scene, sheet: Sheet) -> None:
    """Write the family as a tree: which token came of which, and where it ended."""
    sheet.text("A token is good until its successor is used; shown later it ends all.", "dim")
    sheet.blank()
    children: dict[str, list[TokenRow]] = {}
    known = {each.id for each in family}
    for each in family:
        children.setdefault(each.parent if each.parent in known else "", []).append(each)
    for each in children.get("", []):
        _branch(each, children, row, "", "", scene, sheet)
    replayed = next((each for each in family if each.state == "replayed"), None)
    if replayed is not None:
        sheet.blank()
        when = words.clock(replayed.last_refused or replayed.ended)
        sheet.text(f"{scene.glyphs.bad} {replayed.id} was used again at {when}: the whole family was revoked.", "bad!")


def _branch(  # the tree's own arms make seven arguments
    each: TokenRow,
    children: dict[str, list[TokenRow]],
    current: TokenRow,
    arm: str,
    below: str,
    scene: Scene,
    sheet: Sheet,
) -> None:
    sheet.add(_leaf(each, each.id == current.id, arm, scene), Target("token", each.id))
    offspring = children.get(each.id, [])
    for number, child in enumerate(offspring):
        is_last = number == len(offspring) - 1
        corner = scene.glyphs.bottom_left if is_last else scene.glyphs.tee
        rail = "  " if is_last else f"{scene.glyphs.vertical} "
        if len(below) < 40:
            _branch(child, children, current, f"{below}{corner}{scene.glyphs.horizontal}", below + rail, scene, sheet)


def _leaf(each: TokenRow, is_current: bool, arm: str, scene: Scene) -> Line:
    looks = {
        "live": ("ok", scene.glyphs.ok),
        "replayed": ("bad!", scene.glyphs.bad),
        "revoked": ("bad", scene.glyphs.bad),
    }
    look, sign = looks.get(each.state, ("dim", scene.glyphs.done))
    state = "reused" if each.state == "replayed" else each.state
    if each.state == "live" and each.expires and each.expires <= scene.now:
        look, sign, state = "dim", scene.glyphs.bad, "expired"
    when = words.clock(each.ended or each.last_refused) if each.state != "live" else ""
    name = "strong" if is_current else "link"
    return line(
        (arm, "frame"), (f"{each.kind} ", "dim"), (each.id, name), (f" {sign} {state}", look), (f" {when}", "dim")
    )


def write_uses(row: TokenRow, detail: TokenDetail | None, scene: Scene, sheet: Sheet) -> None:
    """Write the requests that showed a token, the newest first."""
    if detail is None:
        sheet.text(scene.why_missing("token", row.id), "dim")
        return
    if not detail.used_by:
        sheet.text("No request that is still kept showed it.", "dim")
    for trace in reversed(detail.used_by):
        sheet.add(use(trace), Target("trace", trace.id))


def use(trace: TraceRow) -> Line:
    """Return a request in one short line."""
    look = "bad" if trace.status >= 400 else "ok"
    what = trace.capability or trace.mcp_method or trace.path
    return line(
        (f"{words.clock(trace.at)} ", "dim"), (f"{trace.status} ", look), clean(what), (f"  {trace.note}", "dim")
    )
