"""The themes by name, and which one is worn; told without the dashboard, since `--help` is quick."""

from collections.abc import Mapping, Sequence

THEMES = ("devgw-dark", "devgw-light", "devgw-contrast", "ansi")
"""The palettes, the usual one first."""
OWN = "own"
"""The name of the person's own, where there is one."""
USUAL_NAMES = tuple(each.removeprefix("devgw-") for each in THEMES)
THEME_NAMES = (*USUAL_NAMES, OWN)
"""What one types for each."""


def wanted_theme(wanted: str, environment: Mapping[str, str], known: Sequence[str] = THEMES) -> str:
    """Return the theme to begin with: the one that is asked for, else the person's own, else the first."""
    for name in (wanted, environment.get("DEVGW_THEME", ""), environment.get("TEXTUAL_THEME", "")):
        found = next((each for each in known if name and each.endswith(name)), None)
        if found:
            return found
    return OWN if OWN in known else THEMES[0]
