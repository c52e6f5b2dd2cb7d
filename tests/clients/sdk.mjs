// A client on the official TypeScript SDK (1.x or 2.x, whichever module is named): lists the tools and calls one.
// It prints the authorization URL on a line of its own, reads the redirect from its standard input, and prints JSON.
import readline from "node:readline";

const [, , flavour, serverUrl, redirectUrl] = process.argv;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const load = {
  "client-2": async () => import("@modelcontextprotocol/client"),
  "sdk-1": async () => ({
    ...(await import("@modelcontextprotocol/sdk/client/index.js")),
    ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
    ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
  }),
};
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await load[flavour]();

class Provider {
  redirectUrl = redirectUrl;
  clientMetadata = { client_name: flavour, redirect_uris: [redirectUrl], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
  state() { return "state-" + Math.random().toString(36).slice(2); }
  clientInformation() { return this.kept; }
  saveClientInformation(kept) { this.kept = kept; }
  tokens() { return this.held; }
  saveTokens(held) { this.held = held; }
  redirectToAuthorization(url) { console.log("AUTHORIZE " + url); }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(found) { this.found = found; }
  discoveryState() { return this.found; }
  invalidateCredentials(what) {
    if (what === "all" || what === "tokens") this.held = undefined;
    if (what === "all" || what === "client") this.kept = undefined;
  }
}

const provider = new Provider();
const connect = async () => {
  const client = new Client({ name: flavour, version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const answer = new URL((await lines.next()).value).searchParams;
    if (flavour === "client-2") await transport.finishAuth(answer);
    else await transport.finishAuth(answer.get("code"));
    return connect();
  }
  return client;
};

const client = await connect();
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const called = await client.callTool({ name: "echo", arguments: { message: "hello" } });
console.log("RESULT " + JSON.stringify({ tools, text: called.content[0].text }));
// The access token is spoiled: the SDK must refresh it silently and go on.
const before = provider.held.access_token;
provider.held = { ...provider.held, access_token: "at_spoiled" };
const again = await client.callTool({ name: "echo", arguments: { message: "again" } });
console.log("REFRESHED " + JSON.stringify({ text: again.content[0].text, isNew: provider.held.access_token !== before }));
await client.close();
process.exit(0);
