"""What an authorization request must say, once it is known where to tell its client no.

Source: OAuth 2.1 §4.1.1, OpenID Connect Core §3.1.2.1 (`prompt`), RFC 9101 (request objects, which are not taken).
"""

from devgw.oauth.metadata import SCOPE
from devgw.oauth.parameters import Parameters
from devgw.oauth.pkce import check_challenge
from devgw.problems import Refused
from devgw.problems.authorization import CHALLENGE_LENGTH, ResponseTypeUnsupported, ScopeUnsupported
from devgw.problems.parameters import ParameterInvalid, RequestCutOff, RequestObjectUnsupported

PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def _check_not_cut(parameters: Parameters) -> None:
    """Refuse a request that ends within its PKCE parameters, where URLs are cut: they are the longest and last.

    Raises:
        Refused: with `RequestCutOff`.
    """
    names = list(parameters)
    last = names[-1] if names else ""
    value = parameters.first(last) or ""
    challenge_cut = last == "code_challenge" and len(value) < CHALLENGE_LENGTH and value.isascii()
    method_cut = last == "code_challenge_method" and value != "S256" and "S256".startswith(value)
    if challenge_cut or method_cut:
        raise Refused(RequestCutOff(last, len(value), is_alone=False))


def check_request(parameters: Parameters) -> None:
    """Refuse a request that asks for what is not given, or does not say what it must.

    Raises:
        Refused: with a problem of `problems.parameters` or `problems.authorization`.
    """
    for name in ("request", "request_uri"):
        if name in parameters:  # beside which the others may be left out
            raise Refused(RequestObjectUnsupported(name))
    response_type = parameters.require("response_type")
    if response_type != "code":
        raise Refused(ResponseTypeUnsupported(response_type))
    if parameters.get("response_mode", "query") != "query":
        raise Refused(ParameterInvalid("response_mode", parameters["response_mode"], "query"))
    _check_not_cut(parameters)
    check_challenge(parameters.get("code_challenge"), parameters.get("code_challenge_method"))
    prompts = parameters.get("prompt", "").split()
    if any(each not in PROMPTS for each in prompts) or ("none" in prompts and len(prompts) > 1):
        raise Refused(
            ParameterInvalid("prompt", parameters["prompt"], "none, or any of login, consent, select_account")
        )
    asked = parameters.get("scope", "")
    # offline_access is asked for by clients of habit; refresh tokens are issued anyway
    unsupported = tuple(each for each in asked.split() if each not in {SCOPE, "offline_access"})
    if unsupported:
        raise Refused(ScopeUnsupported(asked, unsupported, (SCOPE,)))
