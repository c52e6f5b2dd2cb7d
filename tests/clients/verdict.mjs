// A client on the official TypeScript SDK: connects, lists the tools, and says how that ended: `VERDICT passes`, or the
// error in the SDK's words.
import { Provider, connect } from "./sdk_login.mjs";

try {
  const client = await connect(new Provider(), 1);
  await client.listTools();
  console.log("VERDICT passes");
} catch (error) {
  console.log("VERDICT " + `${error.name}: ${error.message}`.replaceAll("\n", " "));
}
process.exit(0);
