"""`devgw schema`: JSON Schema for editors."""

import click

from devgw.cli.printing import write_json
from devgw.config.schemas import SCHEMAS


@click.command("schema")
@click.argument("file", type=click.Choice(list(SCHEMAS)))
def command(file: str) -> None:
    """Print the JSON Schema of FILE: policies.json, routes.oas.json, or devgw.toml."""
    write_json(SCHEMAS[file](), indent=2)
