"""The first line of a reader: is it one of ours, of our version, and does it know the word?"""

from typing import Any

from devgw import __version__
from devgw.control.messages import VERSION, Hello, TurnedAway
from devgw.entropy import same
from devgw.foreign.json import JsonRefused, read_object
from devgw.limits import Limits

_TYPES: dict[str, type] = {"version": int, "after": int, "instance": str, "kinds": list, "token": str, "face": str}


def check_hello(line: bytes, token: str) -> Hello | TurnedAway:
    """Return the hello, or why its sender is not served."""
    try:
        values = read_object(line, most_bytes=Limits.CONTROL_LINE_BYTES)
    except JsonRefused as refused:
        return _malformed(f"The first line is no JSON object that is taken: {refused}.")
    if values.pop("type", None) != Hello.TYPE:
        return _malformed("The first line must be a JSON object of type `hello`.")
    if values.get("version") != VERSION:
        return _other_version(values.get("version"))
    wrong = _wrong_field(values)
    if wrong:
        return _malformed(f"The hello's `{wrong}` is unknown or of another type.")
    hello = Hello.from_json(values)
    if token and not same(hello.token, token):
        return TurnedAway("wrong_token", "The hello does not carry the word of the token file.")
    return hello


def _wrong_field(values: dict[str, Any]) -> str:
    for name, value in values.items():
        kind = _TYPES.get(name)
        if kind is None or not isinstance(value, kind) or isinstance(value, bool):
            return str(name)
    if not all(isinstance(each, str) for each in values.get("kinds", ())):
        return "kinds"
    return ""


def _malformed(explanation: str) -> TurnedAway:
    return TurnedAway("malformed", explanation, 'Begin with {"type":"hello","version":1}.')


def _other_version(version: object) -> TurnedAway:
    said = version if isinstance(version, int) else "none"
    return TurnedAway(
        "other_version",
        f"This gateway (devgw {__version__}) speaks version {VERSION} of the control protocol, you speak {said}.",
        "Run gateway and dashboard from the same installation; restart the older of the two.",
    )
