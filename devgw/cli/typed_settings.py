"""`--set NAME=VALUE`: any setting of devgw.toml, from the command line."""

from collections.abc import Iterable
from typing import Any

import click


def settings_of(typed: Iterable[str]) -> dict[str, Any]:
    """Return values by the names of their settings; what does not fit is refused where settings are read.

    Raises:
        click.BadParameter: where there is no such setting, with the nearest one.
    """
    if not typed:
        return {}
    from devgw.config.finding import did_you_mean, nearest_name  # noqa: PLC0415  rarely wanted
    from devgw.config.setting_values import from_text  # noqa: PLC0415  the same
    from devgw.config.settings_file import SETTINGS  # noqa: PLC0415

    known = {setting.name: setting for setting in SETTINGS}
    values: dict[str, Any] = {}
    for each in typed:
        name, sign, value = each.partition("=")
        if not sign:
            raise click.BadParameter(f"{each!r} has no value: write it as proxy.stateful=true.", param_hint="--set")
        if name not in known:
            meant = did_you_mean(nearest_name(name, known), "`devgw schema devgw` lists them all.")
            raise click.BadParameter(f"there is no setting {name!r}. {meant}", param_hint="--set")
        values[name] = from_text(known[name].kind, value)
    return values


def text_of(value: Any) -> str:
    """Return a value as `settings_of` takes it."""
    return ",".join(value) if isinstance(value, list) else str(value)
