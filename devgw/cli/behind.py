"""A command line of ours behind whose `--` another command stands, which is not read."""

import click

_KEY = "devgw.behind"


class WithCommand(click.Command):
    """Takes `… -- COMMAND`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is ours, and keep the rest as it is."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_KEY] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands in the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND [ARGS]...]"]


def command_behind(ctx: click.Context) -> tuple[str, ...]:
    """Return the command behind `--`; empty where there is none."""
    found: tuple[str, ...] = ctx.meta.get(_KEY, ())
    return found
