"""What the provider's token endpoint answered: its members, or the problem that its answer is.

Decided by status, media type and the provider's own error code. The words beside the code are left to the provider
(RFC 6749 §5.2): only where they speak against the redirect URI, for which no code stands, do they say more than it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from devgw.config.project import BrowserLogin
from devgw.foreign.intermediary import find_intermediary
from devgw.foreign.json import JsonRefused, find_refusal, read_object
from devgw.foreign.retry_after import read_wait
from devgw.foreign.text import clean
from devgw.foreign.words import beginning_of, reason_in
from devgw.problems import Problem
from devgw.problems.limit import limit_id
from devgw.problems.provider import (
    IdTokenMissing,
    ProviderAnswerUnreadable,
    ProviderClientRefused,
    ProviderCodeRefused,
    ProviderFailing,
    ProviderTokenRequestRefused,
    ProviderTokenUrlWrong,
    SecretShape,
)
from devgw.problems.provider_intermediary import intermediary_of_provider
from devgw.problems.provider_redirect import ProviderRedirectRefused
from devgw.problems.provider_steps import WORKOS_STEPS, ProviderStepRequired
from devgw.problems.redirect_words import is_against_redirect, named_instead

_ERROR_CODE = re.compile(r"[a-z][a-z0-9]*([_.-][a-z0-9]+)+")
"""How OAuth and WorkOS write an error code; `Not Found` and `NotFound` are a web server's."""
_CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})
_CODE_REFUSED = frozenset({"invalid_grant", "invalid_code"})
_WORDS = ("error_description", "message", "detail", "title")
"""Where OAuth, WorkOS and problem details (RFC 9457 §3.1) say it in words."""
_PASSING_ERRORS = frozenset({"server_error", "temporarily_unavailable"})
_PASSING = (408, 425, 429)
"""Statuses that say: not now (RFC 9110 §15.5.9, RFC 8470, RFC 6585)."""
_FORM, _MOST_FORM = "application/x-www-form-urlencoded", 4_096
_NOT_HERE = (404, 405, 410, 501)
_OF_TOKENS = frozenset({"access_token", "token_type", "expires_in", "refresh_token"})
"""What only a token endpoint's answer has (RFC 6749 §5.1)."""


class ProviderTokenAnswer:
    """One answer of the token endpoint.

    Args:
        login: what was asked with.
        status: its status.
        media_type: its `content-type`, without parameters.
        content: its body.
        sent: the secrets of the request, which an answer may repeat and nobody may show.
        callback: the redirect URI of the request.
        is_workos: whether WorkOS was asked, where `unauthorized_client` is a secret of another environment.
        headers: names in lower case.
    """

    def __init__(
        self,
        login: BrowserLogin,
        status: int,
        media_type: str,
        content: bytes,
        sent: Iterable[str],
        callback: str = "",
        *,
        is_workos: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._login = login
        self._headers = headers or {"content-type": media_type}
        self._is_workos = is_workos
        self._status = status
        self._media_type = media_type or "no content type"
        self._sent = tuple(sent)
        self._callback = callback
        self.members: Mapping[str, Any] = {}
        self._refused: JsonRefused | None = None
        try:
            self.members = read_object(content)
        except JsonRefused as refused:
            self.members = _of_form(content)
            self._refused = None if self.members else refused.kept()
        said = self.members.get("error")
        self._nested: Mapping[str, Any] = said if isinstance(said, dict) else {}
        """Some put code and words into an object of their own."""
        self.error = self._quoted(self._nested.get("code") or self.members.get("error") or self.members.get("code"))
        self._content = content

    def _quoted(self, said: Any) -> str:
        """Return what the provider said, short, and without the secrets that it repeats."""
        text = said if isinstance(said, str) else ""
        text = text[:500].encode("utf-8", "replace").decode()
        for secret in self._sent:
            text = text.replace(secret, "***")
        return text

    def problem(self) -> Problem | None:
        """Return why there are no tokens in it; None where it is an answer to be read."""
        if self._status == 200 and self._refused is None and not self.error:
            return None
        description = self._description()
        return self._stood_before(description) or self._against_redirect(description) or self._refusal(description)

    def _stood_before(self, description: str) -> Problem | None:
        """Return who answered in the endpoint's place; what an endpoint writes itself is an object."""
        it = find_intermediary(self._status, self._headers, self._content)
        url = self._login.token_url
        if it is None or not self._refused or self._status == 200:  # a page under 200 may be the login page itself
            return None
        return intermediary_of_provider(url, self._status, description, it)

    def _against_redirect(self, description: str) -> Problem | None:
        if not self._callback or self._refused is not None or not is_against_redirect(self.error, description):
            return None
        url, said, sent = self._login.token_url, self.error or str(self._status), self._callback
        return ProviderRedirectRefused(url, said, description, sent, named_instead(description, sent))

    def _refusal(self, description: str) -> Problem:
        url = self._login.token_url
        if url.partition("?")[0] == self._login.url.partition("?")[0]:
            return ProviderTokenUrlWrong(url, self._status, self._media_type, is_login_url=True)
        if self._status in _PASSING or self._status >= 500 or self.error in _PASSING_ERRORS:
            return ProviderFailing(url, self._status, description, self.error, read_wait(self._headers))
        if self.error in _CODE_REFUSED:
            return ProviderCodeRefused(url, self.error, description)
        if self._refuses_client():
            return self._client_refused(description)
        if self.error in WORKOS_STEPS:
            return ProviderStepRequired(url, self.error, description)
        no_endpoint = self._of_no_token_endpoint()
        return no_endpoint or ProviderTokenRequestRefused(url, self._status, self.error, description, self._is_page)

    @property
    def _is_page(self) -> bool:
        """Tell whether a page came, which no token endpoint sends."""
        return self._refused is not None and self._media_type == "text/html"

    def _refuses_client(self) -> bool:
        """Tell whether the credentials are refused: `unauthorized_client` alone is about the grant (RFC 6749 §5.2)."""
        is_of_grant = self.error == "unauthorized_client" and self._status != 401 and not self._is_workos
        is_bare = self._status == 401 and not _ERROR_CODE.fullmatch(self.error) and not self._is_page
        return is_bare or (self.error in _CLIENT_REFUSED and not is_of_grant)

    def _description(self) -> str:
        """Return its words beside the code; those of a page where it is one."""
        if self._refused is not None:
            return self._quoted(beginning_of(self._content)) if self._media_type.startswith("text/") else ""
        said = next(filter(None, map(self.members.get, _WORDS)), None) or self._nested.get("message")
        return self._quoted(said) or ("" if self.error else self._quoted(reason_in(self._content)))

    def _client_refused(self, description: str) -> ProviderClientRefused:
        shape = SecretShape.of(self._login.client_secret.value)
        code = self.error or str(self._status)
        return ProviderClientRefused(self._login.token_url, code, description, self._login.client_id, shape)

    def _of_no_token_endpoint(self) -> Problem | None:
        """Return why this is not how a token endpoint answers, None where it is."""
        url, kind = self._login.token_url, self._media_type
        is_code = _ERROR_CODE.fullmatch(self.error) is not None and not self.error.endswith("not_found")
        if (self._status in _NOT_HERE and not is_code) or 300 <= self._status < 400:
            return ProviderTokenUrlWrong(url, self._status, kind)
        if self._refused is None or self._status >= 400:
            return None
        if self._status == 200 and kind.startswith("text/html"):
            return ProviderTokenUrlWrong(url, self._status, "an HTML page")
        return self._unreadable(url, kind)

    def _unreadable(self, url: str, kind: str) -> ProviderAnswerUnreadable:
        """Return that a success is no JSON object."""
        if kind == _FORM:
            return ProviderAnswerUnreadable(url, self._status, "a form", "a JSON object", is_refused_json=True)
        if (refused := find_refusal(self._content, kind)) is None:
            return ProviderAnswerUnreadable(url, self._status, f"{kind} ({self._refused})", "a JSON object")
        passes, got = limit_id(refused.limit), f"{kind} that is not taken ({refused})"
        return ProviderAnswerUnreadable(url, self._status, got, refused.wanted, is_refused_json=True, passes=passes)


def _of_form(content: bytes) -> Mapping[str, Any]:
    """Return an error that is written as a form, as some providers write it; nothing where it is none."""
    pairs = dict(parse_qsl(content[:_MOST_FORM].decode("utf-8", "replace").strip())) if b"<" not in content else {}
    return pairs if _ERROR_CODE.fullmatch(pairs.get("error", "")) else {}


def token_missing(login: BrowserLogin, members: Mapping[str, Any], *, is_workos: bool) -> Problem | None:
    """Return why an answer without an error does not say who signed in; None where it has the token that does.

    That is the ID token, or WorkOS's access token.
    """
    id_token, access_token = members.get("id_token"), members.get("access_token")
    url, got = login.token_url, clean(", ".join(sorted(members)), 200) or "none"
    if isinstance(id_token, str):
        return None
    if id_token is not None:
        return ProviderAnswerUnreadable(url, 200, "an id_token that is no text", "a JWT")
    if holder := next((name for name, each in members.items() if isinstance(each, dict) and _OF_TOKENS & {*each}), ""):
        got = f"its tokens inside `{clean(holder, 40)}`"
        return ProviderAnswerUnreadable(url, 200, got, "them in the outermost object", is_refused_json=True)
    if _OF_TOKENS.isdisjoint(members):  # a document of another kind
        return ProviderTokenUrlWrong(url, 200, f"the members {got}")
    if not is_workos and "openid" in login.scope.split():
        looks_like_workos = isinstance(members.get("user"), dict) and "authentication_method" in members
        return IdTokenMissing(url, got, looks_like_workos)
    return (
        None if isinstance(access_token, str) else ProviderAnswerUnreadable(url, 200, f"members {got}", "access_token")
    )
