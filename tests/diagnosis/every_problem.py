"""Every problem that the gateway can raise, built from its types: each kind once for each page that it can come to."""

import inspect
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from enum import EnumType
from functools import cache
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import devgw.problems
from devgw.diagnosis.lookup import reasons
from devgw.problems.authorization import RedirectUriMismatch
from devgw.problems.base import Problem, reason_of
from devgw.problems.endpoint import EndpointKind
from devgw.problems.endpoint_grant import CodeFault, CodeNotTaken
from devgw.problems.provider_refusal import ProviderRefused
from devgw.problems.provider_token import ProviderTokenInvalid
from devgw.problems.upstream import AuthorizationServerMetadataMissing

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "http://localhost:9000/mcp/x"
PLAIN: dict[Any, Any] = {
    str: URL,
    int: 3,
    float: 3.0,
    bool: True,
    datetime: NOON,
    timedelta: timedelta(seconds=3),
    Any: URL,
    object: URL,
}
NAMED = {"passes": "LIMIT-05"}
"""Fields whose text is one of few."""


def kinds() -> list[type[Problem]]:
    """Return every kind of problem that can be raised."""
    for path in sorted(Path(devgw.problems.__file__).parent.glob("*.py")):
        import_module(f"devgw.problems.{path.stem}".removesuffix(".__init__"))
    below = (each for kind in Problem.__subclasses__() for each in (kind, *_below(kind)))
    return sorted(filter(_is_raised, below), key=lambda kind: kind.__name__)


def _below(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _is_raised(kind: type[Problem]) -> bool:
    """Tell whether it is one of ours; of a dataclass with slots there is a first class, which nobody uses."""
    is_ours = kind.__module__.startswith("devgw.problems") and kind.explain is not Problem.explain
    return is_ours and getattr(sys.modules[kind.__module__], kind.__name__) is kind


def sample(hint: Any) -> Any:
    """Return a value of a type, as a field may hold it."""
    hint = getattr(hint, "__supertype__", hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, EnumType):
        return next(iter(hint))
    return _composed(hint) if get_origin(hint) is not None else built(hint)


def _composed(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (dict, frozenset, list):
        return origin()
    if str(origin) == "typing.Literal":
        return arguments[0]
    if origin is tuple:
        return tuple(sample(each) for each in arguments if each is not Ellipsis)
    return sample(next(each for each in arguments if each is not NoneType))


def built(kind: Any) -> Any:
    """Return a value of a dataclass with a value in every field."""
    hints = get_type_hints(kind)
    return kind(**{each.name: NAMED.get(each.name) or sample(hints[each.name]) for each in fields(kind) if each.init})


def spare(kind: type[Problem]) -> Problem:
    """Return a problem with what must be given and nothing else."""
    hints = get_type_hints(kind)
    needed = [each for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    return kind(**{each.name: NAMED.get(each.name) or sample(hints[each.name]) for each in needed})


# --- each page of a kind ---

WORKOS = "https://api.workos.com/user_management/"
MADE: tuple[Problem, ...] = (
    AuthorizationServerMetadataMissing(URL, (URL,)),
    RedirectUriMismatch("c", f"{URL}/", (URL,), URL, "", ("trailing_slash",)),
    ProviderTokenInvalid(
        "access token", "iss", "https://sts.windows.net/x/", "https://login.microsoftonline.com/x/v2.0"
    ),
    ProviderTokenInvalid("access token", "iss", "https://api.workos.com", "https://idp.example"),
    ProviderTokenInvalid("access token", "iss", f"{WORKOS}client_1", f"{WORKOS}client_2"),
    ProviderTokenInvalid("id token", "form", "opaque", "a JWT"),
    *(ProviderRefused(each, "") for each in ("access_denied", "consent_required", "signin_consent_denied")),
    *(ProviderRefused(each, "") for each in ("server_error", "invalid_scope", "mfa_challenge", "of_its_own")),
    CodeNotTaken(URL, EndpointKind.TOKEN, URL, 400, "invalid_grant", "No", CodeFault.OTHER_REDIRECT),
)
"""What chance does not find."""

LEAST_TRIES, MOST_TRIES = 300, 40_000
_SHARED = tuple(f"devgw.problems.{each}" for each in ("authorization", "provider_steps", "upstream_error"))
"""Where words stand that several kinds know."""
_WORDS = re.compile(r'"([^"\n{}]+)"')


@cache
def every_page() -> dict[tuple[str, str | None], Problem]:
    """Return a problem for each kind and each page that its facts can lead to, by the names of both."""
    found: dict[tuple[str, str | None], Problem] = {}
    for kind in kinds():
        for problem in (built(kind), *(each for each in MADE if type(each) is kind), *_tries(kind)):
            found.setdefault((kind.__name__, problem.diagnosis_id), problem)
    return found


def written_pages(kind: type[Problem]) -> set[str]:
    """Return the pages that a kind names."""
    return set(reasons()[reason_of(kind)])


def _tries(kind: type[Problem]) -> Iterator[Problem]:
    """Yield problems with this and that in their fields, until each page that the kind names has come."""
    wanted, chosen, hints = written_pages(kind), random.Random(kind.__name__), get_type_hints(kind)
    own = _WORDS.findall(inspect.getsource(kind)) or [""]
    sources = (sys.modules[each] for each in (kind.__module__, *_SHARED))
    others = [found for each in sources for found in _WORDS.findall(inspect.getsource(each))]
    words = others + own * (len(others) // len(own))  # what the kind itself speaks of, every other time
    named = [each for each in fields(kind) if each.init]
    for tried in range(MOST_TRIES):
        if not wanted and tried >= LEAST_TRIES:
            return
        problem = kind(**{each.name: _any(each.name, hints[each.name], words, chosen) for each in named})
        wanted.discard(problem.diagnosis_id or "")
        yield problem


def _any(name: str, hint: Any, words: list[str], chosen: random.Random) -> Any:
    hint = getattr(hint, "__supertype__", hint)
    if chosen.random() < 0.3 and name not in NAMED:
        return sample(hint)
    if hint is str:
        return chosen.choice([NAMED[name], ""] if name in NAMED else [*words, URL, "", "${ID}"])
    if hint is int:
        return chosen.choice([0, 3, 200, 302, 400, 401, 403, 404, 405, 406, 421, 429, 500, 503])
    if hint is bool:
        return chosen.random() < 0.5
    if isinstance(hint, EnumType):
        return chosen.choice(list(hint))
    return _any_composed(name, hint, words, chosen)


def _any_composed(name: str, hint: Any, words: list[str], chosen: random.Random) -> Any:
    arguments = get_args(hint)
    if NoneType in arguments:
        options = [None, *(_any(name, each, words, chosen) for each in arguments if each is not NoneType)]
        return chosen.choice(options)
    if get_origin(hint) is tuple and Ellipsis in arguments:
        return chosen.choice([(), (_any(name, arguments[0], words, chosen),)])
    return sample(hint)
