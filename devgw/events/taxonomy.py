"""The events, by the field's own names: the one list of everything that can happen.

Each is defined beside its like; whoever publishes or hears them takes them from here. `Event.name` is what logs,
exports and the control stream call it.

Source: `gateway.md` §10; the names follow the Zuplo MCP Gateway's observability page.
"""

from devgw.events.authorization import (
    McpAuthAuthorizationBegun,
    McpAuthAuthorizationRefused,
    McpAuthClientDeleted,
    McpAuthClientRefused,
    McpAuthClientRegistered,
    McpAuthCodeIssued,
    McpAuthConsentApproved,
    McpAuthConsentDenied,
    McpAuthConsentShown,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRefused,
    McpAuthDownstreamTokenRestored,
    McpAuthDownstreamTokenRevoked,
    McpAuthDownstreamTokenValidated,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
    McpAuthSessionEnded,
)
from devgw.events.event import Event, FailureOrigin, Outcome
from devgw.events.provider import (
    ClockSkewMeasured,
    McpAuthJwksFetched,
    McpAuthProviderAnswered,
    McpAuthProviderProbed,
    McpAuthProviderTokenChecked,
    TokenCheck,
)
from devgw.events.requests import (
    HttpExchanged,
    McpCapabilityCompleted,
    McpCapabilityEntriesUnmatched,
    McpCapabilityInvoked,
    McpRequestAccepted,
    McpRequestRejected,
)
from devgw.events.running import (
    ConfigLoaded,
    ConfigRejected,
    DiagnosisMade,
    DiagnosisWithdrawn,
    FaultMet,
    GatewayStarted,
    GatewayStopping,
)
from devgw.events.upstream import (
    McpAuthUpstreamAnswered,
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
    McpAuthUpstreamConnectionRefreshed,
)

__all__ = [
    "ClockSkewMeasured",
    "ConfigLoaded",
    "ConfigRejected",
    "DiagnosisMade",
    "DiagnosisWithdrawn",
    "Event",
    "FailureOrigin",
    "FaultMet",
    "GatewayStarted",
    "GatewayStopping",
    "HttpExchanged",
    "McpAuthAuthorizationBegun",
    "McpAuthAuthorizationRefused",
    "McpAuthClientDeleted",
    "McpAuthClientRefused",
    "McpAuthClientRegistered",
    "McpAuthCodeIssued",
    "McpAuthConsentApproved",
    "McpAuthConsentDenied",
    "McpAuthConsentShown",
    "McpAuthDownstreamTokenIssued",
    "McpAuthDownstreamTokenRefreshed",
    "McpAuthDownstreamTokenRefused",
    "McpAuthDownstreamTokenRestored",
    "McpAuthDownstreamTokenRevoked",
    "McpAuthDownstreamTokenValidated",
    "McpAuthJwksFetched",
    "McpAuthLoginBegun",
    "McpAuthLoginFinished",
    "McpAuthProviderAnswered",
    "McpAuthProviderProbed",
    "McpAuthProviderTokenChecked",
    "McpAuthSessionEnded",
    "McpAuthUpstreamAnswered",
    "McpAuthUpstreamConnectionBegun",
    "McpAuthUpstreamConnectionEstablished",
    "McpAuthUpstreamConnectionLost",
    "McpAuthUpstreamConnectionRefreshed",
    "McpCapabilityCompleted",
    "McpCapabilityEntriesUnmatched",
    "McpCapabilityInvoked",
    "McpRequestAccepted",
    "McpRequestRejected",
    "Outcome",
    "TokenCheck",
]
