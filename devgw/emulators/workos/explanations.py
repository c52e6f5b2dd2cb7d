"""What an error page says: the service's words, what was sent, what is registered, and the one change that mends it."""

from collections.abc import Mapping
from dataclasses import dataclass

from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.redirects import differences, nearest, why_it_cannot_be_registered

_CONTACT = "If you are not sure what this means, please contact your organization admin."
_AMBIGUOUS_LETTERS = {"I": "the digit 1", "L": "the digit 1", "O": "the digit 0", "U": "V"}
_THE_FILE = "Here the dashboard is the emulator's own file: emulators/workos.json in your project."


@dataclass(frozen=True, slots=True)
class ErrorPageText:
    """The contents of an error page."""

    title: str
    words: str
    """As the service's own page has it; only those for redirect URIs are established word for word."""
    cause: str
    change: str
    pairs: tuple[tuple[str, str], ...] = ()
    """Label and string, to be compared letter by letter."""
    differing: tuple[str, ...] = ()
    here: str = ""
    """Where the change is made in the emulator, if not in the application."""
    registrable: tuple[str, str] | None = None
    """Client id and redirect URI, where this URI may be registered."""


def explain(emulator: Emulator, slug: str, facts: Mapping[str, str]) -> ErrorPageText | None:
    """Return what the page `/__error/sso/<slug>` says, or None where there is no such page."""
    if slug == "client-id-invalid":
        return _client_id(emulator, facts.get("client_id", ""))
    if slug == "redirect-uri-invalid":
        environment = emulator.environments.get(facts.get("client_id", ""))
        return _redirect_uri(environment, facts.get("redirect_uri", ""))
    if slug == "invalid-connection-selector":
        return _selector(facts.get("provider", ""))
    return _parameters(slug, facts)


def _client_id(emulator: Emulator, sent: str) -> ErrorPageText:
    close = nearest(sent, list(emulator.environments))
    return ErrorPageText(
        title="Invalid client ID",
        words=f"Make sure that the app uses the correct client ID. {_CONTACT}",
        cause=_why_client_id(emulator, sent),
        change="Copy the Client ID from the dashboard's API Keys page with its copy button, into WORKOS_CLIENT_ID.",
        pairs=(("Sent", sent or "nothing"), *((("Known here, nearest", close),) if close else ())),
        here=_THE_FILE,
    )


def _why_client_id(emulator: Emulator, sent: str) -> str:
    if not sent:
        return "The request carries no client_id: was the environment variable loaded?"
    if any(sent in one.seed.connect_client_ids for one in emulator.environments.values()):
        return "This is the client id of a Connect application, which has its own authorize endpoint."
    if sent.startswith(("sk_", "pk_")):
        return "This is an API key. The client id begins with client_."
    if not sent.isascii() or not sent.replace("_", "").isalnum():
        return "There are other characters in it: a quote, a space, an unexpanded variable, or the id stands twice."
    start = len("client_")
    place = next((place for place in range(start, len(sent)) if sent[place] in _AMBIGUOUS_LETTERS), None)
    if sent.startswith("client_") and place is not None:
        letter = sent[place]
        return (
            f"Character {place + 1} is the letter {letter}, which no WorkOS id contains: "
            f"probably {_AMBIGUOUS_LETTERS[letter]} is meant."
        )
    return "No environment has this client id: it is mistyped, or of another environment."


def _redirect_uri(environment: WorkosEnvironment | None, sent: str) -> ErrorPageText:
    registered = [known.uri for known in environment.redirect_uris] if environment else []
    close = nearest(sent, registered)
    cause, change = _why_redirect_uri(environment, sent, close)
    pairs = (("Sent", sent or "nothing"), *((("Registered, nearest", close),) if close else ()))
    return ErrorPageText(
        title="Invalid redirect URI",
        words=f"Make sure that the app uses the correct redirect URI. {_CONTACT}",
        cause=cause,
        change=change,
        pairs=pairs,
        differing=tuple(differences(sent, close)) if sent and close else (),
        here=_THE_FILE,
        registrable=_registrable(environment, sent),
    )


def _registrable(environment: WorkosEnvironment | None, sent: str) -> tuple[str, str] | None:
    if environment is None or not sent or why_it_cannot_be_registered(sent, environment.seed.mode):
        return None
    return environment.client_id, sent


def _why_redirect_uri(environment: WorkosEnvironment | None, sent: str, close: str | None) -> tuple[str, str]:
    if not sent:
        return "The request carries no redirect_uri.", f"Send redirect_uri={close or 'a registered one'}."
    reason = why_it_cannot_be_registered(sent, environment.seed.mode) if environment else None
    if reason:
        return f"It is not registered, and cannot be. {reason}", f"Send {close or 'one that can be registered'}."
    if close is None:
        return (
            "No redirect URI is registered in this environment.",
            f"Register {sent} in the dashboard under Redirects.",
        )
    return (
        "WorkOS compares the two as strings, and they are not the same.",
        f"Register exactly {sent} in the dashboard under Redirects, or send {close}.",
    )


def _selector(provider: str) -> ErrorPageText:
    return ErrorPageText(
        title="Invalid connection selector",
        words=f"Make sure that the app uses a valid connection selector. {_CONTACT}",
        cause=f"WorkOS has no provider called {provider}."
        if provider
        else "The request names none of provider, connection_id, organization_id and domain_hint. WorkOS needs one, "
        "which a generic OIDC client does not know.",
        change="Send provider=authkit.",
    )


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


def _parameters(slug: str, facts: Mapping[str, str]) -> ErrorPageText | None:
    if slug not in _PARAMETERS:
        return None
    title, change = _PARAMETERS[slug]
    sent = tuple((f"Sent as {name}", value or "empty") for name, value in facts.items() if name != "client_id")
    return ErrorPageText(title, _CONTACT, "What the request sends, WorkOS does not take.", change, sent)
