"""By what the tunnels, CDNs and firewalls are known that answer in a server's place.

No pattern begins with an open repetition, which is squared. Of marks that both fit, the first counts.

Source: each maker's documentation of its errors.
"""

from devgw.foreign.intermediary_mark import Intervention, Mark

_NOBODY, _ROUTE, _FAILS = Intervention.REACHES_NOBODY, Intervention.KNOWS_NO_ROUTE, Intervention.FAILS
_AWAY, _CHALLENGE = Intervention.TURNS_AWAY, Intervention.CHALLENGES
_LOGIN = Intervention.WANTS_LOGIN
_UNAUTHORIZED, _FORBIDDEN, _ABSENT = frozenset({401}), frozenset({403}), frozenset({404})
_DOWN, _BROKEN, _FLARES_OWN = frozenset({503}), frozenset(range(500, 600)), frozenset(range(520, 531))
_FLARE, _NGROK = "Cloudflare", "ngrok"
_TUNNEL = "Start the tunnel's client again beside the server, and see that it names the port on which that listens."
_REFUSED = frozenset(range(400, 500)) - {404, 429}
"""404 may be the server's own; whose limit 429 tells of is told with it."""
_FILTER = "Ask whoever runs that filter in your network to let this URL through."
_LOOK_UP = "Look that code up in the maker's list of errors: it says what to change."

_TUNNELS = (
    Mark(_NGROK, _NOBODY, header="ngrok-error-code", value="ERR_NGROK_(?:3200|8012)", change=_TUNNEL),
    Mark(
        _NGROK,
        _CHALLENGE,
        header="ngrok-error-code",
        value="ERR_NGROK_60\\d\\d",
        change="Send the header ngrok-skip-browser-warning, with any value: it shows its page for browsers.",
    ),
    Mark(_NGROK, _FAILS, _BROKEN, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    Mark(_NGROK, _AWAY, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    Mark(_NGROK, _NOBODY, _ABSENT, body=rb"ERR_NGROK_3200", change=_TUNNEL),
    Mark("localtunnel", _NOBODY, header="x-localtunnel-status", value="[\\w ]{0,40}unavailable", change=_TUNNEL),
    Mark("localhost.run", _NOBODY, _DOWN, body=rb"^no tunnel here", change=_TUNNEL),
    Mark("frp", _NOBODY, _ABSENT, body=rb"Faithfully yours, frp", change=_TUNNEL),
    Mark("zrok", _NOBODY, _ABSENT, body=rb"<title>zrok</title>", change=_TUNNEL),
    Mark(
        "localtunnel",
        _CHALLENGE,
        frozenset({401, 511}),
        body=rb"bypass-tunnel-reminder|loca\.lt/mytunnelpassword",
        change="Send the header bypass-tunnel-reminder, with any value: it shows its page for browsers.",
    ),
)
_CLOUDFLARE = (
    Mark(_FLARE, _CHALLENGE, header="cf-mitigated", value="challenge"),
    Mark(f"{_FLARE} Tunnel", _NOBODY, _FLARES_OWN, body=rb"\b1033\b", change=_TUNNEL),
    Mark(_FLARE, _NOBODY, _FLARES_OWN, body=rb"error code: 1016"),
    Mark(_FLARE, _NOBODY, frozenset({521, 522, 523}), header="server", value="cloudflare"),
    Mark(
        f"{_FLARE} Tunnel",
        _NOBODY,
        _BROKEN,
        header="server",
        value="cloudflare",
        body=rb"Unable to reach the origin service",
    ),
    Mark(
        f"{_FLARE} Workers",
        _FAILS,
        _BROKEN,
        header="server",
        value="cloudflare",
        body=rb"error code: 11\d\d\b",
        change="Look into the log of that Worker (wrangler tail), and that code up in the maker's list of errors.",
    ),
    Mark(
        _FLARE,
        _AWAY,
        _REFUSED,
        header="server",
        value="cloudflare",
        body=rb"error code: 10\d\d\b|used Cloudflare to restrict access",
        change=_LOOK_UP,
    ),
    Mark(f"{_FLARE} Access", _AWAY, _FORBIDDEN, body=rb"Cloudflare Access</title>"),
    Mark(f"{_FLARE} Access", _LOGIN, _UNAUTHORIZED, header="www-authenticate", value="Cloudflare-Access"),
    Mark(_FLARE, _AWAY, _FORBIDDEN, body=rb"Attention Required! \| Cloudflare"),
    Mark(_FLARE, _CHALLENGE, body=rb"<title>Just a moment\.\.\."),
    Mark(f"{_FLARE} Access", _LOGIN, body=rb"\.cloudflareaccess\.com|/cdn-cgi/access/"),
    Mark(_FLARE, _FAILS, _FLARES_OWN, header="server", value="cloudflare", change=_LOOK_UP),
)
_GUARDS = (
    Mark("DataDome", _CHALLENGE, _FORBIDDEN, body=rb"captcha-delivery\.com"),
    Mark("DataDome", _AWAY, _FORBIDDEN, header="x-datadome", value=".+"),
    Mark("DDoS-Guard", _CHALLENGE, _FORBIDDEN, header="server", value="ddos-guard"),
    Mark("Anubis", _CHALLENGE, body=rb"\bid=[\"']?anubis_challenge"),
    Mark("Zscaler", _AWAY, _FORBIDDEN, header="server", value="Zscaler/[\\d.]+", change=_FILTER),
    Mark("FortiGuard", _AWAY, _FORBIDDEN, body=rb"FortiGuard", change=_FILTER),
    Mark("a web filter", _AWAY, _DOWN, body=rb"blocked in accordance with company policy", change=_FILTER),
    Mark("HUMAN", _CHALLENGE, _FORBIDDEN, body=rb"px-captcha|_pxAppId|perimeterx"),
    Mark("Akamai", _AWAY, _FORBIDDEN, body=rb"Reference(?:&#32;|\s)*(?:#|&#35;)\s?\d+(?:\.|&#46;)[\w.&#;]+"),
    Mark("Akamai", _ROUTE, frozenset({400}), header="server", value="AkamaiGHost", body=rb"<TITLE>Invalid URL"),
    Mark("Akamai", _FAILS, _BROKEN, header="server", value="AkamaiGHost"),
    Mark("Imperva", _AWAY, body=rb"Incapsula incident ID"),
    Mark("Imperva", _CHALLENGE, body=rb"_Incapsula_Resource"),
    Mark("AWS WAF", _CHALLENGE, header="x-amzn-waf-action", value="challenge|captcha"),
    Mark("Sucuri", _AWAY, body=rb"Sucuri WebSite Firewall"),
    Mark("F5 BIG-IP", _AWAY, body=rb"The requested URL was rejected\. Please consult with your administrator"),
    Mark("ModSecurity", _AWAY, body=rb"generated by Mod_Security"),
    Mark("Vercel", _CHALLENGE, header="x-vercel-mitigated", value="challenge"),
    Mark("Vercel", _AWAY, header="x-vercel-mitigated", value="\\w+"),
    Mark("Azure Front Door", _AWAY, _FORBIDDEN, header="x-azure-ref", value=".{1,20}", body=rb"The request is blocked"),
    Mark("HAProxy", _AWAY, _FORBIDDEN, body=rb"Request forbidden by administrative rules"),
    Mark("Envoy", _AWAY, _FORBIDDEN, body=rb"^RBAC: access denied"),
    Mark("Squid", _NOBODY, header="x-squid-error", value="ERR_(?:CONNECT_FAIL|DNS_FAIL|CANNOT_FORWARD)"),
    Mark("Squid", _AWAY, header="x-squid-error", value="ERR_\\w+"),
)
BEFORE_MARKS = (*_TUNNELS, *_CLOUDFLARE, *_GUARDS)
