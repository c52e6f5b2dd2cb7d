"""Which URLs lead back to devgw itself, under whatever name it goes."""

from typing import Any

import pytest

from devgw.config.own_origin import leads_to_devgw, leads_to_port
from devgw.settings import Settings


@pytest.mark.parametrize(
    ("url", "settings", "leads"),
    [
        ("http://localhost:9000/mcp", {}, True),
        ("https://localhost:9000/mcp", {}, True),
        ("http://LOCALHOST.:9000/mcp", {}, True),
        ("http://any.localhost:9000", {}, True),
        ("http://127.0.0.9:9000/", {}, True),
        ("http://[::1]:9000/", {}, True),
        ("http://0.0.0.0:9000/", {}, True),
        ("http://2130706433:9000/", {}, True),
        ("http://localhost:9001/mcp", {}, False),
        ("http://localhost/mcp", {}, False),
        ("http://box.lan:9000/mcp", {}, False),
        ("http://localhost:0/mcp", {"port": 0}, False),
        ("http://localhost/mcp", {"port": 0}, False),
        ("http://localhost/mcp", {"port": 80}, True),
        ("http://10.0.0.7:9000/", {"host": "10.0.0.7"}, True),
        ("http://BOX.lan:9000/", {"host": "box.LAN"}, True),
        ("http://10.0.0.7:9001/", {"host": "10.0.0.7"}, False),
        ("https://gw.example.com/x", {"origin": "https://gw.example.com"}, True),
        ("https://gw.example.com:443/x", {"origin": "https://gw.example.com"}, True),
        ("https://gw.example.com./x", {"origin": "https://gw.example.com"}, True),
        ("http://gw.example.com/x", {"origin": "https://gw.example.com"}, False),
        ("https://gw.example.com:8443/x", {"origin": "https://gw.example.com"}, False),
        ("https://x.gw.example.com/x", {"origin": "https://gw.example.com"}, False),
        ("http://box.lan/x", {"allowed_hosts": ("Box.lan",)}, True),
        ("http://box.lan:8080/x", {"allowed_hosts": ("box.lan",)}, True),
        ("http://box.lan:8080/x", {"allowed_hosts": ("box.lan:8080",)}, True),
        ("http://box.lan:8081/x", {"allowed_hosts": ("box.lan:8080",)}, False),
        ("http://box.lan/x", {"allowed_hosts": ("other.lan", "box.lan:80")}, True),
        ("http://[fd00::1]:8080/x", {"allowed_hosts": ("[fd00::1]:8080",)}, True),
        ("http://a.box.lan/x", {"allowed_hosts": ("box.lan",)}, False),
        ("ftp://localhost:9000/", {}, False),
        ("/mcp", {}, False),
        ("", {}, False),
    ],
)
def test_a_url_of_devgws_own_is_known(url: str, settings: dict[str, Any], *, leads: bool) -> None:
    assert leads_to_devgw(url, Settings(**settings)) is leads


@pytest.mark.parametrize(
    ("url", "port", "leads"),
    [
        ("http://localhost:9002/", 9002, True),
        ("https://127.0.0.1.:9002/", 9002, True),
        ("http://0.0.0.0:9002/", 9002, True),
        ("http://localhost/", 80, True),
        ("https://localhost/", 443, True),
        ("http://localhost:9002/", 9003, False),
        ("http://box.lan:9002/", 9002, False),
        ("http://localhost:0/", 0, False),
        ("http://localhost/", 0, False),
        ("localhost:9002", 9002, False),
    ],
)
def test_a_port_of_this_machine_is_known(url: str, port: int, *, leads: bool) -> None:
    assert leads_to_port(url, port) is leads
