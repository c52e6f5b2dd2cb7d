"""What was written: reads a Zuplo project (`policies.json`, `routes.oas.json`, `.env`, …) and `devgw.toml`.

`project` holds the frozen result that everyone else uses. `load.load` reads a project and gives every finding at once,
each with file, line, column, JSON pointer, what is wrong and what to write instead; it never stops at the first and
never raises for what a user wrote. `settings_file.read_settings` does the same for devgw's own settings.

The way of a value: `source` (bytes to text) → `jsonc` (text to `node`s that know their place) → `environment`
(`$env(...)`) → `catalogue` and `checking` (a pydantic model per policy type, refusals back to places) → `oauth`,
`token_exchange`, `capability_filter`, `header_edits`, `attach`, `operations`, `routes` → `project`. What would silently
do nothing is looked for on the way: `members` (slips in names), `private_key`, `own_origin` (devgw as its upstream).
`other_policies` says what does not run here, `cors` reads the policies that run only as deployed.
`outflow` says which of the shell's variables a project sends where.

Decided against: a parser from a package (none keeps positions, survives comments, and finds duplicate keys at once);
one discriminated union of all options (building it costs more than the rest of the start-up, and a misspelt type would
be reported against every branch): `catalogue` looks the model up by `policyType`.

May import: problems, events, oauth, the ground. Knows no network.
"""
