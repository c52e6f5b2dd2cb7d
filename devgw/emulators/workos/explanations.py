"""What an error page says: the service's words, what was sent, what is registered, and the one change that mends it."""

from collections.abc import Mapping
from dataclasses import dataclass

from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import Environment
from devgw.emulators.workos.redirects import differences, nearest

_CONTACT = "If you are not sure what this means, please contact your organization admin."
_AMBIGUOUS_LETTERS = {"I": "1", "L": "1", "O": "0", "U": "V"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The contents of an error page."""

    words: str
    """As the service's own page has it; only the one for redirect URIs is established word for word."""
    cause: str
    pairs: tuple[tuple[str, str], ...] = ()
    """Label and string, to be compared letter by letter."""
    differing: tuple[str, ...] = ()
    change: str = ""


def explain(emulator: Emulator, slug: str, facts: Mapping[str, str]) -> Explanation | None:
    """Return what the page `/__error/sso/<slug>` says, or None where there is no such page."""
    if slug == "client-id-invalid":
        return _client_id(emulator, facts.get("client_id", ""))
    if slug == "redirect-uri-invalid":
        environment = emulator.environments.get(facts.get("client_id", ""))
        return _redirect_uri(environment, facts.get("redirect_uri", ""))
    if slug == "invalid-connection-selector":
        return _selector(facts.get("provider", ""))
    return _parameters(slug, facts)


def _client_id(emulator: Emulator, sent: str) -> Explanation:
    known = list(emulator.environments)
    close = nearest(sent, known)
    pairs = [("Sent", sent or "nothing")] + ([("Known here", close)] if close else [])
    return Explanation(
        words=f"Error: Invalid client ID. Make sure that the app uses the correct client ID. {_CONTACT}",
        cause=_why_client_id(emulator, sent),
        pairs=tuple(pairs),
        change="Copy the Client ID from the dashboard's API Keys page with its copy button, into WORKOS_CLIENT_ID.",
    )


def _why_client_id(emulator: Emulator, sent: str) -> str:
    if not sent:
        return "The request carries no client_id: was the environment variable loaded?"
    if any(sent in one.seed.connect_client_ids for one in emulator.environments.values()):
        return "This is the client id of a Connect application, which has its own authorize endpoint."
    if sent.startswith(("sk_", "pk_")):
        return "This is an API key. The client id begins with client_."
    if "," in sent or sent != sent.strip() or sent[:1] in "'\"$":
        return "There are other characters around the id: a quote, a space, an unexpanded variable, or a second one."
    if letter := next((letter for letter in sent.removeprefix("client_") if letter in _AMBIGUOUS_LETTERS), None):
        place = sent.index(letter, len("client_")) + 1
        return f"Character {place} is the letter {letter}, which no WorkOS id contains; {_AMBIGUOUS_LETTERS[letter]}?"
    return "No environment has this client id: it is mistyped, or of another environment."


def _redirect_uri(environment: Environment | None, sent: str) -> Explanation:
    words = f"Error: Invalid redirect URI. Make sure that the app uses the correct redirect URI. {_CONTACT}"
    registered = [known.uri for known in environment.redirect_uris] if environment else []
    close = nearest(sent, registered)
    if not sent:
        return Explanation(words, "The request carries no redirect_uri.", change="Send redirect_uri.")
    if close is None:
        cause = "No redirect URI is registered in this environment."
        return Explanation(words, cause, (("Sent", sent),), change=f"Register {sent} in the dashboard under Redirects.")
    return Explanation(
        words,
        "The two are compared as strings, and they are not the same.",
        (("Sent", sent), ("Registered, nearest", close)),
        tuple(differences(sent, close)),
        f"Register exactly {sent} in the dashboard under Redirects, or send {close}.",
    )


def _selector(provider: str) -> Explanation:
    cause = (
        f"provider={provider} is none that WorkOS knows."
        if provider
        else "The request names none of provider, connection_id, organization_id, domain_hint. "
        "A generic OIDC client does not know that WorkOS needs one."
    )
    words = f"Error: Invalid connection selector. Make sure that the app uses a valid connection selector. {_CONTACT}"
    return Explanation(words, cause, change="Send provider=authkit.")


_PARAMETERS = {
    "response-type-invalid": ("Invalid response type", "Send response_type=code: there is no other."),
    "code-challenge-missing": (
        "Code challenge missing",
        "Send code_challenge and code_challenge_method=S256 together, or neither.",
    ),
    "code-challenge-invalid": (
        "Invalid code challenge",
        "Send code_challenge_method=S256 and the 43 characters of the unpadded base64url of the SHA-256.",
    ),
    "screen-hint-invalid": (
        "Invalid screen hint",
        "Send screen_hint=sign-in or sign-up, and only with provider=authkit.",
    ),
    "max-age-invalid": ("Invalid max_age", "Send max_age as a whole number of seconds, or leave it out."),
}


def _parameters(slug: str, facts: Mapping[str, str]) -> Explanation | None:
    if slug not in _PARAMETERS:
        return None
    title, change = _PARAMETERS[slug]
    sent = tuple((f"Sent {name}", value or "empty") for name, value in facts.items() if name != "client_id")
    return Explanation(
        f"Error: {title}. {_CONTACT}", "The parameters of the request do not go together.", sent, (), change
    )
