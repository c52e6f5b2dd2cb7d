"""From a save to its effect: the time until a changed file runs, and until a refused one is shown."""

import asyncio
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from devgw.config.sample import sample_root
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected
from devgw.settings import Settings
from tests.support.gateway import Running, running_gateway

ROUNDS = 15


async def _one(gateway: Running, policies: Path, text: str, kind: type[ConfigLoaded] | type[ConfigRejected]) -> float:
    before = len(gateway.events(kind))
    began = time.perf_counter()
    policies.write_text(text)  # noqa: ASYNC240  the save is what is measured
    while len(gateway.events(kind)) == before:
        await asyncio.sleep(0.001)
    took = time.perf_counter() - began
    await asyncio.sleep(0.3)
    return took * 1000


async def measure() -> tuple[list[float], list[float]]:
    """Return the milliseconds of good and of refused saves."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        shutil.copytree(sample_root(), root)
        policies = root / "config" / "policies.json"
        document = json.loads(policies.read_text())
        async with running_gateway(root, settings=Settings(port=0), ephemeral=False) as gateway:
            await asyncio.sleep(0.5)
            good, refused = [], []
            for number in range(ROUNDS):
                document["policies"][0]["handler"]["options"]["gateway"]["accessTokenTtlSeconds"] = 100 + number
                good.append(await _one(gateway, policies, json.dumps(document), ConfigLoaded))
                refused.append(await _one(gateway, policies, f"{{{number}", ConfigRejected))
    return good, refused


def report() -> str:
    """Return the benchmark's lines."""
    good, refused = asyncio.run(measure())
    lines = []
    for name, times in (("a good save", good), ("a refused save", refused)):
        lines.append(f"reload: {name} shows after {statistics.median(times):.0f} ms (median), {max(times):.0f} at most")
    return "\n".join(lines) + "  (wanted: under 100)"


if __name__ == "__main__":
    print(report())
