"""What fifty thousand tokens cost: the start of a gateway that kept them, a dashboard at it, and the slowest key.

python -m tests.bench.many_tokens
"""

import gc
import os
import signal
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from devgw.clock import SystemClock
from devgw.control.messages import Events, Row, TokenRow
from devgw.gateway.records import AccessToken, Grant, RefreshToken
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON
from tests.support.terminal import Terminal, devgw

PAIRS = 25_000
"""Of an access and a refresh token, two pairs of each grant."""
RESOURCE = "http://localhost:9000/mcp/sample"
KEYS = (
    "3",
    "j",
    "G",
    "g",
    "s",
    "s",
    "S",
    "*",
    "d",
    "esc",
    "\\",
    "space",
    "n",
    "i",
    "i",
    "1",
    "3",
    "C",
    "esc",
    "?",
    "esc",
)


def keep_tokens(folder: Path) -> None:
    """Let the gateway of `folder`, which ran once, have kept them."""
    store = RecordStore(Database(folder / ".devgw" / "devgw.db", MIGRATIONS))
    now = SystemClock().now()
    later = now + timedelta(days=20)
    with store.transaction():
        for number in range(PAIRS):
            grant_id, issued = GrantId(f"g-{number // 2}"), now - timedelta(seconds=PAIRS - number)
            if number % 2 == 0:
                person = SubjectId(f"user_{number % 200}")
                names = (ClientId("dcr:c"), "client", person, None, f"{person}@x.example", OperationId("sample"))
                store.save_grant(Grant(grant_id, *names, RESOURCE, "mcp:tools", RESOURCE, issued, later))
            refresh = TokenId(f"rt:{number}")
            store.save_refresh_token(RefreshToken(refresh, f"r{number}", grant_id, issued, later))
            access = TokenId(f"at:{number}")
            store.save_access_token(AccessToken(access, f"a{number}", grant_id, issued, later, refresh))


def start(folder: Path) -> str:
    """Return what a start took, until it answered, a dashboard had come and everything was looked at once."""
    command = devgw("up", str(folder), "--headless", "--port=0")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    next(line for line in process.stdout if b"answers at" in line)
    screen = Terminal(devgw("attach", str(folder)), 120, 36)
    screen.shows("live")
    until = time.monotonic() + 4
    while time.monotonic() < until:
        screen.pump(0.1)
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    screen.end()
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    return f"{cpu:.1f} s of CPU, {pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB"


def slowest_key() -> str:
    """Return which key takes longest, its picture included."""
    bench = Bench()
    rows: list[Row] = [
        TokenRow(
            f"at:{number}",
            "access",
            "live",
            NOON - number,
            NOON + number,
            client=f"c{number % 50}",
            grant_id=f"g-{number}",
        )
        for number in range(2 * PAIRS)
    ]
    bench.world.events(Events(99, NOON, {"token": rows}), NOON)
    bench.desk.take(bench.world.drain())
    gc.collect()
    gc.freeze()
    took: dict[str, float] = {}
    for key in KEYS:
        began = time.perf_counter()
        bench.press(key)
        took[key] = max(took.get(key, 0.0), time.perf_counter() - began)
    worst = max(took, key=lambda key: took[key])
    return f"{took[worst] * 1e3:.0f} ms ({worst}), {len(bench.world.table('token')):,} rows kept"


def report() -> str:
    """Return what many tokens cost; wanted are 2 s, 150 MB and 50 ms."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone = start(folder)
        keep_tokens(folder)
        return (
            f"{2 * PAIRS:,} tokens: start {start(folder)} (wanted: 2 s, 150 MB; without any {alone})"
            f" · slowest key {slowest_key()} (wanted: 50 ms)"
        )


if __name__ == "__main__":
    print(report())
