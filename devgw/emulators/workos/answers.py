"""What the emulator answers, before it is HTTP: a status, a body, and why, for whoever reads the trace."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A JSON answer."""

    status: int
    body: dict[str, Any] | None
    reason: str = ""
    """Which of several cases hides behind one wording; travels as `X-Emulator-Reason`, which WorkOS does not have."""
    headers: dict[str, str] = field(default_factory=dict)


def oauth_error(error: str, description: str, reason: str, *, status: int = 400) -> JsonAnswer:
    """Return an error of the OAuth shape."""
    return JsonAnswer(status, {"error": error, "error_description": description}, reason)


def plain_error(status: int, message: str, reason: str, *, code: str | None = None) -> JsonAnswer:
    """Return an error of WorkOS's own shape."""
    return JsonAnswer(status, ({"code": code} if code else {}) | {"message": message}, reason)


def timestamp(moment: datetime) -> str:
    """Return `moment` as WorkOS writes times: milliseconds and a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return `target` with `patch` laid over it; None takes a member out (RFC 7396)."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = merge_patch(merged[name], value)
        else:
            merged[name] = value
    return merged
