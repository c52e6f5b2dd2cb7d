"""By what the tunnels, CDNs and firewalls are known that answer in a server's place.

No pattern begins with an open repetition, which is squared. Of marks that both fit, the first counts.

Source: each maker's documentation of its errors.
"""

from devgw.foreign.intermediary_mark import (
    ABSENT,
    AWAY,
    BROKEN,
    CHALLENGE,
    DOWN,
    FAILS,
    FORBIDDEN,
    LOGIN,
    NOBODY,
    REDIRECT,
    REFUSED,
    ROUTE,
    UNAUTHORIZED,
    Mark,
)

_FLARES_OWN = frozenset(range(520, 531))
_FLARE, _NGROK = "Cloudflare", "ngrok"
_TUNNEL = "Start the tunnel's client again beside the server, and see that it names the port on which that listens."
_FILTER = "Ask whoever runs that filter in your network to let this URL through."
_LOOK_UP = "Look that code up in the maker's list of errors: it says what to change."

_TUNNELS = (
    Mark(_NGROK, NOBODY, header="ngrok-error-code", value="ERR_NGROK_(?:3200|8012)", change=_TUNNEL),
    Mark(
        _NGROK,
        CHALLENGE,
        header="ngrok-error-code",
        value="ERR_NGROK_60\\d\\d",
        change="Send the header ngrok-skip-browser-warning, with any value: it shows its page for browsers.",
    ),
    Mark(_NGROK, FAILS, BROKEN, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    Mark(_NGROK, AWAY, header="ngrok-error-code", value="ERR_NGROK_\\d+", change=_LOOK_UP),
    Mark(_NGROK, NOBODY, ABSENT, body=rb"ERR_NGROK_3200", change=_TUNNEL),
    Mark("localtunnel", NOBODY, header="x-localtunnel-status", value="[\\w ]{0,40}unavailable", change=_TUNNEL),
    Mark("localhost.run", NOBODY, DOWN, body=rb"^no tunnel here", change=_TUNNEL),
    Mark("frp", NOBODY, ABSENT, body=rb"Faithfully yours, frp", change=_TUNNEL),
    Mark("zrok", NOBODY, ABSENT, body=rb"<title>zrok</title>", change=_TUNNEL),
    Mark(
        "localtunnel",
        CHALLENGE,
        frozenset({401, 511}),
        body=rb"bypass-tunnel-reminder|loca\.lt/mytunnelpassword",
        change="Send the header bypass-tunnel-reminder, with any value: it shows its page for browsers.",
    ),
)
_CLOUDFLARE = (
    Mark(_FLARE, CHALLENGE, header="cf-mitigated", value="challenge"),
    Mark(f"{_FLARE} Tunnel", NOBODY, _FLARES_OWN, body=rb"\b1033\b", change=_TUNNEL),
    Mark(_FLARE, NOBODY, _FLARES_OWN, body=rb"error code: 1016"),
    Mark(_FLARE, NOBODY, frozenset({521, 522, 523}), header="server", value="cloudflare"),
    Mark(
        f"{_FLARE} Tunnel",
        NOBODY,
        BROKEN,
        header="server",
        value="cloudflare",
        body=rb"Unable to reach the origin service",
    ),
    Mark(
        f"{_FLARE} Workers",
        FAILS,
        BROKEN,
        header="server",
        value="cloudflare",
        body=rb"\Aerror code: 11\d\d\s*\Z",
        change="Look into the log of that Worker (wrangler tail), and that code up in the maker's list of errors.",
    ),
    Mark(
        _FLARE,
        AWAY,
        REFUSED,
        header="server",
        value="cloudflare",
        body=rb"\Aerror code: 10\d\d\s*\Z|cf-error-code[^<>]{0,20}>10\d\d<|used Cloudflare to restrict access</title>",
        change=_LOOK_UP,
    ),
    Mark(f"{_FLARE} Access", AWAY, FORBIDDEN, body=rb"Cloudflare Access</title>"),
    Mark(f"{_FLARE} Access", LOGIN, UNAUTHORIZED, header="www-authenticate", value="Cloudflare-Access"),
    Mark(_FLARE, AWAY, FORBIDDEN, body=rb"Attention Required! \| Cloudflare"),
    Mark(_FLARE, CHALLENGE, body=rb"<title>Just a moment\.\.\.</title>(?=[^\0]{0,4000}(?:_cf_chl_opt|/orchestrate/))"),
    Mark(f"{_FLARE} Access", LOGIN, frozenset({200, 401}), body=rb"<title>[^<>]{1,40}Cloudflare Access</title>"),
    Mark(
        f"{_FLARE} Access",
        LOGIN,
        REDIRECT,
        header="location",
        value="^https://[\\w-]{1,63}\\.cloudflareaccess\\.com/cdn-cgi/access/login",
    ),
    Mark(_FLARE, FAILS, _FLARES_OWN, header="server", value="cloudflare", change=_LOOK_UP),
)
_GUARDS = (
    Mark("DataDome", CHALLENGE, FORBIDDEN, body=rb"captcha-delivery\.com"),
    Mark("DDoS-Guard", CHALLENGE, FORBIDDEN, header="server", value="ddos-guard", body=rb"<title>DDoS-Guard</title>"),
    Mark("Anubis", CHALLENGE, body=rb"\bid=[\"']?anubis_challenge"),
    Mark("Zscaler", AWAY, FORBIDDEN, header="server", value="Zscaler/[\\d.]+", change=_FILTER),
    Mark("FortiGuard", AWAY, FORBIDDEN, header="content-type", value="text/html", body=rb"FortiGuard", change=_FILTER),
    Mark("a web filter", AWAY, DOWN, body=rb"blocked in accordance with company policy", change=_FILTER),
    Mark("HUMAN", CHALLENGE, FORBIDDEN, body=rb"px-captcha|\"blockScript\""),
    Mark("Akamai", AWAY, FORBIDDEN, body=rb"Reference(?:&#32;|\s)*(?:#|&#35;)\s?\d+(?:\.|&#46;)[0-9a-f]{4,}[\w.&#;]*"),
    Mark("Akamai", ROUTE, frozenset({400}), header="server", value="AkamaiGHost", body=rb"<TITLE>Invalid URL"),
    Mark("Akamai", FAILS, BROKEN, header="server", value="AkamaiGHost"),
    Mark("Imperva", AWAY, body=rb"Incapsula incident ID"),
    Mark("Imperva", CHALLENGE, body=rb"<iframe\b[^<>]{0,400}_Incapsula_Resource"),
    Mark("AWS WAF", CHALLENGE, header="x-amzn-waf-action", value="challenge|captcha"),
    Mark("Sucuri", AWAY, body=rb"Sucuri WebSite Firewall"),
    Mark("F5 BIG-IP", AWAY, body=rb"The requested URL was rejected\. Please consult with your administrator"),
    Mark("ModSecurity", AWAY, body=rb"generated by Mod_Security"),
    Mark("Vercel", CHALLENGE, header="x-vercel-mitigated", value="challenge"),
    Mark("Vercel", AWAY, header="x-vercel-mitigated", value="\\w+"),
    Mark(
        "Azure Front Door", AWAY, FORBIDDEN, header="x-azure-ref", value=".{1,20}", body=rb"<h2>The request is blocked"
    ),
    Mark("HAProxy", AWAY, FORBIDDEN, body=rb"Request forbidden by administrative rules"),
    Mark("Envoy", AWAY, FORBIDDEN, body=rb"^RBAC: access denied"),
    Mark("Squid", NOBODY, header="x-squid-error", value="ERR_(?:CONNECT_FAIL|DNS_FAIL|CANNOT_FORWARD)"),
    Mark("Squid", AWAY, header="x-squid-error", value="ERR_\\w+"),
)
BEFORE_MARKS = (*_TUNNELS, *_CLOUDFLARE, *_GUARDS)
