"""Third-party MCP servers behind `devgw up URL`, each called by clients that nobody here wrote."""
