"""What happened to the parameters of a request on their way, where those that it should have are not read in it."""

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from difflib import get_close_matches
from urllib.parse import unquote

from devgw.diagnosis.clients.recognise import how_to_register
from devgw.diagnosis.difference import explain_nearest
from devgw.foreign.text import clean, is_no_value
from devgw.gateway.records import Client
from devgw.oauth.joined_uris import joined_in, joint_of
from devgw.oauth.parameters import Parameters
from devgw.oauth.redirect_uri import check_redirect_uri, find_fitting, leads_to, with_port_of
from devgw.problems import Problem, Refused
from devgw.problems.authorization import ChallengeMethodUnsupported, ChallengeMissing, RedirectUriMismatch
from devgw.problems.client_id import ClientUnknown
from devgw.problems.clients import ClientAuthenticationMissing
from devgw.problems.parameters import FormExpected, ParameterMissing, QueryMangled, RequestCutOff
from devgw.problems.token import GrantTypeUnsupported, VerifierMissing

_LACKS = (ParameterMissing, ClientAuthenticationMissing, ClientUnknown, GrantTypeUnsupported, VerifierMissing)
"""What the token endpoint refuses where a parameter did not come, or swallowed another."""
_LOST = (ParameterMissing, ClientUnknown, RedirectUriMismatch, ChallengeMissing, ChallengeMethodUnsupported)
"""What the authorization endpoint refuses where a parameter did not come as it was written."""
_ALIKE = 0.85
"""How much of two names must be the same: one slip of a key, in a name of ten letters."""
_NAMES = frozenset(
    {
        *("client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri", "response_type"),
        *("response_mode", "scope", "state", "nonce", "prompt", "resource", "code", "code_challenge", "token"),
        *("code_challenge_method", "code_verifier", "grant_type", "refresh_token", "token_type_hint"),
    }
)
"""What is itself, however near to another (RFC 6749, RFC 7636, RFC 7521)."""
_BREAK = re.compile(r"[\r\n]")
_PARTIAL = re.compile(r"%[0-9A-Fa-f]?$")
"""The beginning of an escape, after which a URL was cut."""


def mismatch_of(client: Client, redirect_uri: str, own_callback: str) -> RedirectUriMismatch:
    """Return how a redirect URI differs from the nearest of those that `client` registered.

    Args:
        client: who sent it.
        redirect_uri: as it was sent.
        own_callback: where the identity provider answers the gateway, which is no place for a client's codes.
    """
    is_own = leads_to(redirect_uri, own_callback)
    decoded = unquote(redirect_uri)
    if decoded != redirect_uri and find_fitting(client.redirect_uris, decoded):
        words, kinds = "It is percent-encoded once too often", ("double_encoding",)
        return RedirectUriMismatch(client.id, redirect_uri, client.redirect_uris, decoded, words, kinds)
    if is_no_value(redirect_uri) and client.redirect_uris:
        words = "It is the word that a program writes where a value is missing or is no text"
        first = client.redirect_uris[0]
        return RedirectUriMismatch(client.id, redirect_uri, client.redirect_uris, first, words, ("placeholder",))
    if (several := joined_in(redirect_uri)) and client.redirect_uris:
        return _joined(client, redirect_uri, several)
    asked = [each if is_own else with_port_of(redirect_uri, each) for each in client.redirect_uris]
    nearest = explain_nearest(redirect_uri, asked, "redirect_uri")
    return RedirectUriMismatch(
        client_id=client.id,
        got=redirect_uri,
        registered=client.redirect_uris,
        nearest=nearest.expected if nearest else "",
        difference=nearest.sentence.rstrip(".") if nearest else "",
        kinds=nearest.kinds if nearest else (),
        kept_copy=client.kept_copy or "",
        to_register=how_to_register(client.id),
        is_own_callback=is_own,
        may_be_registered=not is_own and _may_be_registered(redirect_uri),
    )


def _joined(client: Client, redirect_uri: str, several: tuple[str, ...]) -> RedirectUriMismatch:
    """Return that several URIs came as one; the nearest is the first of them that is registered."""
    known = next((each for each in several if find_fitting(client.redirect_uris, each)), "")
    nearest = explain_nearest(several[0], client.redirect_uris, "redirect_uri")
    return RedirectUriMismatch(
        client_id=client.id,
        got=redirect_uri,
        registered=client.redirect_uris,
        nearest=known or (nearest.expected if nearest else ""),
        difference=f"It is {joint_of(redirect_uri)}",
        kinds=("joined",),
        kept_copy=client.kept_copy or "",
        to_register=how_to_register(client.id),
        may_be_registered=False,
    )


def _may_be_registered(redirect_uri: str) -> bool:
    try:
        check_redirect_uri(redirect_uri)
    except Refused:
        return False
    return True


def told_by_the_query(parameters: Parameters, refused: Refused) -> Refused:
    """Return why a request is refused whose parameters were lost or changed on their way; else `refused` itself."""
    names = list(parameters)
    if not isinstance(refused.problem, _LOST):
        return refused
    if found := _how_mangled(parameters, names):
        return Refused(QueryMangled(*found))
    if isinstance(refused.problem, ChallengeMissing | ParameterMissing):
        wanted = refused.problem.parameter if isinstance(refused.problem, ParameterMissing) else "code_challenge"
        if instead := _written_otherwise(wanted, list(parameters.written)):
            return Refused(replace(refused.problem, instead=instead))
    if isinstance(refused.problem, ChallengeMissing | ChallengeMethodUnsupported):
        return refused
    if (len(names) == 1 and names[0] in _NAMES) or _is_cut(names, refused.problem):
        return Refused(RequestCutOff(names[-1], len(parameters.first(names[-1]) or ""), is_alone=len(names) == 1))
    return refused


def told_by_the_form(parameters: Parameters, problem: Problem, in_query: Container[str] = ()) -> Problem:
    """Return why a form lacks what it should have, where that stands elsewhere or changed; else `problem`.

    Args:
        parameters: of the form.
        problem: why it is refused.
        in_query: the names of the parameters in the URL.
    """
    if not isinstance(problem, _LACKS):
        return problem
    names = list(parameters.written)
    if names and names[0].lstrip()[:1] in {"{", "["}:
        return FormExpected("token", "its body is JSON, whatever its Content-Type says")
    if found := _how_mangled(parameters, list(parameters)):
        return QueryMangled(*found)
    if isinstance(problem, ParameterMissing):
        if problem.parameter in in_query:
            return FormExpected(problem.endpoint, f"{problem.parameter} stands in the query of the URL")
        return replace(problem, instead=_written_otherwise(problem.parameter, names))
    return problem


def _written_otherwise(name: str, names: Iterable[str]) -> str:
    """Return a name that is the wanted one but for its signs, its capital letters or a slip; empty where none is."""
    by_letters = {re.sub(r"[_-]", "", each).lower(): each for each in names if each not in _NAMES}
    close = get_close_matches(name.replace("_", ""), by_letters, 1, _ALIKE)
    return clean(by_letters[close[0]], 30) if close else ""


def _how_mangled(parameters: Parameters, names: list[str]) -> tuple[str, str] | None:
    """Return what stands where parameters were joined, and how to write it; None where they are whole."""
    if escaped := next((name for name in names if name.startswith("amp;")), ""):
        what = f"a name is `{escaped}`, so `&` was written as `&amp;`"
        return what, "Join the parameters with a bare & instead of &amp;."
    if doubled := next((name for name in names if _has_query(name, parameters.first(name) or "")), ""):
        what = f"another `?` stands in or behind `{doubled}`"
        return what, "Write one ? before the first parameter, and & before each other."
    if holder := next((name for name in parameters.written if _holds_others(name, parameters.first(name) or "")), ""):
        what = f"other parameters stand inside `{clean(holder, 30)}`, joined by no bare &"
        return what, "Join the parameters with a bare & and =, and percent-encode the values alone."
    if broken := next((name for name in names if _BREAK.search(name + (parameters.first(name) or ""))), ""):
        what = f"a line break stands in `{clean(_BREAK.sub('', broken), 30)}`"
        return what, "Open the URL as one line, without the line breaks of a terminal."
    if cut := next((name for name in names[:-1] if (parameters.first(name) or "").endswith("\\")), ""):
        what = f"`{clean(cut, 30)}` ends in a backslash, so the `&` behind it was escaped for a shell"
        return what, "Put the URL into quotes instead of writing a backslash before each &."
    return None


def _is_cut(names: list[str], problem: Problem) -> bool:
    """Tell whether a request ends within what every client writes before its challenge and its state."""
    if isinstance(problem, ParameterMissing) or not names or {"code_challenge", "state"} & set(names):
        return False
    if isinstance(problem, RedirectUriMismatch):
        came = _PARTIAL.sub("", problem.got)
        return names[-1] == "redirect_uri" and any(each.startswith(came) for each in problem.registered)
    return names[-1] == "client_id"


def _has_query(name: str, value: str) -> bool:
    """Tell whether another parameter of ours stands behind a `?` in a parameter."""
    return "?" in name or any(f"?{each}=" in value for each in ("client_id", "response_type", "redirect_uri", "state"))


def _holds_others(name: str, value: str) -> bool:
    """Tell whether one parameter has swallowed others of ours, joined by what is no `&` any more."""
    return any(f"{each}=" in f"{name}={value}"[1:] for each in ("client_id", "redirect_uri", "code_challenge"))
