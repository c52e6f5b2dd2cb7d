"""One table of addresses: where on the net an address lies, so that no foreign document sends us where it must not.

Only what the table calls public is public: what IANA may give out tomorrow is special until somebody looks. Addresses
of IPv4 inside IPv6 are unwrapped where a packet would really end there.

Source: RFC 6890 and IANA's special-purpose registries; RFC 4291 §2.5; RFC 6052; RFC 8215; RFC 3056; RFC 4380; RFC 5214.
"""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

PUBLIC: Final = "public"
LOOPBACK: Final = "loopback"
PRIVATE: Final = "private"
SHARED: Final = "shared"
UNSPECIFIED: Final = "unspecified"
NEAR: Final = frozenset({LOOPBACK, PRIVATE, SHARED, UNSPECIFIED})
"""This machine and the networks that people set up around it; what else is special leads nowhere good.

To connect to the unspecified address is to connect to this machine; servers that bind to it say so as their URL.
"""

_V4: Final = (
    ("0.0.0.0/32", UNSPECIFIED),
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", PRIVATE),
    ("100.64.0.0/10", SHARED),  # behind a carrier's NAT, and where private overlays (Tailscale) live
    ("127.0.0.0/8", LOOPBACK),
    ("169.254.0.0/16", "link-local"),  # with the metadata service of every cloud
    ("172.16.0.0/12", PRIVATE),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "a relay of 6to4"),
    ("192.168.0.0/16", PRIVATE),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_V6: Final = (
    ("::/128", UNSPECIFIED),
    ("::1/128", LOOPBACK),
    ("64:ff9b:1::/48", "a local NAT64"),
    ("2001::/23", "reserved for protocols"),  # with Teredo, ORCHID and benchmarking
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("2000::/3", PUBLIC),  # after its special parts above
    ("fc00::/7", PRIVATE),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
_EMBEDDING: Final = (
    IPv6Network("::ffff:0:0/96"),  # mapped: the system speaks IPv4
    IPv6Network("::ffff:0:0:0/96"),  # translated (SIIT)
    IPv6Network("64:ff9b::/96"),  # NAT64: the translator speaks IPv4
)
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""Before an address of IPv4 to which the packet goes, in whatever network (RFC 5214 §6.1)."""
_NAMES_HERE: Final = frozenset(
    {"localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"}
)
"""What systems call this machine in their hosts file; names below `localhost` are too (RFC 6761 §6.3)."""
_KINDS_V4: Final[list[tuple[IPv4Network, str]]] = [(IPv4Network(network), kind) for network, kind in _V4]
_KINDS_V6: Final[list[tuple[IPv6Network, str]]] = [(IPv6Network(network), kind) for network, kind in _V6]


def read_address(text: str) -> Address:
    """Return the address in `text`, without a zone, unwrapped where it is IPv4 inside IPv6.

    Raises:
        ValueError: where it is none.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def kind_of(address: Address) -> str:
    """Return where an address lies: `PUBLIC`, one of `NEAR`, or what else it is kept for."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _KINDS_V4 if address in network), PUBLIC)
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        return "ISATAP"
    return next((kind for network, kind in _KINDS_V6 if address in network), "reserved")


def find_literal(host: str) -> Address | None:
    """Return the address that a host is in itself, in every form that the system's resolver takes; None for a name.

    `2130706433`, `0x7f.1` and `0177.0.0.1` are all 127.0.0.1 to it.
    """
    try:
        return read_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError, ValueError):
        return None


def is_within(host: str, network: str) -> bool:
    """Tell whether a host is an address within `network` (CIDR); False where either is none."""
    address = find_literal(host)
    try:
        return address is not None and address in ip_network(network, strict=False)
    except ValueError:
        return False


def is_this_machine(host: str) -> bool:
    """Tell whether a host, as a URL names it, is this machine and can be nothing else."""
    name = host.strip("[]").rstrip(".").lower()
    if name in _NAMES_HERE or name.endswith(".localhost"):
        return True
    address = find_literal(name)
    return address is not None and kind_of(address) in {LOOPBACK, UNSPECIFIED}


def is_near(host: str) -> bool:
    """Tell whether a host, as a URL names it, is on this machine or network, without a look at any name server."""
    address = find_literal(host.strip("[]"))
    return is_this_machine(host) if address is None else kind_of(address) in NEAR
