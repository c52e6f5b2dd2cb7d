"""What happens after the sign-in page: a code, or a denial, on the way back to the application."""

from collections.abc import Mapping

from devgw.emulators.workos.authorize import ERROR_CODES_PAGE, Accepted, ErrorRedirect, with_parameters
from devgw.emulators.workos.emulator import Emulator, Happened
from devgw.emulators.workos.faults import CallbackFault, WorthlessCode
from devgw.emulators.workos.sessions import SignIn
from devgw.emulators.workos_seed import Persona


def finish(emulator: Emulator, accepted: Accepted, persona: Persona, organization_id: str | None) -> str:
    """Sign `persona` in, and return the URL back to the application, with a code and the state it sent.

    `organization_id` is the organization that was chosen; who belongs to exactly one is in it without choosing.
    """
    environment = accepted.environment
    chosen = organization_id or accepted.organization_id
    if chosen is None and len(persona.memberships) == 1:
        chosen = persona.memberships[0].organization
    sign_in = SignIn(environment.client_id, persona.id, chosen, accepted.authentication_method)
    code = environment.sessions.issue_code(sign_in, accepted.code_challenge)
    environment.last_sign_ins[persona.id] = emulator.clock.now()
    for fault in emulator.faults.take(WorthlessCode):
        if fault.code_is == "expired":
            code.expires_at = emulator.clock.now()
        else:
            code.spent_at = emulator.clock.now()
    emulator.observe(Happened("sign-in", environment.client_id, "ok"))
    return _back(emulator, accepted.redirect_uri, {"code": code.code, "state": accepted.state})


def deny(emulator: Emulator, accepted: Accepted) -> str:
    """Return the URL back to the application after the person said no."""
    emulator.observe(Happened("deny", accepted.environment.client_id, "access-denied"))
    description = "The user denied access to the application."
    parameters = {"error": "access_denied", "error_description": description, "state": accepted.state}
    return _back(emulator, accepted.redirect_uri, parameters)


def send_back(emulator: Emulator, refusal: ErrorRedirect) -> str:
    """Return the URL back to the application with the error that the request earned."""
    parameters = {"error_description": refusal.description, "error": refusal.error, "error_uri": ERROR_CODES_PAGE}
    return _back(emulator, refusal.redirect_uri, {**parameters, "state": refusal.state})


def _back(emulator: Emulator, redirect_uri: str, parameters: Mapping[str, str | None]) -> str:
    travelling = dict(parameters)
    for fault in emulator.faults.take(CallbackFault):
        travelling |= fault.parameters
    return with_parameters(redirect_uri, travelling)
