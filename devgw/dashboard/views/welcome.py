"""The first screen: nothing has happened yet, and here is how to make something happen."""

import json

from devgw.control.messages import CheckRow
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.look import words
from devgw.dashboard.look.line import Line, cut, fit, line, wrap
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.views.health import sign
from devgw.dashboard.views.scene import Scene
from devgw.dashboard.views.tokens import can_end
from devgw.dashboard.world import Link
from devgw.foreign.client_setup import CLIENT_SETUPS, ClientSetup
from devgw.foreign.shell import server_name
from devgw.foreign.text import cells

_WIDEST, _WIDE, _NARROW = 24, 18, 15
_TIGHT = 19
_LISTED, _OTHER_LINES = 4, 16
_AMPLE, _NEEDS = 116, 70
_INDENT, _LOOK = 23, 9
"""Of the text of a check, and what stands behind one that is not well."""
LETTERS = "123456789abcdefg"
"""By which the commands are copied."""
_PROVIDERS = {
    "workos": "WorkOS",
    "workos-emulator": "the built-in WorkOS emulator: no account is needed",
    "dev-login": "the local login without a provider",
}


def urls(scene: Scene) -> list[str]:
    """Return where clients connect, the first route first."""
    gateway = scene.world.gateway
    return list(gateway.mcp_urls) if gateway else []


def commands(scene: Scene) -> list[tuple[str, str]]:
    """Return what to copy for each kind of client: its name and the text; the other routes stand last."""
    found = urls(scene)
    if not found:
        return []
    name = server_name(found[0].rstrip("/").rpartition("/")[2])
    return [
        ("Any MCP client", found[0]),
        *(_added(client, name, found[0]) for client in CLIENT_SETUPS),
        *((f"Route {each.rstrip('/').rpartition('/')[2]}", each) for each in found[1:4]),
    ]


def _added(client: ClientSetup, name: str, url: str) -> tuple[str, str]:
    """Return a client, with its file where it has one, and what is pasted into a shell or that file."""
    if client.add:
        return client.name, client.adding(name, url)
    file = client.file.rpartition("/")[2]
    return f"{client.name} {file}", json.dumps(client.snippet({name: url}))


def sign_in_key(keymap: Keymap) -> str:
    """Return what signs in on the first screen: `t`, unless the person gave that or signing in another meaning."""
    is_usual = all(each.id == "times" for each in keymap.by_key.get("t", ()))
    return "t" if is_usual and keymap.sign("sign_in") == "T" else keymap.sign("sign_in")


def write(scene: Scene, sheet: Sheet) -> None:
    """Write the first screen."""
    is_live = scene.world.link is Link.LIVE
    is_roomy = sheet.height > _TIGHT
    sheet.names = _WIDEST if sheet.width >= _AMPLE else _WIDE if sheet.width >= _NEEDS else _NARROW
    if is_roomy:
        sheet.lines.append(())
    sheet.add(line((_head(scene) if is_live else "Waiting for the gateway.", "strong")))
    sheet.lines.append(())
    offered = commands(scene)
    listed = offered if sheet.height >= len(offered) + _OTHER_LINES else offered[:_LISTED]
    for letter, (name, text) in zip(LETTERS, listed, strict=False):
        _command(f"{scene.keymap.sign('copy')} {letter}", name, text, sheet)
    if more := [name.rpartition(" ")[0] if name.endswith(".json") else name for name, _ in offered[len(listed) :]]:
        _fact(f"{len(more)} more", f"{scene.keymap.sign('copy')} lists {', '.join(more)}", sheet)
    _sign_in(scene, sheet)
    _checks(scene, sheet, is_roomy)
    if is_roomy:
        sheet.lines.append(())
    sheet.add(_waiting(scene))


def _head(scene: Scene) -> str:
    """Say how it stands: after a restart, what clients had before it still works."""
    kept = sum(can_end(row, scene.now) for row in scene.world.table("token"))
    if not kept:
        return "Nothing has happened yet. The gateway is up and waiting."
    tokens = scene.keymap.sign("view_tokens")
    return f"No sign-in since this start; {words.plural(kept, 'token')} of before still open it: {tokens} shows them."


def _command(keys: str, name: str, text: str, sheet: Sheet) -> None:
    is_narrow = sheet.width < _NEEDS
    hint: Line = ((keys, "key"), ("" if is_narrow else " copy", ""))
    room = sheet.width - sheet.names - 3 - (5 if is_narrow else 10)
    shown = cut(((text, ""),), room, sheet.glyphs.ellipsis)
    gap = " " * max(1, room - cells("".join(part for part, _ in shown)) + 2)
    called = fit(name, sheet.names, ellipsis=sheet.glyphs.ellipsis)
    sheet.add(line((f"{keys[-1]} ", "strong"), (f"{called} ", ""), *shown, gap, *hint))


def _sign_in(scene: Scene, sheet: Sheet) -> None:
    watched = scene.world.gateway.watched_url if scene.world.gateway else ""
    if watched:
        _fact("Watches", watched, sheet)
        return
    if scene.world.link is not Link.LIVE:
        return
    sheet.add(
        line(
            ("  ", ""),
            (f"{'No client?':<{sheet.names}} ", ""),
            "press ",
            (sign_in_key(scene.keymap), "key"),
            " to sign in here and watch each step",
        )
    )
    provider = scene.world.gateway.provider if scene.world.gateway else ""
    if provider:
        _fact("Provider", _PROVIDERS.get(provider, provider), sheet)


def _fact(name: str, text: str, sheet: Sheet) -> None:
    sheet.add(line(("  ", ""), (f"{name:<{sheet.names}} ", "dim"), (text, "dim")))


def _checks(scene: Scene, sheet: Sheet, is_roomy: bool) -> None:
    health, config = scene.world.health, scene.world.config
    told = health.checks if health else []
    checks = [each for each in told if each.state != "ok" or not each.is_inside]
    errors = [each for each in config.findings if each.severity == "error"] if config else []
    if not checks and not errors:
        return
    if is_roomy:
        sheet.head("Checks")
    texts = [wrap(_said(each, scene), max(_NARROW, sheet.width - _INDENT - _LOOK * _is_bad(each))) for each in checks]
    whole = _foldable([len(each) for each in texts], sheet.height - len(sheet.lines) - bool(errors) - 1 - is_roomy)
    for number, check in enumerate(checks):
        _check(check, texts[number] if number in whole else [], scene, sheet)
    if errors:
        sheet.add(
            line(
                (f"  {scene.glyphs.bad} ", "bad!"),
                (f"{errors[0].file}:{errors[0].line} {errors[0].message}", "bad"),
                (f"   {scene.keymap.sign('view_config')}", "key"),
                " look",
            )
        )


def _foldable(heights: list[int], room: int) -> set[int]:
    """Return which of the texts are written whole in so many lines, where each has one: the shortest first."""
    spare, whole = room - len(heights), set[int]()
    for number in sorted(range(len(heights)), key=lambda each: heights[each]):
        spare -= heights[number] - 1
        if spare < 0:
            break
        whole.add(number)
    return whole


def _is_bad(check: CheckRow) -> bool:
    return check.state in {"bad", "warning"}


def _said(check: CheckRow, scene: Scene) -> str:
    took = f"  {words.milliseconds(check.ms)}" if check.ms and not _is_bad(check) else ""
    return scene.url(check.text) + took


def _check(check: CheckRow, folded: list[Line], scene: Scene, sheet: Sheet) -> None:
    """Write a check, below itself where it is given `folded`, else in one line, cut."""
    glyph, look = sign(check.state, scene)
    look_there = ((f"   {scene.keymap.sign('view_health')}", "key"), (" look", "")) if _is_bad(check) else ()
    first, *rest = folded or [((_said(check, scene), ""),)]
    sheet.add(line((f"  {glyph} ", look), f"{check.name:<18} ", *first, *look_there))
    for more in rest:
        sheet.add(line(" " * _INDENT, *more))


def _waiting(scene: Scene) -> Line:
    gateway = scene.world.gateway
    if gateway is None:
        return line((scene.world.link_words or "connecting", "dim"))
    up = words.seconds(max(0.0, scene.now - gateway.started))
    count = scene.world.health.requests if scene.world.health else 0
    return line(
        (f"waiting for the first sign-in{scene.glyphs.ellipsis} {words.plural(count, 'request')} in {up}", "dim")
    )
