"""Where an address lies, in both families and every form."""

import pytest

from devgw.foreign.addresses import (
    LOOPBACK,
    NEAR,
    PRIVATE,
    PUBLIC,
    SHARED,
    UNSPECIFIED,
    find_literal,
    is_this_machine,
    is_within,
    kind_of,
    read_address,
)

SPECIAL = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.8 192.0.0.9 192.0.0.170 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::2 ::7f00:1 ::ffff:10.0.0.1
::ffff:127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b::169.254.169.254 64:ff9b:1::1
64:ff9b:1:ffff::8.8.8.8 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1:: 2002:808:808::1 3fff::1 3fff:fff::1 5f00::1 4000::1 fc00::1 fd00::1 fe80::1 fe80::1%eth0 febf::1 fec0::1
feff::1 ff02::1 ff0e::1 ::1%lo 2a00:1450::5efe:10.0.0.1 2a00:1450::200:5efe:10.0.0.1
"""
OPEN = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 192.167.1.1 198.17.0.1 198.20.0.1
223.255.255.255 2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 2003::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


@pytest.mark.parametrize("text", SPECIAL.split())
def test_what_is_kept_for_something_is_not_public(text: str) -> None:
    """RFC 6890, and the registries of IANA that grew out of it."""
    assert kind_of(read_address(text)) != PUBLIC


@pytest.mark.parametrize("text", OPEN.split())
def test_what_lies_beside_it_is_public(text: str) -> None:
    """NAT64 is how many machines reach every host of IPv4: what counts is the address behind it."""
    assert kind_of(read_address(text)) == PUBLIC


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("64:ff9b::7f00:1", LOOPBACK),
        ("192.168.1.1", PRIVATE),
        ("fd00::1", PRIVATE),
        ("100.100.100.100", SHARED),
        ("::ffff:0:127.0.0.1", LOOPBACK),
        ("0.0.0.0", UNSPECIFIED),
        ("::", UNSPECIFIED),
    ],
)
def test_near_is_this_machine_and_its_networks(text: str, kind: str) -> None:
    assert kind_of(read_address(text)) == kind
    assert kind in NEAR


@pytest.mark.parametrize("text", ["169.254.169.254", "fe80::1", "fec0::1", "0.0.0.1", "::2", "224.0.0.1", "192.0.0.8"])
def test_what_leads_nowhere_good_is_not_near_either(text: str) -> None:
    assert kind_of(read_address(text)) not in NEAR


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("64:ff9b:1::1", "a local NAT64"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("4000::1", "reserved"),
    ],
)
def test_a_refusal_calls_an_address_by_what_it_is_kept_for(text: str, kind: str) -> None:
    assert kind_of(read_address(text)) == kind


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1", "017700000001"]
)
def test_every_form_that_a_resolver_takes_is_an_address(host: str) -> None:
    assert str(find_literal(host)) == "127.0.0.1"


def test_a_zone_is_no_part_of_an_address() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.b.localhost", "ip6-localhost", "[::1]", "0.0.0.0", "::"]
)
def test_this_machine_has_many_names(host: str) -> None:
    """RFC 6761 §6.3."""
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "10.0.0.1", "", "fe80::1"])
def test_what_only_looks_like_this_machine_is_not(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost", "example.com", "", "1.2.3.4.5", "0x7g.1", "999.1.1.1", "é"])
def test_a_name_is_no_address(host: str) -> None:
    assert find_literal(host) is None


def test_a_network_holds_its_addresses_alone() -> None:
    assert is_within("10.1.2.3", "10.0.0.0/8")
    assert is_within("fd00::5", "fd00::/8")
    assert not is_within("11.1.2.3", "10.0.0.0/8")
    assert not is_within("example.com", "10.0.0.0/8")
    assert not is_within("10.1.2.3", "no/network")
