"""Fixtures for pytest: `pytest_plugins = ["devgw.testing.fixtures"]` in the conftest.py at the root of the tests.

`devgw_project` in the settings of pytest is the folder of the project, from the root of the tests; the sample runs
without it.
"""

from collections.abc import Iterator

import pytest

from devgw.testing.gateway import GatewayUnderTest, run_gateway

_SETTING = "devgw_project"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting."""
    parser.addini(_SETTING, "The folder of the project for the fixture devgw_gateway; the sample runs without it.")


@pytest.fixture(scope="session")
def devgw_gateway(pytestconfig: pytest.Config) -> Iterator[GatewayUnderTest]:
    """Return a gateway that runs as long as the tests do."""
    folder = pytestconfig.getini(_SETTING)
    with run_gateway(pytestconfig.rootpath / folder if folder else None) as gateway:
        yield gateway
