// A login by the official TypeScript SDK (1.x or 2.x, whichever module is named): it prints the authorization URL
// (`AUTHORIZE …`) and reads the redirect from its standard input.
import readline from "node:readline";

export const [, , flavour, serverUrl, redirectUrl, call] = process.argv;
export const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const load = {
  "client-2": async () => import("@modelcontextprotocol/client"),
  "sdk-1": async () => ({
    ...(await import("@modelcontextprotocol/sdk/client/index.js")),
    ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
    ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
  }),
};
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await load[flavour]();

export class Provider {
  redirectUrl = redirectUrl;
  clientMetadata = { client_name: flavour, redirect_uris: [redirectUrl], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
  state() { return "state-of-a-test"; }
  clientInformation() { return this.kept; }
  saveClientInformation(kept) { this.kept = kept; }
  tokens() { return this.held; }
  saveTokens(held) { this.held = held; }
  redirectToAuthorization(url) { console.log("AUTHORIZE " + url); }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(found) { this.found = found; }
  discoveryState() { return this.found; }
}

export const connect = async (provider, attempts) => {
  const client = new Client({ name: flavour, version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || attempts === 0) throw error;
    const answer = new URL((await lines.next()).value).searchParams;
    if (flavour === "client-2") await transport.finishAuth(answer);
    else await transport.finishAuth(answer.get("code"));
    return connect(provider, attempts - 1);
  }
  return client;
};
