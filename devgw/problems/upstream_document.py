"""A document of an upstream or its authorization server that will not do, and how devgw.toml mends it until it does."""

import json
import re
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urljoin

from devgw.foreign.text import clean
from devgw.problems.upstream import ConnectingProblem

DEVGW_TOML = "devgw.toml"
"""The place of a member that is written there, in the place of the document's."""


@dataclass(frozen=True, slots=True)
class DocumentProblem(ConnectingProblem):
    """A document that an upstream or its authorization server publishes will not do, and devgw.toml can mend it."""

    upstream_server_id: str = field(default="", kw_only=True)
    """Under which devgw.toml mends it; filled in by whoever asked for the document."""

    def in_devgw_toml(self, table: str, line: str) -> str:
        """Return what to write there, and that it is read at the start."""
        return f"write into devgw.toml {self._table(table)} and below it {line} and start devgw again."

    def corrected(self, table: str, member: str) -> str:
        """Return what to do about a member that is written there already."""
        return f"Correct {member} below {self._table(table)} in devgw.toml, and start devgw again."

    def _table(self, table: str) -> str:
        name = self.upstream_server_id
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
        return f"[upstreams.{key}.{table}]"


@dataclass(frozen=True, slots=True)
class ResourceMetadataForeign(DocumentProblem):
    """The protected resource metadata speaks of another resource than the upstream's URL."""

    url: str
    upstream_url: str
    resource: str | None

    diagnosis: ClassVar = "AUD-01"
    source: ClassVar = "RFC 9728 §3.3"

    def explain(self) -> str:
        """Show both."""
        said = f"resource {clean(self.resource, 300)!r}" if self.resource else "no resource that is a string"
        return f"{_shown(self.url)} says {said}, but the route's upstream is {_shown(self.upstream_url)!r}."

    def advise(self) -> str:
        """Say which of the two to change, and how to do without."""
        if self.url == DEVGW_TOML and self.resource:
            return self.corrected("protected_resource_metadata", "resource")
        line = f"resource = {json.dumps(self.upstream_url)}"
        return (
            "Let rewritePattern be the URL that the upstream calls its own, or the upstream publish that of the route; "
            f"until then {self.in_devgw_toml('protected_resource_metadata', line)}"
        )


def _shown(url: str) -> str:
    """Return a URL of the person's without its query, in which some servers have a key."""
    before, mark, _ = url.partition("?")
    return before + ("?…" if mark else "")


@dataclass(frozen=True, slots=True)
class IssuerMismatch(DocumentProblem):
    """The metadata's issuer is not the one that it was asked for (DISC-01)."""

    url: str
    expected: str
    got: str
    is_named: bool = True
    """Whether the upstream named it; else its origin was tried, since the upstream names nobody (MCP 2025-03-26)."""

    diagnosis: ClassVar = "DISC-01"
    source: ClassVar = "RFC 8414 §3.3"

    def explain(self) -> str:
        """Show both strings."""
        got = f"issuer {clean(self.got, 300)!r}"
        expected = repr(clean(self.expected, 300))
        if self.is_named:
            return f"authorization_servers says {expected}, but {self.url} says {got}."
        return f"The upstream names no authorization server; at its origin {expected}, {self.url} says {got}."

    def advise(self) -> str:
        """Say the string that both must have."""
        line = f"issuer = {json.dumps(self.expected)}"
        return (
            "Make the two strings identical at the provider; until then "
            f"{self.in_devgw_toml('authorization_server_metadata', line)}"
        )


@dataclass(frozen=True, slots=True)
class AuthorizationServerIncomplete(DocumentProblem):
    """The metadata lacks its issuer, or an endpoint that the authorization code flow needs, or has no string there."""

    url: str
    member: str
    got: str = ""
    """What stands there and is no string with something in it, as JSON; empty where nothing does."""
    value: str = ""
    """What belongs there; empty where that is not known."""

    diagnosis: ClassVar = "DISC-11"
    source: ClassVar = "RFC 8414 §2"

    def explain(self) -> str:
        """Say which, and what stands there instead."""
        if self.got:
            return f"{self.url} says {self.member} {clean(self.got, 200)}, which is no string with a URL."
        return f"{self.url} has no `{self.member}`."

    def advise(self) -> str:
        """Say where it can be added."""
        if self.url == DEVGW_TOML and self.got:
            return self.corrected("authorization_server_metadata", self.member)
        line = f"{self.member} = {json.dumps(self.value or '<its URL>')}"
        change = f"Let the provider publish a URL as {self.member}" if self.got else "Add the member at the provider"
        return f"{change}, or {self.in_devgw_toml('authorization_server_metadata', line)}"


@dataclass(frozen=True, slots=True)
class EndpointRefused(DocumentProblem):
    """A document names an endpoint to which no request and no browser may be sent."""

    url: str
    member: str
    got: str
    why: str

    diagnosis: ClassVar = "DISC-13"
    source: ClassVar = "RFC 8414 §2; RFC 9728 §2; MCP Security Best Practices §SSRF"

    def explain(self) -> str:
        """Say which member, what it says, and why that is no endpoint."""
        return f"{self.url} says {self.member} {clean(self.got, 200)!r}, which is not used: {self.why}."

    def advise(self) -> str:
        """Say what would do: of a path, the URL that it is short for."""
        is_of_resource = self.member == "authorization_servers"
        table = "protected_resource_metadata" if is_of_resource else "authorization_server_metadata"
        if self.url == DEVGW_TOML:
            return self.corrected(table, self.member)
        is_path = self.got.startswith("/") and not self.got.startswith("//")
        whole = json.dumps(urljoin(self.url, self.got) if is_path else "<its URL>", ensure_ascii=False)
        line = f"{self.member} = [{whole}]" if is_of_resource else f"{self.member} = {whole}"
        return (
            f"Let the provider publish an absolute https URL as {self.member} (http where it runs on this machine), "
            f"or {self.in_devgw_toml(table, line)}"
        )


@dataclass(frozen=True, slots=True)
class PkceUnsupported(DocumentProblem):
    """The authorization server does not say that it supports PKCE with S256 (PKCE-01)."""

    url: str
    got: str = ""
    """What it says, as JSON; empty where it says nothing."""

    diagnosis: ClassVar = "PKCE-01"
    source: ClassVar = "MCP 2026-07-28 §Authorization Code Protection; RFC 8414 §2"

    def explain(self) -> str:
        """Say what it lists."""
        said = clean(self.got, 200) or "missing"
        return f"code_challenge_methods_supported at {self.url} is {said}; a list with S256 is required."

    def advise(self) -> str:
        """Say what to publish, and how to do without where the provider only forgets to say it."""
        if self.url == DEVGW_TOML and self.got:
            return self.corrected("authorization_server_metadata", "code_challenge_methods_supported")
        mended = self.in_devgw_toml("authorization_server_metadata", 'code_challenge_methods_supported = ["S256"]')
        return f"Let the provider list S256 there; if it does support it and only does not say so, {mended}"


@dataclass(frozen=True, slots=True)
class DemandUnmet(DocumentProblem):
    """The authorization server takes only what the gateway, as its client, does not do."""

    url: str
    member: str
    got: str
    offered: str
    """What the gateway could do instead."""

    diagnosis: ClassVar = "UPST-21"
    source: ClassVar = "RFC 8414 §2; RFC 9126 §5; RFC 9101 §10.5"

    def explain(self) -> str:
        """Say which member, what it says, and what the gateway does."""
        return f"{self.url} says {self.member} {clean(self.got, 200)}; the gateway does {self.offered} alone."

    def advise(self) -> str:
        """Say where it is allowed."""
        if self.url == DEVGW_TOML:
            return self.corrected("authorization_server_metadata", self.member)
        return f"Let the provider allow {self.offered} for this client, and say so in {self.member}."
