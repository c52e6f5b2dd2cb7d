"""Where the built-in project is: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

import devgw
from devgw.foreign.json import read_object

SEED_FILE = "emulators/workos.json"
"""With the WorkOS emulator's environments and personas."""


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


def emulator_seed(root: Path) -> Path:
    """Return the file with the WorkOS emulator's environments and personas: the project's own, or the sample's."""
    return root / SEED_FILE if has_own_seed(root) else sample_root() / SEED_FILE


def has_own_seed(root: Path) -> bool:
    """Tell whether the project says itself what the emulator's environments are."""
    return (root / SEED_FILE).is_file()


def emulated_environ(root: Path) -> dict[str, str]:
    """Return the names that the WorkOS emulator's first environment stands for; none where its seed is no use.

    Read as plain JSON: `devgw check` must not import the emulator for two strings.
    """
    try:
        first = read_object(emulator_seed(root).read_bytes())["environments"][0]
        return {"WORKOS_CLIENT_ID": first["clientId"], "WORKOS_CLIENT_SECRET": first["apiKey"]}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
