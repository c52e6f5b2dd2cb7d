"""An issuer that a document publishes as a template, or as no URL: it is never what is told to be written."""

import json

import pytest

from devgw.diagnosis.verdicts import Answer, Check, Verdict
from devgw.diagnosis.verdicts.provider import Configured, discovery
from devgw.diagnosis.verdicts.server_issuer import issuer_points
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, Endpoint, SeenServer

MS = "https://login.microsoftonline.com"
TEMPLATE = f"{MS}/{{tenantid}}/v2.0"


def document(issuer: str) -> Answer:
    members = {"issuer": issuer, "authorization_endpoint": f"{MS}/a", "token_endpoint": f"{MS}/t"}
    return Answer(f"{MS}/common/v2.0/.well-known/openid-configuration", 200, body=json.dumps(members).encode())


def of_the_provider(issuer: str) -> Check:
    ours = Configured(f"{MS}/common/v2.0", (), f"{MS}/keys", f"{MS}/a", f"{MS}/t")
    return next(each for each in discovery(document(issuer), ours) if each.name == "provider.issuer")


def of_somebodys_server(issuer: str) -> Check:
    nothing = Answer("https://mcp.example/mcp")
    endpoint = Endpoint(nothing.url, nothing, nothing, nothing, nothing)
    named, place = f"{MS}/common/v2.0", DocumentPlace("oauth", document(issuer))
    seen = SeenServer(nothing.url, endpoint, issuer=named, servers=(place,))
    return next(each.check for each in issuer_points(seen) if each.check.name == "issuer.identifier")


@pytest.mark.parametrize("issuer", [TEMPLATE, f"{MS}/{{tenant}}", "https://{region}.idp.example"])
def test_a_template_is_no_string_to_be_configured_or_to_be_named(issuer: str) -> None:
    """Entra publishes `{tenantid}` for all tenants; each token names its own."""
    ours, theirs = of_the_provider(issuer), of_somebodys_server(issuer)
    assert ours.verdict is theirs.verdict is Verdict.FAIL
    for todo in (ours.todo, theirs.todo):
        assert "with the Directory (tenant) ID" in todo or "with its Directory (tenant) ID" in todo
    assert "is a template, and no token names it" in ours.todo
    assert f"Configure issuer = {issuer}" not in ours.todo
    assert f"one string, such as {issuer}" not in theirs.todo


@pytest.mark.parametrize("issuer", ["idp", "https://", "https://a b.example", "urn:idp"])
def test_what_is_no_url_is_not_proposed_either(issuer: str) -> None:
    ours, theirs = of_the_provider(issuer), of_somebodys_server(issuer)
    assert ours.todo == f"Let the provider publish a URL as its issuer: {issuer} is none."
    assert "whose `issuer` is a URL" in theirs.todo
    assert "Entra" not in ours.todo + theirs.todo


def test_an_issuer_that_is_a_url_is_proposed_as_it_stands() -> None:
    issuer = f"{MS}/7f1c2d3e-1111-4111-8111-111111111111/v2.0"
    assert of_the_provider(issuer).todo == f"Configure issuer = {issuer}."
    assert f"one string, such as {issuer}" in of_somebodys_server(issuer).todo
