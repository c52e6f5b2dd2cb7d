"""WorkOS User Management on this machine: strict where newcomers fail, labelled as an emulator wherever it shows.

Owns: the environments, people and sessions of an emulated WorkOS, its endpoints and its pages. Imports of ours only
`clock` and `entropy`. What it answers follows what others observed of the live service; where nothing was established
(the wording for a wrong API key, the body of a 404, a missing `response_type`) it refuses, and nobody may rely on how.

    emulator = Emulator(read_seed(path), "http://localhost:9001", redirect_uris=["http://localhost:9000/oauth/callback"])
    app = create_app(emulator)

Everything is answered under the path that api.workos.com has; what WorkOS keeps on other hosts is under `/__error/sso/`
(error.workos.com), `/__authkit/` (the hosted sign-in) and, for what WorkOS does not have, `/__emulator/`. Serve it with
Hypercorn's `include_date_header = False`: its `Date` is its own clock's, which may be skewed on purpose.

Decided against: the official emulator, which takes any client id, any key and any loopback redirect URI, and so passes
exactly what WorkOS refuses; `form-action` in the sign-in page's policy, since Chrome applies it to every redirect that
follows the form, and the last one may lead to `cursor://`; a cookie session at the sign-in page, so that the choice of
the person is always asked; grants other than codes and refresh tokens, which a gateway does not use.
"""

from devgw.emulators.workos.app import create_app
from devgw.emulators.workos.emulator import Emulator, Happened
from devgw.emulators.workos.faults import (
    AnswerFault,
    CallbackFault,
    Fault,
    KeyRotation,
    SlowFault,
    TokenFault,
    WorthlessCode,
)
from devgw.emulators.workos.redirects import takes
from devgw.emulators.workos_seed import EnvironmentSeed, Persona, Seed, SeedError, parse_seed, read_seed

__all__ = [
    "AnswerFault",
    "CallbackFault",
    "Emulator",
    "EnvironmentSeed",
    "Fault",
    "Happened",
    "KeyRotation",
    "Persona",
    "Seed",
    "SeedError",
    "SlowFault",
    "TokenFault",
    "WorthlessCode",
    "create_app",
    "parse_seed",
    "read_seed",
    "takes",
]
