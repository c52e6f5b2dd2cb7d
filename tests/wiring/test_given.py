"""A project that was made of URLs on a command line is known for one, at each reading of its files."""

import shutil
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.config.project import Route, TokenExchange
from devgw.config.sample import sample_root
from devgw.control.lock import ProjectLock
from devgw.events import Bus
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.outbound.upstream_oauth.fetching import Fetching, errand_for
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.wiring.reading import read_project
from tests.support.serving import listen


@pytest.mark.parametrize(
    ("name", "is_held", "is_given"),
    [
        ("devgw-session-x", True, True),
        ("devgw-session-x", False, False),
        ("project", True, False),
        ("project", False, False),
    ],
)
def test_the_routes_of_a_session_are_given_and_no_others(
    tmp_path: Path, name: str, *, is_held: bool, is_given: bool
) -> None:
    root = tmp_path / name
    shutil.copytree(sample_root(), root)
    if is_held:
        lock = ProjectLock(root / ".session")
        lock.acquire()
    loaded = read_project(Settings(root=root), {}, "http://localhost:9001")
    assert loaded.project is not None
    assert {each.is_given for each in loaded.project.routes} == {is_given}
    if is_held:
        lock.release()


@pytest.mark.parametrize("purpose", ["challenge", "resource metadata"])
@pytest.mark.parametrize("is_given", [True, False])
async def test_who_gave_the_url_is_sent_to_no_file_where_a_login_finds_nobody(purpose: str, *, is_given: bool) -> None:
    with listen() as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/mcp"
    exchange = TokenExchange("p", UpstreamServerId("x"), "X")
    route = Route("/mcp/x", OperationId("x"), "X", url, token_exchange=exchange, is_given=is_given)
    clock = SystemClock()
    errand = await errand_for(route, SubjectId("anne"))
    with pytest.raises(Refused) as refused:
        await Fetching(clock, Bus(clock)).ask(errand, purpose, url, configured=True)
    advice = refused.value.problem.advise()
    assert ("the URL that you gave" in advice) is is_given
    assert ("rewritePattern" in advice) is not is_given
