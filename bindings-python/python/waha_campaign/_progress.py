"""How a run goes, on standard error: a bar for a person at a terminal, a line every few seconds otherwise."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import Union

from .standing import Status

Progress = Union[bool, Callable[[Status], object]]

_LINE_EVERY = 5.0
_WIDTH = 24


def shower(progress: Progress) -> Callable[[Status], object]:
    """What shows a run."""
    if callable(progress):
        return _changes(progress)
    if not progress:
        return lambda status: None
    return _Bar()


def _changes(told: Callable[[Status], object]) -> Callable[[Status], object]:
    last: list[Status] = []

    def show(status: Status) -> None:
        if last != [status]:
            last[:] = [status]
            told(status)

    return show


class _Bar:
    def __init__(self) -> None:
        self.is_terminal = sys.stderr.isatty()
        self.begun: tuple[float, int] | None = None
        self.last_line = -_LINE_EVERY
        self.said = ""

    def __call__(self, status: Status) -> None:
        now = time.monotonic()
        if self.begun is None:
            self.begun = (now, status.done)
        text = self._text(status, now - self.begun[0], status.done - self.begun[1])
        if self.is_terminal:
            ends = "\n" if status.is_over else ""
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width].ljust(width)}", end=ends, file=sys.stderr, flush=True)
        elif text != self.said and (now - self.last_line >= _LINE_EVERY or status.is_over):
            self.last_line, self.said = now, text
            print(text, file=sys.stderr, flush=True)

    def _text(self, status: Status, seconds: float, done: int) -> str:
        total = max(status.total, 1)
        filled = _WIDTH * status.done // total
        parts = [f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {status.done:,} of {status.total:,}"]
        parts += [f"{status.counts[it]:,} {it}" for it in ("failed", "unconfirmed", "skipped") if status.counts.get(it)]
        if status.waits_for:
            until = f" until {status.waits_until.astimezone():%d %b %H:%M}" if status.waits_until else ""
            parts.append(f"waits for {status.waits_for}{until}")
        elif done >= 5 and seconds >= 2 and status.done < status.total:
            left = (status.total - status.done) * seconds / done
            parts.append(f"{done / seconds * 60:,.0f} a minute, {_time(left)} left")
        return ", ".join(parts)


def _time(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {int(seconds % 60):02} s"
