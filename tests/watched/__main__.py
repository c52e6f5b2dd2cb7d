r"""`python -m tests.watched [MINUTES]`: what agents say of a server that errs, directly and through `devgw watch`.

One line for each agent and fault, `same` or `DIFFERS` with both texts; it ends after MINUTES (30), whatever is left,
with 1 where anything differs. It needs the agents that `tests.agents` names, and `script`.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from tests.watched import agents
from tests.watched.bench import sample, watching
from tests.watched.test_verdicts import alike

FAULTS = (
    None,
    SampleFault.CHALLENGE_MISSING,
    SampleFault.PRM_AT_ROOT,
    SampleFault.PRM_HTML,
    SampleFault.PRM_WRONG_RESOURCE,
    SampleFault.METADATA_BROKEN,
    SampleFault.OIDC_ONLY,
    SampleFault.WRONG_ISSUER,
    SampleFault.ISSUER_SLASH,
    SampleFault.PLAIN_ONLY,
    SampleFault.REGISTRATION_REFUSED,
    SampleFault.ISS_WRONG,
    SampleFault.STATE_LOST,
    SampleFault.TOKEN_HTML,
    SampleFault.TOKEN_ERROR_200,
)
"""One at each step of a login."""


async def compared(agent: str, fault: SampleFault | None, folder: Path) -> tuple[str, str]:
    """Return what an agent says directly, and through devgw, each in the words of the real server's origin."""
    async with sample() as server, watching(server.metadata.resource, folder) as watched:
        server.faults.set(SampleFault.NO_CIMD)  # whose documents are on the internet
        if fault is not None:
            server.faults.set(fault)
        directly = await agents.verdict(agent, server.metadata.resource, folder / "directly")
        through = await agents.verdict(agent, watched.url, folder / "through")
        return alike(directly, watched.origin, server.metadata.issuer), alike(
            through, watched.origin, server.metadata.issuer
        )


async def _matrix() -> int:
    differing = 0
    for fault in FAULTS:
        for agent in agents.AGENTS:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                try:
                    directly, through = await compared(agent, fault, Path(folder))
                except pytest.skip.Exception as absent:
                    print(f"{agent:12} {absent}", flush=True)
                    continue
            if directly == through:
                print(f"{agent:12} {fault or 'no fault':22} same     {directly[:150]}", flush=True)
                continue
            differing += 1
            print(
                f"{agent:12} {fault or 'no fault':22} DIFFERS\n   directly: {directly}\n   through:  {through}",
                flush=True,
            )
    return int(differing > 0)


async def main(minutes: float) -> int:
    """Compare until the time is over."""
    try:
        async with asyncio.timeout(minutes * 60):
            return await _matrix()
    except TimeoutError:
        print(f"{minutes:g} minutes are over.")
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30)))
