r"""The private key with which a client signs its assertions: read at load, so that a call never meets a wrong one.

A key in one line is taken too, with `\n` written out or with spaces where its lines ended: so it comes out of many
secret stores. No text of this module carries a part of the key.

Source: RFC 7468 (the textual encodings), RFC 7518 §3.1 (which key an algorithm takes).
"""

import contextlib
import re
from typing import TYPE_CHECKING, Any

from devgw.config.shapes import refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

CODE = "private-key"
SMALLEST_RSA = 2048
"""Bits: RFC 7518 §3.3 asks for as many, and PyJWT warns below."""
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PACKED = "LS0tLS1CRUdJTi"
"""`-----BEGIN` in base64."""
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_LABELS = frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"})
_WIDTH = 64
_HOW = (
    'Write it in .env as NAME="-----BEGIN PRIVATE KEY-----…-----END PRIVATE KEY-----", in quotes, over several lines '
    "or with \\n between them."
)
_PKCS8 = "openssl pkcs8 -topk8 -nocrypt -in key.pem"
_OTHERS = {
    "PUBLIC KEY": ("This is a public key; signing takes the private one.", "Put the private key there."),
    "RSA PUBLIC KEY": ("This is a public key; signing takes the private one.", "Put the private key there."),
    "CERTIFICATE": ("This is a certificate; signing takes its private key.", "Put the private key there."),
    "CERTIFICATE REQUEST": ("This is a certificate request, not a key.", "Put the private key there."),
    "ENCRYPTED PRIVATE KEY": ("This private key is encrypted with a passphrase.", f"Decrypt it: {_PKCS8}"),
    "OPENSSH PRIVATE KEY": (
        "This private key is in the format of OpenSSH.",
        "Convert a copy of it: ssh-keygen -p -m PKCS8 -f copy-of-key",
    ),
    "EC PARAMETERS": ("This holds the parameters of a curve before the key.", f"Write the key alone: {_PKCS8}"),
}


def private_key(pem: str, algorithm: str | None) -> str:
    """Return `pem` with its lines where they belong, after a look at whether it signs with `algorithm`.

    Args:
        pem: the key.
        algorithm: None where that is itself refused, so that nothing can be said of whether they fit.

    Raises:
        PydanticCustomError: with the sentence that fits what is there instead.
    """
    block = _BLOCK.search(pem.replace("\\r", "").replace("\\n", "\n"))
    if block is None:
        raise refusal(CODE, _what_else(pem), _HOW)
    label, body = block[1], block[2]
    if label in _OTHERS:
        raise refusal(CODE, *_OTHERS[label])
    if "ENCRYPTED" in body:
        raise refusal(CODE, *_OTHERS["ENCRYPTED PRIVATE KEY"])
    letters = re.sub(r"\s", "", body)
    lines = [letters[start : start + _WIDTH] for start in range(0, len(letters), _WIDTH)]
    text = "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
    _check_letters(letters)
    key = _read(text, label)
    if algorithm is not None:
        _check_fit(key, algorithm)
    return text


def _what_else(text: str) -> str:
    """Say what stands there instead of a PEM block."""
    stripped = text.strip()
    if "-----BEGIN" in stripped:
        return "This private key is cut off: it has no END line that matches its BEGIN line."
    if stripped.startswith(_PACKED):
        return "This is a PEM file in base64 once more."
    if re.fullmatch(r"MII[A-Za-z0-9+/=\s\\]+", stripped):
        return "This is a key without its BEGIN and END lines."
    if stripped.startswith("{"):
        return "This is JSON, perhaps a JWK; the key has to be in PEM."
    if stripped.startswith(("/", "./", "../", "~")) or re.fullmatch(r"[\w./-]+\.(pem|key|p8)", stripped):
        return "This is the name of a file; the key itself belongs here."
    return "This is no private key in PEM: it has no BEGIN line."


def _check_letters(letters: str) -> None:
    """Refuse what no base64 has: most often what somebody put where the lines ended."""
    if odd := _NO_BASE64.search(letters):
        message = f"Between the BEGIN and END lines of this private key stands {_shown(odd[0])}, which no key has."
        raise refusal(CODE, message, f"Take it out. {_HOW}")


def _shown(character: str) -> str:
    """Return a character as it may be shown, by its number where it cannot be seen."""
    return f"`{character}`" if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"


def _read(text: str, label: str) -> "PrivateKeyTypes":
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  rarely wanted

    try:
        return load_pem_private_key(text.encode(), None)
    except Exception as error:  # the library raises ValueError, TypeError and UnsupportedAlgorithm, by its version
        if (other := _true_label(text, label)) is not None:
            message = f"The BEGIN line of this private key says {label}, and what follows is {other}."
            raise refusal(CODE, message, f"Write {other} in its BEGIN and END lines.") from error
        message = "This private key cannot be read: what stands between its BEGIN and END lines is no key."
        raise refusal(CODE, message, "Copy it once more, whole.") from error


def _true_label(text: str, label: str) -> str | None:
    """Return under which other label this would be a private key; None where it is none at all."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  rarely wanted

    for other in _LABELS - {label}:
        with contextlib.suppress(Exception):  # as above
            load_pem_private_key(text.replace(f" {label}-----", f" {other}-----").encode(), None)
            return other
    return None


def _check_fit(key: Any, algorithm: str) -> None:
    """Refuse a key that does not sign with `algorithm`."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415  rarely wanted

    if isinstance(key, rsa.RSAPrivateKey):
        fits, kind = algorithm.startswith("RS"), "an RSA key"
        right = "RS256"
        if fits and key.key_size < SMALLEST_RSA:
            message = f"This RSA key has {key.key_size} bits; {algorithm} takes {SMALLEST_RSA} or more."
            raise refusal(CODE, message, "Make another one: openssl genrsa 2048")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        curve = key.curve.name
        fits, kind = _CURVES.get(algorithm) == curve, f"a key on the curve {curve}"
        right = next((name for name, known in _CURVES.items() if known == curve), "")
    else:
        fits, kind, right = False, "neither an RSA nor an EC key", ""
    if not fits:
        takes = f"an EC key on the curve {_CURVES[algorithm]}" if algorithm in _CURVES else "an RSA key"
        fix = f'Write "algorithm": "{right}", or use {takes}.' if right else f"Use {takes}."
        raise refusal(CODE, f"{algorithm} does not sign with this: it is {kind}.", fix)
