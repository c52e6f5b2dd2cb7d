// A client on the official TypeScript SDK: connects, lists the tools, calls one where it is given a call (JSON, answered
// with `hello`), and says how that ended: `VERDICT passes`, or the error in the SDK's words.
import { Provider, call, connect } from "./sdk_login.mjs";

try {
  const client = await connect(new Provider(), 1);
  await client.listTools();
  const came = call && JSON.stringify((await client.callTool(JSON.parse(call))).content);
  console.log("VERDICT " + (!call || came.includes("hello") ? "passes" : "answered " + came));
} catch (error) {
  console.log("VERDICT " + `${error.name}: ${error.message}`.replaceAll("\n", " "));
}
process.exit(0);
