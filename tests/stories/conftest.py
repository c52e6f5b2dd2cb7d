"""A running gateway, an HTTP client and a browser for every story."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=20) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with Browser(CALLBACK) as opened:
        yield opened
