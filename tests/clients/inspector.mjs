// A person in a real Chromium with the page of the MCP Inspector: connects, signs in where that is asked, calls `echo`.
// `node inspector.mjs MCP_URL MESSAGE CHROMIUM` prints the text of the page at the end.
import { spawn } from "node:child_process";
import { chromium } from "playwright-core";

const [, , url, message, executablePath] = process.argv;
const server = spawn("mcp-inspector", ["--web", "--transport", "http", "--server-url", url], { detached: true });
const end = () => { try { process.kill(-server.pid, "SIGKILL"); } catch { /* it is gone */ } };
process.on("exit", end);
const address = await new Promise((resolve) => {
  let said = "";
  server.stdout.on("data", (chunk) => {
    said += chunk;
    const found = said.match(/http:\/\/\S+API_TOKEN=\w+\s/);
    if (found) resolve(found[0].trim());
  });
});

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await (await browser.newContext({ viewport: { width: 1300, height: 900 } })).newPage();
page.setDefaultTimeout(30_000);
const connected = page.getByText("Connected", { exact: true });
const person = page.getByText("ada@acme.example");
const connect = page.getByRole("link", { name: /^Connect/ });
const allow = page.getByRole("button", { name: "Allow" });

async function signIn() {
  while (true) {
    await connected.or(person).or(connect).or(allow).first().waitFor();
    if (await connect.count()) {
      await connect.click();
      await page.getByRole("button", { name: /^Approve as/ }).first().click();
    } else if (await allow.count()) await allow.click();
    else if (await connected.count()) return;
    else await person.first().click();
  }
}

try {
  await page.goto(address);
  await page.getByRole("switch").first().click({ force: true });
  await signIn();
  await page.getByText("Tools", { exact: true }).first().click();
  await page.getByText("echo", { exact: true }).first().click();
  await page.getByLabel("Message").or(page.getByPlaceholder("message")).first().fill(message);
  await page.getByRole("button", { name: /^(Run|Execute|Call)/ }).first().click();
  await page.getByText(message, { exact: true }).first().waitFor();
} catch (error) {
  console.log(String(error).slice(0, 600));
}
console.log(await page.evaluate(() => document.body.innerText));
await browser.close();
end();
process.exit(0);
