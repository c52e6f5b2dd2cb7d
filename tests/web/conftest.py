"""A running gateway, an HTTP client and a browser for whoever speaks to the public port."""

from tests.stories.conftest import browser, gateway, http

__all__ = ["browser", "gateway", "http"]
