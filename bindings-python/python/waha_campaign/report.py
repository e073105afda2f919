"""What became of each person of a campaign: read page by page, however many they are.

>>> for row in campaign.report():
...     print(row.row, row.phone, row.state, row.values["nama"])
1 +6281234567890 scheduled Budi
2 +6281311112222 scheduled Siti
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib import import_module
from itertools import islice
from typing import Any

from ._native import _Store
from .results import _Result
from .standing import moment

__all__ = ["Report", "ReportRow"]

_PAGE = 5_000
_SHOWN = 20
_OWN = ("state", "reason", "changed_at", "account", "message")


@dataclass(frozen=True)
class ReportRow(_Result):
    """One person, and what became of their message.

    >>> row = next(iter(campaign.report()))
    >>> row.phone, row.state, row.values["jumlah"]
    ('+6281234567890', 'scheduled', '250000')
    """

    row: int
    """As :attr:`RejectedRow.row` counts."""
    phone: str
    """To whom, as E.164."""
    key: str | None
    """The value of the key column, where there is one."""
    values: Mapping[str, str]
    """The columns of the list."""
    state: str
    """As the keys of :attr:`Status.counts`."""
    reason: str | None
    """Why it stands there, where there is a reason."""
    changed_at: datetime
    """Since when."""
    account: str | None
    """The number that the latest try went from."""
    message: str | None
    """The server's words, or what is missing to settle a doubt."""

    def flat(self) -> dict[str, Any]:
        """As a row of a table: the list's own columns between ``row``, ``phone`` and what became of it.

        >>> next(iter(campaign.report())).flat()["nama"]
        'Budi'
        """
        flat: dict[str, Any] = {"row": self.row, "phone": self.phone}
        for name, value in self.values.items():
            # The list may have columns of these names, too.
            flat[f"{name}_" if name in (*flat, *_OWN) else name] = value
        return {**flat, **{name: getattr(self, name) for name in _OWN}}


class Report:
    """What became of each person; to be gone through as often as is wanted, each time as things stand then.

    >>> len(campaign.report("scheduled").to_dicts()), len(campaign.report("failed", "unconfirmed").to_dicts())
    (2, 0)
    """

    def __init__(self, store: _Store, campaign: int, states: tuple[str, ...]) -> None:
        self._store = store
        self._campaign = campaign
        self._states = states

    def __iter__(self) -> Iterator[ReportRow]:
        columns = self._store.columns(self._campaign)
        after: int | None = None
        while True:
            page, after = self._store.page(self._campaign, after, list(self._states), _PAGE)
            for row in page:
                yield _row(row, columns)
            if after is None:
                return

    def to_dicts(self) -> list[dict[str, Any]]:
        """All rows as :meth:`ReportRow.flat` has them.

        >>> campaign.report().to_dicts()[0]["state"]
        'scheduled'
        """
        return [row.flat() for row in self]

    def to_pandas(self) -> Any:
        """A data frame of pandas.

        >>> list(campaign.report().to_pandas().columns)
        ['row', 'phone', 'nama', 'hp', 'jumlah', 'state', 'reason', 'changed_at', 'account', 'message']
        """
        pandas: Any = import_module("pandas")
        return pandas.DataFrame(self._columns())

    def to_polars(self) -> Any:
        """A data frame of polars.

        >>> campaign.report().to_polars().height
        2
        """
        polars: Any = import_module("polars")
        return polars.DataFrame(self._columns(), infer_schema_length=None)

    def _columns(self) -> dict[str, list[Any]]:
        names = ReportRow(0, "", None, dict.fromkeys(self._store.columns(self._campaign), ""), "", None, datetime.min, None, None).flat()
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for row in self:
            for name, value in row.flat().items():
                columns[name].append(value)
        return columns

    def __repr__(self) -> str:
        return f"<Report of {', '.join(self._states) or 'everybody'}>"

    def _repr_html_(self) -> str:
        rows = [row.flat() for row in islice(self, _SHOWN + 1)]
        if not rows:
            return "<p>nobody</p>"
        head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(_shown(value))}</td>' for value in row.values())}</tr>" for row in rows[:_SHOWN]
        )
        more = "<p>and more</p>" if len(rows) > _SHOWN else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _row(row: Mapping[str, Any], columns: list[str]) -> ReportRow:
    changed_at = moment(row["changed_at"])
    assert changed_at is not None
    return ReportRow(**{**row, "values": dict(zip(columns, row["values"])), "changed_at": changed_at})
