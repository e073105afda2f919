"""Lists of people as Python programs have them, as a table: names of columns, and rows one after another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

Table = tuple["list[str]", "Iterator[Sequence[Any]]"]


def table(audience: Any) -> Table:
    """A data frame of pandas or polars, a table of Arrow, or anything that gives rows with names: dicts, named tuples, rows of ``sqlite3``."""
    if hasattr(audience, "iter_rows") and hasattr(audience, "columns"):
        return [str(it) for it in audience.columns], audience.iter_rows()
    if hasattr(audience, "itertuples") and hasattr(audience, "columns"):
        return [str(it) for it in audience.columns], audience.itertuples(index=False, name=None)
    if hasattr(audience, "to_batches") and hasattr(audience, "column_names"):
        return list(audience.column_names), _arrow(audience)
    if isinstance(audience, (str, bytes, os.PathLike, Mapping)) or not isinstance(audience, Iterable):
        raise TypeError(f"an audience is a path, a data frame, or rows such as dicts; this is {type(audience)}")
    return _rows(audience)


def _arrow(audience: Any) -> Iterator[Sequence[Any]]:
    for batch in audience.to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns))


def _rows(audience: Iterable[Any]) -> Table:
    rows = iter(audience)
    try:
        first = next(rows)
    except StopIteration:
        raise _nobody() from None
    columns = _names(first, 0)
    if isinstance(audience, (list, tuple)):
        # A list can be gone through twice, and no row has to have everything.
        more = (name for place, row in enumerate(audience) for name in _names(row, place))
        columns = list(dict.fromkeys(chain(columns, more)))
    return [str(it) for it in columns], _values(chain([first], rows), columns)


def _nobody() -> Exception:
    from .errors import AudienceError

    return AudienceError("nobody is on the list", rejected=[])


def _names(row: Any, place: int) -> list[Any]:
    if isinstance(row, Mapping):
        return list(row)
    fields = getattr(row, "_fields", None)
    if fields is not None:
        return list(fields)
    keys = getattr(row, "keys", None)
    if keys is not None:
        return list(keys())
    raise TypeError(f"place {place} of the list: rows with names are wanted, such as dicts, and this is {type(row)}")


def _values(rows: Iterable[Any], columns: list[Any]) -> Iterator[Sequence[Any]]:
    known = set(columns)
    for place, row in enumerate(rows):
        if isinstance(row, Mapping):
            given = row
        else:
            given = dict(zip(_names(row, place), row))
        strange = [it for it in given if it not in known]
        if strange:
            raise ValueError(f"place {place} of the list has {strange[0]!r}, which the first row has not: give every row the same names")
        yield [given.get(name) for name in columns]
