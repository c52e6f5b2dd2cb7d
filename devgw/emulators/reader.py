"""How the emulators read JSON from outside: bounded, by rules of their own, so that no mistake is shared."""

import json
from typing import Any

MOST_CHARACTERS = 1_048_576
MOST_DEPTH = 50


def read_json(text: str | bytes, longest: int = MOST_CHARACTERS) -> Any:
    """Return the value of `text`.

    Raises:
        ValueError: where it is no JSON, is longer than any message here, or is nested deeper.
    """
    if len(text) > longest:
        raise ValueError("longer than it is read")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [each for one in level for each in _inside(one)]
        if not level:
            return value
    raise ValueError("nested too deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
