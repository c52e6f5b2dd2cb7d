"""`idJag` of the token exchange: read whole, or told what is missing and where."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from devgw.outbound.upstream_oauth.id_jag import read_credentials
from tests.config.bench import POLICY_NAME, operation, policy, read, workos_options, write

AUTH = {"method": "client_secret_post", "clientId": "gw", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}
ID_JAG: dict[str, Any] = {
    "idp": {"tokenUrl": "https://idp.example.com/token", "clientAuth": AUTH},
    "resourceAs": {
        "tokenUrl": "https://ras.example.com/token",
        "audience": "https://ras.example.com",
        "clientAuth": AUTH,
    },
}


def load(root: Path, id_jag: dict[str, Any]) -> Any:
    options = {"displayName": "X", "authMode": "id-jag", "idJag": id_jag}
    exchange = policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "mcp-token-exchange-x")
    paths = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "mcp-token-exchange-x"])}}
    return read(write(root, [policy(workos_options()), exchange], paths))


def test_what_was_written_is_what_the_exchange_reads(tmp_path: Path) -> None:
    loaded = load(tmp_path, ID_JAG)
    assert [each.code for each in loaded.findings] == ["id-jag-without-id-token"]
    settings = loaded.project.routes[0].token_exchange.id_jag
    credentials = read_credentials(settings["idp"]["clientAuth"])
    assert (credentials.client_id, credentials.method) == ("gw", "client_secret_post")
    assert credentials.secret
    assert credentials.secret not in repr(loaded.project)
    assert settings["resourceAs"]["audience"] == "https://ras.example.com"


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("idp",), None, "/idJag"),
        (("resourceAs", "audience"), None, "/idJag/resourceAs"),
        (("idp", "clientAuth", "clientSecret"), None, "/idJag/idp/clientAuth"),
        (("idp", "clientAuth", "method"), "private_key_jwt", "/idJag/idp/clientAuth"),
        (("idp", "clientAuth", "method"), "tls", "/idJag/idp/clientAuth/method"),
        (("idp", "tokenUrl"), "idp.example.com", "/idJag/idp/tokenUrl"),
        (("resourceAs", "tokenURL"), "https://x.example.com", "/idJag/resourceAs/tokenURL"),
    ],
)
def test_what_is_missing_has_its_place(tmp_path: Path, path: tuple[str, ...], value: Any, pointer: str) -> None:
    """Before the first call, and not as a fault while somebody waits."""
    given = deepcopy(ID_JAG)
    place = given
    for step in path[:-1]:
        place = place[step]
    place.pop(path[-1], None)
    if value is not None:
        place[path[-1]] = value
    loaded = load(tmp_path, given)
    assert loaded.project is None
    assert any((finding.pointer or "").endswith(pointer) for finding in loaded.findings), loaded.findings


def trusted(root: Path, **entry: Any) -> Any:
    id_jag = {"enabled": True, "trustedIssuers": [entry]}
    return read(write(root, [policy(workos_options(idJag=id_jag))]))


def test_an_issuer_that_is_not_named_is_the_provider_of_the_browser_login(tmp_path: Path) -> None:
    """WorkOS is not known to issue such assertions, which is said."""
    loaded = trusted(tmp_path, expectedClientIds=["c"], subjectMapping="sub_id_only")
    assert [each.code for each in loaded.findings] == ["id-jag-without-issuer"]
    (issuer,) = loaded.project.oauth.id_jag.trusted_issuers
    assert issuer.issuer == loaded.project.oauth.oidc.issuer
    assert issuer.jwks_url == loaded.project.oauth.oidc.jwks_url
    assert (issuer.expected_client_ids, issuer.subject_mapping) == (("c",), "sub_id_only")


def test_an_issuer_without_its_keys_is_refused(tmp_path: Path) -> None:
    assert trusted(tmp_path, issuer="https://i.example.com").project is None
