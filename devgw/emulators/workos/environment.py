"""One environment while it runs: its people, its redirect URIs, its keys, and what sign-ins left behind."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devgw.clock import Clock
from devgw.emulators.workos.answers import timestamp
from devgw.emulators.workos.keys import KeyRing
from devgw.emulators.workos.redirects import matches
from devgw.emulators.workos.sessions import WorkosSessions
from devgw.emulators.workos_seed import ConnectionSeed, EnvironmentSeed, Membership, OrganizationSeed, Persona


@dataclass(frozen=True, slots=True)
class RegisteredUri:
    """A redirect URI of the environment."""

    id: str
    uri: str
    is_default: bool
    created_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        moment = timestamp(self.created_at)
        return {
            "object": "redirect_uri",
            "id": self.id,
            "uri": self.uri,
            "default": self.is_default,
            "created_at": moment,
            "updated_at": moment,
        }


class WorkosEnvironment:
    """A WorkOS environment: everything behind one client id and its API key."""

    def __init__(
        self, seed: EnvironmentSeed, clock: Clock, *, pem: bytes | None = None, callbacks: tuple[str, ...] = ()
    ) -> None:
        self.seed = seed
        self.began_at = clock.now()
        self.keys = KeyRing(clock, pem)
        self.sessions = WorkosSessions(clock)
        self.redirect_uris: list[RegisteredUri] = []
        self.last_sign_ins: dict[str, datetime] = {}
        self.refreshing = asyncio.Lock()
        """One refresh at a time, so that two requests with one token get one pair."""
        self.personas = list(seed.personas)
        self.auto_sign_in = seed.auto_sign_in
        self._clock = clock
        # The caller's own come first: what the emulator begins by itself must lead to where the caller answers.
        self._registered_first = (*callbacks, *seed.redirect_uris)
        self.remember()

    @property
    def client_id(self) -> str:
        """Return the application's id."""
        return self.seed.client_id

    def issuer(self, origin: str) -> str:
        """Return the `iss` of its tokens, which differs between environments."""
        if self.seed.issuer == "client":
            return f"{origin}/user_management/{self.seed.environment_client_id or self.client_id}"
        return origin + ("/" if self.seed.issuer == "slash" else "")

    def register(self, uri: str) -> RegisteredUri:
        """Add `uri` to the redirect URIs; the first without a wildcard is the default one."""
        if known := next((known for known in self.redirect_uris if known.uri == uri), None):
            return known
        is_default = "*" not in uri and not any(known.is_default for known in self.redirect_uris)
        registered = RegisteredUri(self.sessions.mint("redir_"), uri, is_default, self._clock.now())
        self.redirect_uris.append(registered)
        return registered

    def remember(self) -> None:
        """Register again what was registered at first."""
        for uri in self._registered_first:
            self.register(uri)

    @property
    def has_forgotten(self) -> bool:
        """Tell whether no redirect URI is registered that once was."""
        return bool(self._registered_first) and not self.redirect_uris

    def forget(self, redirect_uri: str) -> None:
        """Take away every registration by which `redirect_uri` is taken."""
        self.redirect_uris = [known for known in self.redirect_uris if not matches(known.uri, redirect_uri)]

    def takes(self, redirect_uri: str) -> bool:
        """Tell whether `redirect_uri` is registered, itself or by a wildcard."""
        return any(matches(registered.uri, redirect_uri) for registered in self.redirect_uris)

    def persona(self, user_id_or_email: str) -> Persona | None:
        """Return the persona with that id or email."""
        wanted = user_id_or_email.lower()
        return next((one for one in self.personas if wanted in (one.id.lower(), one.email.lower())), None)

    def add_persona(self, email: str) -> Persona:
        """Return a fresh persona for `email`, as after a sign-up."""
        self.personas.append(Persona(id=self.sessions.mint("user_"), email=email))
        return self.personas[-1]

    def organization(self, organization_id: str) -> OrganizationSeed | None:
        """Return the organization with that id."""
        return next((one for one in self.seed.organizations if one.id == organization_id), None)

    def connection(self, connection_id: str) -> ConnectionSeed | None:
        """Return the SSO connection with that id."""
        return next((one for one in self.seed.connections if one.id == connection_id), None)

    def connection_of(self, organization_id: str) -> ConnectionSeed | None:
        """Return the SSO connection of the organization."""
        return next((one for one in self.seed.connections if one.organization == organization_id), None)

    def connection_for_domain(self, domain: str) -> ConnectionSeed | None:
        """Return the SSO connection of the organization that owns `domain`."""
        owners = {one.id for one in self.seed.organizations if domain.lower() in one.domains}
        return next((one for one in self.seed.connections if one.organization in owners), None)

    def membership(self, persona: Persona, organization_id: str | None) -> Membership | None:
        """Return what `persona` is in the organization."""
        return next((one for one in persona.memberships if one.organization == organization_id), None)

    def user_as_json(self, persona: Persona) -> dict[str, Any]:
        """Return the persona as the API shows a user."""
        signed_in = self.last_sign_ins.get(persona.id)
        return {
            "object": "user",
            "id": persona.id,
            "email": persona.email,
            "email_verified": persona.email_verified,
            "first_name": persona.first_name,
            "last_name": persona.last_name,
            "name": persona.name if persona.first_name or persona.last_name else None,
            "profile_picture_url": None,
            "last_sign_in_at": timestamp(signed_in) if signed_in else None,
            "external_id": persona.external_id,
            "metadata": dict(persona.metadata),
            "locale": persona.locale,
            "created_at": timestamp(self.began_at),
            "updated_at": timestamp(signed_in or self.began_at),
        }

    def organization_as_json(self, organization: OrganizationSeed) -> dict[str, Any]:
        """Return the organization as the API shows it."""
        moment = timestamp(self.began_at)
        return {
            "object": "organization",
            "id": organization.id,
            "name": organization.name,
            "allow_profiles_outside_organization": False,
            "domains": [
                {
                    "object": "organization_domain",
                    "id": f"org_domain_{domain}",
                    "organization_id": organization.id,
                    "domain": domain,
                    "state": "verified",
                    "verification_strategy": "manual",
                    "created_at": moment,
                    "updated_at": moment,
                }
                for domain in organization.domains
            ],
            "external_id": None,
            "metadata": {},
            "created_at": moment,
            "updated_at": moment,
        }
