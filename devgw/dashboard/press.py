"""A key arrives: the overlay takes it, or the line being typed, or the key map says what it means."""

from devgw.dashboard.acts import commands, running
from devgw.dashboard.desk import Desk
from devgw.dashboard.views.welcome import sign_in_key


def press(desk: Desk, key: str, character: str | None) -> None:
    """Do what a key means now."""
    if key == "ctrl+c":
        running.interrupt(desk)
    elif _quits_at_once(desk, key, character):
        running.leave_at_once(desk)
    elif desk.overlay is not None:
        desk.overlay.press(desk, key, character)
    elif desk.prompt is not None:
        _type(desk, key, character)
    else:
        _command(desk, key, character)


def _quits_at_once(desk: Desk, key: str, character: str | None) -> bool:
    """Tell whether a key ends it whatever lies over the screen; what is being typed keeps its letters."""
    found = desk.keymap.find(key, character, desk.view.name)
    return found is not None and found.id == "quit_now" and (character is None or desk.prompt is None)


def paste(desk: Desk, text: str) -> None:
    """Put pasted text where something is typed."""
    if desk.prompt == "goto":
        desk.goto.insert(text)
    elif desk.prompt == "filter":
        desk.asked[desk.view.name].editor.insert(text)
        desk.filter(desk.asked[desk.view.name].editor.text)


def is_welcome(desk: Desk) -> bool:
    """Tell whether the first screen is shown: no flow has come, and nothing is filtered away."""
    return desk.view.name == "flows" and not len(desk.world.table("flow"))


def _command(desk: Desk, key: str, character: str | None) -> None:
    if is_welcome(desk) and character == sign_in_key(desk.keymap) and not running.why_not_steered(desk):
        running.sign_in(desk)
        return
    found = desk.keymap.find(key, character, desk.view.name)
    if found is None:
        return
    reason = found.reason(desk)
    if reason:
        desk.say(f"{found.label or found.text}: {reason}", "warn")
        return
    desk.trouble = desk.trouble if found.id == "back" else ""
    found.act(desk)


def _type(desk: Desk, key: str, character: str | None) -> None:
    if desk.prompt == "goto":
        _type_goto(desk, key, character)
    else:
        _type_filter(desk, key, character)


def _type_goto(desk: Desk, key: str, character: str | None) -> None:
    editor = desk.goto
    if key == "escape" or (key == "backspace" and not editor.text):
        desk.prompt = None
    elif key == "enter":
        desk.prompt = None
        editor.keep()
        commands.run(desk, editor.text)
    elif key == "tab":
        editor.set(commands.complete(editor.text))
    else:
        editor.press(key, character)


def _type_filter(desk: Desk, key: str, character: str | None) -> None:
    asked = desk.asked[desk.view.name]
    if key == "enter":
        asked.editor.keep()
        desk.prompt = None
        desk.filter(asked.editor.text)
        if asked.mistake is not None:
            asked.editor.set(asked.applied)
            asked.mistake = None
        return
    if key == "escape":
        asked.editor.clear()
        desk.prompt = None
    elif key == "tab":
        completed = desk.vocabulary.complete(asked.editor.text)
        if completed:
            asked.editor.set(completed)
    else:
        asked.editor.press(key, character)
    desk.filter(asked.editor.text, is_typing=desk.prompt is not None)
