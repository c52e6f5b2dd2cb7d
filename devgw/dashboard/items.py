"""The configuration as rows: its findings first, then what is loaded."""

from dataclasses import dataclass, field
from typing import Any

from devgw.control.messages import ConfigView, EnvRow, FileRow, FindingRow, RouteRow


@dataclass(slots=True)
class ConfigItem:
    """One line of the Config view, and the part of the configuration that it stands for."""

    id: str
    kind: str
    """`error`, `warning`, `route`, `env` or `file`."""
    where: str
    what: str
    part: FindingRow | RouteRow | EnvRow | FileRow
    view: ConfigView
    seq: int = 0
    file: str = ""
    line: int = 0
    column: int = 0
    links: list[str] = field(default_factory=list)


def items(view: ConfigView) -> list[ConfigItem]:
    """Return the configuration as rows."""
    findings = sorted(view.findings, key=lambda each: each.severity != "error")
    return [
        *(_finding(each, number, view) for number, each in enumerate(findings)),
        *(_route(each, view) for each in view.routes),
        *(_env(each, view) for each in view.env),
        *(_file(each, view) for each in view.files),
    ]


def _finding(each: FindingRow, number: int, view: ConfigView) -> ConfigItem:
    name = each.file.rpartition("/")[2]
    where = f"{name}:{each.line}:{each.column}" if each.line else name
    return _item(
        f"finding {number} {where}", each.severity, where, each.message, each, view, each.file, each.line, each.column
    )


def _route(each: RouteRow, view: ConfigView) -> ConfigItem:
    what = f"{each.url or each.path}  to  {each.upstream_url}"
    return _item(f"route {each.operation_id}", "route", each.operation_id, what, each, view, each.file, each.line)


def _env(each: EnvRow, view: ConfigView) -> ConfigItem:
    what = f"{each.masked or 'not set'}  ({each.came_from})"
    kind = "missing" if each.came_from == "missing" else "env"
    return _item(f"env {each.name}", kind, each.name, what, each, view)


def _file(each: FileRow, view: ConfigView) -> ConfigItem:
    what = f"{each.state}  {each.digest[:12]}"
    kind = "file" if each.state == "loaded" else each.state
    return _item(f"file {each.path}", kind, each.path, what, each, view, each.path, 1)


def _item(item_id: str, kind: str, where: str, what: str, part: Any, view: ConfigView, *at: Any) -> ConfigItem:
    return ConfigItem(item_id, kind, where, what, part, view, view.seq, *at)
