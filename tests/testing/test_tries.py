"""`devgw explain ID --try`: each way to a failure leads to it, for everybody to see."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from devgw.cli import explain_try, main
from devgw.cli.explain_try import fail_so
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.tries import TRIES, Try
from devgw.testing import GatewayUnderTest, run_gateway
from tests.support.terminal import devgw

UNREAD_KEYS = "IDT-05"
"""Of a gateway that never read the provider's keys: one that did has another failure."""


def led_to(gateway: GatewayUnderTest, trial: Try) -> str:
    """Return what `why` names first."""
    gateway.clear_faults()
    fail_so(gateway, trial)
    return next((each.id for case in gateway.why() for each in case.diagnoses), "")


def one_way(name: str) -> dict[str, str]:
    """Return what one way led to, at a gateway of its own: what was connected or registered would be there still."""
    with run_gateway() as gateway:
        return {name: led_to(gateway, TRIES[name])}


@pytest.fixture(scope="module")
def ways() -> dict[str, str]:
    """Try all of them, some side by side; whoever only signs in leaves nothing behind."""
    signing_in = [name for name, trial in TRIES.items() if trial == Try(trial.fault) and name != UNREAD_KEYS]
    with ThreadPoolExecutor(3) as pool, run_gateway() as gateway:
        others = [pool.submit(one_way, name) for name in TRIES if name not in signing_in]
        found = {name: led_to(gateway, TRIES[name]) for name in signing_in}
        for each in others:
            found |= each.result()
    return found


@pytest.mark.parametrize("failure_id", TRIES)
def test_each_way_leads_to_its_failure(failure_id: str, ways: dict[str, str]) -> None:
    assert failure_id in failures()
    assert ways[failure_id] == failure_id


def test_it_is_shown_as_why_shows_it_and_named_on_its_page(tmp_path: Path) -> None:
    shown = subprocess.run(
        devgw("explain", "tok-07", "--try"), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "TOK-07" in shown.stdout
    assert "invalid_client" in shown.stdout
    assert "devgw fault secret-wrong" in shown.stderr
    page = subprocess.run(devgw("explain", "TOK-07"), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "devgw explain TOK-07 --try" in page.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("RURI-02",), ("zzz",), ()])
def test_what_no_fault_leads_to_is_said_with_what_one_does(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(devgw("explain", *words, "--try"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "To try: AUD-01, DISC-01" in done.stderr) == (1, True)


def test_what_stops_it_before_the_fault_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_try, "PERSON", "zed")
    done = CliRunner().invoke(main, ["explain", "PROXY-19", "--try"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "It did not come to the fault. sign-in: nobody there is called zed" in done.stderr
