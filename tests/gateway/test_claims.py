"""Which headers of a client say what only a gateway may say: by what their words mean, in either spelling."""

import time

import pytest

from devgw.config.project import HeaderEdits, Route, Secret
from devgw.gateway.claims import is_claim
from devgw.gateway.forwarding import forwarding_of, headers_up
from devgw.ids import OperationId

PROXY = (
    "proxy proxy-user x-proxyuser-ip forwarded forwarded-for x-forwarded-user x-forwarder-for via x-via wl-proxy-ssl"
)
PLATFORM = (
    "x-zuplo-user zuplo-request-id zp-rid cf-ray cf-ipcountry cloudfront-viewer-address x-vercel-ip-country fly-region "
    "x-nf-account-id x-azure-fdid x-fd-healthprobe x-envoy-peer-metadata x-apigee-id x-kong-request-id x-tyk-key "
    "x-amzn-mtls-clientcert x-google-real-ip akamai-origin-hop l5d-client-id x-ms-token-aad-id-token"
)
WHO = (
    "remote-user remote-groups x-remote-email x-auth-user x-auth-email x-user x-user-id x-user-roles x-username "
    "x-userinfo x-email x-groups impersonate-user impersonate-extra-scopes x-consumer-username x-authentik-username "
    "x-credential-identifier x-anonymous-consumer sm-user iv-user iv-groups x-jwt-sub x-pomerium-claim-email "
    "x-apigateway-api-userinfo x-endpoint-api-userinfo x-goog-iap-jwt-assertion x-ms-client-principal x-shib-user"
)
CERTIFICATE = (
    "client-cert x-peer-cert client-cert-chain x-client-verify x-client-dn x-ssl-client-s-dn x-tls-client-cert "
    "x-spiffe-id"
)
PLACE = (
    "client-ip x-ip x-true-ip x-source-ip x-peer-address remote-addr x-remote-port do-connecting-ip incap-client-ip "
    "x-sucuri-clientip x-original-host x-host x-scheme x-http-host-override x-override-url request-uri disguised-host"
)
OURS_TO_SAY = f"{PROXY} {PLATFORM} {WHO} {CERTIFICATE} {PLACE}"
OTHERS = (
    "accept content-type user-agent x-user-agent x-mine mcp-session-id mcp-protocol-version mcp-method mcp-name "
    "mcp-param-user-id mcp-param-client-ip last-event-id x-api-key x-auth-token x-access-token traceparent baggage "
    "x-amzn-trace-id x-cloud-trace-context x-b3-traceid x-request-id x-goog-api-key x-goog-user-project x-amz-date "
    "x-ms-version x-client-version x-client-name origin accept-language x-github-token x-tenant-id x-region x-zipcode "
    "x-session-id sec-fetch-mode idempotency-key anthropic-version x-stripe-client-user-agent smart x-script x-shipping"
)


@pytest.mark.parametrize("name", OURS_TO_SAY.split())
def test_what_only_a_gateway_may_say_is_a_claim(name: str) -> None:
    assert is_claim(name.encode())
    assert is_claim(name.replace("-", "_").encode())


@pytest.mark.parametrize("name", OTHERS.split())
def test_what_a_client_says_of_its_own_is_none(name: str) -> None:
    assert not is_claim(name.encode())


@pytest.mark.parametrize("part", ["a-", "x-user-", "-", "x-", "client-"])
def test_a_long_name_is_judged_at_once(part: str) -> None:
    begun = time.process_time()
    is_claim(part.encode() * (32_000 // len(part)))
    assert time.process_time() - begun < 0.2
    assert is_claim(b"x-forwarded-" + b"a" * 500)


def test_a_claim_of_a_client_goes_up_to_no_upstream_and_one_of_the_project_does() -> None:
    edit = HeaderEdits(set=(("x-forwarded-user", Secret("the-projects"), True),))
    route = Route("/mcp/x", OperationId("x"), "X", "http://localhost:1/mcp", header_edits=(edit,))
    sent = [(name.encode(), b"forged") for name in (*PROXY.split(), *CERTIFICATE.split(), "x_real_ip", "x-tenant-id")]
    went = headers_up(forwarding_of(route, is_stateful=False), sent, ())
    assert [each for each in went if each[1] == b"forged"] == [(b"x-tenant-id", b"forged")]
    assert (b"x-forwarded-user", b"the-projects") in went
