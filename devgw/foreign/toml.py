"""One reader of foreign TOML: whatever stands in a file, it is a document or a refusal."""

import re
import tomllib
from typing import Any

from devgw.limits import Limits


class TomlRefused(ValueError):  # noqa: N818  it reads as what happened
    """The text is no TOML that is taken; the message says why and, where it is known, at which line and column."""


_PART = r"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{Limits.KEY_PARTS},}}+", re.MULTILINE)


def read_toml(text: str) -> dict[str, Any]:
    """Return the document in `text`.

    Raises:
        TomlRefused: where it is no TOML, nests too deep, or has a number of too many digits or a key of too many parts.
    """
    if _LONG_KEY.search(text):
        raise TomlRefused(f"a key has more than {Limits.KEY_PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlRefused("its arrays and tables stand too deep in one another") from None
    except ValueError as error:
        raise TomlRefused(str(error)) from error
