"""One generation of the gateway over what outlives it."""

from datetime import datetime

from devgw.config.project import Project
from devgw.gateway.gateway import Gateway, Ground
from devgw.gateway.id_jag import IdJag
from devgw.gateway.identity_provider import IdentityProvider
from devgw.ids import SubjectId
from devgw.outbound.provider import HttpIdentityProvider
from devgw.outbound.upstream_oauth.building import UpstreamSide
from devgw.outbound.upstream_oauth.id_jag import IdentityAssertion


def next_generation(project: Project, ground: Ground, upstreams: UpstreamSide, number: int) -> Gateway:
    """Return generation `number` for `project`."""
    return Gateway(
        project,
        ground,
        _provider(project, ground, upstreams),
        generation=number,
        credentials=upstreams.oauth,
        connections=upstreams.oauth,
        id_jag=_id_jag(project, ground),
    )


def _id_jag(project: Project, ground: Ground) -> IdJag | None:
    """Return what trades identity assertions for tokens, where the policy allows that."""
    policy = project.oauth
    if policy is None or not policy.id_jag.enabled:
        return None
    return IdJag(policy, ground.signing_keys, ground.spent_assertions, ground.clock)


def _provider(project: Project, ground: Ground, upstreams: UpstreamSide) -> IdentityProvider | None:
    """Return who signs people in; None for dev-login, which asks nobody."""
    policy = project.oauth
    if policy is None or policy.oidc is None:
        return None
    keys = ground.signing_keys.at(policy.oidc.jwks_url, policy.login.remote_timeout)

    def keep(subject_id: SubjectId, id_token: str, expires_at: datetime) -> None:
        upstreams.assertions.remember(subject_id, IdentityAssertion(id_token), expires_at)

    crosses = any(route.token_exchange and route.token_exchange.auth_mode == "id-jag" for route in project.routes)
    return HttpIdentityProvider(policy, keys, ground.bus, ground.clock, keep_id_token=keep if crosses else None)
