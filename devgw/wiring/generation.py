"""One generation of the gateway over what outlives it."""

from devgw.config.project import Project
from devgw.gateway.gateway import Gateway, Ground
from devgw.gateway.login import IdentityProvider
from devgw.outbound.keys import SigningKeys
from devgw.outbound.provider import HttpIdentityProvider
from devgw.outbound.upstream_oauth.building import UpstreamSide


def next_generation(project: Project, ground: Ground, upstreams: UpstreamSide, number: int) -> Gateway:
    """Return generation `number` for `project`."""
    return Gateway(
        project,
        ground,
        _provider(project, ground),
        generation=number,
        credentials=upstreams.oauth,
        connections=upstreams.oauth,
    )


def _provider(project: Project, ground: Ground) -> IdentityProvider | None:
    """Return who signs people in; None for dev-login, which asks nobody."""
    policy = project.oauth
    if policy is None or policy.oidc is None:
        return None
    keys = SigningKeys(policy.oidc.jwks_url, policy.login.remote_timeout, ground.bus, ground.clock)
    return HttpIdentityProvider(policy, keys, ground.bus, ground.clock)
