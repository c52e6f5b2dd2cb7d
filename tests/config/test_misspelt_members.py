"""Each name that a file of the project may hold, with one letter changed, is found and told the right name."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from devgw.config.catalogue import KINDS, PolicyKind, options_model
from devgw.config.checking import _models_in
from devgw.config.finding import Finding
from devgw.config.plugin import RUNTIME_FILE
from devgw.config.settings_file import SETTINGS, Setting, read_settings
from tests.config.bench import exchange, operation, policy, read, workos_options, write

ROUTE = operation(
    "https://mcp.example.com/mcp",
    forwardSearch=True,
    followRedirects=False,
)
ROUTE["x-zuplo-route"] |= {"corsPolicy": "none"}
ROUTE["x-zuplo-route"]["policies"]["outbound"] = []
ROUTES: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "t"}, "paths": {"/mcp/x": {"post": ROUTE}}}
CORS = {
    "name": "mine",
    "allowedOrigins": ["*"],
    "allowedMethods": ["GET"],
    "allowedHeaders": ["x"],
    "exposeHeaders": ["y"],
    "maxAge": 600,
    "allowCredentials": True,
}
POLICIES: dict[str, Any] = {"policies": [policy(workos_options())], "corsPolicies": [CORS]}
VALUES = {
    "text": '"x"',
    "url": '"http://localhost:1"',
    "path": '"/d"',
    "port": "1",
    "count": "1",
    "seconds": "1",
    "flag": "true",
    "hosts": '["a"]',
    "origins": '["https://a.test"]',
    "addresses": '["127.0.0.1"]',
    "rotation": '"rotate"',
    "host": '"box"',
}


def slips(name: str) -> list[str]:
    """Return `name` with one letter gone, doubled, exchanged with its neighbour or for another one, at every place."""
    found = {name.lower(), name.capitalize()}
    for at in range(len(name)):
        before, letter, after = name[:at], name[at], name[at + 1 :]
        found |= {before + after, before + 2 * letter + after, before + ("q" if letter != "q" else "z") + after}
        found.add(before + after[:1] + letter + after[1:])
    return sorted(found - {name, ""})


def renamed(document: Any, path: tuple[str | int, ...], name: str) -> Any:
    """Return a copy in which the member at `path` is called `name`."""
    whole = copy.deepcopy(document)
    node = whole
    for step in path[:-1]:
        node = node[step]
    kept = list(node.items())
    node.clear()
    node |= {name if key == path[-1] else key: value for key, value in kept}
    return whole


def members(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member in `document`."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield (*path, key)
            yield from members(value, (*path, key))
    elif isinstance(document, list):
        for at, each in enumerate(document):
            yield from members(each, (*path, at))


def is_told(findings: tuple[Finding, ...], name: str) -> bool:
    """Tell whether `name` is what one of these says was meant; of two letters, that it is among those it lists."""
    told = (each for each in findings if each.severity != "note" and name in each.fix)
    return any(each.nearest == name or len(name) == len("id") for each in told)


def not_ours(path: tuple[str | int, ...]) -> bool:
    """Tell whether a name is the project's own, or one that only others read."""
    return str(path[-1]).startswith("/") or path[-1] in {"post", "title", "version"} or path[-2:-1] == ("options",)


@pytest.mark.parametrize("path", [each for each in members(ROUTES) if not not_ours(each)], ids=str)
def test_a_slip_in_a_name_of_a_route_file_is_found(tmp_path: Path, path: tuple[str | int, ...]) -> None:
    for slip in slips(str(path[-1]))[::2]:
        write(tmp_path, routes_text=json.dumps(renamed(ROUTES, path, slip)))
        assert is_told(read(tmp_path).findings, str(path[-1])), slip


@pytest.mark.parametrize("path", [each for each in members(POLICIES) if not not_ours(each)], ids=str)
def test_a_slip_in_a_name_of_the_policies_is_found(tmp_path: Path, path: tuple[str | int, ...]) -> None:
    for slip in slips(str(path[-1]))[::2]:
        write(tmp_path, policies_text=json.dumps(renamed(POLICIES, path, slip)))
        assert is_told(read(tmp_path).findings, str(path[-1])), slip


def options_of(model: type[BaseModel], above: tuple[tuple[str, bool], ...] = ()) -> Iterator[tuple[Any, str]]:
    """Yield each option, with the objects above it (name, whether it is a list), however deep."""
    for name, field in model.model_fields.items():
        alias = field.alias or name
        yield above, alias
        for inner in list(_models_in(field.annotation))[:1]:
            yield from options_of(inner, (*above, (alias, "list" in str(field.annotation))))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.policy_type)
def test_a_slip_in_the_name_of_an_option_is_found(tmp_path: Path, kind: PolicyKind) -> None:
    known = list(options_of(options_model(kind)))
    names = {name for _, name in known}
    for above, name in known:
        for slip in [each for each in slips(name)[::7] if each not in names]:
            given: Any = {slip: 1}
            for key, is_list in reversed(above):
                given = {key: [given] if is_list else given}
            loaded = read(write(tmp_path, [policy(given, kind.policy_type, kind.export)]))
            assert is_told(loaded.findings, name), (above, slip)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_slip_in_the_name_of_a_setting_is_found(tmp_path: Path, setting: Setting) -> None:
    table, _, key = setting.name.rpartition(".")
    for header, name in [(table, slip) for slip in slips(key)] + [(slip, key) for slip in slips(table)]:
        opened = f"[{header}]\n" if header else ""
        (tmp_path / "devgw.toml").write_text(f"{opened}{name} = {VALUES[setting.kind]}\n")
        assert is_told(read_settings(tmp_path, {})[1], setting.name), (header, name)
    (tmp_path / "devgw.toml").unlink()
    for slip in slips(setting.variable.removeprefix("DEVGW_")):
        assert is_told(read_settings(tmp_path, {f"DEVGW_{slip}": "1"})[1], setting.variable), slip


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('[{}.notes]\nclient_metadata_url = "https://me.example/id"\n', "upstreams"),
        ('[{}]\n"https://client.example/id.json" = "copy.json"\n', "client_documents"),
        ("[upstreams.notes.{}]\nissuer = 'x'\n", "authorization_server_metadata"),
        ("[upstreams.notes.{}]\nresource = 'x'\n", "protected_resource_metadata"),
        ("[upstreams.notes]\n{} = 'https://me.example/id'\n", "client_metadata_url"),
        ("[upstreams.notes.authorization_server_metadata]\n{} = ['S256']\n", "code_challenge_methods_supported"),
        ("[upstreams.notes.protected_resource_metadata]\n{} = ['x']\n", "authorization_servers"),
    ],
)
def test_a_slip_in_what_mends_an_upstream_is_found(tmp_path: Path, written: str, name: str) -> None:
    for slip in slips(name):
        (tmp_path / "devgw.toml").write_text(written.format(slip))
        assert is_told(read_settings(tmp_path, {})[1], name), slip


def test_what_is_no_slip_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "devgw.toml").write_text(
        "[upstreams.linear.authorization_server_metadata]\nservice_documentation = 'https://x'\nop_policy_uri = 'x'\n"
    )
    write(tmp_path, [policy(workos_options()), exchange()])
    (tmp_path / RUNTIME_FILE).write_text('new McpGatewayPlugin({ registry: { title: "a", filter: (x) => x } });\n')
    settings, findings = read_settings(tmp_path, {})
    assert findings == ()
    assert read(tmp_path, settings=settings).findings == ()


@pytest.mark.parametrize(("given", "nearest"), [("liner", "linear"), ("other", None)])
def test_settings_for_an_upstream_that_there_is_not_are_found(tmp_path: Path, given: str, nearest: str | None) -> None:
    (tmp_path / "devgw.toml").write_text(f'\n[upstreams.{given}]\nclient_metadata_url = "https://me.example/id"\n')
    write(tmp_path, [policy(workos_options()), exchange()])
    [found] = read(tmp_path, settings=read_settings(tmp_path, {})[0]).findings
    assert (found.code, found.line, found.nearest) == ("setting-unknown", 2, nearest)
    assert "linear" in found.fix


@pytest.mark.parametrize(("name", "value"), [("basePath", '"/dev"'), ("registry", "false")])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_slip_in_an_option_of_the_plugin_is_found(tmp_path: Path, name: str, value: str, quote: str) -> None:
    write(tmp_path)
    for slip in slips(name):
        text = f"// runtime\nruntime.addPlugin(new McpGatewayPlugin({{\n  {quote}{slip}{quote}: {value},\n}}));\n"
        (tmp_path / RUNTIME_FILE).write_text(text)
        loaded = read(tmp_path)
        assert is_told(loaded.findings, name), slip
        assert loaded.project is None
        assert loaded.findings[0].line == 3


def test_a_method_in_capitals_is_served_and_told(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, paths={"/mcp/x": {"POST": ROUTE}}))
    assert loaded.project is not None
    assert [each.methods for each in loaded.project.routes] == [("POST",)]
    [found] = loaded.findings
    assert (found.code, found.severity, found.nearest) == ("route-method", "warning", "post")
