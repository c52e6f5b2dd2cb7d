"""Namespaces of the kernel in which a machine can be broken for one process alone."""

import subprocess


class Unavailable(Exception):  # noqa: N818  it reads as what it is
    """This machine makes no such namespace; the message says what was tried."""


def in_space(prepare: str, *namespaces: str) -> tuple[str, ...]:
    """Return the command that runs another one in new `namespaces`, after the shell line `prepare`.

    Raises:
        Unavailable: this user may not make them.
    """
    command = ("unshare", *namespaces)
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{' '.join(command)}: {error}") from error
    return (*command, "sh", "-c", f'{prepare} && exec "$@"', "sh")
