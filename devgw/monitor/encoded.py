"""What base32, base64 and base85 make of a value, wherever it stands in what is encoded.

Each takes a group of bytes for a group of letters (5 for 8, 3 for 4, 4 for 5), so a value looks otherwise by how many
bytes stand before it. Of the letters at its ends some depend on its neighbours: they are left out.

Source: RFC 4648 §4-§7; Ascii85, RFC 1924 and Z85 (ZeroMQ 32) for base85.
"""

import base64
from collections.abc import Iterator
from math import gcd

_SHORTEST = 7
"""Letters: what base64 makes of six bytes, and more than what stands anywhere by chance."""
_BASE64 = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
)
_BASE32 = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
_OF_RFC_1924 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_OF_Z85 = str.maketrans(
    _OF_RFC_1924, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
)


def in_base64(value: bytes) -> Iterator[str]:
    """Yield a value in both alphabets, and the lines of which mails and keys are made."""
    yield from _in_bits(value, 6, _BASE64)
    *lines, _ = base64.encodebytes(value).decode().split()
    yield from lines


def in_base32(value: bytes) -> Iterator[str]:
    """Yield a value in each alphabet, in capitals and small."""
    for found in _in_bits(value, 5, _BASE32):
        yield from (found.upper(), found.lower())


def _in_bits(value: bytes, bits: int, alphabets: tuple[str, ...]) -> Iterator[str]:
    """Yield the letters of so many bits each that lie wholly in a value, by how many bytes stand before it."""
    length = 8 * len(value)
    written = f"{int.from_bytes(value):0{length}b}"  # to shift the number itself takes time by the square of its length
    for skipped in range(0, bits, gcd(8, bits)):
        digits = [int(written[at : at + bits], 2) for at in range(skipped, length - bits + 1, bits)]
        if len(digits) >= _SHORTEST:
            yield from ("".join(alphabet[each] for each in digits) for alphabet in alphabets)


def in_base85(value: bytes) -> Iterator[str]:
    """Yield the whole groups of a value in each alphabet, and all of it as it is encoded alone.

    Each letter depends on four bytes, so of what is shorter than eight nothing is found amid other bytes.
    """
    whole = [value[before : before + (len(value) - before) // 4 * 4] for before in range(4)]
    for each in (value, *(part for part in whole if 5 * len(part) // 4 >= _SHORTEST)):
        plain = base64.b85encode(each).decode()
        yield from (plain, plain.translate(_OF_Z85), base64.a85encode(each).decode())
