"""Keys that mean the same in every view."""

from functools import partial

from devgw.dashboard.acts import going, looking, moving, revoking, running, sifting
from devgw.dashboard.keys.keymap import Key
from devgw.dashboard.theme_choice import USUAL_NAMES
from devgw.dashboard.views.catalog import VIEWS, key_of

EVERYWHERE = (
    Key(
        "goto",
        (":",),
        ":",
        "go to",
        "go to or run: :tok, :trace 7f3, :500",
        sifting.ask_goto,
        bar=2,
    ),
    Key(
        "palette",
        ("ctrl+p", ";"),
        "^P",
        "commands",
        "all commands, searchable",
        looking.palette,
        bar=2,
        in_palette=False,
    ),
    *(
        Key(
            f"view_{view.name}",
            (key_of(view),),
            key_of(view),
            "",
            f"show {view.title}",
            partial(going.view, name=view.name),
        )
        for view in VIEWS
    ),
    Key(
        "pane",
        ("tab",),
        "Tab",
        "pane",
        "next pane",
        partial(moving.pane, by=1),
        moving.why_no_pane,
        bar=2,
        in_palette=False,
    ),
    Key(
        "pane_back",
        ("shift+tab",),
        "⇧Tab",
        "",
        "previous pane",
        partial(moving.pane, by=-1),
        moving.why_no_pane,
        in_palette=False,
    ),
    Key(
        "next_tab",
        ("]",),
        "[ ]",
        "tab",
        "previous, next page of the detail",
        partial(moving.tab, by=1),
        bar=2,
        in_palette=False,
    ),
    Key("previous_tab", ("[",), "[", "", "previous page of the detail", partial(moving.tab, by=-1), in_palette=False),
    Key(
        "grow",
        ("+",),
        "+ _",
        "size",
        "grow the pane: normal, half, full",
        partial(moving.grow, by=1),
        bar=2,
        in_palette=False,
    ),
    Key("shrink", ("_",), "_", "", "shrink the pane", partial(moving.grow, by=-1), in_palette=False),
    Key("sort", ("s",), "s S", "sort", "sort by the next column, reverse", sifting.sort, bar=2),
    Key("reverse", ("S",), "S", "", "reverse the order", sifting.reverse),
    Key("mark_all", ("*",), "*", "", "mark all that are shown", sifting.mark_all),
    Key("unmark", ("\\",), "\\", "", "clear all marks", sifting.unmark),
    Key("undo", ("z",), "z", "undo", "undo the last revocation", revoking.undo, revoking.why_no_undo, bar=2),
    Key("pause", ("p",), "p", "pause", "hold the display; what arrives is counted", sifting.pause, bar=2),
    Key("privacy", ("P",), "P", "privacy", "hide names, mail addresses and hosts too", looking.privacy, bar=2),
    Key("columns", ("C",), "C", "", "choose the columns; the choice is kept", looking.columns),
    Key(
        "theme",
        ("ctrl+t",),
        "^T",
        "",
        f"next theme: {', '.join(USUAL_NAMES)}",
        looking.theme,
    ),
    Key(
        "back",
        ("q", "escape", "h", "left"),
        "q",
        "back",
        "back one level; clears filter or message",
        going.back,
        bar=1,
        in_palette=False,
    ),
    Key("start_gateway", ("R",), "R", "", "start the gateway again", running.start_gateway, running.why_no_start),
    Key("log", ("L",), "L", "", "the gateway's last words", running.last_words, running.why_no_log),
    Key("help", ("?", "f1"), "?", "", "these keys", looking.help_, in_palette=False),
    Key("quit", ("Q",), "Q", "", "quit; asks where flows are under way", running.leave),
    Key("interrupt", ("ctrl+c",), "^C", "", "quit: twice", running.interrupt, in_palette=False),
    Key("quit_now", ("ctrl+q",), "^Q", "", "quit at once", running.leave_at_once, in_palette=False),
)
