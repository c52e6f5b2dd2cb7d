"""What the endpoints of an authorization server make of what nobody can take for real."""

from collections.abc import Iterator

from devgw.diagnosis.verdicts.check import Answer
from devgw.diagnosis.verdicts.point import Point, of_issuer, shown, unasked
from devgw.diagnosis.verdicts.server_endpoint import answered
from devgw.diagnosis.verdicts.server_seen import REDIRECTS, Seen


def answer_points(seen: Seen, callbacks: tuple[str, ...]) -> Iterator[Point]:
    """Yield what each endpoint that was asked answered; `callbacks` are what it was asked with."""
    if seen.server is not None and seen.keys is not None:
        yield _keys(seen, seen.keys)
    if seen.server is None and not seen.has_default_endpoints:
        return  # nobody said that there is anything
    if seen.token is not None:
        yield _token(seen, seen.token)
    if seen.authorize is not None:
        yield _authorize(seen, seen.authorize, callbacks)
    if seen.registered is not None:
        yield _registered(seen, seen.registered)


def _keys(seen: Seen, answer: Answer) -> Point:
    naming = of_issuer(seen, "keys", f"sent GET {shown(answer.url)}")
    if (point := unasked(naming, answer)) is not None:
        return point
    if answer.listed("keys"):
        return naming.good(f"{len(answer.listed('keys'))} keys")
    saw = f"it answers {answered(answer)}, without keys"
    return naming.odd(saw, "Serve a JSON Web Key Set there; whoever checks its tokens needs it.", "IDT-05")


def _token(seen: Seen, answer: Answer) -> Point:
    naming = of_issuer(seen, "token", f"sent POST {shown(answer.url)} with a code that nobody issued")
    if (point := unasked(naming, answer)) is not None:
        return point
    if 200 <= answer.status < 300:
        saw = f"it answers {answered(answer)} to a code that nobody issued"
        return naming.bad(saw, 'Answer 400 with {"error": "invalid_grant"} as JSON (RFC 6749 §5.2).')
    if answer.failure or answer.status >= 500 or not answer.said("error"):
        saw = f"it answers {answered(answer)} where an error in JSON belongs (RFC 6749 §5.2)"
        todo = 'Answer 400 with {"error": "invalid_grant"} as JSON: clients read why, and log in again.'
        return naming.bad(saw, todo, "DISC-05", "token-html")
    if answer.status not in (400, 401):
        saw = f"it answers {answer.status} with error {answer.said('error')}; 400 or 401 belongs there"
        return naming.odd(saw, "Answer 400, or 401 for invalid_client (RFC 6749 §5.2).")
    return naming.good(f"{answer.status} {answer.said('error')}, as JSON")


def _authorize(seen: Seen, answer: Answer, callbacks: tuple[str, ...]) -> Point:
    naming = of_issuer(
        seen, "authorize", f"sent GET {shown(answer.url.partition('?')[0])} for a client that nobody registered"
    )
    if (point := unasked(naming, answer)) is not None:
        return point
    if answer.failure or answer.status >= 500:
        saw = f"it answers {answered(answer)}"
        return naming.bad(saw, "Look into its log: it fails where a browser is sent.", "UPST-13", "authorize-500")
    if answer.status in REDIRECTS and answer.location.startswith(callbacks):
        saw = "it redirects to the callback of a client that it does not know: an open redirector"
        todo = "Show an error page for an unknown client (RFC 6749 §4.1.2.1, RFC 9700 §4.11)."
        return naming.bad(saw, todo, "RURI-02")
    if answer.status in {404, 405}:
        todo = "Let authorization_endpoint be the URL of the login page."
        return naming.bad(f"it answers {answered(answer)}: there is no login page", todo, "DISC-13", "authorize-404")
    return naming.good(f"it answers {answered(answer)}, and nothing to the client")


def _registered(seen: Seen, answer: Answer) -> Point:
    naming = of_issuer(seen, "registered", f"registered a client at {shown(answer.url)}")
    if (point := unasked(naming, answer)) is not None:
        return point
    if not 200 <= answer.status < 300 or not answer.said("client_id"):
        saw = f"it answers {answered(answer)}: {answer.said('error')} {answer.said('error_description')}".rstrip(": ")
        todo = "Register native clients with loopback redirect URIs and `none` (RFC 8252 §7.3, RFC 7591)."
        return naming.bad(saw, todo, "UPST-14", "registration-dead")
    if seen.deleted is not None and seen.deleted.status in (200, 202, 204):
        return naming.good(f"it gave an id, and deleted the client again ({seen.deleted.status})")
    why = "it offers no deletion (RFC 7592)"
    if seen.deleted is not None:
        why = f"deleting it (RFC 7592) brought {answered(seen.deleted)}"
    saw = f"the client {answer.said('client_id')} stays registered: {why}"
    return naming.odd(saw, f"Delete the client {answer.said('client_id')} in its console, or leave it to expire.")
