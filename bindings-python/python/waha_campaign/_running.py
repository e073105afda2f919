"""Sends until something is reached, or follows whoever sends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ._native import _Store
from .standing import status

LOGGER = logging.getLogger("waha_campaign")

_LOOK_EVERY = 0.25
# WhatsApp acknowledges a message within seconds, where it does at all.
_ACK_PATIENCE = 60.0

class Run:
    """One run: of these campaigns, or of all that are under way."""

    def __init__(
        self,
        store: _Store,
        campaigns: list[int] | None,
        *,
        sessions: Sequence[str] = (),
        limits: dict[str, Any],
        starts: Sequence[int] = (),
    ) -> None:
        self.store = store
        self.campaigns = campaigns
        self.sessions = list(sessions)
        self.limits = limits
        self.starts = list(starts)
        self.stopped = threading.Event()
        self._told = ""
        self._trouble: str | None = None

    def work(self, is_done: Callable[[Stand], bool]) -> None:
        """Until that is so, or until it is stopped. Whoever interrupts it leaves nothing half-done: what is under way is waited for."""
        while True:
            holder = self.store.begin(self.sessions, self.limits)
            if holder is None:
                try:
                    has_ended = self._watch(is_done, sends=True)
                finally:
                    self.store.end()
            else:
                self._follow(holder)
                has_ended = self._watch(is_done, sends=False)
            if has_ended or self.stopped.wait(_LOOK_EVERY):
                return

    def _follow(self, holder: str) -> None:
        if not self._told:
            self.store.leave_limits(self.sessions, self.limits)
        if holder != self._told:
            LOGGER.info("%s sends from this database already: following it", holder)
        self._told = holder

    def _watch(self, is_done: Callable[[Stand], bool], *, sends: bool) -> bool:
        """Whether it has ended; otherwise nobody sends any more."""
        while True:
            stand = look(self.store, self.campaigns, live=True)
            self.starts = [it for it in self.starts if not self.store.is_answered(it)]
            if not self.starts and is_done(stand):
                return True
            if sends:
                self._tell_trouble()
                if not self.store.goes_on():
                    return False
            elif stand.runner is None:
                return False
            if self.stopped.wait(_LOOK_EVERY):
                return True

    def _tell_trouble(self) -> None:
        trouble = self.store.trouble()
        if trouble and trouble != self._trouble:
            LOGGER.error("%s", trouble)
        self._trouble = trouble


class Stand:
    """Where campaigns stand at one moment, and who sends."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.runner: str | None = found["runner"]
        self.is_asked: bool = found["is_asked"]
        """Something was asked of whoever sends, and is not answered yet."""
        self.has_singles: bool = found["has_singles"]
        """Single messages, which are no campaigns here, are left to be sent or looked up."""
        self.awaits_acks: bool = found["awaits_acks"]
        """WhatsApp may still acknowledge something that was sent, of a single message too."""
        self.ids: list[int] = [it["id"] for it in found["campaigns"]]
        self.sessions: list[list[str]] = [it["sessions"] for it in found["campaigns"]]
        self.campaigns = [status(it, self.runner) for it in found["campaigns"]]


def look(store: _Store, campaigns: list[int] | None, *, live: bool = False) -> Stand:
    """Where they stand."""
    return Stand(store.look(campaigns, live=live))


class Acknowledged:
    """Nothing is left to be sent or looked up, and WhatsApp has acknowledged what was sent, or has had a minute to."""

    def __init__(self, *, has_acks: bool, passes_paused: bool = False) -> None:
        self.has_acks = has_acks
        self.passes_paused = passes_paused
        self.since: float | None = None

    def __call__(self, stand: Stand) -> bool:
        campaigns = [it for it in stand.campaigns if it.state != "paused"] if self.passes_paused else stand.campaigns
        is_left = stand.is_asked or stand.has_singles
        if not all(it.is_over for it in campaigns) or (self.passes_paused and is_left):
            self.since = None
            return False
        if self.since is None:
            self.since = time.monotonic()
        is_silent = self.has_acks and stand.awaits_acks
        return not is_silent or time.monotonic() - self.since >= _ACK_PATIENCE
