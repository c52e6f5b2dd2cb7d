"""Who answers in a server's place, as its answer shows: a tunnel, a CDN, a firewall, a load balancer, an API gateway.

Each mark is what that intermediary alone writes, so that a server's own answer that passed through it has none. What
has no mark is told by its status, as the server's own words.

Source: RFC 9110 §3.7 (intermediaries); the marks, each maker's documentation of its errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from devgw.foreign.text import clean


class Intervention(StrEnum):
    """What it does in the server's place, as the end of a sentence about it."""

    REACHES_NOBODY = "says that it reaches no server behind it"
    KNOWS_NO_ROUTE = "says that it has no route for this URL"
    SHOWS_NO_ROUTE = "says so of a path or method that it has not, and of a request that is not signed"
    FAILS = "gives an error of its own, and not the server's"
    TURNS_AWAY = "turns the call away, before it comes to the server"
    CHALLENGES = "wants to see a browser, before it lets a call through"
    WANTS_LOGIN = "wants a person to sign in with a browser, before it lets a call through"
    WANTS_KEY = "wants a key or token of its own, before it lets a call through"


@dataclass(frozen=True, slots=True)
class Intermediary:
    """One that answered in the server's place."""

    name: str
    does: Intervention
    mark: str
    """By what it is known, as it stands in the answer."""
    change: str = ""
    """What its maker's documentation says to do; empty where that is the same for all."""


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    does: Intervention
    statuses: frozenset[int] = frozenset()
    """Under which it counts; under all, where there are none."""
    header: str = ""
    value: str = ""
    """What the header has to say, as a pattern; its whole match is shown."""
    body: bytes = b""
    """What the body has to say, as a pattern; its whole match is shown, but for markup."""
    unless: str = ""
    """A header that shows that the server itself answered."""
    change: str = ""


_NOBODY, _ROUTE, _FAILS = Intervention.REACHES_NOBODY, Intervention.KNOWS_NO_ROUTE, Intervention.FAILS
_AWAY, _CHALLENGE = Intervention.TURNS_AWAY, Intervention.CHALLENGES
_LOGIN, _KEY = Intervention.WANTS_LOGIN, Intervention.WANTS_KEY
_UNAUTHORIZED, _FORBIDDEN, _ABSENT = frozenset({401}), frozenset({403}), frozenset({404})
_DOWN, _BROKEN, _FLARES_OWN = frozenset({503}), frozenset(range(500, 600)), frozenset(range(520, 531))
_FLARE, _NGROK, _AWS, _APIM, _FRONT = "Cloudflare", "ngrok", "AWS API Gateway", "Azure API Management", "CloudFront"
_TUNNEL = "Start the tunnel's client again beside the server, and see that it names the port on which that listens."
_LOOK_UP = "Look that code up in the maker's list of errors: it says what to change."

_TUNNELS = (
    _Mark(_NGROK, _NOBODY, header="ngrok-error-code", value="ERR_NGROK_(?:3200|8012)", change=_TUNNEL),
    _Mark(
        _NGROK,
        _CHALLENGE,
        header="ngrok-error-code",
        value="ERR_NGROK_60\\d\\d",
        change="Send the header ngrok-skip-browser-warning, with any value: it shows its page for browsers.",
    ),
    _Mark(_NGROK, _FAILS, _BROKEN, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    _Mark(_NGROK, _AWAY, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    _Mark(_NGROK, _NOBODY, _ABSENT, body=rb"ERR_NGROK_3200", change=_TUNNEL),
    _Mark("localtunnel", _NOBODY, header="x-localtunnel-status", value="[\\w ]{0,40}unavailable", change=_TUNNEL),
    _Mark(
        "localtunnel",
        _CHALLENGE,
        frozenset({401, 511}),
        body=rb"bypass-tunnel-reminder|loca\.lt/mytunnelpassword",
        change="Send the header bypass-tunnel-reminder, with any value: it shows its page for browsers.",
    ),
)
_CLOUDFLARE = (
    _Mark(_FLARE, _CHALLENGE, header="cf-mitigated", value="challenge"),
    _Mark(f"{_FLARE} Tunnel", _NOBODY, _FLARES_OWN, body=rb"\b1033\b", change=_TUNNEL),
    _Mark(_FLARE, _NOBODY, _FLARES_OWN, body=rb"error code: 1016"),
    _Mark(_FLARE, _NOBODY, frozenset({521, 522, 523}), header="server", value="cloudflare"),
    _Mark(_FLARE, _AWAY, body=rb"error code: 10(?:0[5-9]|1[02]|20)\b", header="server", value="cloudflare"),
    _Mark(_FLARE, _AWAY, _FORBIDDEN, body=rb"Attention Required! \| Cloudflare"),
    _Mark(_FLARE, _CHALLENGE, body=rb"<title>Just a moment\.\.\."),
    _Mark(f"{_FLARE} Access", _LOGIN, body=rb"\.cloudflareaccess\.com|/cdn-cgi/access/"),
    _Mark(_FLARE, _FAILS, _FLARES_OWN, header="server", value="cloudflare", change=_LOOK_UP),
)
_GUARDS = (
    _Mark("DataDome", _CHALLENGE, _FORBIDDEN, body=rb"captcha-delivery\.com"),
    _Mark("DataDome", _AWAY, _FORBIDDEN, header="x-datadome", value=".+"),
    _Mark("HUMAN", _CHALLENGE, _FORBIDDEN, body=rb"px-captcha|_pxAppId|perimeterx"),
    _Mark("Akamai", _AWAY, _FORBIDDEN, body=rb"Reference(?:&#32;|\s)*(?:#|&#35;)\s?\d+(?:\.|&#46;)[\w.&#;]+"),
    _Mark("Akamai", _FAILS, _BROKEN, header="server", value="AkamaiGHost"),
    _Mark("Imperva", _AWAY, body=rb"Incapsula incident ID"),
    _Mark("Imperva", _CHALLENGE, body=rb"_Incapsula_Resource"),
    _Mark("AWS WAF", _CHALLENGE, header="x-amzn-waf-action", value="challenge|captcha"),
    _Mark("Sucuri", _AWAY, body=rb"Sucuri WebSite Firewall"),
    _Mark("F5 BIG-IP", _AWAY, body=rb"The requested URL was rejected\. Please consult with your administrator"),
    _Mark("ModSecurity", _AWAY, body=rb"generated by Mod_Security"),
    _Mark("Vercel", _CHALLENGE, header="x-vercel-mitigated", value="challenge"),
    _Mark("Vercel", _AWAY, header="x-vercel-mitigated", value="\\w+"),
    _Mark(
        "Azure Front Door", _AWAY, _FORBIDDEN, header="x-azure-ref", value=".{1,20}", body=rb"The request is blocked"
    ),
    _Mark("HAProxy", _AWAY, _FORBIDDEN, body=rb"Request forbidden by administrative rules"),
    _Mark("Envoy", _AWAY, _FORBIDDEN, body=rb"^RBAC: access denied"),
    _Mark("Squid", _NOBODY, header="x-squid-error", value="ERR_(?:CONNECT_FAIL|DNS_FAIL|CANNOT_FORWARD)"),
    _Mark("Squid", _AWAY, header="x-squid-error", value="ERR_\\w+"),
)
_BALANCERS = (
    _Mark("Envoy", _NOBODY, _DOWN, body=rb"^no healthy upstream|^upstream connect error[^\0]*connection failure"),
    _Mark("Envoy", _FAILS, _DOWN, body=rb"^upstream connect error or disconnect/reset before headers"),
    _Mark(
        "Envoy", _ROUTE, _ABSENT, header="server", value="envoy", body=rb"\A\Z", unless="x-envoy-upstream-service-time"
    ),
    _Mark("Traefik", _NOBODY, _DOWN, body=rb"^no available server"),
    _Mark("HAProxy", _NOBODY, _DOWN, body=rb"No server is available to handle this request"),
    _Mark("AWS load balancer", _NOBODY, _DOWN, header="server", value="awselb/[\\d.]+"),
    _Mark("AWS load balancer", _FAILS, _BROKEN, header="server", value="awselb/[\\d.]+"),
    _Mark("AWS load balancer", _AWAY, _FORBIDDEN, header="server", value="awselb/[\\d.]+"),
    _Mark("Azure Application Gateway", _AWAY, _FORBIDDEN, body=rb"Microsoft-Azure-Application-Gateway/v\d"),
    _Mark("Azure Application Gateway", _FAILS, _BROKEN, body=rb"Microsoft-Azure-Application-Gateway/v\d"),
    _Mark(_FRONT, _AWAY, _FORBIDDEN, body=rb"Generated by cloudfront \(CloudFront\)"),
    _Mark(_FRONT, _FAILS, _BROKEN, body=rb"Generated by cloudfront \(CloudFront\)"),
    _Mark("Fastly", _ROUTE, body=rb"Fastly error: unknown domain"),
    _Mark("IIS", _FAILS, _BROKEN, body=rb"HTTP Error 50[23]\.\d+"),
)
_HOSTS = (
    _Mark("Vercel", _NOBODY, header="x-vercel-error", value="DEPLOYMENT_[A-Z_]+"),
    _Mark("Vercel", _ROUTE, _ABSENT, header="x-vercel-error", value="[A-Z_]+"),
    _Mark("Vercel", _FAILS, header="x-vercel-error", value="[A-Z_]+"),
    _Mark(
        "Vercel",
        _LOGIN,
        _UNAUTHORIZED,
        body=rb"vercel\.com/sso-api|_vercel_sso_nonce|vercel\.com/docs/deployment-protection",
        change="Take this deployment out of Deployment Protection, or send its bypass secret as "
        "x-vercel-protection-bypass.",
    ),
    _Mark("Vercel", _LOGIN, _UNAUTHORIZED, header="set-cookie", value="_vercel_sso_nonce"),
    _Mark("Vercel", _LOGIN, _UNAUTHORIZED, header="server", value="Vercel", body=rb"Authentication Required"),
    _Mark("Heroku", _NOBODY, body=rb"herokucdn\.com/error-pages/no-such-app"),
    _Mark(
        "Heroku",
        _FAILS,
        body=rb"herokucdn\.com/error-pages/[\w-]+",
        change="Look into `heroku logs`: the line of this request has a code such as H10.",
    ),
    _Mark("Render", _NOBODY, header="x-render-routing", value="no-\\w+|suspend|hibernate"),
    _Mark("Railway", _NOBODY, header="x-railway-fallback", value="true"),
    _Mark("Azure App Service", _NOBODY, frozenset({403, 404}), body=rb"web app is stopped|404 Web Site not found"),
    _Mark("Azure Container Apps", _NOBODY, _ABSENT, body=rb"Container App is stopped or does not exist"),
    _Mark("GitHub Pages", _ROUTE, _ABSENT, body=rb"There isn't a GitHub Pages site here"),
    _Mark("Netlify", _ROUTE, _ABSENT, header="server", value="Netlify", body=rb"^Not Found - Request ID"),
    _Mark("Google Cloud", _ROUTE, _ABSENT, body=rb"Error 404 \(Not Found\)!!1"),
    _Mark(
        "Google Cloud",
        _AWAY,
        _FORBIDDEN,
        body=rb"Your client does not have permission to get URL",
        change="Where it is a service of Cloud Run: allow unauthenticated invocations of it, or send the identity "
        "token that its IAM wants.",
    ),
    _Mark("Google IAP", _LOGIN, header="x-goog-iap-generated-response", value="true"),
)
_APIS = (
    _Mark(
        _AWS,
        Intervention.SHOWS_NO_ROUTE,
        _FORBIDDEN,
        body=rb"Missing Authentication Token",
    ),
    _Mark(
        _AWS,
        _AWAY,
        _FORBIDDEN,
        header="x-amzn-errortype",
        value="\\w+",
        change="Look at what that API asks of a request: an x-api-key, a resource policy, a firewall; it says not "
        "which.",
    ),
    _Mark(_AWS, _FAILS, _BROKEN, header="x-amzn-errortype", value="\\w+"),
    _Mark(
        _APIM,
        _KEY,
        _UNAUTHORIZED,
        body=rb"Access denied due to (?:missing|invalid) subscription key",
        change="Send a subscription key of that API as Ocp-Apim-Subscription-Key, or let the API do without one.",
    ),
    _Mark("Kong", _KEY, _UNAUTHORIZED, body=rb"No API key found in request"),
    _Mark("Kong", _KEY, _UNAUTHORIZED, header="x-kong-response-latency", value="\\d+"),
    _Mark("Kong", _ROUTE, _ABSENT, body=rb"no Route matched with those values"),
    _Mark("Kong", _NOBODY, _DOWN, body=rb"failure to get a peer from the ring-balancer|^..message.: ?.name resolution"),
    _Mark("Kong", _AWAY, _FORBIDDEN, header="x-kong-response-latency", value="\\d+"),
    _Mark("Kong", _FAILS, _BROKEN, header="x-kong-response-latency", value="\\d+"),
    _Mark("Apigee", _ROUTE, _ABSENT, body=rb"Unable to identify proxy for host"),
    _Mark("Apigee", _KEY, _UNAUTHORIZED, body=rb"oauth\.v2\.(?:FailedToResolve|Invalid)A(?:PI|pi)Key\w*"),
    _Mark("Apigee", _NOBODY, _DOWN, body=rb"NoActiveTargets"),
    _Mark(
        "a page with a field for a password",
        _LOGIN,
        frozenset({200, 401, 403}),
        header="content-type",
        value="text/html",
        body=rb"<input\b[^<>]*\btype\s*=\s*[\"']?password",
        change="Let requests to this URL past that page, or use the URL of the MCP endpoint itself: no MCP client "
        "signs in on a page.",
    ),
)
_MARKS = (*_TUNNELS, *_CLOUDFLARE, *_GUARDS, *_BALANCERS, *_HOSTS, *_APIS)
_SEARCHED = 10_000
"""Bytes of a body: pages say it early. No pattern begins with an open repetition, which is squared."""


def find_intermediary(status: int, headers: Mapping[str, str], body: bytes) -> Intermediary | None:
    """Return who says no in the server's place; None where nothing shows that it is not the server itself.

    Args:
        status: of the answer, which is no MCP.
        headers: of the answer, names in lower case.
        body: as far as it is there, unpacked.
    """
    if "resource_metadata" in headers.get("www-authenticate", ""):
        return None  # whoever it is sends clients on the way of MCP
    body = body[:_SEARCHED]
    for mark in _MARKS:
        if shown := _shown(mark, status, headers, body):
            return Intermediary(mark.name, mark.does, clean(shown, 80), mark.change)
    return None


def _shown(mark: _Mark, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Return the mark as it stands in the answer; empty where it is not all there."""
    if (mark.statuses and status not in mark.statuses) or (mark.unless and headers.get(mark.unless)):
        return ""
    in_header = re.search(mark.value, headers.get(mark.header, ""), re.IGNORECASE) if mark.header else None
    in_body = re.search(mark.body, body) if mark.body else None
    if (mark.header and in_header is None) or (mark.body and in_body is None):
        return ""
    if in_body is not None and in_body.group():
        return re.sub(r"<[^<>]*>|\s+", " ", in_body.group().decode("latin-1")).strip()
    return f"{mark.header}: {in_header.group()}" if in_header is not None else ""
