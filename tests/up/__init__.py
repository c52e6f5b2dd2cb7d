"""Third-party MCP servers behind `devgw up URL`, each called by clients that nobody here wrote.

Beside what `.ci/run` installs they want `oidc-provider`, `better-auth`, `@better-auth/oauth-provider` and
`@cloudflare/workers-oauth-provider` in the folder that `TEST_NODE_MODULES` names.
"""
