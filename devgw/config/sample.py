"""Where the built-in project is: beside the package in a checkout, inside it in a wheel."""

from collections.abc import Iterator
from pathlib import Path

import devgw
from devgw.config.finding import Findings
from devgw.config.jsonc import parse
from devgw.config.node import Node
from devgw.config.source import read_source
from devgw.foreign.json import read_object

SEED_FILE = "emulators/workos.json"
"""With the WorkOS emulator's environments and personas."""
_OFFERED = {"WORKOS_CLIENT_ID": "clientId", "WORKOS_CLIENT_SECRET": "apiKey"}
"""What the emulator stands for, and what an environment in its file calls it."""


def sample_root() -> Path:
    """Return the directory of the sample project, which holds `config/`.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(devgw.__file__).parent
    for candidate in (package / "sample_config", package.parent / "sample_config"):
        if (candidate / "config" / "policies.json").is_file():
            return candidate
    message = "devgw's sample project is missing; install devgw again."
    raise FileNotFoundError(message)


def read_own_seed(root: Path, findings: Findings) -> Node | None:
    """Return what the project says that the emulator's environments are; None where it says nothing, or no JSON."""
    source = read_source(root, SEED_FILE, findings)
    return parse(source, findings) if source is not None else None


def emulated_environ(own_seed: Node | None) -> dict[str, str]:
    """Return the names that the WorkOS emulator's first environment stands for: the project's own, or the sample's.

    Read as plain JSON: `devgw check` must not import the emulator for two strings.
    """
    first = own_seed.get("environments", 0) if own_seed is not None else None
    found = [(name, first.get(key)) for name, key in _OFFERED.items()] if first is not None else []
    own = {name: node.text for name, node in found if node is not None and node.text}
    return own if len(own) == len(_OFFERED) else dict(_sample_environ())


def _sample_environ() -> Iterator[tuple[str, str]]:
    first = read_object((sample_root() / SEED_FILE).read_bytes())["environments"][0]
    yield from ((name, first[key]) for name, key in _OFFERED.items())
