"""What a person sees: the hosted sign-in, the error pages, and the page that says what this is."""

from pathlib import Path

from quart import Quart, Response, request

from devgw.emulators.workos.authorize import Accepted, check, read_query
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.explanations import ErrorPageText, explain
from devgw.emulators.workos.public import where_authorize_leads
from devgw.emulators.workos.redirects import why_it_cannot_be_registered
from devgw.emulators.workos.scenarios import SCENARIOS, UNREGISTERED, faults_of
from devgw.emulators.workos.sign_in import deny, finish
from devgw.emulators.workos.travel import comes_from_elsewhere, page, redirect
from devgw.emulators.workos_seed import Persona

_STYLE = Path(__file__).with_name("style.css")


def add_pages(app: Quart, emulator: Emulator) -> None:
    """Add the pages to `app`."""

    @app.get("/__authkit/bootstrap")
    async def bootstrap() -> Response:
        return await show_sign_in(emulator, request.query_string.decode(errors="replace"))

    @app.post("/__authkit/sign-in")
    async def sign_in() -> Response:
        if comes_from_elsewhere(emulator.authkit_origin):
            return await page("refusal.html", 403, title="Not from this page", text="Another site sent this form.")
        return await take_choice(emulator, (await request.form).to_dict())

    add_error_pages(app, emulator)

    @app.get("/")
    async def about() -> Response:
        return await page("about.html", environments=emulator.environments.values(), origin=emulator.origin)

    @app.get("/__emulator/style.css")
    async def style() -> Response:
        return Response(_STYLE.read_text("utf-8"), 200, {"Content-Type": "text/css; charset=utf-8"})


def add_error_pages(app: Quart, emulator: Emulator) -> None:
    """Add the pages on which a request ends that WorkOS does not take, and what one of them offers."""

    @app.get("/__error/sso/<slug>")
    async def sso_error(slug: str) -> Response:
        found = explain(emulator, slug, read_query(request.query_string.decode(errors="replace")))
        return await show_error(found) if found else await page("refusal.html", 404, title="No such page", text=slug)

    @app.get("/__error/user_management/app-homepage-url-not-found")
    async def homepage_missing() -> Response:
        return await page(
            "refusal.html",
            400,
            title="App homepage URL not found",
            text="The session has ended, but nothing says where to go from here: register a sign-out redirect in the "
            "dashboard under Redirects, and send it, absolute, as return_to.",
        )

    @app.post("/__emulator/redirect_uris")
    async def register() -> Response:
        if comes_from_elsewhere(emulator.origin):
            return await page("refusal.html", 403, title="Not from this page", text="Another site sent this form.")
        return await register_uri(emulator, (await request.form).to_dict())


async def show_sign_in(emulator: Emulator, raw_query: str) -> Response:
    """Return the sign-in page, or, where somebody is signed in automatically, the way back at once."""
    accepted = check(emulator, read_query(raw_query))
    if not isinstance(accepted, Accepted):
        return redirect(where_authorize_leads(emulator, raw_query))
    environment = accepted.environment
    automatic = environment.persona(environment.auto_sign_in or "")
    if automatic:
        return redirect(finish(emulator, accepted, automatic, None))
    return await page(
        "sign_in.html",
        leads_away=True,
        request=raw_query,
        accepted=accepted,
        environment=environment,
        choices=choices(environment, accepted),
        scenarios={name: label for name, (label, *_) in SCENARIOS.items()},
    )


def choices(environment: WorkosEnvironment, accepted: Accepted) -> list[tuple[Persona, str, str]]:
    """Return who may sign in: persona, id and name of an organization (empty for none); the hinted one first."""
    found: list[tuple[Persona, str, str]] = []
    for persona in environment.personas:
        theirs = [environment.organization(one.organization) for one in persona.memberships]
        named = [(one.id, one.name) for one in theirs if one and accepted.organization_id in (None, one.id)]
        found += [(persona, *one) for one in named or ([] if accepted.organization_id else [("", "")])]
    return sorted(found, key=lambda choice: choice[0].email.lower() != accepted.login_hint.lower())


async def take_choice(emulator: Emulator, form: dict[str, str]) -> Response:
    """Send the browser back with what the person chose."""
    raw_query = form.get("request", "")
    accepted = check(emulator, read_query(raw_query))
    if not isinstance(accepted, Accepted):
        return redirect(where_authorize_leads(emulator, raw_query))
    if form.get("as") == "deny":
        return redirect(deny(emulator, accepted))
    persona, organization_id = _chosen(accepted, form)
    if persona is None:
        return await page("refusal.html", 400, title="Nobody was chosen", text="Go back and choose a person.")
    if form.get("trouble") == UNREGISTERED:
        accepted.environment.forget(accepted.redirect_uri)
        return redirect(where_authorize_leads(emulator, raw_query))
    emulator.faults.arm(*faults_of(form.get("trouble", "")))
    return redirect(finish(emulator, accepted, persona, organization_id))


def _chosen(accepted: Accepted, form: dict[str, str]) -> tuple[Persona | None, str | None]:
    email = form.get("email", "").strip()
    if "@" in email:
        return accepted.environment.persona(email) or accepted.environment.add_persona(email), None
    user_id, _, organization_id = form.get("as", "").partition(" ")
    return accepted.environment.persona(user_id), organization_id or None


async def show_error(found: ErrorPageText) -> Response:
    """Return an error page: the service's words first, then what devgw knows about it."""
    return await page("error.html", 400, has_form=found.registrable is not None, found=found)


async def register_uri(emulator: Emulator, form: dict[str, str]) -> Response:
    """Register a redirect URI as the dashboard would; the file stays as it is."""
    environment, uri = emulator.environments.get(form.get("client_id", "")), form.get("redirect_uri", "")
    if environment is None or why_it_cannot_be_registered(uri, environment.seed.mode):
        return await page("refusal.html", 400, title="It cannot be registered", text=f"{uri} is not registered here.")
    environment.register(uri)
    text = f"{uri} is registered until devgw ends. Start the connection again in the MCP client."
    return await page("refusal.html", 200, title="Registered", text=text)
