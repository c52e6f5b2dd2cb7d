"""JSON Schema of the configuration files, for editors: made from the models that read them."""

from typing import Any

from devgw.config.catalogue import KINDS, MODULES, options_model
from devgw.config.client_documents_file import TABLE as CLIENT_DOCUMENTS
from devgw.config.routes import HANDLER, ProxyHandlerOptions
from devgw.config.settings_file import SETTINGS
from devgw.config.upstreams_file import SCHEMA as UPSTREAMS_SCHEMA
from devgw.config.upstreams_file import TABLE as UPSTREAMS

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""The dialect that editors know best."""
_METHODS = "^(?:(?:get|put|post|delete|options|head|patch|trace),?)+$"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "host": {"type": "string", "minLength": 1},
    "url": {"type": "string", "pattern": "^https?://"},
    "path": {"type": "string", "pattern": "^/"},
    "port": {"type": "integer", "minimum": 0, "maximum": 65_535},
    "count": {"type": "integer", "minimum": 0},
    "seconds": {"type": "number", "exclusiveMinimum": 0},
    "flag": {"type": "boolean"},
    "hosts": {"type": "array", "items": {"type": "string"}},
    "origins": {"type": "array", "items": {"type": "string"}},
    "addresses": {"type": "array", "items": {"type": "string"}},
    "rotation": {"enum": ["rotate", "as-deployed"]},
}


def policies_schema() -> dict[str, Any]:
    """Return the schema of `config/policies.json`."""
    definitions: dict[str, Any] = {}
    branches = []
    for policy_type, kind in KINDS.items():
        options = options_model(kind).model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
        definitions |= options.pop("$defs", {})
        name = options.get("title", policy_type)
        definitions[name] = options
        handler = {
            "properties": {
                "export": {"const": kind.export},
                "module": {"enum": list(MODULES)},
                "options": {"$ref": f"#/definitions/{name}"},
            }
        }
        when = {"properties": {"policyType": {"const": policy_type}}, "required": ["policyType"]}
        branches.append({"if": when, "then": {"properties": {"handler": handler}}})
    policy = {
        "type": "object",
        "required": ["name", "policyType", "handler"],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "policyType": {"type": "string", "anyOf": [{"enum": list(KINDS)}, {}]},
            "handler": {
                "type": "object",
                "required": ["export", "module"],
                "properties": {
                    "export": {"type": "string"},
                    "module": {"type": "string"},
                    "options": {"type": "object"},
                },
            },
        },
        "allOf": branches,
    }
    properties = {"policies": {"type": "array", "items": policy}}
    return _document("Policies", {"type": "object", "required": ["policies"], "properties": properties}, definitions)


def routes_schema() -> dict[str, Any]:
    """Return the schema of `config/routes.oas.json`, as far as MCP routes go."""
    options = ProxyHandlerOptions.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    named = {"type": "array", "items": {"type": "string"}}
    handler = {
        "type": "object",
        "required": ["export", "module"],
        "properties": {"export": {"type": "string"}, "module": {"type": "string"}, "options": {"type": "object"}},
    }
    route = {
        "type": "object",
        "properties": {
            "handler": handler,
            "policies": {"type": "object", "properties": {"inbound": named, "outbound": named}},
        },
    }
    is_mcp = {
        "properties": {
            "x-zuplo-route": {
                "properties": {"handler": {"properties": {"export": {"const": HANDLER}}, "required": ["export"]}},
                "required": ["handler"],
            }
        },
        "required": ["x-zuplo-route"],
    }
    told = {
        "properties": {
            "handler": {
                "required": ["options"],
                "properties": {"options": {"$ref": "#/definitions/ProxyHandlerOptions"}},
            }
        }
    }
    operation = {
        "type": "object",
        "properties": {"operationId": {"type": "string"}, "summary": {"type": "string"}, "x-zuplo-route": route},
        "if": is_mcp,
        "then": {"required": ["operationId"], "properties": {"x-zuplo-route": told}},
    }
    item = {"type": "object", "patternProperties": {_METHODS: operation}}
    paths = {"type": "object", "additionalProperties": item}
    whole = {"type": "object", "required": ["paths"], "properties": {"paths": paths}}
    return _document("Routes", whole, {"ProxyHandlerOptions": options})


def settings_schema() -> dict[str, Any]:
    """Return the schema of `devgw.toml`."""
    properties: dict[str, Any] = {}
    for setting in SETTINGS:
        table, _, name = setting.name.rpartition(".")
        owner = properties
        if table:
            section = properties.setdefault(table, {"type": "object", "additionalProperties": False, "properties": {}})
            owner = section["properties"]
        owner[name] = {**_TYPES[setting.kind], "description": setting.meaning}
    properties[CLIENT_DOCUMENTS] = {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Files with copies of client metadata documents, by URL, for where the net does not reach.",
    }
    properties[UPSTREAMS] = UPSTREAMS_SCHEMA
    return _document("devgw", {"type": "object", "additionalProperties": False, "properties": properties}, {})


def _document(title: str, body: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    more = {"definitions": definitions} if definitions else {}
    return {"$schema": _DIALECT, "title": title, **body, **more}


SCHEMAS = {"policies": policies_schema, "routes": routes_schema, "devgw": settings_schema}
