"""A gateway for tests: it runs in a process and on ports of its own, and somebody of the emulator is signed in at once.

    from devgw.testing import run_gateway

    with run_gateway("path/to/project") as gateway:
        assert gateway.call("notes", "search", person="ada", words="oauth")["isError"] is False

Without a project the sample runs. Any number of them run beside each other: ports are free ones, and state is in a
folder that is removed at the end. With `pytest_plugins = ["devgw.testing.fixtures"]` in a conftest.py, tests take the
fixture `devgw_gateway`.

What `devgw record` writes takes `recorded_attempt`, which is at a gateway that runs where the environment names one.

May import: everything but `cli`.
"""

from devgw.outbound.built_in.login import StepRefused
from devgw.testing.attempt import RecordedAttempt, recorded_attempt
from devgw.testing.gateway import GatewayFailed, GatewayUnderTest, run_gateway

__all__ = ["GatewayFailed", "GatewayUnderTest", "RecordedAttempt", "StepRefused", "recorded_attempt", "run_gateway"]
