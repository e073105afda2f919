"""Campaigns: a message to everybody on a list, each once, through crashes and restarts.

>>> with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as opened:
...     message = Message("Halo {{ nama }}, tagihan {{ jumlah | rupiah }}.")
...     campaign = opened.create("tagihan desember", message, [{"nama": "Budi", "hp": "0812-3456-7890", "jumlah": 250_000}], gap=0)
...     campaign.run().handed_over
1

The same script run again sends nothing twice: what was sent stays sent, what is in doubt is looked up, and the rest goes on.
"""

from __future__ import annotations

import builtins
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Union

from . import _audience
from ._calling import Calling
from ._native import Message, Rendered, _Store, _write_rows, normalize
from ._progress import Progress, shower
from ._running import Acknowledged, Run, Stand, look
from .errors import AudienceError, CampaignError, NoAnswer, SessionNotReady, Unauthorized, UnknownCampaign, UnknownSession, WahaError
from .gateway import Gateway
from .report import Report
from .standing import Plan, PlannedMessage, RejectedRow, SentOnce, Status, moment

__all__ = ["Campaign", "Campaigns"]

Gap = Union[float, "tuple[float, float]"]

_SERVERS = ("postgres://", "postgresql://")
# What a single message is called among the campaigns.
_ONCE = "send:"
_NO_LIMITS: dict[str, Any] = {"preset": None, "gap": None, "per_day": None, "zone": None}


class Campaigns:
    """Campaigns in a database, sent through one WAHA server or a :class:`Gateway` of one's own.

    ``database`` is a file (``tagihan.db``, ``sqlite:tagihan.db``) or ``postgres://user@host/name``; it is made if there is none. ``url`` and
    ``api_key`` come from ``WAHA_URL`` and ``WAHA_API_KEY`` unless they are given. With a ``gateway`` no server is asked for anything.

    One process sends from a database at a time; any number of others may make campaigns, read them and leave commands. Other threads go
    on while a call is waited for, and one object may be shared by all of them; with asyncio, use ``await asyncio.to_thread(campaign.run)``.
    A process that was forked opens its own.

    >>> with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as opened:
    ...     [it.name for it in opened.list()]
    ['tagihan']
    """

    def __init__(
        self,
        database: str | PathLike[str],
        *,
        url: str | None = None,
        api_key: str | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        if gateway is not None and (url is not None or api_key is not None):
            raise TypeError("gateway: messages go through it or through a WAHA server; give one of gateway and url")
        text = os.fspath(database)
        is_server = text.startswith(_SERVERS)
        self._calling = None if gateway is None else Calling(gateway)
        self._native = _Store(None if is_server else _file(text), text if is_server else None, url, api_key, self._calling)
        self._has_acks = gateway is None or gateway.has_acks
        self._gateway = gateway
        if gateway is not None:
            # Its class may have made it frozen.
            object.__setattr__(gateway, "_tell", self._native.tell)
        self._process = os.getpid()
        # Without whatever may be a password.
        self._shown = text.rpartition("@")[2].partition("?")[0] if is_server else text
        self._runs: set[Run] = set()
        self._has_changed = threading.Condition()

    def create(
        self,
        name: str,
        message: Message | str,
        audience: str | PathLike[str] | Iterable[Any],
        *,
        phone: str | None = None,
        key: str | None = None,
        session: str | Sequence[str] = "default",
        category: Literal["marketing", "utility", "authentication", "service"] = "marketing",
        limits: str | None = None,
        gap: Gap | None = None,
        per_day: float | None = None,
        hours: str | None = None,
        zone: str | None = None,
        starts_at: datetime | None = None,
        expires_at: datetime | None = None,
        priority: Literal["low", "normal", "high"] = "normal",
        weight: int = 1,
        consent: bool = False,
        check: Literal["known", "new", "never"] = "known",
        again: bool = False,
        region: str = "ID",
        landlines: bool = False,
        sheet: str | None = None,
    ) -> Campaign:
        """Makes a campaign, or opens the one of this name that was made of the same: a script may be run again.

        ``audience`` is a path to CSV, XLSX, XLS or ODS, a data frame, or any rows with names, which are gone through once. ``phone`` and
        ``key`` name columns: who to write to (found by its name unless told), and what tells several rows of one phone apart. No row
        raises: those that cannot be written to are :attr:`Campaign.rejected`.

        Limits are the account's, over all its campaigns, and stay until others are given. They hold from :meth:`Campaign.run` or
        :meth:`Campaign.start` of what this returns: a campaign that is never started changes nothing for the others.
        ``limits`` is ``"careful"``, ``"advised"``, ``"per-day-1000"``, ``"per-day-10000"`` or ``"per-day-100000"``; ``gap`` the seconds between
        two messages, or the fewest and the most of them; ``per_day`` the most of a day, ``math.inf`` for no cap. Without any, a message goes
        out every 2 to 4 seconds, 1,000 a day.
        ``hours`` are ``"Mon-Sat 08:00-20:00"``, ``"collection-notices"``, ``"category"`` for what suits that, in ``zone`` (Asia/Jakarta).

        ``session`` may be several, which share the work. ``consent`` writes only to who agreed. ``check="new"`` asks WhatsApp first
        whether a number is there. ``again`` writes also to whom another campaign said the same within 7 days.

        Raises:
            NameTaken: when the name was used with other inputs.
            AudienceError: when there is no list, or nobody on it can be written to.
            TemplateError: when the message needs a column that the list has not.

        >>> audience = [{"nama": "Ani", "hp": "0812-1111-2222"}, {"nama": "Ani", "hp": "+62 812 1111 2222"}]
        >>> campaign = campaigns.create("halo", "Halo {{ nama }}!", audience, phone="hp")
        >>> [(it.row, it.reason) for it in campaign.rejected]
        [(2, 'duplicate')]
        """
        message = _anchored(Message(message) if isinstance(message, str) else message)
        sessions = [session] if isinstance(session, str) else list(session)
        given: dict[str, Any] = {
            "name": name,
            "sessions": sessions,
            "category": category,
            "priority": priority,
            "weight": weight,
            "consent": consent,
            "check": check,
            "again": again,
            "hours": hours,
            "zone": zone,
            "starts_at": _instant("starts_at", starts_at),
            "expires_at": _instant("expires_at", expires_at),
            "region": region,
            "landlines": landlines,
            "phone": phone,
            "key": key,
            "sheet": sheet,
        }
        wanted = {"preset": limits, "gap": _gap(gap), "per_day": per_day, "zone": zone}
        try:
            number, is_new, rejected = self._import(given, message, audience)
        except AudienceError as error:
            error.rejected = _rows(error.rejected)
            raise
        return Campaign._of(self, number, name, sessions, wanted, _rows(rejected), is_new)

    def _import(self, given: dict[str, Any], message: Message, audience: Any) -> tuple[int, bool, builtins.list[dict[str, Any]]]:
        if isinstance(audience, (str, PathLike)):
            path = Path(audience)
            return self._native.create({**given, "path": path, "list": path.name, "rows_hash": None, "columns": []}, message)
        columns, rows = _audience.table(audience)
        needed = [*message.variables, *(it for it in (given["phone"], given["key"]) if it)]
        with tempfile.TemporaryDirectory(prefix="waha-campaign-") as folder:
            path = Path(folder, "list.csv")
            rows_hash = _write_rows(path, columns, needed, rows)
            return self._native.create({**given, "path": path, "list": "rows", "rows_hash": rows_hash, "columns": columns}, message)

    def open(self, name: str, /) -> Campaign:
        """The campaign of this name. It brings no limits: those that its account has go on.

        Raises:
            UnknownCampaign: when there is none.

        >>> campaigns.open("tagihan").status().total
        2
        """
        number = self._native.find(name)
        return Campaign._of(self, number, name, look(self._native, [number]).sessions[0], _NO_LIMITS, None, False)

    def list(self) -> builtins.list[Campaign]:
        """All campaigns, the newest first.

        >>> "tagihan" in [it.name for it in campaigns.list()]
        True
        """
        stand = look(self._native, None)
        found = zip(stand.ids, stand.campaigns, stand.sessions)
        return [Campaign._of(self, number, it.name, sessions, _NO_LIMITS, None, False) for number, it, sessions in found]

    def send_once(
        self,
        key: str,
        phone: str,
        message: str | Message | Rendered,
        *,
        session: str = "default",
        category: Literal["marketing", "utility", "authentication", "service"] = "utility",
        urgent: bool = True,
        hours: str | None = None,
        zone: str | None = None,
        expires_at: datetime | None = None,
        region: str = "ID",
        landlines: bool = False,
        wait: float = 30.0,
    ) -> SentOnce:
        """Sends one message to one person, once: the same key again sends nothing, and tells what became of the first.

        A text is sent as it is, never read as a template. It goes within the account's limits; what is ``urgent`` goes beside its campaigns, not in
        turn with them. ``hours``, ``zone`` and ``landlines`` are as for :meth:`create`; after ``expires_at`` it is skipped. To leave the same key
        again, give the same of them all: a deadline that is counted from now is another one each time.

        For up to ``wait`` seconds it is waited for; when nobody sends from this database, this process does meanwhile, with whatever else is
        under way there.

        Raises:
            NameTaken: when the key was used for something else.
            InvalidPhone: when it cannot be written to.

        >>> sent = campaigns.send_once("invoice-2026-11-00042", "0812-3456-7890", "Tagihan November sudah terbit.")
        >>> again = campaigns.send_once("invoice-2026-11-00042", "0812-3456-7890", "Tagihan November sudah terbit.")
        >>> sent.is_new, sent.is_handed_over, again.is_new, again.is_handed_over
        (True, True, False, True)
        """
        about = {"session": session, "category": category, "urgent": urgent, "hours": hours, "zone": zone}
        campaign, is_new = self._leave(key, phone, message, region, landlines, expires_at, about)
        self._wait_for(campaign, session, time.monotonic() + wait)
        return self._sent_once(campaign, key, is_new)

    def enqueue(
        self,
        key: str,
        phone: str,
        message: str | Message | Rendered,
        *,
        session: str = "default",
        category: Literal["marketing", "utility", "authentication", "service"] = "utility",
        urgent: bool = True,
        hours: str | None = None,
        zone: str | None = None,
        expires_at: datetime | None = None,
        region: str = "ID",
        landlines: bool = False,
    ) -> SentOnce:
        """:meth:`send_once` for a web server, which never sends by itself: leaves the message for whoever sends, and returns at once. Neither the WAHA
        server nor the network is asked for anything.

        >>> campaigns.enqueue("kuitansi-4712", "0812-3456-7890", "Pembayaran sudah kami terima.").state
        'scheduled'
        """
        about = {"session": session, "category": category, "urgent": urgent, "hours": hours, "zone": zone}
        campaign, is_new = self._leave(key, phone, message, region, landlines, expires_at, about)
        return self._sent_once(campaign, key, is_new)

    def message(self, key: str, /) -> SentOnce:
        """What became of the message that :meth:`send_once` or :meth:`enqueue` was given with this key, whoever gave it and whoever sends.

        Raises:
            UnknownCampaign: when there is none.

        >>> campaigns.enqueue("kuitansi-4713", "0812-3456-7890", "Pembayaran sudah kami terima.").is_new
        True
        >>> campaigns.message("kuitansi-4713").state
        'scheduled'
        """
        try:
            campaign = self._native.find(f"{_ONCE}{key.strip()}")
        except UnknownCampaign:
            raise UnknownCampaign(f"no message has the key {key!r}", name=key) from None
        return self._sent_once(campaign, key, is_new=False)

    def _leave(
        self,
        key: str,
        phone: str,
        message: str | Message | Rendered,
        region: str,
        landlines: bool,
        expires_at: datetime | None,
        about: dict[str, Any],
    ) -> tuple[int, bool]:
        number = normalize(phone, region=region, landlines=landlines)
        given = {"key": key, "phone": number, "expires_at": _instant("expires_at", expires_at), **about}
        return self._native.leave_message(given, _rendered(message))

    def _sent_once(self, campaign: int, key: str, is_new: bool) -> SentOnce:
        phone, state, reason, said = self._native.message_stands(campaign, key)
        return SentOnce(key, phone, state, reason, is_new, said)

    def _wait_for(self, campaign: int, session: str, deadline: float) -> None:
        def has_gone(stand: Stand) -> bool:
            gone = all(it.is_over and not (self._has_acks and it.counts["accepted"]) for it in stand.campaigns)
            return gone or time.monotonic() >= deadline

        stand = look(self._native, [campaign])
        if has_gone(stand) or stand.campaigns[0].counts["accepted"]:
            return
        if stand.runner is None:
            self._check([session])
        self._work(Run(self._native, [campaign], limits=_NO_LIMITS), has_gone)

    def run(self, *, until_idle: bool = False) -> None:
        """Sends whatever is started in this database, now and later, until :meth:`stop` or Ctrl-C; ``python -m waha_campaign run`` is just this.

        With ``until_idle`` it ends when nothing is left to be sent or looked up, of campaigns and of single messages, and WhatsApp has acknowledged
        what was sent, or has had a minute to. When another process sends, it waits for its turn.

        Raises:
            SessionNotReady, UnknownSession, Unauthorized, NoAnswer: with ``until_idle``, when nothing could be sent as things stand.
            StoreError: when the database fails.

        >>> campaigns.run(until_idle=True)
        """
        self._run(until_idle, lambda stand: None)

    def _run(self, until_idle: bool, tell: Callable[[Stand], object]) -> None:
        acknowledged = Acknowledged(has_acks=self._has_acks, passes_paused=True)
        if until_idle:
            self._check_what_is_left()

        def is_done(stand: Stand) -> bool:
            tell(stand)
            return until_idle and acknowledged(stand)

        self._work(Run(self._native, None, limits=_NO_LIMITS), is_done)

    def _check_what_is_left(self) -> None:
        """Whether any of it can be sent: otherwise it would be waited for without an end."""
        stand = look(self._native, None, live=True)
        left = {tuple(names) for it, names in zip(stand.campaigns, stand.sessions) if not it.is_over and it.state != "paused"}
        if stand.has_singles or stand.is_asked:
            left.update(map(tuple, self._native.sessions_of_singles()))
        if stand.runner is not None or not left:
            return
        errors: builtins.list[WahaError] = []
        for names in sorted(left):
            try:
                self._check(names)
            except (NoAnswer, Unauthorized, UnknownSession, SessionNotReady) as error:
                errors.append(error)
        if len(errors) == len(left):
            raise errors[0]

    def stop(self) -> None:
        """Has every :meth:`run` and :meth:`Campaign.run` of this object end, as Ctrl-C does: from another thread, or when a server shuts down.

        >>> campaigns.stop()
        """
        with self._has_changed:
            for run in self._runs:
                run.stopped.set()

    def close(self) -> None:
        """Stops whatever runs, and gives the database up. A second time does nothing.

        >>> opened = Campaigns(database, url=simulator.url)
        >>> opened.close()
        """
        if os.getpid() == self._process:
            self.stop()
            with self._has_changed:
                self._has_changed.wait_for(lambda: not self._runs)
            if self._calling is not None:
                self._calling.close()
            if self._gateway is not None and self._gateway._tell == self._native.tell:
                object.__setattr__(self._gateway, "_tell", None)
        self._native.close()

    def __enter__(self) -> Campaigns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Campaigns in {self._shown}>"

    def _work(self, run: Run, is_done: Callable[[Stand], bool]) -> None:
        with self._has_changed:
            self._runs.add(run)
        try:
            run.work(is_done)
        finally:
            with self._has_changed:
                self._runs.discard(run)
                self._has_changed.notify_all()

    def _check(self, sessions: Sequence[str]) -> None:
        """Whether one of them at least can send, or is on its way to it, and all are known."""
        found = dict(zip(sessions, self._native.sessions(list(sessions))))
        way = self._native.way
        for name, how in found.items():
            if self._calling is not None and how in ("unreachable", "foreign"):
                raise NoAnswer(f"the gateway {way} does not tell how session {name!r} stands: the log waha_campaign says why")
            if how == "unreachable":
                raise NoAnswer(f"no WAHA server answers at {way}: check the address, and whether it runs")
            if how == "foreign":
                raise NoAnswer(f"what answers at {way} is no WAHA server: check the address")
            if how == "unauthorized":
                raise Unauthorized(f"the WAHA server at {way} refuses the API key: check it")
            if how == "missing":
                raise UnknownSession(f"there is no session {name!r} at {way}: create it, or name another")
        if not any(how in ("working", "STARTING") for how in found.values()):
            name, how = next(iter(found.items()))
            raise SessionNotReady(f"session {name!r} is {how}: nothing can be sent until it works", status=how)


class Campaign:
    """A campaign: made by :meth:`Campaigns.create`, or found by :meth:`Campaigns.open`.

    >>> campaigns.open("tagihan")
    <Campaign 'tagihan'>
    """

    name: str
    """Its name."""
    is_new: bool
    """Whether it was made just now, and not found."""

    _owner: Campaigns
    _number: int
    _sessions: list[str]
    _limits: dict[str, Any]
    _rejected: builtins.list[RejectedRow] | None

    @classmethod
    def _of(
        cls,
        owner: Campaigns,
        number: int,
        name: str,
        sessions: list[str],
        limits: dict[str, Any],
        rejected: builtins.list[RejectedRow] | None,
        is_new: bool,
    ) -> Campaign:
        campaign = cls()
        campaign._owner, campaign._number, campaign.name = owner, number, name
        campaign._sessions, campaign._limits, campaign._rejected = sessions, limits, rejected
        campaign.is_new = is_new
        return campaign

    @property
    def rejected(self) -> builtins.list[RejectedRow]:
        """The rows of the list that cannot be written to, each with what to do. They are told by :meth:`Campaigns.create`, also when the campaign was
        there already; the database keeps only how many they are (:attr:`Status.rejected`).

        Raises:
            CampaignError: for a campaign that was opened by name alone.

        >>> print(campaign.rejected[0].message)
        "021 5550 1234" is a landline (+622155501234)
        """
        if self._rejected is None:
            raise CampaignError(f"which rows {self.name!r} leaves out is told by create() with its inputs")
        return self._rejected

    def plan(self) -> Plan:
        """What it will do if it starts now: how many messages, until when, what the first ones say. Nothing is sent.

        >>> print(campaign.plan().previews[0].text)
        Halo Budi, tagihan Rp250.000.
        """
        told = self._native.plan(self._number, self._limits)
        return Plan(
            to_send=told["to_send"],
            rejected=told["rejected"],
            skipped=told["skipped"],
            too_late=told["too_late"],
            begins_at=moment(told["begins_at"]),
            ends_at=moment(told["ends_at"]),
            per_day=told["per_day"],
            bottleneck=told["bottleneck"],
            previews=tuple(PlannedMessage(*it) for it in told["previews"]),
        )

    def start(self) -> None:
        """Leaves word for whoever sends from this database: the everyday call of a web server, which never sends by itself. It starts as soon as
        somebody does. Its limits are left with it, for which the WAHA server is asked whose account it is.

        >>> campaigns.create("lusa", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}]).start()
        """
        self._native.leave_limits(self._sessions, self._limits)
        if self.status().state == "frozen":
            self._native.leave_start(self._number)

    def run(self, *, progress: Progress = False) -> Status:
        """Starts it and sends from this process, until nothing is left to be sent or looked up and WhatsApp has acknowledged what was sent, or
        has had a minute to. Whatever else is under way in the database goes on meanwhile.

        ``progress=True`` shows a bar on standard error, a function is called with each new :class:`Status`. When another process sends, this
        one follows it (``logging`` says whom), and takes its place when it ends. Ctrl-C begins nothing new, waits for what is under way, and raises
        ``KeyboardInterrupt``; a second one leaves at once. Run it again later, and it goes on.

        Raises:
            CampaignError: when it is paused, or was cancelled.
            SessionNotReady, UnknownSession, Unauthorized, NoAnswer: when nothing could be sent as things stand.
            StoreError: when the database fails.

        >>> campaign = campaigns.create("hari ini", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}], gap=0)
        >>> campaign.run().handed_over
        1
        """
        owner, shows = self._owner, shower(progress)
        stand = self._stand()
        state = stand.campaigns[0].state
        if state == "paused":
            raise CampaignError(f"{self.name!r} is paused: resume() it first")
        if state == "cancelled":
            raise CampaignError(f"{self.name!r} was cancelled, for good: make another one")
        if stand.runner is None and not stand.campaigns[0].is_over:
            owner._check(self._sessions)
        starts = [self._native.leave_start(self._number)] if state == "frozen" else []
        run = Run(self._native, [self._number], sessions=self._sessions, limits=self._limits, starts=starts)
        acknowledged = Acknowledged(has_acks=owner._has_acks)

        def is_done(stand: Stand) -> bool:
            is_over, status = acknowledged(stand), stand.campaigns[0]
            shows(status if is_over else _unfinished(status))
            return is_over

        owner._work(run, is_done)
        return self.status()

    def status(self) -> Status:
        """Where it stands, whoever sends.

        >>> print(campaign.status())
        tagihan: frozen, 2 scheduled
        """
        return self._stand().campaigns[0]

    def pause(self) -> int:
        """Stops sending until it is resumed. Returns when whoever sends has obeyed: how many messages were under way by then and cannot be stopped.

        >>> campaign = campaigns.create("nanti", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}])
        >>> campaign.pause()
        0
        >>> campaign.status().state
        'paused'
        """
        return self._native.command("pause", self._number)

    def resume(self) -> None:
        """Lets it go on: whoever sends goes on with it, or the next :meth:`run`.

        >>> campaign = campaigns.create("nanti lagi", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}])
        >>> campaign.pause()
        0
        >>> campaign.resume()
        >>> campaign.status().state
        'running'
        """
        self._native.command("resume", self._number)

    def cancel(self) -> int:
        """Ends it for good: what has not been sent never will be. Returns as :meth:`pause` does.

        >>> campaign = campaigns.create("jangan", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}])
        >>> campaign.cancel()
        0
        >>> campaign.status().counts["cancelled"]
        1
        """
        return self._native.command("cancel", self._number)

    def report(self, *states: str) -> Report:
        """What became of each person, or of those in these states.

        >>> [(it.row, it.state) for it in campaign.report()]
        [(1, 'scheduled'), (2, 'scheduled')]
        """
        return Report(self._native, self._number, states)

    @property
    def _native(self) -> _Store:
        return self._owner._native

    def _stand(self) -> Stand:
        return look(self._native, [self._number])

    def __repr__(self) -> str:
        return f"<Campaign {self.name!r}>"

    def _repr_html_(self) -> str:
        return self.status()._repr_html_()


def _unfinished(status: Status) -> Status:
    """Acknowledgements are still waited for."""
    import dataclasses

    return dataclasses.replace(status, is_over=False) if status.is_over else status


def _rows(rejected: builtins.list[dict[str, Any]]) -> builtins.list[RejectedRow]:
    return [RejectedRow(**it) for it in rejected]


def _file(text: str) -> str:
    for prefix in ("sqlite:///", "sqlite://", "sqlite:"):
        if text.startswith(prefix):
            text = text[len(prefix) :]
            break
    if not text or text == ":memory:":
        raise ValueError("database: give a file, or postgres://user@host/name; what is in memory would not survive a crash")
    if "://" in text:
        raise ValueError(f"database: {text.partition('://')[0]}:// is not known; give a file, or postgres://user@host/name")
    return text


def _gap(gap: Gap | None) -> tuple[float, float] | None:
    if gap is None or isinstance(gap, tuple):
        return gap
    return (gap, gap)


def _instant(name: str, given: datetime | None) -> str | None:
    if given is None:
        return None
    if given.tzinfo is None:
        raise ValueError(f"{name}: say of which time zone it is, as by tzinfo=ZoneInfo('Asia/Jakarta')")
    return given.isoformat()


def _rendered(message: str | Message | Rendered) -> Rendered:
    if isinstance(message, str):
        return Message("{{ text }}").render(text=message)
    return message.render() if isinstance(message, Message) else message


def _anchored(message: Message) -> Message:
    """A relative path begins at the current folder, from now on: whoever sends may have another one."""
    definition = json.loads(message.to_json())
    for part in ("image", "file"):
        source = definition.get(part)
        if source and not source.lstrip().startswith("{{") and "://" not in source:
            definition[part] = os.path.abspath(source)
    return Message.from_json(json.dumps(definition))
