// A client on the official TypeScript SDK: lists the tools, calls one, and prints JSON. At `EXPIRE` it waits for a line:
// its access token has ended then.
import { Provider, connect, lines } from "./sdk_login.mjs";

class Forgetting extends Provider {
  state() { return "state-" + Math.random().toString(36).slice(2); }
  invalidateCredentials(what) {
    if (what === "all" || what === "tokens") this.held = undefined;
    if (what === "all" || what === "client") this.kept = undefined;
  }
}

const provider = new Forgetting();
const client = await connect(provider, Infinity);
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const called = await client.callTool({ name: "echo", arguments: { message: "hello" } });
console.log("RESULT " + JSON.stringify({ tools, text: called.content[0].text }));
// The access token ends: the SDK must refresh it silently and go on.
const before = provider.held.access_token;
console.log("EXPIRE");
await lines.next();
const again = await client.callTool({ name: "echo", arguments: { message: "again" } });
console.log("REFRESHED " + JSON.stringify({ text: again.content[0].text, isNew: provider.held.access_token !== before }));
await client.close();
process.exit(0);
