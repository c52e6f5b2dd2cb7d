"""Request parameters as RFC 6749 §3.1 and §3.2 read them: empty means absent, repeated means wrong."""

from collections.abc import Iterable, Iterator, Mapping

from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.parameters import ParameterMissing, ParameterRepeated, ParameterTooLong

_BOUNDED = frozenset(
    {
        "response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "resource",
        "audience", "prompt", "login_hint", "max_age", "code_challenge", "code_challenge_method", "grant_type",
        "code", "code_verifier", "refresh_token", "token_type_hint", "client_assertion_type", "transaction",
        "page_token", "browser_key", "csrf_token", "subject", "decision",
    }
)  # fmt: skip
"""What is read and may be told. A `state` goes back as it came, a JWT has a limit of its own, a token that we do not
know is none, and parameters that nobody reads are ignored, however long (RFC 6749 §3.1, §3.2)."""
_SHOWN = 60
"""Characters of a name."""


class Parameters(Mapping[str, str]):
    """The parameters of one request. Reading one that came twice raises.

    Raises:
        Refused: with `ParameterRepeated`, when such a parameter is read.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], endpoint: str) -> None:
        self._endpoint = endpoint
        self._values: dict[str, list[str]] = {}
        self.written: list[str] = []
        """Every name as it came, those without a value too."""
        for name, value in pairs:
            self.written.append(name)
            if value:
                self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        """Return the one value of `name`."""
        values = self._values[name]
        if len(values) > 1:
            raise Refused(ParameterRepeated(parameter=name, times=len(values)))
        return values[0]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._values)

    def require(self, name: str) -> str:
        """Return the value of `name`.

        Raises:
            Refused: with `ParameterMissing` where it is absent or empty.
        """
        value = self.get(name)
        if value is None:
            raise Refused(ParameterMissing(parameter=name, endpoint=self._endpoint))
        return value

    def check_none_repeated(self, *ignored: str) -> None:
        """Refuse the first parameter that came more than once, but for `ignored` ones."""
        for name in self._values:
            if name not in ignored:
                self[name]  # reading is the check

    def check_lengths(self) -> None:
        """Refuse a parameter that is longer than any of ours, before something is said of it on a screen.

        Raises:
            Refused: with `ParameterTooLong`.
        """
        for name, values in self._values.items():
            longest = max(len(name), *map(len, values)) if name in _BOUNDED else len(name)
            if longest > Limits.PARAMETER_CHARACTERS:
                raise Refused(ParameterTooLong(name[:_SHOWN], longest, Limits.PARAMETER_CHARACTERS))

    def first(self, name: str) -> str | None:
        """Return the first value of `name` without a complaint: for error answers only."""
        return next(iter(self._values.get(name, [])), None)

    def as_dict(self) -> dict[str, str]:
        """Return each name with its first value."""
        return {name: values[0] for name, values in self._values.items()}
