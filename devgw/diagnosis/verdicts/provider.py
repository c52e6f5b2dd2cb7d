"""The identity provider: is the pair of id and key right, is our callback registered, do keys and issuer fit?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from devgw.diagnosis.difference import explain_difference, explain_nearest
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, Check, Verdict, passed, refused, skipped, unreachable
from devgw.diagnosis.verdicts.login_page import ADD_CALLBACK, AskedLogin
from devgw.foreign.text import clean
from devgw.foreign.urls import is_url
from devgw.problems import Problem
from devgw.problems.limit import limit_id
from devgw.problems.provider import ProviderCodeRefused
from devgw.problems.provider_keys import KeysUnavailable
from devgw.problems.provider_token import SET_THE_CLOCK

CLIENT_ID = re.compile(r"^client_[0-7][0-9A-HJKMNP-TV-Z]{25}$")
NEVER_IN_ULID = re.compile(r"[ILOUilou]")
KEYS_SHOWN, URIS_COMPARED = 10, 200
WILDCARDS = 2
"""In one registered URI; each more would double what there is to try."""


def client_id_shape(client_id: str) -> Check:
    """Say whether a WorkOS client id looks like one: any I, L, O or U after `client_` is a typing error."""
    name, did = "provider.client_id_shape", "looked at the client id's form"
    tail = client_id.removeprefix("client_")
    if CLIENT_ID.match(client_id):
        return passed(name, did, f"{client_id} has the form of a WorkOS client id")
    wrong = sorted(set(NEVER_IN_ULID.findall(tail)))
    saw = (
        f"{client_id} contains {', '.join(wrong)}, which no WorkOS id does"
        if wrong
        else f"{client_id} has {len(tail)} characters after client_, not 26"
    )
    return Check(
        name, Verdict.WARN, did, saw, "Copy the client id with the dashboard's button; O is often a 0.", "WORK-01"
    )


def secret_shape(secret: str, callback: str) -> Check:
    """Say whether a WorkOS API key looks like one, and fits a callback on this machine. Never shows it."""
    name, did = "provider.secret_shape", "looked at the form of the client secret, without sending it"
    if secret != secret.strip() or any(quote in secret for quote in "\"'"):
        return Check(
            name,
            Verdict.FAIL,
            did,
            "it has a blank, a line break or quotation marks around it",
            "Take them away.",
            "TOK-07",
        )
    if secret.startswith("pk_"):
        return Check(
            name,
            Verdict.FAIL,
            did,
            "it begins with pk_, a publishable key",
            "Use the API key, which begins with sk_.",
            "TOK-07",
        )
    if not secret.startswith("sk_"):
        return Check(
            name,
            Verdict.WARN,
            did,
            "it does not begin with sk_",
            "The client secret is the environment's API key.",
            "TOK-07",
        )
    if secret.startswith("sk_live_") and callback.startswith("http://") and "//127.0.0.1" not in callback:
        todo = "Use the client id and API key of a staging environment for development."
        return Check(name, Verdict.FAIL, did, f"a production key, but the callback is {callback}", todo, "RURI-05")
    return passed(name, did, f"an API key, {secret.split('_')[1] if secret.count('_') > 1 else 'plain'}")


def id_and_key(answer: Answer, problem: Problem | None) -> Check:
    """Say whether id and secret are a pair, from what a code that cannot be right comes to (P2).

    Args:
        answer: as it came.
        problem: what a login would make of it.
    """
    name = "provider.credentials"
    did = f"sent client id and secret with an invalid code to {answer.url}, and nowhere else"
    if answer.failure:
        return refused(name, did, answer.problem) if answer.problem else unreachable(name, did, answer)
    if isinstance(problem, ProviderCodeRefused):
        return passed(name, did, "it refused the code and nothing else, so the pair is right")
    if problem is not None:
        return refused(name, did, problem)
    saw = f"it answered {answer.status} to a code that nobody issued, from which nothing follows"
    return Check(name, Verdict.WARN, did, saw, "Sign in once and look at the flow.")


def is_no_pair(check: Check) -> bool:
    """Tell whether the credentials were refused, so that what the key lists says nothing of the client id."""
    return check.verdict is Verdict.FAIL and check.diagnosis_id == "TOK-07"


def keys(answer: Answer, problem: Problem | None) -> Check:
    """Say which signing keys there are (P4), or why a login could not have any: the `problem` that it would meet."""
    name, did = "provider.keys", f"fetched {answer.url}"
    if answer.failure:
        return refused(name, did, answer.problem or KeysUnavailable(answer.url, answer.failure, change=answer.change))
    if problem is not None:
        return refused(name, did, problem)
    found = answer.listed("keys")
    listed = [key for key in found if isinstance(key, dict)]
    ids = [clean(str(key.get("kid", "(no kid)")), 80) for key in listed[:KEYS_SHOWN]]
    more = f" and {len(listed) - KEYS_SHOWN} more" if len(listed) > KEYS_SHOWN else ""
    kinds = sorted({clean(str(key.get("alg") or key.get("kty")), 20) for key in listed[:KEYS_SHOWN]})
    count = f"{len(listed)} key{'s' if len(listed) > 1 else ''}"
    return passed(name, did, f"{count} ({', '.join(kinds)}): {', '.join(ids)}{more}")


@dataclass(frozen=True, slots=True)
class Configured:
    """What the project says of its provider, as far as a discovery document says it too."""

    issuer: str
    other_issuers: tuple[str, ...]
    jwks_url: str
    authorization_url: str
    token_url: str
    is_workos: bool = False


def discovery(answer: Answer, configured: Configured) -> Iterator[Check]:
    """Say whether the discovery document agrees with the configured issuer, endpoints and key set (P3)."""
    issuer, others, jwks_url = configured.issuer, configured.other_issuers, configured.jwks_url
    name, did = "provider.issuer", f"compared the issuer of {answer.url} with the configured one"
    if answer.failure or answer.status != 200 or not answer.said("issuer"):
        yield _no_discovery(name, did, answer, is_workos=configured.is_workos)
        return
    found = answer.said("issuer")
    if found in (issuer, *others):
        yield passed(
            name, did, f"both are {found}" if found == issuer else f"{found} is another documented form of {issuer}"
        )
    else:
        difference = explain_difference(found, issuer, "issuer")
        failure_id = "IDT-03" if "workos" in found + issuer else "IDT-02"
        yield Check(
            name,
            Verdict.FAIL,
            did,
            difference.sentence,
            _configure(found),
            failure_id,
            tuple(difference.lines()),
        )
    yield from _endpoints(did, answer, configured)
    named = answer.said("jwks_uri")
    if named and named != jwks_url:
        difference = explain_difference(jwks_url, named, "url")
        yield Check(
            "provider.jwks_url",
            Verdict.WARN,
            did,
            difference.sentence,
            f"Use jwksUrl = {named}.",
            "IDT-05",
            tuple(difference.lines()),
        )


def _endpoints(did: str, answer: Answer, ours: Configured) -> Iterator[Check]:
    """Compare the endpoints of the document with the configured ones."""
    for member, option, configured, failure_id in (
        ("authorization_endpoint", "url", ours.authorization_url.partition("?")[0], "IDT-29"),
        ("token_endpoint", "tokenUrl", ours.token_url, "TOK-05"),
    ):
        named = answer.said(member)
        if named and named != configured:
            difference = explain_difference(configured, named, "url")
            todo = f"Write browserLogin.{option} = {named} in policies.json, if a login does not get past it."
            marks = tuple(difference.lines())
            yield Check(f"provider.{member}", Verdict.WARN, did, difference.sentence, todo, failure_id, marks)


def _configure(issuer: str) -> str:
    """Say what to do so that configured and published issuer are one."""
    if "{" in issuer:
        return (
            f"{issuer} is a template, and no token names it. Configure issuer as the tokens of your own tenant name "
            "it: at Entra with the Directory (tenant) ID, a UUID, in place of `{tenantid}`."
        )
    if not is_url(issuer):
        return f"Let the provider publish a URL as its issuer: {issuer} is none."
    parts = split_url(issuer)
    if parts.scheme.text == "https" or parts.is_loopback:
        return f"Configure issuer = {issuer}."
    return (
        f"Let the provider publish an issuer with https, or with localhost (its own frontend or hostname setting): "
        f"policies.json takes no other, and {issuer} is neither."
    )


def _no_discovery(name: str, did: str, answer: Answer, *, is_workos: bool) -> Check:
    """Judge a provider that publishes no discovery document: WorkOS always does, another need not."""
    if answer.failure:
        return unreachable(name, did, answer)
    if answer.status == 200 and (untaken := answer.refused):
        todo = f"Let the provider publish it with {untaken.wanted}."
        failure_id = limit_id(untaken.limit) or "DISC-05"
        return Check(name, Verdict.WARN, did, f"the discovery document is not taken: {untaken}", todo, failure_id)
    saw = f"there is no discovery document ({answer.status}, {answer.media_type or 'no type'})"
    if is_workos and answer.status == 404:
        todo = "Copy the client id from the dashboard, of this environment."
        return Check(name, Verdict.FAIL, did, f"{saw}: it does not know the client id", todo, "WORK-01")
    return skipped(name, did, f"{saw}; nothing to compare with, and none is needed")


def registered_uris(answer: Answer, asked: AskedLogin) -> Check:
    """Say whether the callback is among those registered at WorkOS, and which is nearest (P5)."""
    callback = asked.callback
    name, did = "provider.registered_uris", f"asked {answer.url} for the registered redirect URIs"
    if answer.failure:
        return unreachable(name, did, answer)
    if answer.status in (401, 403):
        return Check(
            name,
            Verdict.FAIL,
            did,
            f"{answer.status}: the API key is not accepted",
            "Copy the API key again.",
            "TOK-07",
        )
    listed = answer.document.get("data")
    if answer.status != 200 or not isinstance(listed, list):
        why = f": {answer.refused}" if answer.refused else ""
        return skipped(name, did, f"this WorkOS does not list them (status {answer.status}{why})")
    uris = listed_uris(answer)
    if is_listed(callback, uris):
        return passed(name, did, f"{callback} is registered")
    todo = ADD_CALLBACK.format(callback=callback, registered_in=asked.registered_in, or_else=asked.or_else)
    if asked.is_production and callback.startswith("http://"):
        todo = "Use client id and API key (sk_test_) of a staging environment: production takes https alone."
    nearest = explain_nearest(callback, uris, "callback_uri")
    if nearest is None:
        return Check(name, Verdict.FAIL, did, "none is registered", todo, "RURI-04")
    saw = f"{callback} is not registered. Nearest is {nearest.expected}: {nearest.sentence}"
    return Check(name, Verdict.FAIL, did, saw, todo, "RURI-04", tuple(nearest.lines()))


def listed_uris(answer: Answer) -> list[str]:
    """Return the redirect URIs in WorkOS's list, no more than anybody compares."""
    listed = answer.listed("data")[:URIS_COMPARED]
    return [clean(str(each.get("uri", "")), MOST_SHOWN) for each in listed if isinstance(each, dict)]


def is_listed(callback: str, uris: list[str]) -> bool:
    """Tell whether a callback is registered, itself or by a wildcard."""
    return callback in uris or any(_wildcard_fits(uri, callback) for uri in uris)


def _wildcard_fits(registered: str, callback: str) -> bool:
    """Tell whether a registered URI with `*` for its port or its left-most label fits."""
    pattern = re.escape(registered).replace(r"\*", "[A-Za-z0-9_-]+")
    return 1 <= registered.count("*") <= WILDCARDS and re.fullmatch(pattern, callback) is not None


def clock(skews: list[float]) -> Check:
    """Say how far our clock is from the provider's; `skews` in seconds, theirs ahead positive."""
    name, did = "machine.clock", "compared this machine's clock with the provider's Date header"
    if not skews:
        return skipped(name, did, "no answer had a Date header")
    skew = min(skews, key=abs)
    if abs(skew) <= 5:
        return passed(name, did, f"{abs(skew):.0f} s apart")
    which = "behind" if skew > 0 else "ahead of"
    verdict = Verdict.FAIL if abs(skew) > 30 else Verdict.WARN
    saw = f"this machine's clock is {abs(skew):.0f} s {which} the provider's"
    return Check(name, verdict, did, saw, SET_THE_CLOCK, "IDT-07")
