"""Every flag that a sentence of the product names is one that there is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest

import devgw
from devgw.cli import COMMANDS

ROOT = Path(devgw.__file__).parent
README = ROOT.parent / "README.md"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]\b")
SPAN = re.compile(r"`(?:\.venv/bin/)?(devgw [^`]+)`|^\$ (?:\.venv/bin/)?(devgw .*)$", re.MULTILINE)
FOREIGN = {
    "--allowedTools": "claude",
    "--cached": "git",
    "--count": "python -m tests.trust",
    "--data-raw": "curl",
    "--goto": "code",
    "--install": "wsl",
    "--network": "docker",
    "--noproxy": "curl",
    "--oauth-client-registration": "codex",
    "--relogin": "mcporter",
    "--scope": "gemini",
    "--server-url": "the Inspector",
    "--short": "python -m tests.trust",
    "--transport": "claude, gemini, copilot",
    "--url": "codex",
}
"""Flags of other programs, and whose."""


def flags_of(name: str) -> set[str]:
    found = import_module(f"devgw.cli.{COMMANDS[name][0]}").command.params
    options = (each for each in found if isinstance(each, click.Option))
    return {flag for each in options for flag in (*each.opts, *each.secondary_opts)} | {"--help"}


KNOWN = {name: flags_of(name) for name in COMMANDS}


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """Return every text of the product with its place."""
    return tuple(_sentences())


def _sentences() -> Iterator[tuple[str, str]]:
    """Yield literals of the code, the catalogue, pages, the README."""
    yield "README.md", README.read_text("utf-8")
    for path in ROOT.rglob("*"):
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
        elif path.suffix in {".toml", ".html"}:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def test_every_flag_that_is_named_exists() -> None:
    known = set().union(*KNOWN.values()) | {"--version"} | FOREIGN.keys()
    assert [(at, each) for at, text in sentences() for each in FLAG.findall(text) if each not in known] == []


def test_every_flag_that_is_named_with_its_command_is_one_of_that() -> None:
    wrong, count = [], 0
    for at, text in sentences():
        for span in (one or other for one, other in SPAN.findall(text)):
            name = span.split(" -- ")[0].split()[1]
            for flag in FLAG.findall(span.split(" -- ")[0]):
                count += 1
                if name in KNOWN and flag not in KNOWN[name]:
                    wrong.append((at, span))
    assert wrong == []
    assert count > 20


@pytest.mark.parametrize("flag", sorted(FOREIGN))
def test_no_flag_of_another_program_is_listed_that_nobody_names(flag: str) -> None:
    assert any(flag in text for _, text in sentences())
