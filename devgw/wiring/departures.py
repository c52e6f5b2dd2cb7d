"""All points at which devgw departs from the deployed gateway, and which of them it makes under some settings."""

from typing import Final

from devgw.config.capability_filter import ACCESS_BY_FUNCTION
from devgw.config.client_certificate import CLIENT_CERTIFICATES
from devgw.config.other_policies import OTHER_POLICIES
from devgw.config.plugin import BASE_PATH, PROJECT_FILES
from devgw.config.upstreams_file import MENDED_DOCUMENTS
from devgw.departure import Departure
from devgw.gateway.capability import LIST_STREAMS
from devgw.gateway.connect_required import CONNECT_ERRORS
from devgw.gateway.consent import CONSENT_MEMORY
from devgw.gateway.families import REFRESH_TOKENS
from devgw.gateway.page_proof import PAGE_PROOFS
from devgw.gateway.resources import HOST_NAMES, TOKEN_RESOURCE
from devgw.outbound.client_documents import LOCAL_DOCUMENTS
from devgw.outbound.kept_documents import KEPT_DOCUMENTS
from devgw.problems.limit import LIMITS
from devgw.settings import Settings
from devgw.web.cors import CORS_POLICIES
from devgw.web.hosts import CALLERS
from devgw.web.judgement import UPSTREAM_ANSWERS
from devgw.web.mcp import SESSIONS
from devgw.web.paths import ENDPOINTS
from devgw.wiring.companions import STAND_INS

DEPARTURES: Final[tuple[Departure, ...]] = (
    REFRESH_TOKENS,
    TOKEN_RESOURCE,
    CONSENT_MEMORY,
    HOST_NAMES,
    KEPT_DOCUMENTS,
    LOCAL_DOCUMENTS,
    ENDPOINTS,
    BASE_PATH,
    SESSIONS,
    LIST_STREAMS,
    CONNECT_ERRORS,
    MENDED_DOCUMENTS,
    CORS_POLICIES,
    PROJECT_FILES,
    ACCESS_BY_FUNCTION,
    OTHER_POLICIES,
    CLIENT_CERTIFICATES,
    UPSTREAM_ANSWERS,
    LIMITS,
    PAGE_PROOFS,
    CALLERS,
    STAND_INS,
)
"""In the order in which a client meets them: sign-in, endpoints, calls, project; at the end what no setting changes."""


WHERE: Final = "`devgw explain deployed` has them all"


def made(settings: Settings) -> tuple[Departure, ...]:
    """Return those that devgw makes under these settings, of those that a setting can change."""
    return tuple(each for each in DEPARTURES if each.setting and each.is_made(settings))


def said(settings: Settings) -> str:
    """Say in one line how far devgw does what the deployed gateway does."""
    fixed = sum(not each.setting for each in DEPARTURES)
    rest = f"{fixed} points that no setting changes"
    if settings.deployed.strict:
        return f"strict, but for {rest}"
    found = made(settings)
    if not found:
        return f"everything that a setting can change, but for {rest}"
    names = ", ".join(each.name for each in found)
    return f"differs on purpose in {names}, and in {rest}"
