"""Which names are said to read as others; who is warned of every foreign name reads no warning any more."""

import pytest

from devgw.foreign.lookalike import imitation_in, imitation_in_host


@pytest.mark.parametrize(
    "name",
    [
        "Claude Code",
        "Bücher",
        "Ąžuolas IDE",
        "Notas (São Paulo)",
        "日本語ツール",
        "Клиент",
        "Ελλάδα",
        "אבג",
        "VS Code 日本",
    ],
)
def test_a_name_in_ones_own_writing_is_not_odd(name: str) -> None:
    assert imitation_in(name) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Cl\u0430ude Code", "mixes letters of Cyrillic and Latin"),
        ("Cl\u03b1ude", "mixes letters of Greek and Latin"),
        ("\u0421\u043e\u0440\u0435 tools", "Cyrillic letters that look like Latin ones"),
        ("\uff23laude", "unusual forms"),
        ("\U0001d402laude", "unusual forms"),
        ("\u1d04\u029f\u1d00\u1d1c\u1d05\u1d07", "unusual forms"),
        ("Cl\u0251ude", "unusual forms"),
        ("\ua4da\ua4e1\ua4ee\ua4f4\ua4d3\ua4f0", "Lisu letters that look like Latin ones"),
        ("\u1455\u14aa\u15e9\u144c\u15ea\u15f4", "Canadian letters that look like Latin ones"),
    ],
)
def test_a_name_that_reads_as_another_says_how(name: str, said: str) -> None:
    assert said in imitation_in(name)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("xn--pple-43d.com", "its host xn--pple-43d.com, drawn as \u0430pple.com, mixes letters of Cyrillic and Latin"),
        ("login.xn--80ak6aa92e.com", "is written with Cyrillic letters that look like Latin ones"),
        ("xn--oole-z7bc.com", "has letters in unusual forms"),
        ("xn--a\u00e4.com", "no name in DNS"),
        ("xn--pple-43d.xn--p1ai", "mixes letters of Cyrillic and Latin"),
    ],
)
def test_a_host_that_reads_as_another_says_how(host: str, said: str) -> None:
    assert said in imitation_in_host(host)


@pytest.mark.parametrize(
    "host",
    ["login.example.com", "xn--bcher-kva.example", "xn--wgv71a119e.jp", "xn--80ak6aa92e.xn--p1ai", "127.0.0.1", "::1"],
)
def test_a_host_in_ones_own_writing_is_not_odd(host: str) -> None:
    """Under a domain of its own alphabet no reader expects Latin letters."""
    assert imitation_in_host(host) == ""
