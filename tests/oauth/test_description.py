"""What `error_description` quotes is what was sent, in the characters that OAuth has for it."""

import re

import pytest

from devgw.oauth.description import describe, error_description
from devgw.oauth.redirect_uri import check_redirect_uri
from devgw.problems import Refused

TAKEN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


@pytest.mark.parametrize(
    ("uri", "quoted"),
    [
        (r"https://h\@evil.example", "https://h<U+005C>@evil.example"),
        ('https://h"x.example', "https://h'x.example"),
        ("https://h\u202eelpmaxe.example/", "https://h<U+202E>elpmaxe.example/"),
        ("https://h/\u2014/#a", "https://h/<U+2014>/#a"),
        ("https://h/\U0001f600\t", "https://h/<U+1F600>"),
    ],
)
def test_a_refusal_never_quotes_another_string_than_was_sent(uri: str, quoted: str) -> None:
    with pytest.raises(Refused) as refused:
        check_redirect_uri(uri)
    said = describe(refused.value.problem)
    assert quoted in said
    assert ("' stands for another quotation mark" in said) is ('"' in uri)
    assert TAKEN.fullmatch(said)


def test_a_section_of_a_standard_is_written_out() -> None:
    assert error_description("See RFC 9728 §3.1, RFC 8414 §3.1.") == "See RFC 9728 section 3.1, RFC 8414 section 3.1."
    assert error_description("https://h/§3") == "https://h/<U+00A7>3"


def test_two_strings_that_differ_are_never_described_alike() -> None:
    asked = ["a/b", "a\\b", "a?b", "a\u00e4b", "a'b", 'a"b', "a-b", "a\u2013b", "a\nb", "a\u2028b"]
    assert len({error_description(each) for each in asked}) == len(asked)
