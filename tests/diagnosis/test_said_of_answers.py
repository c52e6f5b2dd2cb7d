"""What is said of answers that are near to another one: none is told as that."""

import pytest

from devgw.diagnosis.verdicts.point import lacks
from devgw.problems.bearer import TokenMissing
from devgw.problems.upstream_answered import UNKNOWN
from devgw.problems.upstream_by_status import stood_before
from devgw.problems.upstream_credential import Shown, UpstreamCredentialRefused, account_scheme
from devgw.problems.upstream_no_mcp import UpstreamAnswerNotMcp

URL = "https://as.example/token"
ACCESS = b"https://team.cloudflareaccess.com/cdn-cgi/access/login"


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", [b'{"access_token":"t","token_type":"bearer","by":"%s"}', b'{"issuer":"%s"}'])
def test_what_an_endpoint_answers_well_is_its_own_whatever_names_stand_in_it(status: int, body: bytes) -> None:
    assert stood_before(URL, status, {"content-type": "application/json"}, body % ACCESS, UNKNOWN) is None
    title = b"<title>Sign in &#12539; Cloudflare Access</title>"
    page = stood_before(URL, status if status == 200 else 401, {"content-type": "text/html"}, title, UNKNOWN)
    assert page is not None
    assert page.diagnosis_id == "PROXY-22"
    assert stood_before(URL, 403, {}, b'{"see":"%s"}' % ACCESS, UNKNOWN) is None


@pytest.mark.parametrize(
    ("challenge", "scheme"),
    [
        ('NTLM, Basic realm="x"', "Basic"),
        ('Negotiate, NTLM, Basic realm="x"', "Basic"),
        ('Digest realm="x", nonce="basic"', "Digest"),
        ("Negotiate", "Negotiate (Kerberos)"),
        ('DPoP algs="ES256"', ""),
        ('Basic realm="x", Bearer', ""),
        ("", ""),
    ],
)
def test_of_several_schemes_of_an_account_the_one_that_works_is_advised(challenge: str, scheme: str) -> None:
    assert account_scheme(challenge) == scheme


def test_a_challenge_for_a_proof_is_for_a_token() -> None:
    problem = UpstreamCredentialRefused("https://up.example/mcp", 'DPoP algs="ES256"', "", Shown.NOTHING, False)
    assert "no Bearer token" not in problem.explain()
    assert "bearer tokens or a key" in problem.advise()
    assert "set-upstream-api-key-inbound" not in problem.advise()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "it has no `issuer`"),
        ({"issuer": ""}, "its `issuer` is empty"),
        ({"issuer": []}, "its `issuer` is [], and no string"),
        ({"issuer": None}, "its `issuer` is null, and no string"),
    ],
)
def test_what_is_there_and_no_string_is_not_said_to_be_absent(document: dict[str, object], said: str) -> None:
    assert lacks(document, "issuer") == said


@pytest.mark.parametrize(
    ("beside", "end"),
    [
        (("the cookie a",), "it has the cookie a, which is not read here."),
        (("the cookie a", "the header B"), "it has the cookie a and the header B, none of which is read here."),
    ],
)
def test_several_places_are_spoken_of_as_several(beside: tuple[str, ...], end: str) -> None:
    assert TokenMissing(beside=beside).explain().endswith(end)


def test_an_answer_of_get_alone_is_not_to_be_looked_at_in_a_browser() -> None:
    problem = UpstreamAnswerNotMcp(url="https://up.example/mcp", status_code=304, beginning="", content_type="")
    assert "cache" in problem.advise()
    assert "browser" not in problem.advise()
