"""What the emulator starts with: environments, people, organizations, as written in `emulators/workos.json`."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

Mode = Literal["staging", "production"]
IssuerShape = Literal["client", "bare", "slash"]
Audience = Literal["absent", "client_id"]


class SeedError(ValueError):
    """The file of the emulator is not what it must be; the text names each place."""


class _Written(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )


class OrganizationSeed(_Written):
    """An organization that people may belong to."""

    id: str
    name: str
    domains: tuple[str, ...] = ()


class ConnectionSeed(_Written):
    """An SSO connection of an organization: what `connection_id` may name."""

    id: str
    name: str
    organization: str
    """The organization's id."""


class Membership(_Written):
    """What a persona is in an organization."""

    organization: str
    role: str = "member"
    permissions: tuple[str, ...] = ()


class Persona(_Written):
    """Somebody to sign in as."""

    id: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    about: str = ""
    """One line under the name on the sign-in page: what this persona is good for."""
    email_verified: bool = True
    external_id: str | None = None
    locale: str | None = "en-US"
    metadata: dict[str, str] = Field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()

    @property
    def name(self) -> str:
        """Return how the persona is called on a page."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email


class EnvironmentSeed(_Written):
    """One WorkOS environment: a client id, its API key, its redirect URIs and its people."""

    name: str
    client_id: str
    api_key: str
    """Also the client secret: at WorkOS they are one value."""
    mode: Mode = "staging"
    redirect_uris: tuple[str, ...] = ()
    """The first is the default one; `*` as WorkOS allows it."""
    sign_out_redirects: tuple[str, ...] = ()
    """Where a logout may lead; the first is the default one."""
    issuer: IssuerShape = "client"
    """`client`: `<origin>/user_management/<clientId>`; `bare`: `<origin>`; `slash`: `<origin>/`."""
    environment_client_id: str | None = None
    """The id in a `client` issuer, where the environment has several applications and it is not this one's."""
    audience: Audience = "absent"
    access_token_seconds: int = Field(default=300, gt=0)
    auto_sign_in: str | None = None
    """The email of the persona who is signed in without a page: for clients without a browser."""
    connect_client_ids: tuple[str, ...] = ()
    """Connect applications of the environment, whose ids are refused here with their own explanation."""
    organizations: tuple[OrganizationSeed, ...] = ()
    connections: tuple[ConnectionSeed, ...] = ()
    personas: tuple[Persona, ...] = ()

    @property
    def masked_key(self) -> str:
        """Return as much of the API key as may be shown."""
        return f"{self.api_key[:8]}…{self.api_key[-4:]}"


class Seed(_Written):
    """Everything in the file."""

    environments: tuple[EnvironmentSeed, ...] = Field(min_length=1)
    faults: tuple[dict[str, Any], ...] = ()
    """Armed from the start; the same shapes as `POST /__emulator/faults` takes."""

    @model_validator(mode="after")
    def _tell_environments_apart(self) -> "Seed":
        for kind in ("client_id", "api_key"):
            values = [getattr(environment, kind) for environment in self.environments]
            if twice := next((place for place, value in enumerate(values) if value in values[:place]), None):
                raise ValueError(f"environment {twice} has the {to_camel(kind)} of another one")
        return self

    def answering_to(self, client_id: str, api_key: str) -> "Seed":
        """Return this seed with an environment for that client id: itself where it has one, else the first, renamed.

        An environment that the file has keeps its own key: a wrong one is refused, as it would be at WorkOS.
        """
        if any(environment.client_id == client_id for environment in self.environments):
            return self
        first, *others = self.environments
        renamed = first.model_copy(update={"client_id": client_id, "api_key": api_key})
        return self.model_copy(update={"environments": (renamed, *others)})


def read_seed(path: Path) -> Seed:
    """Return the seed in the file at `path`.

    Raises:
        SeedError: The file cannot be read, is no JSON, or something in it is wrong; every place is named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from error
    return parse_seed(text, str(path))


def parse_seed(text: str, name: str = "workos.json") -> Seed:
    """Return the seed in `text`; `name` is how refusals call it.

    Raises:
        SeedError: It is no JSON, or something in it is wrong; every place is named.
    """
    try:
        return Seed.model_validate_json(text)
    except ValidationError as error:
        lines = [f"{name}{_pointer(found['loc'])}: {found['msg']}" for found in error.errors()]
        raise SeedError("\n".join(lines)) from error


def _pointer(location: tuple[int | str, ...]) -> str:
    return "#" + "".join(f"/{part}" for part in location)
