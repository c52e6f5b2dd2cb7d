"""Texts that hold several redirect URIs: they are told apart, and a long one is read in a moment."""

from time import process_time

import pytest

from devgw.limits import Limits
from devgw.oauth.joined_uris import joined_in, joint_of
from devgw.oauth.redirect_uri import check_redirect_uri
from devgw.problems import Refused
from devgw.problems.clients import RedirectUriRefused

LONG = 64 * 1024
SECONDS = 5.0
"""Of processor time: a thousand times what a line through the text takes, and an eighth of what its square took."""


@pytest.mark.parametrize("repeated", [" ", "\t", " \n", " ,", ", ", ";", " a", ",a.", "a:/", "\u2003"])
def test_a_long_text_that_is_no_list_is_read_in_a_moment(repeated: str) -> None:
    text = "https://x.example/" + repeated * (LONG // len(repeated)) + "y"
    begun = process_time()
    joint_of(text)
    joined_in(text)
    with pytest.raises(Refused) as refused:
        check_redirect_uri(text)
    assert process_time() - begun < SECONDS
    problem = refused.value.problem
    assert isinstance(problem, RedirectUriRefused)
    assert f"longer than {Limits.REDIRECT_URI_CHARACTERS:,} characters" in problem.explain()


@pytest.mark.parametrize("joint", [" ", ",", " , ", ";  ", "\n", "|", "  \t|"])
def test_what_stands_between_two_uris_parts_them(joint: str) -> None:
    one, other = "https://x.example/cb", "com.example.app:/cb"
    assert joined_in(f"{one}{joint}{other}") == (one, other)


@pytest.mark.parametrize(
    "text", ["https://x.example/a,b", "https://x.example/a b", "https://x.example/?to=a,https://y/"]
)
def test_what_stands_inside_one_uri_parts_nothing(text: str) -> None:
    assert joined_in(text) == ()
