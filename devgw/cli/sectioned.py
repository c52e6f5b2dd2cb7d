"""A command whose `--help` lists its options by what they are about."""

from typing import Any

import click


class Sectioned(click.Command):
    """Takes `sections`: titles, and the options under each by their long names; what is in none stands last."""

    def __init__(self, *arguments: Any, sections: dict[str, tuple[str, ...]], **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        titles = {option: title for title, options in self._sections.items() for option in options}
        found: dict[str, list[tuple[str, str]]] = {**{title: [] for title in self._sections}, "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                found[next((titles[each] for each in parameter.opts if each in titles), "Options")].append(record)
        for title, records in found.items():
            with formatter.section(title):
                formatter.write_dl(records)
