"""What was written: reads a Zuplo project (`policies.json`, `routes.oas.json`, `.env`, …) and `devgw.toml`.

`project` holds the frozen result that everyone else uses. Loading gives every finding at once, each with file, line,
column, JSON pointer, what is wrong and what to write instead; it never stops at the first.

May import: problems, events, oauth, the ground. Knows no network.
"""
