"""Where the built-in project is: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

import devgw


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
