"""What hangs on a client, a session or an upstream: its grants, tokens, flows and requests, each a link."""

from collections.abc import Sequence

from devgw.control.messages import FlowRow, GrantRow, TokenRow, TraceRow
from devgw.dashboard.look import words
from devgw.dashboard.look.countdown import countdown
from devgw.dashboard.look.line import line
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.inspector import use
from devgw.dashboard.views.scene import Scene


def write_grants(grants: Sequence[GrantRow], scene: Scene, sheet: Sheet) -> None:
    """Write what was allowed."""
    sheet.head("Grants", "" if grants else "none")
    for each in grants:
        look = "ok" if each.state == "live" else "bad"
        sheet.add(
            line(
                (each.id, "link"),
                (f"  {each.state}", look),
                (f"  {each.operation_id}  {scene.person(each.email or each.subject_id)}", ""),
                (f"  {words.plural(each.tokens, 'live token')}, {words.plural(each.rotations, 'rotation')}", "dim"),
            ),
            Target("tokens", f"grant:{each.id}"),
        )


def write_tokens(tokens: Sequence[TokenRow], scene: Scene, sheet: Sheet, head: str = "Tokens") -> None:
    """Write tokens with what is left of them."""
    sheet.head(head, "" if tokens else "none")
    for each in tokens:
        left = countdown(scene.now, each.expires, each.issued, "" if each.state == "live" else each.state)
        text, look = left.cell(scene.glyphs)
        sheet.add(line((f"{each.kind:<8}", "dim"), (f"{each.id:<17}", "link"), (text, look)), Target("token", each.id))


def write_flows(flows: Sequence[FlowRow], scene: Scene, sheet: Sheet) -> None:
    """Write flows, the newest first."""
    from devgw.dashboard.views.flows import state, track  # noqa: PLC0415  flows draws its own signs

    sheet.head("Flows", "" if flows else "none")
    for each in reversed(flows):
        sheet.add(
            line(state(each, scene), f"  {each.id}  ", *track(each, scene), (f"  {each.step}: {each.why}", "dim")),
            Target("flow", each.id),
        )


def write_requests(traces: Sequence[TraceRow], sheet: Sheet) -> None:
    """Write requests, the newest first."""
    sheet.head("Requests", "" if traces else "none")
    for each in reversed(traces):
        sheet.add(use(each), Target("trace", each.id))
