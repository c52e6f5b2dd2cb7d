"""WorkOS's own Node SDK against the emulator; skips itself by name where Node 24 or the package is missing."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from tests.emulators.workos_bench import BOB, CALLBACK, CLIENT, KEY, OTHER_KEY, WorkosBench, emulated
from tests.support.node import node_command

PRELUDE = """
const {WorkOS} = require(process.env.WORKOS_PACKAGE);
const [port, key, clientId, callback] = process.argv.slice(2);
const workos = new WorkOS(key, {clientId, apiHostname: '127.0.0.1', port: Number(port), https: false});
const users = workos.userManagement;
const follow = async (url) => (await fetch(url, {redirect: 'manual'})).headers.get('location');
const signIn = async (url) => {
  const bootstrap = new URL(await follow(url));
  const body = new URLSearchParams({request: bootstrap.search.slice(1), as: process.env.PERSONA});
  const answer = await fetch(new URL('/__authkit/sign-in', bootstrap), {method: 'POST', body, redirect: 'manual'});
  return new URL(answer.headers.get('location')).searchParams.get('code');
};
const main = async () => { %s };
main().then((told) => console.log(JSON.stringify(told)), (error) => {
  console.log(JSON.stringify({raised: error.name, error: error.error, status: error.status, text: error.message}));
});
"""


@pytest.fixture
async def workos() -> AsyncIterator[WorkosBench]:
    """The emulator on the machine's clock, which the SDK reads too."""
    async with emulated(clock=SystemClock()) as bench:
        yield bench


async def run(workos: WorkosBench, body: str, key: str = KEY) -> Any:
    """Run `body` in Node with the SDK, and return what it returned."""
    script = PRELUDE % body
    port = workos.origin.rpartition(":")[2]
    node, package = node_command("@workos-inc/node", "package.json")
    environment = os.environ | {"WORKOS_PACKAGE": str(Path(package).parent), "PERSONA": BOB}
    process = await asyncio.create_subprocess_exec(
        *(node, "-", port, key, CLIENT, CALLBACK),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, err = await asyncio.wait_for(process.communicate(script.encode()), 60)
    assert out, err.decode()
    return json.loads(out)


async def test_the_sdk_signs_in_refreshes_and_reads_the_user(workos: WorkosBench) -> None:
    told = await run(
        workos,
        """
        const url = users.getAuthorizationUrl({provider: 'authkit', redirectUri: callback, state: 's', clientId});
        const first = await users.authenticateWithCode({code: await signIn(url), clientId});
        const second = await users.authenticateWithRefreshToken({refreshToken: first.refreshToken, clientId});
        const user = await users.getUser(first.user.id);
        const jwks = await (await fetch(users.getJwksUrl(clientId))).json();
        const organizations = await workos.organizations.listOrganizations({limit: 1});
        const rotated = first.refreshToken !== second.refreshToken;
        return {
          user: user.email, method: first.authenticationMethod, rotated, keys: jwks.keys.length,
          organizations: organizations.data.length,
        };
        """,
    )
    assert told == {
        "user": "bob@example.com",
        "method": "Password",
        "rotated": True,
        "keys": 1,
        "organizations": 1,
    }


async def test_the_sdk_s_pkce_pair_works(workos: WorkosBench) -> None:
    told = await run(
        workos,
        """
        const begun = await users.getAuthorizationUrlWithPKCE({provider: 'authkit', redirectUri: callback, clientId});
        const code = await signIn(begun.url);
        const answer = await users.authenticateWithCodeAndVerifier({code, codeVerifier: begun.codeVerifier, clientId});
        return answer.user.id;
        """,
    )
    assert told == BOB


async def test_the_sdk_accepts_a_sealed_session(workos: WorkosBench) -> None:
    told = await run(
        workos,
        """
        const password = 'a-password-of-at-least-thirty-two-characters';
        const url = users.getAuthorizationUrl({provider: 'authkit', redirectUri: callback, clientId});
        const session = {sealSession: true, cookiePassword: password};
        const answer = await users.authenticateWithCode({code: await signIn(url), clientId, session});
        const loaded = await users.loadSealedSession({sessionData: answer.sealedSession, cookiePassword: password});
        const checked = await loaded.authenticate();
        return {authenticated: checked.authenticated, session: checked.sessionId.slice(0, 8)};
        """,
    )
    assert told == {"authenticated": True, "session": "session_"}


@pytest.mark.parametrize(
    ("key", "error"), [(KEY, "invalid_grant"), ("sk_test_wrong", "invalid_client"), (OTHER_KEY, "unauthorized_client")]
)
async def test_the_sdk_raises_what_it_raises_at_workos(workos: WorkosBench, key: str, error: str) -> None:
    told = await run(workos, "return users.authenticateWithCode({code: '01AAAA', clientId});", key)
    assert (told["raised"], told["error"], told["status"]) == ("OauthException", error, 400)
