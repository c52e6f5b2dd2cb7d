"""The palettes as Textual themes, so that its own parts (the scrollbar, a selection) match."""

from textual.theme import Theme

from devgw.dashboard.look.palette import Palette


def theme_of(palette: Palette) -> Theme:
    """Return the Textual theme of a palette."""
    if palette.is_ansi:
        return Theme(
            name=palette.name,
            primary="ansi_blue",
            secondary="ansi_cyan",
            warning="ansi_yellow",
            error="ansi_red",
            success="ansi_blue",
            accent="ansi_cyan",
            foreground="ansi_default",
            background="ansi_default",
            surface="ansi_default",
            panel="ansi_default",
            boost="ansi_default",
            ansi=True,
            variables={"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"},
        )
    return Theme(
        name=palette.name,
        primary=palette.ok,
        warning=palette.warn,
        error=palette.bad,
        success=palette.ok,
        accent=palette.key,
        foreground=palette.text,
        background=palette.background,
        surface=palette.background,
        panel=palette.marked,
        dark=palette.is_dark,
    )
