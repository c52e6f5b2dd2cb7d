"""Who answers in a server's place is told by what it alone writes; whatever has no such mark is the server's own."""

import time

import pytest

from devgw.foreign.intermediary import find_intermediary
from devgw.foreign.intermediary_mark import Intervention

NOBODY, ROUTE, FAILS = Intervention.REACHES_NOBODY, Intervention.KNOWS_NO_ROUTE, Intervention.FAILS
AWAY, CHALLENGE = Intervention.TURNS_AWAY, Intervention.CHALLENGES
LOGIN, KEY = Intervention.WANTS_LOGIN, Intervention.WANTS_KEY
FLARE = {"server": "cloudflare"}
RESET = b"upstream connect error or disconnect/reset before headers. reset reason: "
GATEWAY = {"x-amz-apigw-id": "x="}
SSO = {"set-cookie": "_vercel_sso_nonce=x; Path=/"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "name", "does"),
    [
        (404, {"ngrok-error-code": "ERR_NGROK_3200"}, b"<p>offline", "ngrok", NOBODY),
        (502, {"ngrok-error-code": "ERR_NGROK_8012"}, b"", "ngrok", NOBODY),
        (502, {"ngrok-error-code": "ERR_NGROK_3004"}, b"", "ngrok", FAILS),
        (200, {"ngrok-error-code": "ERR_NGROK_6024"}, b"<p>You are about to visit", "ngrok", CHALLENGE),
        (403, {"ngrok-error-code": "ERR_NGROK_3205"}, b"", "ngrok", AWAY),
        (530, FLARE, b"error code: 1033", "Cloudflare Tunnel", NOBODY),
        (530, FLARE, b"error code: 1016", "Cloudflare", NOBODY),
        (522, FLARE, b"", "Cloudflare", NOBODY),
        (524, FLARE, b"", "Cloudflare", FAILS),
        (403, FLARE, b"error code: 1020", "Cloudflare", AWAY),
        (403, FLARE | {"cf-mitigated": "challenge"}, b"<title>Just a moment...</title>", "Cloudflare", CHALLENGE),
        (503, {}, b"<title>Just a moment...</title><script>window._cf_chl_opt={}", "Cloudflare", CHALLENGE),
        (302, {"location": "https://t.cloudflareaccess.com/cdn-cgi/access/login/x"}, b"", "Cloudflare Access", LOGIN),
        (403, {}, b'<iframe id="main-iframe" src="/_Incapsula_Resource?CWUD=1">', "Imperva", CHALLENGE),
        (403, {}, b'{"appId":"PX1","blockScript":"/x.js"}', "HUMAN", CHALLENGE),
        (503, {"x-localtunnel-status": "Tunnel Unavailable"}, b"", "localtunnel", NOBODY),
        (511, {}, b"To bypass this page send bypass-tunnel-reminder", "localtunnel", CHALLENGE),
        (403, {"x-datadome": "protected"}, b'{"url":"https://geo.captcha-delivery.com/x"}', "DataDome", CHALLENGE),
        (403, {}, b"Access Denied Reference&#32;&#35;18&#46;6d1f", "Akamai", AWAY),
        (403, {}, b"Reference #18.8d1f.1700", "Akamai", AWAY),
        (403, {}, b"Request unsuccessful. Incapsula incident ID: 7-1", "Imperva", AWAY),
        (405, {"x-amzn-waf-action": "captcha"}, b"", "AWS WAF", CHALLENGE),
        (503, {}, b"no healthy upstream", "Envoy", NOBODY),
        (503, {}, RESET + b"connection failure", "Envoy", NOBODY),
        (503, {}, RESET + b"overflow", "Envoy", FAILS),
        (404, {"server": "envoy"}, b"", "Envoy", ROUTE),
        (503, {}, b"no available server\n", "Traefik", NOBODY),
        (503, {"server": "awselb/2.0"}, b"", "AWS load balancer", NOBODY),
        (404, {"x-vercel-error": "DEPLOYMENT_NOT_FOUND"}, b"", "Vercel", NOBODY),
        (404, {"x-vercel-error": "NOT_FOUND"}, b"", "Vercel", ROUTE),
        (504, {"x-vercel-error": "FUNCTION_INVOCATION_TIMEOUT"}, b"", "Vercel", FAILS),
        (503, {"x-render-routing": "suspend-by-user"}, b"<title>Service Suspended</title>", "Render", AWAY),
        (404, {"x-render-routing": "no-server"}, b"Not Found", "Render", NOBODY),
        (401, SSO, b"<title>Authentication Required</title>", "Vercel", LOGIN),
        (503, {}, b'<iframe src="//www.herokucdn.com/error-pages/application-error.html">', "Heroku", FAILS),
        (404, {}, b'<iframe src="//www.herokucdn.com/error-pages/no-such-app.html">', "Heroku", NOBODY),
        (403, {"x-amzn-errortype": "MissingAuthenticationTokenException"},
         b'{"message":"Missing Authentication Token"}', "AWS API Gateway", Intervention.SHOWS_NO_ROUTE),
        (403, GATEWAY | {"x-amzn-errortype": "ForbiddenException"}, b"{}", "AWS API Gateway", AWAY),
        (502, GATEWAY | {"x-amzn-errortype": "InternalServerErrorException"}, b"{}", "AWS API Gateway", FAILS),
        (403, {"x-amzn-errortype": "AccessDeniedException"}, b'{"Message":"Forbidden"}', "AWS", AWAY),
        (502, {"x-amzn-errortype": "InternalServerErrorException"}, b"Internal Server Error", "AWS", FAILS),
        (403, {"x-amzn-errortype": "AccessDeniedException"},
         b'{"Message":"For troubleshooting Function URL authorization issues, see"}', "AWS Lambda", AWAY),
        (464, {"server": "awselb/2.0"}, b"", "AWS load balancer", FAILS),
        (403, FLARE, b"error code: 1003", "Cloudflare", AWAY),
        (409, FLARE, b"error code: 1001", "Cloudflare", AWAY),
        (403, FLARE, b"<title>Access denied | x.dev used Cloudflare to restrict access</title>", "Cloudflare", AWAY),
        (500, FLARE, b"error code: 1101", "Cloudflare Workers", FAILS),
        (503, FLARE, b"error code: 1102", "Cloudflare Workers", FAILS),
        (502, FLARE, b"<p>Unable to reach the origin service. The service may be down", "Cloudflare Tunnel", NOBODY),
        (403, FLARE, b"<title>Forbidden &#12539; Cloudflare Access</title>", "Cloudflare Access", AWAY),
        (401, {"www-authenticate": 'Cloudflare-Access team="x"'}, b"", "Cloudflare Access", LOGIN),
        (503, {}, b"no tunnel here :(", "localhost.run", NOBODY),
        (404, {}, b"<p><em>Faithfully yours, frp.</em></p>", "frp", NOBODY),
        (404, {}, b"<title>zrok</title>the share was not found", "zrok", NOBODY),
        (400, {}, b"<h1>400 ERROR</h1>Generated by cloudfront (CloudFront)", "CloudFront", AWAY),
        (400, {"server": "AkamaiGHost"}, b"<TITLE>Invalid URL</TITLE>", "Akamai", ROUTE),
        (402, {"x-vercel-error": "DEPLOYMENT_DISABLED"}, b"", "Vercel", AWAY),
        (413, {"x-kong-response-latency": "1"}, b'{"message":"Request size limit exceeded"}', "Kong", AWAY),
        (503, {}, b'{"fault":{"detail":{"errorcode":"messaging.adaptors.http.flow.ServiceUnavailable"}}}', "Apigee",
         FAILS),
        (401, {}, b'{"fault":{"detail":{"errorcode":"keymanagement.service.invalid_access_token"}}}', "Apigee", KEY),
        (404, {}, b'{"error_msg":"404 Route Not Found"}', "APISIX", ROUTE),
        (403, {}, b'<form method="GET" action="/oauth2/start">', "oauth2-proxy", LOGIN),
        (504, {}, b"upstream request timeout", "Envoy", FAILS),
        (503, {}, b"Web Page Blocked: blocked in accordance with company policy", "a web filter", AWAY),
        (403, {"server": "ddos-guard"}, b"<title>DDoS-Guard</title>", "DDoS-Guard", CHALLENGE),
        (200, {}, b'<script id="anubis_challenge" type="application/json">', "Anubis", CHALLENGE),
        (401, {}, b'{"statusCode":401,"message":"Access denied due to missing subscription key."}',
         "Azure API Management", KEY),
        (401, {"www-authenticate": "Key"}, b'{"message":"No API key found in request"}', "Kong", KEY),
        (404, {}, b'{"message":"no Route matched with those values"}', "Kong", ROUTE),
        (403, {}, b"Your client does not have permission to get URL <code>/mcp</code>", "Google Cloud", AWAY),
        (401, {"content-type": "text/html"}, b'<input name=p type="password">',
         "a page with a field for a password", LOGIN),
    ],
)  # fmt: skip
def test_a_mark_says_who_answers(
    status: int, headers: dict[str, str], body: bytes, name: str, does: Intervention
) -> None:
    found = find_intermediary(status, headers, body)
    assert found is not None
    assert (found.name, found.does) == (name, does)
    assert found.mark


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, FLARE, b"Not found"),
        (502, FLARE, b"<center>nginx</center>"),
        (403, FLARE, b'{"message":"Forbidden"}'),
        (429, FLARE, b"error code: 1015"),
        (429, {"x-kong-response-latency": "1"}, b'{"message":"API rate limit exceeded"}'),
        (429, {"x-amzn-errortype": "LimitExceededException"}, b'{"message":"Limit Exceeded"}'),
        (404, {"server": "awselb/2.0"}, b""),
        (500, FLARE, b'{"message":"error code 1101"}'),
        (404, {"server": "envoy", "x-envoy-upstream-service-time": "3"}, b""),
        (404, {"server": "envoy"}, b"no such tool"),
        (404, {}, b"404 page not found\n"),
        (500, {}, b"no healthy upstream"),
        (404, {"x-cache": "Error from cloudfront"}, b"Not found"),
        (401, {"x-kong-upstream-latency": "3"}, b"no"),
        (403, {}, b"<p>See Reference # below"),
        (200, {"content-type": "text/html"}, b'<script src="/_Incapsula_Resource?SWJIYLWA=7">app'),
        (403, {"content-type": "text/html"}, b'<script src="/_Incapsula_Resource?SWJIYLWA=7">no such plan'),
        (403, {"x-datadome": "protected"}, b'{"error":"not your tenant"}'),
        (404, {"content-type": "text/html"}, b"<a href=/cdn-cgi/access/logout>log out</a> no such page"),
        (404, {}, b"<a href=https://t.cloudflareaccess.com>our login</a> no such page"),
        (403, {"server": "ddos-guard"}, b"not your tenant"),
        (403, {"content-type": "text/html"}, b"<script>window._pxAppId='PX1'</script>not your tenant"),
        (403, {"content-type": "application/json"}, b'{"message":"the FortiGuard licence has ended"}'),
        (401, {"server": "Vercel"}, b"Authentication Required"),
        (401, {"server": "APISIX/3.9"}, b"Missing API key of the tenant"),
        (403, FLARE, b'{"message":"tool failed, error code: 1003"}'),
        (500, FLARE, b'{"message":"error code: 1101 of the ledger"}'),
        (200, FLARE, b"<title>Just a moment...</title>loading the app"),
        (403, {}, b"Case reference #12.3 was refused"),
        (403, {}, b'{"error":"denied","detail":"Missing Authentication Token in header X-Acme"}'),
        (404, {"content-type": "text/html"}, b"<script src=/cdn-cgi/challenge-platform/x.js></script>gone"),
        (401, {"content-type": "application/json"}, b'{"hint":"<input type=password>"}'),
    ],
)
def test_what_only_passed_through_is_the_servers_own(status: int, headers: dict[str, str], body: bytes) -> None:
    assert find_intermediary(status, headers, body) is None


@pytest.mark.parametrize("piece", [b"x", b"a.", b"<input ", b"Reference ", b" ", b"type ", b"upstream connect error "])
@pytest.mark.parametrize("status", [401, 403, 404, 503, 530])
def test_a_long_body_is_searched_once(status: int, piece: bytes) -> None:
    """It is looked at in the request, and comes from whoever answers."""
    headers = {"content-type": "text/html", "x-render-routing": "x" * 8_000, "x-localtunnel-status": "x " * 4_000}
    began = time.monotonic()
    find_intermediary(status, headers, piece * 20_000)
    assert time.monotonic() - began < 0.2
