"""A table whose rows are one frozen dataclass: columns and conversions follow from its fields."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any, Generic, TypeVar, get_type_hints

from devgw.clock import from_epoch
from devgw.foreign.json import read_json, read_object
from devgw.limits import Limits
from devgw.store.database import Database

Record = TypeVar("Record")


_UNREADABLE = (TypeError, ValueError, OverflowError, OSError)


def _to_column(value: Any) -> Any:
    """Return what SQLite keeps of `value`: seconds for a moment, JSON for a tuple or dict."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (tuple, dict)):
        return json.dumps(value)
    return value


def _reader(hint: Any) -> Callable[[Any], Any]:
    """Return what turns a column back into a field of type `hint`."""
    text = str(hint)
    if "datetime" in text:
        return from_epoch
    if "tuple" in text:
        return lambda value: () if value == "[]" else tuple(read_json(value, most_depth=Limits.CONTROL_DEPTH))
    if "dict" in text:
        return lambda value: read_object(value, most_depth=Limits.CONTROL_DEPTH)
    return {bool: bool, int: int}.get(hint, _text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in the place of a text")
    return value


class Table(Generic[Record]):
    """Reads and writes records of one type. The table's columns are the record's fields."""

    def __init__(self, database: Database, name: str, kind: type[Record]) -> None:
        self._database = database
        self._name = name
        self._kind = kind
        hints = get_type_hints(kind)
        self._names = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # every record is a dataclass
        self._readers = [_reader(hints[name]) for name in self._names]
        marks = ",".join("?" * len(self._names))
        news = ",".join(f"{each}=excluded.{each}" for each in self._names)
        self._save = f"INSERT INTO {name} ({','.join(self._names)}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {news}"  # noqa: S608  names of ours

    def save(self, record: Record) -> None:
        """Insert `record`, or replace the one with its key."""
        self._database.execute(self._save, [_to_column(getattr(record, name)) for name in self._names])

    def where(self, condition: str = "1", *parameters: Any) -> list[Record]:
        """Return the records for which the SQL `condition` holds, in order of insertion.

        Raises:
            StateRefused: with `StateDamaged`, where one of them is not what `save` writes.
        """
        sql = f"SELECT {','.join(self._names)} FROM {self._name} WHERE {condition} ORDER BY rowid"  # noqa: S608  ours
        return [self._read(row) for row in self._database.execute(sql, [_to_column(each) for each in parameters])]

    def newest(self, most: int) -> list[Record]:
        """Return the records that were inserted last, at most so many, in order of insertion."""
        return self.where(f"rowid IN (SELECT rowid FROM {self._name} ORDER BY rowid DESC LIMIT ?)", most)  # noqa: S608

    def find(self, condition: str, *parameters: Any) -> Record | None:
        """Return the first record for which `condition` holds, or None."""
        found = self.where(f"{condition}", *parameters)
        return found[0] if found else None

    def count(self, condition: str, *parameters: Any) -> int:
        """Return for how many records `condition` holds."""
        sql = f"SELECT COUNT(*) FROM {self._name} WHERE {condition}"  # noqa: S608  conditions are ours, values are bound
        return int(next(iter(self._database.execute(sql, [_to_column(each) for each in parameters])))[0])

    def delete(self, condition: str, *parameters: Any) -> int:
        """Delete the records for which `condition` holds; return how many."""
        sql = f"DELETE FROM {self._name} WHERE {condition}"  # noqa: S608  conditions are ours, values are bound
        return self._database.execute(sql, [_to_column(each) for each in parameters]).rowcount

    def take(self, condition: str, *parameters: Any) -> list[Record]:
        """Delete the records for which `condition` holds; return them."""
        found = self.where(condition, *parameters)
        if found:
            self.delete(condition, *parameters)
        return found

    def _read(self, row: tuple[Any, ...]) -> Record:
        pairs = zip(row, self._readers, strict=True)
        try:
            return self._kind(*[None if value is None else read(value) for value, read in pairs])
        except _UNREADABLE as error:
            raise self._database.damaged(
                f"a row of {self._name} has {self._damage(row)} that devgw did not write"
            ) from error

    def _damage(self, row: tuple[Any, ...]) -> str:
        """Return the name of the first column that cannot be read."""
        for name, value, read in zip(self._names, row, self._readers, strict=True):
            try:
                _ = None if value is None else read(value)
            except _UNREADABLE:
                return f"a {name}"
        return "a value"
