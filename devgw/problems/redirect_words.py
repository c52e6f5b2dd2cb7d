"""What an authorization server says against a redirect URI, by a code of its own or in words beside another code.

Entra, Google, Okta, Auth0, Keycloak and WorkOS each say it in their own way, and few of them by a code that tells it
from other refusals (RFC 6749 §4.1.2.1 has none: it is not to be redirected).
"""

import re

from devgw.foreign.urls import UrlRefused, read_url

REDIRECT_CODES = frozenset({"redirect_uri_mismatch", "invalid_redirect_uri"})
"""Google's and others' code for it."""
_OF_OTHERS = frozenset({"access_denied", "consent_required", "login_required", "interaction_required"})
"""Codes that say no to a person, whatever their words speak of besides."""
_THING = r"(redirect(ion)?[ _-]?ur[il]|callback[ _-]?ur[il]|callback address|reply (url|address))"
_AGAINST = (
    r"(mismatch|(not|n['’]t) (a |be )?(match|registered|allowed|permitted|authori[sz]ed|whitelisted|configured|valid)"
    r"|(not|n['’]t) (be )?found|does not exist|not (in|on|one of|part of|among)\b|no match|no registered|invalid"
    r"|incorrect|wrong|unregistered|unauthori[sz]ed|unknown|must (be|match|equal)|different|differs?)"
)
_SENTENCE = r"(?:[^.]|\.(?!\s))"
"""A letter of one sentence: a dot within a host or a number ends none."""
_WORDS_AGAINST = re.compile(
    rf"{_THING}{_SENTENCE}{{0,200}}{_AGAINST}|{_AGAINST}{_SENTENCE}{{0,40}}{_THING}"
    r"|AADSTS50011[23]?\b|redirect[ _]mismatch",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_CAUSES = re.compile(r"expired|revoked|another client|verifier|already (been )?(used|redeemed)", re.IGNORECASE)
"""What stands beside it where a server lists all that may be wrong (RFC 6749 §5.2, `invalid_grant`): it names none."""
_READ = 2_000
"""Characters of a description."""
_URL = re.compile(r"https?://[^\s'\"`<>,;()\[\]]+")


def is_against_redirect(error: str, description: str) -> bool:
    """Tell whether an answer speaks against the redirect URI, and of nothing else."""
    if error in REDIRECT_CODES:
        return True
    words = description[:_READ]
    if error in _OF_OTHERS:
        return False
    is_said = any(_WORDS_AGAINST.search(each) for each in (error[:_READ], words))
    return is_said and _OTHER_CAUSES.search(words) is None


def named_instead(description: str, sent: str) -> str:
    """Return the callback that words name, where it is another than the one that was sent; empty where they do not."""
    ours = read_url(sent)
    for found in _URL.findall(description):
        try:
            url = read_url(found.rstrip(".:!?"))
        except UrlRefused:
            continue
        if url.text != sent and (url.path == ours.path or url.host == ours.host):  # and no page of documentation
            return url.text
    return ""
