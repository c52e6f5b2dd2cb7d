// MCP servers on npm packages that nobody here wrote: `node third.mjs KIND PORT` serves one on localhost until killed.
import http from "node:http";
import { register } from "node:module";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";

const [, , kind, port] = process.argv;
const origin = `http://localhost:${port}`;
const resource = `${origin}/mcp`;
const prm = "/.well-known/oauth-protected-resource";
const challenge = `Bearer resource_metadata="${origin}${prm}/mcp"`;
const bearer = (value) => (value ?? "").replace(/^Bearer /, "");

const serving = async (Transport) => {
  const server = new McpServer({ name: kind, version: "1" });
  server.registerTool("echo", { inputSchema: { message: z.string() } },
    async ({ message }) => ({ content: [{ type: "text", text: message }] }));
  const transport = new Transport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server.connect(transport);
  return transport;
};
const nodeMcp = async (asked, answer, body) => (await serving(StreamableHTTPServerTransport)).handleRequest(asked, answer, body);
const webMcp = async (request) => (await serving(WebStandardStreamableHTTPServerTransport)).handleRequest(request);

// A handler of web requests behind Node's own server; what it throws is a 500, as at a host of such handlers.
const serveWeb = (handle) => http.createServer(async (asked, answer) => {
  const chunks = await asked.toArray();
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  const request = new Request(origin + asked.url, { method: asked.method, headers: asked.headers, body });
  const found = await handle(request).catch((error) => new Response(String(error), { status: 500 }));
  answer.writeHead(found.status, { ...Object.fromEntries(found.headers), "set-cookie": found.headers.getSetCookie() });
  answer.end(Buffer.from(await found.arrayBuffer()));
}).listen(port, "127.0.0.1");

const KINDS = {
  // 2025-03-26: the SDK's own handlers at the root, no document of the resource, no hint in the challenge.
  "2025-03-26": async () => {
    const { default: express } = await import("express");
    const { authorizationHandler } = await import("@modelcontextprotocol/sdk/server/auth/handlers/authorize.js");
    const { tokenHandler } = await import("@modelcontextprotocol/sdk/server/auth/handlers/token.js");
    const { clientRegistrationHandler } = await import("@modelcontextprotocol/sdk/server/auth/handlers/register.js");
    const demo = await import("@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js");
    const provider = new demo.DemoInMemoryAuthProvider();
    const app = express();
    app.use("/authorize", authorizationHandler({ provider }));
    app.use("/token", tokenHandler({ provider }));
    app.use("/register", clientRegistrationHandler({ clientsStore: provider.clientsStore }));
    app.all("/mcp", express.json(), async (asked, answer) => {
      try {
        await provider.verifyAccessToken(bearer(asked.headers.authorization));
      } catch {
        return answer.status(401).set("WWW-Authenticate", "Bearer").json({ error: "invalid_token" });
      }
      await nodeMcp(asked, answer, asked.body);
    });
    app.listen(port, "127.0.0.1");
  },
  "oidc-provider": async () => {
    const { default: Provider } = await import("oidc-provider");
    const server = { scope: "mcp", audience: resource, accessTokenFormat: "opaque" };
    const resourceIndicators = { enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
      getResourceServerInfo: () => server };
    const provider = new Provider(origin, { cookies: { keys: ["k"] }, pkce: { required: () => true },
      clientDefaults: { token_endpoint_auth_method: "none" }, scopes: ["openid", "offline_access", "mcp"],
      features: { registration: { enabled: true }, devInteractions: { enabled: true }, resourceIndicators } });
    const own = provider.callback();
    http.createServer(async (asked, answer) => {
      if (asked.url.startsWith(prm)) {
        answer.setHeader("content-type", "application/json");
        return answer.end(JSON.stringify({ resource, authorization_servers: [origin], scopes_supported: ["mcp"] }));
      }
      if (!asked.url.startsWith("/mcp")) return own(asked, answer);
      const token = bearer(asked.headers.authorization);
      if (token && await provider.AccessToken.find(token)) return nodeMcp(asked, answer);
      answer.writeHead(401, { "www-authenticate": challenge }).end();
    }).listen(port, "127.0.0.1");
  },
  "@cloudflare/workers-oauth-provider": async () => {
    const worker = "data:text/javascript,export class WorkerEntrypoint{constructor(ctx,env){this.ctx=ctx;this.env=env}}";
    register("data:text/javascript," + encodeURIComponent(`export const resolve = (name, context, next) =>
      name === "cloudflare:workers" ? { url: ${JSON.stringify(worker)}, shortCircuit: true } : next(name, context);`));
    const { OAuthProvider } = await import("@cloudflare/workers-oauth-provider");
    const kept = new Map();
    const OAUTH_KV = {
      get: async (key, how) => {
        const value = kept.get(key) ?? null;
        return value && (how?.type ?? how) === "json" ? JSON.parse(value) : value;
      },
      put: async (key, value) => void kept.set(key, value),
      delete: async (key) => void kept.delete(key),
      list: async ({ prefix = "" } = {}) =>
        ({ keys: [...kept.keys()].filter((key) => key.startsWith(prefix)).map((name) => ({ name })), list_complete: true }),
    };
    const login = { fetch: async (asked, env) => {
      if (new URL(asked.url).pathname !== "/authorize") return new Response("nothing", { status: 404 });
      const request = await env.OAUTH_PROVIDER.parseAuthRequest(asked).catch(() => null);
      if (!request) return new Response("refused", { status: 400 });
      const granted = { request, userId: "u", metadata: {}, scope: request.scope, props: {} };
      return Response.redirect((await env.OAUTH_PROVIDER.completeAuthorization(granted)).redirectTo, 302);
    } };
    const provider = new OAuthProvider({ apiRoute: "/mcp", apiHandler: { fetch: webMcp }, defaultHandler: login,
      authorizeEndpoint: "/authorize", tokenEndpoint: "/oauth/token", clientRegistrationEndpoint: "/oauth/register",
      scopesSupported: ["mcp:read"], issuer: origin, resourceMetadata: { resource, authorization_servers: [origin] } });
    serveWeb((asked) => provider.fetch(asked, { OAUTH_KV }, { waitUntil() {}, passThroughOnException() {}, props: {} }));
  },
  // Its pages are the host's own: /login signs a new person up, /consent says yes.
  "better-auth": async () => {
    const { betterAuth } = await import("better-auth");
    const { memoryAdapter } = await import("better-auth/adapters/memory");
    const { jwt } = await import("better-auth/plugins");
    const oauth = await import("@better-auth/oauth-provider");
    const { createRemoteJWKSet, jwtVerify } = await import("jose");
    const tables = ["user", "session", "account", "verification", "jwks", "oauthClient", "oauthAccessToken",
      "oauthRefreshToken", "oauthConsent", "oauthResource", "oauthClientAssertion", "oauthClientResource"];
    const auth = betterAuth({ baseURL: origin, secret: "x".repeat(40), disabledPaths: ["/token"],
      database: memoryAdapter(Object.fromEntries(tables.map((name) => [name, []]))), emailAndPassword: { enabled: true },
      plugins: [jwt(), oauth.oauthProvider({ loginPage: "/login", consentPage: "/consent",
        allowDynamicClientRegistration: true, allowUnauthenticatedClientRegistration: true,
        enforcePerClientResources: false, resources: [{ identifier: resource, name: "mcp" }],
        scopes: ["openid", "offline_access", "mcp"] })] });
    const keys = createRemoteJWKSet(new URL(`${origin}/api/auth/jwks`));
    const metadata = oauth.oauthProviderAuthServerMetadata(auth);
    let people = 0;
    serveWeb(async (asked) => {
      const { pathname, search } = new URL(asked.url);
      if (pathname.startsWith(prm)) return Response.json({ resource, authorization_servers: [`${origin}/api/auth`] });
      if (pathname.startsWith("/.well-known/oauth-authorization-server")) return metadata(asked);
      if (pathname.startsWith("/api/auth")) return auth.handler(asked);
      if (pathname === "/login") {
        const person = { email: `u${people += 1}@x.example`, password: "password-1234", name: "U" };
        const signed = await auth.api.signUpEmail({ body: person, asResponse: true });
        const headers = new Headers({ location: `/api/auth/oauth2/authorize${search}` });
        signed.headers.getSetCookie().forEach((each) => headers.append("set-cookie", each));
        return new Response(null, { status: 302, headers });
      }
      if (pathname === "/consent") {
        const headers = { "content-type": "application/json", cookie: asked.headers.get("cookie") ?? "", origin };
        const body = JSON.stringify({ accept: true, oauth_query: search.slice(1) });
        const said = await auth.handler(new Request(`${origin}/api/auth/oauth2/consent`, { method: "POST", headers, body }));
        const found = await said.json();
        return Response.redirect(found.redirect_uri ?? found.url, 302);
      }
      if (pathname !== "/mcp") return new Response("nothing", { status: 404 });
      const token = bearer(asked.headers.get("authorization"));
      const isGood = token && await jwtVerify(token, keys, { audience: resource }).then(() => true, () => false);
      return isGood ? webMcp(asked) : new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    });
  },
};
await KINDS[kind]();
