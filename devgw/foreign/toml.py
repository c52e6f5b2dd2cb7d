"""One reader of foreign TOML: whatever stands in a file, it is a document or a refusal."""

import tomllib
from typing import Any


class TomlRefused(ValueError):  # noqa: N818  it reads as what happened
    """The text is no TOML that is taken; the message says why and, where it is known, at which line and column."""


def read_toml(text: str) -> dict[str, Any]:
    """Return the document in `text`.

    Raises:
        TomlRefused: where it is no TOML, nests too deep, or holds a number of too many digits.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlRefused("its arrays and tables stand too deep in one another") from None
    except ValueError as error:
        raise TomlRefused(str(error)) from error
