"""What campaigns say of themselves: frozen classes, which tests may make themselves.

>>> from waha_campaign import Status
>>> Status(name="tagihan", state="running", counts={"sent": 3, "scheduled": 7}).done
3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .results import _Result

__all__ = ["Plan", "PlannedMessage", "RejectedRow", "SentOnce", "Status"]

_HANDED_OVER = ("accepted", "sent", "delivered", "read", "played")


@dataclass(frozen=True)
class RejectedRow(_Result):
    """A row of the list that cannot be written to.

    >>> campaign.rejected[0].row, campaign.rejected[0].reason, campaign.rejected[0].value
    (3, 'landline', '021 5550 1234')
    >>> campaign.rejected[0].remedy
    'give a mobile number, or allow landlines'
    """

    row: int
    """In a file, as a spreadsheet counts; otherwise its place in the list, from 1."""
    column: str | None
    """The column at fault, where it is one."""
    value: str
    """What stands there, at most 60 characters of it."""
    reason: str
    """``invalid_number``, ``landline``, ``ambiguous_number``, ``duplicate``, ``unreadable_row``, ``missing_value``, ``bad_value``,
    ``bad_file``."""
    message: str
    """For people: what is wrong."""
    remedy: str
    """What to do."""


@dataclass(frozen=True)
class Status(_Result):
    """Where a campaign stands.

    >>> status = campaign.status()
    >>> status.state, status.total, status.rejected, status.counts["scheduled"]
    ('frozen', 2, 1, 2)
    """

    name: str
    """The campaign's name."""
    state: str
    """``frozen`` (made, not started), ``scheduled`` (waits for its start), ``running``, ``paused``, ``completed`` (nothing is left to be
    sent), ``settled`` (nothing will change by itself any more), ``cancelled``."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many people stand where: ``scheduled``, ``sending``, ``unconfirmed`` (it may have been sent, and is not sent again), ``accepted``
    (WAHA has it), ``sent`` (WhatsApp has it), ``delivered``, ``read``, ``played``, ``failed``, ``skipped``, ``cancelled``."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why they stand there, where there is a reason: ``{"skipped: suppressed": 2}``."""
    rejected: int = 0
    """Rows of the list that cannot be written to."""
    waits_for: str | None = None
    """What it waits for, as far as whoever sends tells: ``hours``, ``limit``, ``shared_limit``, ``lane``, ``session``, ``operator``,
    ``hidden_opt_out``."""
    waits_because: str | None = None
    """More of that: which limit, what trouble, the session's status."""
    waits_until: datetime | None = None
    """Until when, where that is known."""
    runner: str | None = None
    """Who sends, if anybody does."""
    is_over: bool = False
    """Whether nothing of it is left to be sent or looked up by itself."""

    @property
    def total(self) -> int:
        """How many people it is for.

        >>> Status("tagihan", "running", counts={"sent": 3, "scheduled": 7}).total
        10
        """
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many are neither waiting nor under way.

        >>> Status("tagihan", "running", counts={"sent": 3, "scheduled": 7}).done
        3
        """
        return self.total - self.counts.get("scheduled", 0) - self.counts.get("sending", 0)

    @property
    def handed_over(self) -> int:
        """How many messages WAHA or somebody further on has.

        >>> Status("tagihan", "running", counts={"accepted": 1, "read": 2, "failed": 1}).handed_over
        3
        """
        return sum(self.counts.get(state, 0) for state in _HANDED_OVER)

    def __str__(self) -> str:
        said = [f"{count:,} {state}" for state, count in self.counts.items() if count]
        waits = f", waits for {self.waits_for}" if self.waits_for else ""
        waits += f" ({self.waits_because})" if self.waits_because else ""
        waits += f" until {self.waits_until:%Y-%m-%d %H:%M %Z}" if self.waits_until else ""
        return f"{self.name}: {self.state}, {', '.join(said) or 'nobody'}{waits}"

    def _repr_html_(self) -> str:
        from html import escape

        rows = [("rejected", self.rejected), *((state, count) for state, count in self.counts.items() if count)]
        cells = "".join(f"<tr><td>{escape(what)}</td><td style='text-align:right'>{count:,}</td></tr>" for what, count in rows)
        return f"<table><caption>{escape(self.name)}: {escape(self.state)}</caption>{cells}</table>"


@dataclass(frozen=True)
class PlannedMessage(_Result):
    """One of the first messages of a plan.

    >>> campaign.plan().previews[0].text
    'Halo Budi, tagihan Rp250.000.'
    """

    row: int
    """As :attr:`RejectedRow.row` counts."""
    phone: str
    """To whom, as E.164."""
    text: str
    """The whole message in plain text."""


@dataclass(frozen=True)
class Plan(_Result):
    """What a campaign will do if it starts now: not estimated, but played by the engine itself on a clock of its own.

    >>> plan = campaign.plan()
    >>> plan.to_send, plan.rejected, plan.bottleneck
    (2, 1, 'gap')
    """

    to_send: int
    """How many messages will go out."""
    rejected: int
    """Rows of the list that cannot be written to."""
    skipped: Mapping[str, int]
    """Who would be skipped by what is known of them, and why."""
    too_late: int
    """Of those to send, how many would be too late: it expires first, or its hours never open again."""
    begins_at: datetime | None
    """When the first one goes out."""
    ends_at: datetime | None
    """When the last one was answered."""
    per_day: Mapping[str, int]
    """How many go out on which day, as ``2026-11-23``."""
    bottleneck: str | None
    """What takes most of the time: ``gap``, ``window``, ``daily_cap``, ``rest``, ``warm_up``, ``shared``, ``hours``; ``None`` when the server does."""
    previews: tuple[PlannedMessage, ...]
    """The first messages."""

    @property
    def seconds(self) -> float:
        """How long it takes, from the first message to the last answer.

        >>> campaign.plan().seconds > 2
        True
        """
        if self.begins_at is None or self.ends_at is None:
            return 0.0
        return (self.ends_at - self.begins_at).total_seconds()

    def __str__(self) -> str:
        ends = f", until {self.ends_at:%Y-%m-%d %H:%M %Z}" if self.ends_at else ""
        skipped = sum(self.skipped.values())
        return f"{self.to_send:,} to send{ends}; {skipped:,} to be skipped, {self.rejected:,} rejected"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(f"<tr><td>{it.row}</td><td>{escape(it.phone)}</td><td>{escape(it.text)}</td></tr>" for it in self.previews)
        return f"<p>{escape(str(self))}</p><table>{rows}</table>"


@dataclass(frozen=True)
class SentOnce(_Result):
    """What became of a message that is sent once.

    >>> sent = campaigns.send_once("kuitansi-4711", "0812-3456-7890", "Pembayaran sudah kami terima.")
    >>> sent.is_handed_over, sent.phone
    (True, '+6281234567890')
    """

    key: str
    """What it is for."""
    phone: str
    """To whom, as E.164."""
    state: str
    """As the keys of :attr:`Status.counts`; ``scheduled`` waits for whoever sends."""
    reason: str | None = None
    """Why it stands there, where there is a reason."""
    is_new: bool = False
    """Whether this call left it, and not an earlier one with the same key."""
    message: str | None = None
    """The server's words, where it had some."""

    @property
    def is_handed_over(self) -> bool:
        """Whether WAHA or somebody further on has it.

        >>> SentOnce("4711", "+6281234567890", "unconfirmed", reason="no_answer").is_handed_over
        False
        """
        return self.state in _HANDED_OVER


def status(view: Mapping[str, Any], runner: str | None) -> Status:
    """From what the engine says."""
    states = (*("scheduled", "sending", "unconfirmed"), *_HANDED_OVER, *("failed", "skipped", "cancelled"))
    counts = dict.fromkeys(states, 0)
    reasons = {}
    for state, reason, count in view["counts"]:
        counts[state] += count
        if reason is not None:
            reasons[f"{state}: {reason}"] = count
    waits_for, waits_because, waits_until = view["waits"] or (None, None, None)
    return Status(
        name=view["name"],
        state=view["state"],
        counts=counts,
        reasons=reasons,
        rejected=view["rejected"],
        waits_for=waits_for,
        waits_because=waits_because,
        waits_until=moment(waits_until),
        runner=runner,
        is_over=view["is_over"],
    )


def moment(microseconds: int | None) -> datetime | None:
    """A moment in UTC."""
    from datetime import timedelta, timezone

    if microseconds is None:
        return None
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)
