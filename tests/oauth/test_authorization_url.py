"""What is sent with a browser is said by us alone, whatever the endpoint brings along (RFC 6749 §3.1)."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from devgw.oauth.authorization_url import authorization_url

OURS = {"client_id": "us", "state": "st_1", "redirect_uri": "http://localhost:9000/cb", "resource": "https://x/"}
BASE = "https://login.example/authorize"


@pytest.mark.parametrize("name", [*OURS, "response_type", "scope", "nonce", "code_challenge", "response_mode"])
@pytest.mark.parametrize("write", ["{}=evil", "{}[]=evil", "%20{}=evil", "{}", "a;{}=evil", "a=1;{}=evil"])
def test_no_parameter_of_the_request_stands_there_twice(name: str, write: str) -> None:
    names = {name, name.upper(), name.replace("_", "."), "".join(f"%{ord(each):x}" for each in name)}
    for each in names:
        url = authorization_url(f"{BASE}?tenant=7&{write.format(each)}&b=", OURS)
        assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == {"tenant": "7", "b": "", **OURS}
        assert "evil" not in url


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_no_request_object_takes_the_place_of_ours(name: str) -> None:
    """RFC 9101 §5: the server would read nothing else."""
    assert name not in dict(parse_qsl(urlsplit(authorization_url(f"{BASE}?{name}=x", OURS)).query))


def test_what_is_the_endpoints_own_goes_as_it_is_written() -> None:
    assert authorization_url(f"{BASE}?a=%2f+%20&&p=state", {"state": "1"}) == f"{BASE}?a=%2f+%20&p=state&state=1"
    assert authorization_url(BASE, {"state": "1"}) == f"{BASE}?state=1"
    assert authorization_url("https://b\u00fccher.example/x", {"state": "1"}).startswith(
        "https://xn--bcher-kva.example/x?"
    )
