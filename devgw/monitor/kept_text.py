"""Text that is written down or given away: nothing configured in it, and its fingerprints keyed.

A masked secret shows a few digits of its digest, so that two can be compared by eye. On a screen that is useless to a
stranger; in a file it could be tried with every word of a list, at leisure. So each such mark is replaced by one that
only a key leads to, and the key is kept nowhere: equal secrets stay equal within one file, and nothing can be tried.
"""

import hashlib
import hmac
import re
from collections.abc import Callable

from devgw.entropy import random_bytes

_MARKS = re.compile(
    r"(?P<head>…#)(?P<digest>[0-9a-f]{4})"
    r"|(?P<kind>(?<![A-Za-z0-9])(?:[a-z]{2,8}:|fingerprint ))(?P<whole>[0-9a-f]{12})(?![0-9a-f])"
)
"""What `masking` leaves of a secret (`…#4be1`), and what a token is called by (`at:` and twelve digits)."""


_MAIL = re.compile(r"(?<![\w.+%-])(?P<who>[\w.+%-]{1,64})(?:@|%40)(?=[\w-]+(?:\.[\w-]+)+)")
"""Of a mail address what stands before its domain; the domain says whose provider it is."""


class KeptText:
    """Takes out of texts what nobody may read or guess; what was equal before is equal after, by one of these.

    Args:
        hide: takes out what the project configures.
        is_for_others: whether mail addresses go too: who is meant by them never asked to be told about.
    """

    def __init__(self, hide: Callable[[str], str] = str, *, is_for_others: bool = False) -> None:
        self._hide = hide
        self._is_for_others = is_for_others
        self._key = random_bytes(32)

    def __call__(self, text: str) -> str:
        """Return `text` as it may be written down."""
        kept = _MARKS.sub(self._keyed, self._hide(text))
        return (
            _MAIL.sub(lambda found: f"…#{self._digest(found['who'].lower(), 4)}@", kept)
            if self._is_for_others
            else kept
        )

    def _keyed(self, found: re.Match[str]) -> str:
        digest = found["digest"] or found["whole"]
        head = found["head"] or found["kind"]
        return head + self._digest(digest, len(digest))

    def _digest(self, text: str, length: int) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:length]
