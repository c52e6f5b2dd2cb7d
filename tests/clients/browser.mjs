// A person with a real Chromium and a keyboard, and an MCP client of theirs that waits for the answer on a real listener.
// `node browser.mjs STORY ORIGIN CHROMIUM [SCREENSHOT_FOLDER]` prints what was seen as one line of JSON.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { chromium } from "playwright-core";

const [, , story, origin, executablePath, shots] = process.argv;
const isScriptOn = !story.startsWith("scriptless");
const seen = { complaints: [], pages: [] };

const answers = [];
const listener = http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/callback") answers.push(Object.fromEntries(url.searchParams));
  response.writeHead(url.pathname === "/callback" ? 200 : 204, { "content-type": "text/html" });
  response.end("<!doctype html><link rel=icon href=data:,><title>the client</title><h1>The client has it</h1>");
});
await new Promise((resolve) => listener.listen(0, "localhost", resolve));

// Another program on this machine: it is sent what the browser sends, and answers with what it wants the browser to do.
const neighbour = { cookies: [], page: "", set: [] };
const neighbourServer = http.createServer((request, response) => {
  neighbour.cookies.push(request.headers.cookie ?? "");
  response.writeHead(200, { "content-type": "text/html", "set-cookie": neighbour.set });
  response.end(`<!doctype html><link rel=icon href=data:,><title>neighbour</title>${neighbour.page}`);
});
await new Promise((resolve) => neighbourServer.listen(0, "localhost", resolve));
const neighbourUrl = (path) => `http://localhost:${neighbourServer.address().port}${path}`;

const clientName = process.env.CLIENT_NAME ?? "Claude Code";
const redirectUri = process.env.REDIRECT_URI ?? `http://localhost:${listener.address().port}/callback`;
const verifier = randomBytes(32).toString("base64url");

const registered = await (await fetch(`${origin}/oauth/register`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ client_name: clientName, redirect_uris: [redirectUri, ...JSON.parse(process.env.MORE_URIS ?? "[]")], token_endpoint_auth_method: "none" }),
})).json();

const authorizeUrl = (changes = {}) => `${origin}/oauth/authorize?` + new URLSearchParams({
  response_type: "code", client_id: registered.client_id, redirect_uri: redirectUri, state: "st-1",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
  resource: `${origin}/mcp/sample`, ...changes,
});

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const context = await browser.newContext({ javaScriptEnabled: isScriptOn, viewport: { width: 360, height: 740 } });
const page = await context.newPage();
page.setDefaultTimeout(15_000);
page.on("console", (message) => {
  if (message.location().url === page.url()) return; // the page itself came with an error status, as it should
  if (["error", "warning"].includes(message.type())) seen.complaints.push(`${message.text()} (${message.location().url})`);
});
page.on("pageerror", (error) => seen.complaints.push(String(error)));
page.on("requestfailed", (request) => seen.complaints.push(`${request.url()}: ${request.failure().errorText}`));

async function look(name) {
  await page.waitForLoadState();
  const [title, text, overflow, lang] = await page.evaluate(() => [document.title, document.body.innerText,
    document.documentElement.scrollWidth - document.documentElement.clientWidth, document.documentElement.lang]);
  seen.pages.push({ name, title, text, overflow, lang });
  if (!shots) return;
  for (const [width, colorScheme] of [[360, "light"], [900, "light"], [900, "dark"]]) {
    await page.setViewportSize({ width, height: 740 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${shots}/${story}-${name}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 360, height: 740 });
}

// Walks with Tab to what carries the label, sees that the focus can be seen there, and presses Enter.
async function press(label) {
  for (let tabs = 0; tabs < 60; tabs += 1) {
    await page.keyboard.press("Tab");
    const [text, outline] = await page.evaluate(() => {
      const at = document.activeElement;
      return [at.innerText ?? "", getComputedStyle(at).outlineStyle];
    });
    if (!text.includes(label) || text.length > label.length + 120) continue;
    if (outline === "none") seen.complaints.push(`nobody sees that ${label} has the focus`);
    await Promise.all([page.waitForEvent("framenavigated"), page.keyboard.press("Enter")]);
    await page.waitForLoadState();
    return;
  }
  throw new Error(`Tab never reaches ${label}: ${await page.evaluate(() => document.body.innerText)}`);
}

async function redeem(route = "/mcp/sample") {
  const body = new URLSearchParams({ grant_type: "authorization_code", code: answers.at(-1).code, redirect_uri: redirectUri,
    client_id: registered.client_id, code_verifier: verifier, resource: origin + route });
  seen.token_status = (await fetch(`${origin}/oauth/token`, { method: "POST", body })).status;
}

async function signIn(name, changes) {
  await page.goto(authorizeUrl(changes));
  await look("sign-in");
  await press(name);
  await look("consent");
}

const stories = {
  async allow() {
    await signIn("Ada Admin");
    await press("Allow");
    await look("answered");
    await redeem();
  },
  async deny() {
    await signIn("Ada Admin");
    await press("Deny");
    await look("answered");
  },
  async switch() {
    await signIn("Ada Admin");
    await press("Use another account");
    await look("sign-in-again");
    await press("Bob Builder");
    await look("consent-again");
    await press("Allow");
    await redeem();
  },
  async connect() {
    await signIn("Ada Admin", { resource: `${origin}/mcp/notes` });
    await press("Connect");
    await look("upstream");
    await press("Approve as");
    await look("consent-connected");
    await press("Allow");
    await redeem("/mcp/notes");
  },
  // The link of an upstream account, as it stands in a chat: whoever opens it is not the person, then the person does.
  async connect_link() {
    await signIn("Ada Admin", { resource: `${origin}/mcp/notes` });
    const link = (await page.getByRole("link", { name: "Connect" }).getAttribute("href")).split("&transaction=")[0];
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(link);
    await stranger.getByText("Bob Builder").first().click();
    await stranger.waitForLoadState();
    seen.stranger = await stranger.innerText("body");
    await page.goto(link);
    await page.getByText("Approve as").first().waitFor();
    await look("upstream");
    await press("Approve as");
    await look("consent-connected");
    const own = await (await browser.newContext({ viewport: { width: 360, height: 740 } })).newPage();
    await own.goto(link);
    seen.spent = await own.innerText("body");
  },
  // A server on another port is given the session cookie by the browser, and tries what a program with it can try.
  async other_port() {
    await signIn("Ada Admin");
    await press("Allow");
    await page.goto(neighbourUrl("/oauth/setup"));
    const cookie = neighbour.cookies.find((each) => each.includes("devgw_session=")) ?? "";
    seen.stolen = cookie !== "";
    const headers = { cookie, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" };
    seen.tried = [];
    for (const sent of [{ cookie }, headers]) {
      for (const changes of [{}, { prompt: "consent" }, { prompt: "none" }]) {
        const answer = await fetch(authorizeUrl(changes), { headers: sent, redirect: "manual" });
        seen.tried.push({ status: answer.status, location: answer.headers.get("location") ?? "", text: await answer.text() });
      }
    }
    const before = answers.length;
    neighbour.page = `<iframe src="${authorizeUrl()}"></iframe><script>
      fetch(${JSON.stringify(authorizeUrl())}, { credentials: "include", mode: "no-cors" });
      try { document.title = localStorage.getItem("devgw_browser_key") ?? "nothing"; } catch { document.title = "nothing"; }
    </script>`;
    const heard = seen.complaints.length;
    await page.goto(neighbourUrl("/oauth/x"));
    await page.waitForLoadState("networkidle");
    seen.complaints.length = heard; // the browser says that the frame is not shown
    seen.read = await page.title();
    seen.codes_for_neighbour = answers.length - before;
    await page.goto(authorizeUrl()); // the person's own way: nothing is asked again
    await page.waitForURL(/callback/);
    seen.silent = answers.length - before;
    await redeem();
  },
  // It throws cookies of our names at the browser, in front of ours: the person gets through all the same.
  async thrown_cookies() {
    neighbour.set = ["/oauth", "/oauth/setup", "/oauth/callback", "/oauth/authorize", "/"].flatMap((path) =>
      [`devgw_session=thrown; Path=${path}`, `devgw_login_x=thrown; Path=${path}`]);
    await page.goto(neighbourUrl("/"));
    await signIn("Ada Admin");
    await page.goto(neighbourUrl("/"));
    await page.goBack();
    await page.goto(authorizeUrl({ state: "st-2" }));
    seen.after_throwing = page.url();
    if (await page.getByText("Ada Admin").count()) await press("Ada Admin");
    await look("consent-again");
    await press("Allow");
    await redeem();
  },
  // What a person sees before scrolling, on three screens, whatever the client is called.
  async first_screen() {
    await signIn("Ada Admin");
    seen.screens = [];
    await page.evaluate((width) => document.querySelectorAll("h1 strong").forEach((each) => {
      each.style.letterSpacing = width;
    }), process.env.LETTER_WIDTH ?? "");
    for (const [width, height] of [[1280, 800], [800, 600], [360, 640]]) {
      await page.setViewportSize({ width, height });
      const shown = await page.evaluate(() => [...document.querySelectorAll("h1, .destination, .note")].map((each) => ({
        text: each.innerText, bottom: each.getBoundingClientRect().bottom })));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      seen.screens.push({ width, shown, overflow });
      if (shots) await page.screenshot({ path: `${shots}/first-${width}.png` });
    }
  },
  async front() {
    await page.goto(origin);
    await look("front");
  },
  async error() {
    await page.goto(authorizeUrl({ redirect_uri: redirectUri.replace("localhost", "127.0.0.1") }));
    await look("error");
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
    const copy = page.locator("button[data-copies]");
    seen.offers_to_copy = await copy.isVisible();
    if (seen.offers_to_copy) {
      await copy.click();
      await page.getByText("Copied", { exact: true }).waitFor();
      seen.copied = await page.evaluate(() => navigator.clipboard.readText());
    }
    await page.click("details.report summary");
    await page.click("#report");
    seen.selected = await page.evaluate(() => String(getSelection()));
  },
  async denied_upstream() {
    await signIn("Ada Admin", { resource: `${origin}/mcp/notes` });
    await press("Connect");
    await press("Deny");
    await look("not-connected");
  },
};

try {
  await stories[story.replace("scriptless-", "")]();
} finally {
  await browser.close();
  for (const each of [listener, neighbourServer]) {
    each.closeAllConnections();
    each.close();
  }
}
console.log(JSON.stringify({ ...seen, answers }));
