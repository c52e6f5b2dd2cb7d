// A client on the official TypeScript SDK (1.x or 2.x, whichever module is named): connects, lists the tools, and says
// how that ended. It prints the authorization URL (`AUTHORIZE …`), reads the redirect from its standard input, and
// prints `VERDICT …`: `passes`, or the error in the SDK's words.
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
  state() { return "state-of-the-verdict"; }
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

const provider = new Provider();
const connect = async (attempts) => {
  const client = new Client({ name: flavour, version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || attempts === 0) throw error;
    const answer = new URL((await lines.next()).value).searchParams;
    if (flavour === "client-2") await transport.finishAuth(answer);
    else await transport.finishAuth(answer.get("code"));
    return connect(attempts - 1);
  }
  return client;
};

try {
  const client = await connect(1);
  await client.listTools();
  console.log("VERDICT passes");
} catch (error) {
  console.log("VERDICT " + `${error.name}: ${error.message}`.replaceAll("\n", " "));
}
process.exit(0);
