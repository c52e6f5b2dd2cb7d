"""The rules, one file per topic: each a pure function of a `SeenFlow` (or of the surroundings) and the moment.

To add one: write the function in the file of its topic, or a new file, and list it in that file's `RULES` with the ids
it can give and what it must have seen. The table of `devgw explain --table` and its test follow by themselves.
"""

from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.rules import (
    absence,
    audience,
    bearer,
    browser,
    cors,
    discovery,
    gateway,
    hosts,
    login_page,
    metadata,
    navigation,
    proxy,
    refresh,
    refusals,
    registration,
    strays,
    token,
    unredeemed,
    upstream,
    upstream_login,
)

RULES: tuple[Rule, ...] = (
    *refusals.RULES,
    *metadata.RULES,
    *discovery.RULES,
    *registration.RULES,
    *hosts.RULES,
    *browser.RULES,
    *token.RULES,
    *refresh.RULES,
    *audience.RULES,
    *bearer.RULES,
    *cors.RULES,
    *proxy.RULES,
    *upstream.RULES,
    *login_page.RULES,
    *navigation.RULES,
    *absence.RULES,
    *unredeemed.RULES,
)
"""What may be found in one flow."""

GATEWAY_RULES: tuple[GatewayRule, ...] = (*gateway.RULES, *strays.RULES, *upstream_login.RULES)
"""What may be found in the gateway as a whole."""
