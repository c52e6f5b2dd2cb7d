"""What concerns no single flow: strays, configuration, keys, clock."""

import httpx2

from tests.diagnosis.stories.conftest import Watched


async def names(gateway: Watched) -> list[str]:
    return [each.id for each in await gateway.of_gateway()]


async def test_a_foreign_host_name_is_named(gateway: Watched, http: httpx2.AsyncClient) -> None:
    path = "/.well-known/oauth-authorization-server"
    answer = await http.get(f"{gateway.origin}{path}", headers={"host": "gateway.example.com"})
    assert answer.status_code == 421
    found = (await gateway.of_gateway())[0]
    assert found.id == "HOST-02"
    assert "gateway.example.com" in found.cause

    await http.get(f"{gateway.origin}{path}")
    assert await names(gateway) == []


async def test_a_preflight_for_a_path_that_is_not_served(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    answer = await http.options(f"{gateway.origin}/mcp/nothing", headers=headers)
    assert answer.status_code >= 400
    assert await names(gateway) == ["CORS-01"]

    gateway.wait(121)
    assert await names(gateway) == []


async def test_a_revocation_with_the_token_as_bearer(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"authorization": "Bearer at_something"}
    answer = await http.post(f"{gateway.origin}/oauth/revoke", headers=headers)
    assert answer.status_code >= 400
    found = (await gateway.of_gateway())[0]

    assert found.id == "REVK-04"
    assert "Bearer" in found.cause


async def test_healthy_strays_are_not_talked_about(gateway: Watched, http: httpx2.AsyncClient) -> None:
    headers = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    await http.options(gateway.mcp_url, headers=headers)
    await http.get(f"{gateway.origin}/.well-known/openid-configuration")
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource")
    await http.get(f"{gateway.origin}/favicon.ico")

    assert await names(gateway) == []
