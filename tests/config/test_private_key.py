"""The key that signs assertions is looked at when it is loaded: what is there instead is said, and never shown."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from devgw.config.load import Loaded
from devgw.config.private_key import private_key
from devgw.outbound.upstream_oauth.id_jag import read_credentials
from tests.config.bench import ENVIRON, POLICY_NAME, codes, only, operation, policy, read, workos_options, write

PKCS8, TRADITIONAL = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
OPENSSH = serialization.PrivateFormat.OpenSSH
NONE = serialization.NoEncryption()


@cache
def key(name: str) -> Any:
    """Return a key, made once."""
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, int(name.removeprefix("rsa") or 2048))
    curves: dict[str, Any] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "k256": ec.SECP256K1()}
    return ed25519.Ed25519PrivateKey.generate() if name == "ed" else ec.generate_private_key(curves[name])


def pem(name: str, form: Any = PKCS8, encryption: Any = NONE) -> str:
    return str(key(name).private_bytes(serialization.Encoding.PEM, form, encryption).decode())


def public(name: str) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key(name).public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def in_one_line(text: str, between: str) -> str:
    return between.join(text.strip().splitlines())


def loaded_with(tmp_path: Path, dotenv: str, algorithm: str = "RS256") -> Loaded:
    """Read a project whose cross-app access signs with the key in `.env`."""
    by_key = {
        "method": "private_key_jwt",
        "clientId": "gw",
        "privateKeyPem": "$env(SIGNING_KEY)",
        "algorithm": algorithm,
    }
    by_secret = {"method": "client_secret_post", "clientId": "gw", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}
    id_jag = {
        "idp": {"tokenUrl": "https://idp.example.com/token", "clientAuth": by_secret},
        "resourceAs": {
            "tokenUrl": "https://ras.example.com/token",
            "audience": "https://ras.example.com",
            "clientAuth": by_key,
        },
    }
    options = {"id": "linear", "displayName": "Linear", "authMode": "id-jag", "idJag": id_jag}
    exchange = policy(options, "mcp-token-exchange-inbound", "McpTokenExchangeInboundPolicy", "exchange")
    generic = {
        "oidc": {"issuer": "https://idp.example.com", "jwksUrl": "https://idp.example.com/jwks"},
        "browserLogin": {
            "url": "https://idp.example.com/authorize",
            "tokenUrl": "https://idp.example.com/token",
            "clientId": "gw",
            "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
        },
    }
    oauth = policy(generic, "mcp-oauth-inbound", "McpOAuthInboundPolicy")
    paths = {"/mcp/x": {"post": operation(inbound=[POLICY_NAME, "exchange"])}}
    return read(write(tmp_path, [oauth, exchange], paths, dotenv=dotenv), ENVIRON)


@pytest.mark.parametrize(
    "dotenv",
    [
        f'SIGNING_KEY="{pem("rsa")}"\n',
        f"SIGNING_KEY='{pem('rsa')}'\n",
        'SIGNING_KEY="' + in_one_line(pem("rsa"), "\\n") + '"\n',
        "SIGNING_KEY='" + in_one_line(pem("rsa"), "\\n") + "'\n",
        "SIGNING_KEY=" + in_one_line(pem("rsa"), "\\n") + "\n",
        "SIGNING_KEY='" + in_one_line(pem("rsa"), " ") + "'\n",
        'SIGNING_KEY="' + pem("rsa", TRADITIONAL).replace("\n", "\r\n") + '"\n',
    ],
    ids=["quoted", "single quotes", "n in quotes", "n in single quotes", "n bare", "one line", "traditional, CRLF"],
)
def test_a_key_works_however_its_lines_are_written(tmp_path: Path, dotenv: str) -> None:
    loaded = loaded_with(tmp_path, dotenv)
    assert codes(loaded) == []
    assert loaded.project is not None
    exchange = loaded.project.routes[0].token_exchange
    assert exchange is not None
    assert exchange.id_jag is not None
    credentials = read_credentials(exchange.id_jag["resourceAs"]["clientAuth"])
    assert credentials.key is not None
    signed = jwt.encode({"iss": "gw"}, credentials.key.private_key_pem, credentials.key.algorithm)
    assert jwt.decode(signed, public("rsa"), ["RS256"])["iss"] == "gw"


WRONG = {
    "garbage": ("hunter2hunter2", "RS256", "no private key in PEM"),
    "a path": ("/home/me/key.pem", "RS256", "name of a file"),
    "a file name": ("key.pem", "RS256", "name of a file"),
    "base64 of PEM": (base64.b64encode(pem("rsa").encode()).decode(), "RS256", "base64 once more"),
    "no BEGIN": ("".join(pem("rsa").splitlines()[1:-1]), "RS256", "without its BEGIN and END"),
    "a JWK": (json.dumps({"kty": "RSA", "n": "x"}), "RS256", "JWK"),
    "public": (public("rsa"), "RS256", "public key"),
    "certificate": ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "RS256", "certificate"),
    "encrypted": (pem("rsa", PKCS8, serialization.BestAvailableEncryption(b"x")), "RS256", "encrypted"),
    "encrypted, old": (pem("rsa", TRADITIONAL, serialization.BestAvailableEncryption(b"x")), "RS256", "encrypted"),
    "OpenSSH": (pem("rsa", OPENSSH), "RS256", "OpenSSH"),
    "cut off": (pem("rsa")[:200], "RS256", "cut off"),
    "spoiled": (pem("rsa").replace("\nMII", "\nXXX", 1), "RS256", "cannot be read"),
    "empty block": ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "RS256", "cannot be read"),
    "EC for RS256": (pem("p256"), "RS256", "secp256r1"),
    "RSA for ES256": (pem("rsa"), "ES256", "an RSA key"),
    "P-384 for ES256": (pem("p384"), "ES256", "secp384r1"),
    "another curve": (pem("k256"), "ES256", "secp256k1"),
    "Ed25519": (pem("ed"), "ES256", "neither"),
    "short": (pem("rsa1024"), "RS256", "1024 bits"),
    "commas for lines": (in_one_line(pem("rsa"), ","), "RS256", "stands `,`"),
    "escapes of URLs for lines": (in_one_line(pem("rsa"), "%0A"), "RS256", "stands `%`"),
    "what cannot be seen between": (in_one_line(pem("rsa"), "\u200b"), "RS256", "stands U+200B"),
    "another label": (pem("rsa").replace("PRIVATE KEY", "RSA PRIVATE KEY"), "RS256", "what follows is PRIVATE KEY"),
    "the label of another kind": (
        pem("rsa", TRADITIONAL).replace("RSA PRIVATE KEY", "PRIVATE KEY"),
        "RS256",
        "what follows is RSA PRIVATE KEY",
    ),
    "four dashes": (pem("rsa").replace("-----", "----"), "RS256", "it has no BEGIN line."),
}


@pytest.mark.parametrize(("text", "algorithm", "says"), WRONG.values(), ids=WRONG)
def test_whatever_stands_there_instead_is_said_and_never_shown(
    tmp_path: Path, text: str, algorithm: str, says: str
) -> None:
    loaded = loaded_with(tmp_path, f"SIGNING_KEY='{text}'\n", algorithm)
    found = only(loaded, "private-key")
    assert loaded.project is None
    assert says in found.message
    assert found.fix
    assert found.pointer.endswith("/resourceAs/clientAuth/privateKeyPem")
    inside = [line for line in text.splitlines() if line and not line.startswith("-----")]
    assert not any(line[:20] in f"{found.message} {found.fix} {found.source_line}" for line in inside)


@pytest.mark.parametrize("name", ["ed", "rsa", "p256"])
@pytest.mark.parametrize("algorithm", ["EdDSA", "PS256", "none", "HS256"])
def test_of_an_algorithm_that_is_not_run_that_alone_is_said(tmp_path: Path, name: str, algorithm: str) -> None:
    """Whether the key fits is no question then; least of all whether it fits another algorithm."""
    loaded = loaded_with(tmp_path, f"SIGNING_KEY='{pem(name)}'\n", algorithm)
    assert loaded.project is None
    assert [each.pointer.rpartition("/")[2] for each in loaded.findings] == ["algorithm"]


@pytest.mark.parametrize(
    ("name", "algorithm", "fix"),
    [
        ("ed", "RS256", "Use an RSA key."),
        ("ed", "ES384", "Use an EC key on the curve secp384r1."),
        ("p256", "RS512", 'Write "algorithm": "ES256", or use an RSA key.'),
        ("rsa", "ES256", 'Write "algorithm": "RS256", or use an EC key on the curve secp256r1.'),
    ],
)
def test_of_a_key_that_does_not_fit_is_said_which_would(tmp_path: Path, name: str, algorithm: str, fix: str) -> None:
    assert only(loaded_with(tmp_path, f"SIGNING_KEY='{pem(name)}'\n", algorithm), "private-key").fix == fix


@pytest.mark.parametrize(("name", "algorithm"), [("rsa", "RS512"), ("p256", "ES256"), ("p384", "ES384")])
def test_a_key_that_fits_its_algorithm_is_taken(name: str, algorithm: str) -> None:
    assert jwt.encode({}, private_key(pem(name), algorithm), algorithm)


def test_a_key_in_the_file_itself_is_a_secret_in_the_repository(tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path, "")
    assert "env-missing" in codes(loaded)
    assert workos_options()
    path = tmp_path / "config/policies.json"
    path.write_text(path.read_text().replace('"$env(SIGNING_KEY)"', json.dumps(pem("rsa"))))
    assert codes(read(tmp_path)) == ["literal-secret"]
