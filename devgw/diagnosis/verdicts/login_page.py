"""What the provider makes of the gateway's real authorization URL: its login page, an error page, or an answer at once.

A browser shows the person an error there and tells the gateway nothing, so this is judged by what a request without a
browser gets: status, where it leads, the provider's error code. Where an error page has no code, the same is asked with
another callback and with another client id: what a wrong callback gets too, and a wrong client id does not, lies in the
callback. What the page's own words speak of is suspected at most.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import Answer, Check, Verdict, passed, skipped, unreachable
from devgw.foreign.intermediary import find_before_browsers
from devgw.foreign.text import clean
from devgw.problems.provider_refusal import ProviderRefused
from devgw.problems.provider_steps import quoted

NAME = "provider.redirect_uri"
_NOT_HERE = (404, 405, 410, 501)
_REDIRECTS = (301, 302, 303, 307, 308)
_ERROR_PLACES = re.compile(r"^(https://error\.workos\.com|https?://[^/?#]+/__error)/sso/([a-z_-]+)(?:[?#]|$)")
_OF_REDIRECT = re.compile(r"redirect[ _-]?uri|callback url|reply url|redirect url", re.IGNORECASE)
_OF_CLIENT = re.compile(
    r"\b(unauthorized|invalid|unknown) client\b|client[ _-]?id|client (was |is )?(not found|unknown|disabled)"
    r"|application .{0,60}(not found|does not exist)",
    re.IGNORECASE,
)
_CODES = {
    "invalid_client": "IDT-30",
    "unauthorized_client": "IDT-30",
    "invalid_redirect_uri": "RURI-04",
    "redirect_uri_mismatch": "RURI-04",
}
"""What stands as `error` in a provider's JSON (RFC 6749 §4.1.2.1, Google's)."""
_SIGNS = {"AADSTS50011": "RURI-04", "AADSTS700016": "IDT-30", "redirect_uri_mismatch": "RURI-04"}
"""What Entra and Google write into a page, also where they answer an error with 200; no login page holds these."""
NEEDS_A_PERSON = ("login_required", "interaction_required", "consent_required", "account_selection_required")
"""With these a provider asks for a browser that somebody signed in with; they say nothing against a login."""
_WORDS = 20_000
AT_PROVIDER = "the redirect URIs of this client id (at WorkOS: Redirects)"


ADD_CALLBACK = "Add exactly {callback} to {registered_in}, and save{or_else}."


@dataclass(frozen=True, slots=True)
class AskedLogin:
    """What the login page was asked with."""

    callback: str
    client_id: str
    url: str
    """The configured authorization URL."""
    is_workos: bool
    is_production: bool = False
    """Whether the secret is one of a WorkOS production environment (`sk_live_`)."""
    registered_in: str = AT_PROVIDER
    """Where its redirect URIs are written, in words."""
    or_else: str = ""
    """What to do where it is written there already, with what joins it to a sentence."""
    is_token_url: bool = False
    """Whether the token endpoint is configured to be there too."""


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """What the provider answers to the same request with something else in it, that it cannot know."""

    to_callback: Answer
    to_client: Answer
    made_up: tuple[str, ...]
    """What was put in the place of callback and client id: an error page may repeat it."""


def login_page(answer: Answer, asked: AskedLogin, others: OtherAnswers | None = None) -> Check:
    """Say what the provider makes of the real authorization URL, `others` beside it where it refused that."""
    did = f"asked for the login page as the browser would, with redirect_uri={asked.callback}"
    if answer.failure:
        return unreachable(NAME, did, answer)
    if found := _ERROR_PLACES.match(answer.location):
        return _failed(did, _name_of_page(found[2]), f"it leads to {answer.location.partition('?')[0]}", asked)
    if answer.location and _same_place(answer.location, asked.callback):
        return _answered_at_once(did, answer, asked)
    if (unseen := _seen_by_browsers_alone(did, answer)) is not None:
        return unseen
    is_page = answer.status == 200 and not answer.said("error")  # JSON with an error is no page for a person
    if is_page or answer.status in _REDIRECTS:
        return _shown_to_people(did, answer, asked)
    name, is_certain = _name_of_refusal(answer, asked, others)
    saw = f"it answered {answer.status}{_quoted(answer)}"
    check = _failed(did, name, saw, asked, is_there=answer.status not in _NOT_HERE)
    return check if is_certain else replace(check, is_certain=False, saw=f"{check.saw}, as far as its words tell")


def _seen_by_browsers_alone(did: str, answer: Answer) -> Check | None:
    """Return that what stands before the provider stops programs: of a person's browser nothing is known then."""
    before = find_before_browsers(answer.status, answer.headers, answer.body)
    if before is None:
        return None
    why = f"{before.name} stands before the provider and {before.does}: what that says is seen by a browser alone"
    return skipped(NAME, did, f"{why} ({before.mark})")


def _shown_to_people(did: str, answer: Answer, asked: AskedLogin) -> Check:
    """Judge a page, or a way to one: it is a login, unless it shows a sign of an error."""
    text = answer.location + answer.body[:_WORDS].decode("utf-8", "replace")
    if sign := next((each for each in _SIGNS if each in text), None):
        return _failed(did, _SIGNS[sign], f"its page says {sign}", asked)
    where = f", and leads to {split_url(answer.location).origin}" if answer.location else ""
    return passed(NAME, did, f"it accepts client id and callback{where}")


def _name_of_page(slug: str) -> str:
    names = {
        "client-id-invalid": "WORK-01",
        "redirect-uri-invalid": "RURI-04",
        "invalid-connection-selector": "WORK-02",
        "code-challenge-missing": "PKCE-04",
        "code-challenge-invalid": "PKCE-04",
    }
    return names.get(slug.replace("_", "-"), "IDT-29")


def _name_of_refusal(answer: Answer, asked: AskedLogin, others: OtherAnswers | None) -> tuple[str, bool]:
    """Return the name of an answer of 4xx or 5xx, and whether more than its words says so."""
    if answer.status in _NOT_HERE or asked.is_token_url:
        return "IDT-29", True
    if answer.status == 429 or answer.status >= 500:
        return "IDT-34" if answer.status == 429 else "IDT-25", True
    words = words_of(answer)
    codes = (_CODES.get(answer.said("error")), *(_SIGNS[each] for each in _SIGNS if each in words))
    if code := next(filter(None, codes), None):
        return code, True
    if others is not None and (name := _by_comparison(answer, asked, others)):
        return name, True
    if _OF_REDIRECT.search(words):
        return "RURI-04", False
    return ("IDT-30", False) if _OF_CLIENT.search(words) else ("IDT-29", others is not None)


def _by_comparison(answer: Answer, asked: AskedLogin, others: OtherAnswers) -> str:
    """Return what an answer lies in, as those to other requests tell; empty where they tell nothing."""
    if any(each.failure or each.status == 429 or each.status >= 500 for each in (others.to_callback, others.to_client)):
        return ""
    names = (asked.callback, asked.client_id, *others.made_up)
    own, of_callback, of_client = (_without(each, names) for each in (answer, others.to_callback, others.to_client))
    if own == of_callback == of_client:
        return ""
    return "RURI-04" if own == of_callback else "IDT-30" if own == of_client else "IDT-29"


def _without(answer: Answer, names: tuple[str, ...]) -> tuple[int, str]:
    """Return status and words of an answer without what is another one each time: what was sent, numbers, ids."""
    words = words_of(answer)
    for each in filter(None, names):
        words = words.replace(each, "")
    return answer.status, re.sub(r"\S*\d\S*", "", words)


def words_of(answer: Answer) -> str:
    """Return what an answer says to a person: the members of its JSON, or the text of its page."""
    members = [answer.said(each) for each in ("error", "error_description", "message", "detail")]
    if any(members):
        return ": ".join(each for each in members if each)
    text = answer.body[:_WORDS].decode("utf-8", "replace")
    text = re.sub(r"<(script|style|head)\b.*?(</\1\s*>|$)", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def _quoted(answer: Answer) -> str:
    words = clean(words_of(answer), 200)
    return f" ({words})" if words else ""


def _same_place(location: str, callback: str) -> bool:
    return location.partition("?")[0].partition("#")[0] == callback


def _answered_at_once(did: str, answer: Answer, asked: AskedLogin) -> Check:
    """Judge an answer without any page: who is signed in there already, or a provider that asks nobody, has a code."""
    query = parse_qs(split_url(answer.location).query.text)
    if "error" not in query:
        how = "in the fragment, which no server sees" if "#" in answer.location and not query else "at once"
        if "code" in query:
            return passed(
                NAME, did, f"it accepts client id and callback, and answers {how} with a code: it asks nobody"
            )
        name = "IDT-24" if "#" in answer.location else "IDT-32"
        return _failed(did, name, f"it answers {how}, without a code in the query", asked)
    if query["error"][0] in NEEDS_A_PERSON:
        error = query["error"][0]
        return passed(NAME, did, f"it accepts client id and callback; without a browser's session it says {error}")
    description = query.get("error_description", [""])[0][:500]
    problem = ProviderRefused.of(query["error"][0][:200], description, asked.callback)
    if problem.diagnosis_id == "RURI-04":
        return _failed(did, "RURI-04", f"it answers {clean(quoted(problem.provider_error, description), 300)}", asked)
    said = clean(problem.explain().rstrip("."), 300)
    todo = problem.advise()
    return Check(
        NAME,
        Verdict.FAIL,
        did,
        f"the callback is accepted, but {said[:1].lower()}{said[1:]}",
        todo,
        problem.diagnosis_id,
    )


def _failed(did: str, name: str, saw: str, asked: AskedLogin, *, is_there: bool = True) -> Check:
    """Return a failure in the words of its name; `is_there` tells a page that refuses from one that is none."""
    says, todo = _SAID[name]
    if name == "RURI-04" and asked.is_production and asked.callback.startswith("http://"):
        name, says = "RURI-05", "a production environment of WorkOS takes no such callback"
        todo = "Use client id and API key (sk_test_) of a staging environment for development."
    if name == "IDT-29" and is_there:
        says, todo = "it refuses this request", "Do what its words say, at the provider or in the OAuth policy."
    if name == "WORK-02" and not asked.is_workos:
        todo = "Use the policy mcp-workos-oauth-inbound, which sends provider=authkit and reads WorkOS's own answer."
    facts = {"callback": asked.callback, "client_id": asked.client_id, "url": asked.url}
    facts |= {"registered_in": asked.registered_in, "or_else": asked.or_else}
    return Check(NAME, Verdict.FAIL, did, f"{saw}: {says.format_map(facts)}", todo.format_map(facts), name)


_SAID = {
    "WORK-01": (
        "it does not know the client id {client_id}",
        "Copy the client id from the dashboard, of the environment of the API key.",
    ),
    "WORK-02": ("the request names no way to sign in", "Send provider=authkit."),
    "RURI-04": (
        "the callback is not registered for the client id {client_id}",
        ADD_CALLBACK,
    ),
    "PKCE-04": ("the PKCE parameters do not belong together", "Set browserLogin.pkce to S256, or take it away."),
    "IDT-24": ("nothing of it can be read", "Configure browserLogin.url with ?response_mode=query."),
    "IDT-32": (
        "neither a code nor an error came",
        "Let the provider answer `response_type=code` with `code` and `state` in the query, for this client.",
    ),
    "IDT-34": ("it was asked too often", "Wait a minute and start again; the limit is the provider's own."),
    "IDT-25": ("the provider itself fails", "Wait a moment and start again; the provider's status page may say more."),
    "IDT-29": (
        "there is no login page under {url}",
        "Configure as browserLogin.url what the provider's discovery document calls authorization_endpoint.",
    ),
    "IDT-30": (
        "it does not know the client id {client_id}",
        "Copy the client id from the provider's settings into browserLogin.clientId, of this very tenant.",
    ),
}
