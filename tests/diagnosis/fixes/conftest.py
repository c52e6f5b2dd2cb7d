"""The gateway of the stories, for the fixes that are tried on it."""

from tests.diagnosis.stories.conftest import browser, gateway, http

__all__ = ["browser", "gateway", "http"]
