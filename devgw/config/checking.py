"""From a pydantic refusal to findings with a place: which option, what is wrong, what to write instead."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from devgw.config.finding import Findings, did_you_mean, nearest_name
from devgw.config.node import Node

_LIMITS = {
    "literal_error": ("wrong-choice", "`{name}` must be one of {limit}.", "Write {limit}."),
    "too_short": ("empty-value", "`{name}` is empty.", "Write one at least."),
    "string_too_short": ("empty-value", "`{name}` is empty.", "Write a value, or leave the option out."),
    "greater_than_equal": ("out-of-range", "`{name}` must be at least {limit}.", "Write {limit} or more."),
    "less_than_equal": ("out-of-range", "`{name}` must be at most {limit}.", "Write {limit} or less."),
}

ModelT = TypeVar("ModelT", bound=BaseModel)

_LARGEST = 1e15
"""A number beyond is no slip of one that was meant; written out it would have hundreds of digits."""
_TYPES = {
    "string_type": ("a string", 'Write it in double quotes, "…".'),
    "int_type": ("a whole number", "Write a whole number, without quotes and without a fraction."),
    "bool_type": ("true or false", "Write true or false, without quotes."),
    "list_type": ("an array", "Write it in brackets, […]."),
    "tuple_type": ("an array", "Write it in brackets, […]."),
    "dict_type": ("an object", "Write it in braces, {…}."),
    "model_type": ("an object", "Write it in braces, {…}."),
    "model_attributes_type": ("an object", "Write it in braces, {…}."),
}


def checked(model: type[ModelT], node: Node, findings: Findings) -> ModelT | None:
    """Return `node` as `model`; None, and a finding for each thing wrong with it, where it does not fit."""
    try:
        return model.model_validate(node.plain())
    except ValidationError as refused:
        seen: set[tuple[str, str]] = set()
        for error in refused.errors(include_url=False, include_input=False):
            _find(error, model, node, findings, seen)
        return None


def _find(
    error: ErrorDetails, model: type[BaseModel], root: Node, findings: Findings, seen: set[tuple[str, str]]
) -> None:
    node, rest = _reach(root, error["loc"])
    if _is_unresolved(node) or (node.pointer, error["type"]) in seen:
        return
    if error["type"] == "literal_error" and (node.pointer, "string_type") in seen:
        return
    seen.add((node.pointer, error["type"]))
    name = str(rest[0]) if rest else str(node.key) or node.source.file
    if error["type"] == "extra_forbidden":
        _unknown(node, model, findings)
    elif error["type"] == "missing":
        message = f"`{name}` is missing."
        findings.error("missing-option", node.key_place, message, f'Add "{name}".')
    else:
        code, message, fix = _explained(error, name, node)
        findings.error(code, node.place, message, fix, _nearest_choice(error, node))


def _reach(root: Node, loc: Iterable[int | str]) -> tuple[Node, list[int | str]]:
    """Return the node that `loc` names, or the last one on the way that exists, and what was left of the way.

    The branches of a union stand in pydantic's locations too, but not in the file: below a scalar nothing is sought.
    """
    node = root
    rest: list[int | str] = []
    for step in loc:
        below = None if rest else node.step(step)
        if below is not None:
            node = below
        elif node.items is not None or node.members is not None:
            rest.append(step)
    return node, rest


def _is_unresolved(node: Node) -> bool:
    """Tell whether a missing variable keeps this string from being judged; that is a finding already."""
    return isinstance(node.scalar, str) and "$env(" in node.scalar and node.resolved is None


def _unknown(node: Node, model: type[BaseModel], findings: Findings) -> None:
    path = [step for step in node.pointer.split("/")[1:] if not step.isdigit()]
    known = _names_at(model, path)
    nearest = nearest_name(str(node.key), known)
    fix = did_you_mean(nearest, f"Known here: {', '.join(known)}." if known else "Remove it.")
    findings.error("unknown-option", node.key_place, f"`{node.key}` is no option here.", fix, nearest)


def _names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the option names of the deepest model that the end of `path` leads into."""
    best = model
    for start in range(len(path)):
        found = _descend(model, path[start:-1])
        if found is not None:
            best = found
            break
    return [field.alias or name for name, field in best.model_fields.items()]


def _descend(model: type[BaseModel], path: list[str]) -> type[BaseModel] | None:
    for step in path:
        field = next((each for name, each in model.model_fields.items() if (each.alias or name) == step), None)
        inner = None if field is None else next(_models_in(field.annotation), None)
        if inner is None:
            return None
        model = inner
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _explained(error: ErrorDetails, name: str, node: Node) -> tuple[str, str, str]:
    """Return code, message and advice of a value that does not fit."""
    kind, context = error["type"], error.get("ctx", {})
    if "fix" in context:
        return kind, str(context["message"]), str(context["fix"])
    if kind == "value_error":
        said = error["msg"].removeprefix("Value error, ")
        return "contradiction", f"{said[:1].upper()}{said[1:]}.", ""
    if kind in _TYPES:
        wanted, fix = _TYPES[kind]
        if kind == "int_type" and isinstance(node.scalar, float) and abs(node.scalar) < _LARGEST:
            whole = int(node.scalar) if node.scalar.is_integer() else round(node.scalar)
            return "wrong-type", f"`{name}` must be {wanted}, not {node.scalar}.", f"Write {whole}."
        return "wrong-type", f"`{name}` must be {wanted}, not {node.kind}.", fix
    if kind in _LIMITS:
        code, message, fix = _LIMITS[kind]
        facts = {"name": name, "limit": str(next(iter(context.values()), "")).replace("'", '"')}
        return code, message.format(**facts), fix.format(**facts)
    return kind.replace("_", "-"), f"`{name}`: {error['msg']}.", ""


def _nearest_choice(error: ErrorDetails, node: Node) -> str | None:
    expected = str(error.get("ctx", {}).get("expected", "")) if error["type"] == "literal_error" else ""
    return nearest_name(
        node.text or "", [each.strip(" '\"") for each in expected.replace(" or ", ",").split(",") if each]
    )
