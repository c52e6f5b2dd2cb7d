"""What every row is: a slotted dataclass that knows its way to JSON and back."""

from dataclasses import MISSING
from typing import Any, ClassVar, Self


def _names_required(cls: type) -> frozenset[str]:
    known = getattr(cls, "__dataclass_fields__", {}).values()
    return frozenset(each.name for each in known if each.default is MISSING and each.default_factory is MISSING)


_REQUIRED: dict[str, frozenset[str]] = {}


class Row:
    """A slotted dataclass that knows its way to JSON and back."""

    __slots__: tuple[str, ...] = ()
    NESTED: ClassVar[dict[str, type["Row"]]] = {}
    """Fields that hold a row or a list of rows, with the row's type."""

    def to_json(self) -> dict[str, Any]:
        """Return what is not empty, or required, by field name; nested rows stay rows."""
        required = self.required()
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) or name in required}

    def to_object(self) -> dict[str, Any]:
        """Return the same with nested rows as objects, too."""
        return {name: _as_object(value) for name, value in self.to_json().items()}

    @classmethod
    def required(cls) -> frozenset[str]:
        """Return the fields without a default."""
        found = _REQUIRED.get(cls.__name__)
        if found is None:
            found = _REQUIRED[cls.__name__] = _names_required(cls)
        return found

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the row that `values` tell.

        Raises:
            TypeError: where a field is unknown or missing.
        """
        if not cls.NESTED:
            return cls(**values)
        return cls(**{name: _read(cls.NESTED.get(name), value) for name, value in values.items()})


def _read(nested: type[Row] | None, value: Any) -> Any:
    if nested is None:
        return value
    return [nested.from_json(each) for each in value] if isinstance(value, list) else nested.from_json(value)


def _as_object(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_object(each) for each in value]
    return value.to_object() if isinstance(value, Row) else value
