"""A call that is led to where it came from: query and all, and without an end only where POST stays POST."""

import pytest

from devgw.problems.upstream_answered import CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in
from devgw.problems.upstream_status import UpstreamRedirectsCall

KEYED = "https://mcp.example/mcp?key=1"
PLAIN = "https://mcp.example/mcp"


def redirected(url: str, location: str, status: int = 307) -> UpstreamRedirectsCall:
    """Return what is said of a redirect, as `watch` and the doctor do it: the query of the URL is not shown."""
    answered = read_answer(url.partition("?")[0], status, {"location": location}, b"", asked_url=url)
    problem = no_answer_in(answered, "initialize", CallFacts("the MCP server at https://mcp.example"))
    assert isinstance(problem, UpstreamRedirectsCall)
    assert "key=" not in problem.explain() + problem.advise()
    return problem


@pytest.mark.parametrize(
    ("url", "location"),
    [(KEYED, "/mcp"), (KEYED, "/mcp?key=2"), (PLAIN, "/mcp?key=1"), (PLAIN, "/mcp/"), (KEYED, PLAIN)],
)
def test_a_redirect_to_another_query_is_no_circle(url: str, location: str) -> None:
    problem = redirected(url, location)
    assert problem.diagnosis_id == "PROXY-01"
    assert "itself" not in problem.explain()
    assert f"Give clients {PLAIN}" in problem.advise()


def test_a_query_that_is_not_shown_is_shown_to_be_there() -> None:
    assert f"Give clients {PLAIN}?… itself" in redirected(PLAIN, "/mcp?key=1").advise()
    assert f"Give clients {PLAIN} itself" in redirected(KEYED, "/mcp").advise()


@pytest.mark.parametrize(
    ("url", "location"), [(KEYED, "/mcp?key=1"), (KEYED, KEYED), (PLAIN, "/mcp#top"), (PLAIN, PLAIN)]
)
@pytest.mark.parametrize(("status", "ends"), [(307, False), (308, False), (301, True), (302, True), (303, True)])
def test_a_circle_never_ends_only_where_the_method_stays(url: str, location: str, status: int, ends: bool) -> None:
    problem = redirected(url, location, status)
    assert problem.diagnosis_id == "PROXY-11"
    assert "leads to itself" in problem.explain()
    assert ("never ends" in problem.explain()) is not ends
    assert ("by GET" in problem.explain()) is ends


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_is_spoken_of_only_where_the_call_came_by_it(scheme: str) -> None:
    url = f"{scheme}://mcp.example/mcp"
    assert ("https" in redirected(url, url).advise().replace("at https://mcp.example", "")) is (scheme == "https")
