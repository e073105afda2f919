"""Campaigns that go out through a Python class: everybody once, and the truth about each."""

from __future__ import annotations

import asyncio
import logging
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from waha_campaign import (
    Campaign,
    Campaigns,
    Finding,
    Gateway,
    InvalidPhone,
    MaybeSent,
    Message,
    NoAnswer,
    NotHandedOver,
    Observation,
    Refused,
    ReportRow,
    Sending,
    Sent,
    SessionNotReady,
    Status,
    Unauthorized,
    UnknownSession,
    Unsupported,
)

ACCOUNT = "+6281200000001"
CANNOT_LOOK = "the gateway cannot look messages up: only the provider or the recipient can tell"
MESSAGE = "Halo {{ nama }}"
FAST: dict[str, Any] = {"gap": 0, "per_day": math.inf}
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks are Unix's")


class Double(Gateway):
    """Does what it is told to, and remembers what it was asked."""

    account = ACCOUNT
    absence_horizon = 0.2

    def __init__(self, does: Callable[[Sending], Any] = lambda message: message.message_id) -> None:
        self.does = does
        self.asked: list[Sending] = []

    def send(self, message: Sending, /) -> Any:
        self.asked.append(message)
        return self.does(message)

    @property
    def times(self) -> Counter[str]:
        return Counter(it.phone for it in self.asked)


class AsyncDouble(Double):
    async def send(self, message: Sending, /) -> Any:
        self.asked.append(message)
        await asyncio.sleep(0)
        return self.does(message)


def people(count: int) -> list[dict[str, Any]]:
    return [{"nama": f"Orang {it}", "hp": f"0812{10_000_000 + it}"} for it in range(count)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "tagihan.db"


@contextmanager
def made(database: Path, gateway: Gateway, count: int = 1, **given: Any) -> Iterator[Campaign]:
    with Campaigns(database, gateway=gateway) as campaigns:
        yield campaigns.create("tagihan", MESSAGE, people(count), **{**FAST, **given})


def row(campaign: Campaign) -> ReportRow:
    [row] = campaign.report()
    return row


@contextmanager
def running(campaign: Campaign) -> Iterator[list[Status]]:
    """Has it run in another thread, until it has ended."""
    ended: list[Status] = []
    thread = threading.Thread(target=lambda: ended.append(campaign.run()))
    thread.start()
    yield ended
    thread.join()


@pytest.mark.parametrize("kind", [Double, AsyncDouble])
def test_everybody_gets_it_once_whatever_the_form_of_the_method(kind: type[Double], database: Path) -> None:
    gateway = kind()
    with made(database, gateway, 500) as campaign:
        assert campaign.plan().to_send == 500
        status = campaign.run()
        assert (status.handed_over, status.is_over, status.counts["accepted"]) == (500, True, 500)
    assert len(gateway.times) == len(gateway.asked) == 500
    assert len({it.message_id for it in gateway.asked}) == 500
    with made(database, gateway, 500) as campaign:
        assert not campaign.is_new and campaign.run().handed_over == 500
    assert len(gateway.asked) == 500


def test_a_method_is_given_all_of_the_message(database: Path, tmp_path: Path) -> None:
    (tmp_path / "1.pdf").write_bytes(b"%PDF")
    gateway = Double()
    with Campaigns(database, gateway=gateway) as campaigns:
        message = Message("Halo {{ nama }}", file=str(tmp_path / "1.pdf"))
        campaigns.create("tagihan", message, people(1), session="kasir", **FAST).run()
    [asked] = gateway.asked
    assert asked == Sending(asked.message_id, "kasir", "+6281210000000", "file", "Halo Orang 0", str(tmp_path / "1.pdf"))
    assert asked.message_id.startswith("3EB0")


def test_a_frozen_dataclass_may_be_a_gateway(database: Path) -> None:
    @dataclass(frozen=True)
    class Frozen(Gateway):
        account: str = ACCOUNT

        def send(self, message: Sending, /) -> Sent:
            return Sent(id=f"true_{message.phone[1:]}@c.us_{message.message_id}")

    with made(database, Frozen()) as campaign:
        assert campaign.run().handed_over == 1


def raises(error: BaseException) -> Callable[[Sending], Any]:
    def does(message: Sending) -> Any:
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Refused("no such number"), "failed"),
        (Unsupported("not by this provider"), "failed"),
        (MaybeSent("its answer was lost"), "unconfirmed"),
        (NoAnswer("a question without an answer"), "unconfirmed"),
        (OSError("connection reset"), "unconfirmed"),
        (ConnectionRefusedError(), "unconfirmed"),
        (TimeoutError("too late"), "unconfirmed"),
        (asyncio.CancelledError(), "unconfirmed"),
        (KeyboardInterrupt(), "unconfirmed"),
        (SystemExit(1), "unconfirmed"),
        (ValueError("half a character: \ud83d"), "unconfirmed"),
    ],
)
@pytest.mark.parametrize("kind", [Double, AsyncDouble])
def test_what_an_exception_says_is_what_the_report_says(
    error: BaseException, state: str, kind: type[Double], database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = kind(raises(error))
    with made(database, gateway) as campaign:
        campaign.run()
        assert row(campaign).state == state
        assert row(campaign).message == (str(error) if state == "failed" else CANNOT_LOOK)
        campaign.run()
    assert len(gateway.asked) == 1, "what may have been sent is never sent again"
    is_meant = isinstance(error, (Refused, MaybeSent))
    told = [it for it in caplog.records if it.name == "waha_campaign.gateway"]
    assert bool(told) != is_meant
    for it in told:
        assert "may have been sent" in it.getMessage() and gateway.asked[0].phone not in it.getMessage()
        assert it.exc_info is not None and it.exc_info[1] is error


@pytest.mark.parametrize("nonsense", [None, True, 0, 3, "", b"3EB0", ["3EB0"], object(), Sent])
def test_what_is_no_answer_leaves_it_unconfirmed(nonsense: Any, database: Path, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Double(lambda message: nonsense)
    with made(database, gateway) as campaign:
        campaign.run()
        assert row(campaign).state == "unconfirmed"
        campaign.run()
    assert len(gateway.asked) == 1 and "no answer" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        NotHandedOver("no connection"),
        NotHandedOver("busy", retry_after=0.01),
        Refused("too many requests", retry_after=0.01),
        SessionNotReady("it starts", status="STARTING"),
        SessionNotReady("it starts"),
        Unauthorized("the token has expired"),
    ],
)
def test_what_was_certainly_not_sent_is_tried_again_until_it_is(error: BaseException, database: Path) -> None:
    errors = [error]

    def does(message: Sending) -> str:
        if errors:
            raise errors.pop()
        return message.message_id

    gateway = Double(does)
    with made(database, gateway) as campaign:
        assert campaign.run().handed_over == 1
    assert len(gateway.asked) == 2 and len({it.message_id for it in gateway.asked}) == 1


def test_what_is_no_look_up_and_no_look_leaves_things_as_they_are(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Double):
        def find(self, message: Finding, /) -> Any:
            return "somewhere"

    with made(database, Odd(raises(OSError())), **FAST) as campaign:
        campaign.run()
        assert row(campaign).state == "unconfirmed" and "find()" in caplog.text


@pytest.mark.parametrize("found", ["sent", "delivered", "read", "played"])
def test_a_doubt_is_settled_by_a_look_up(found: Literal["sent", "delivered", "read", "played"], database: Path) -> None:
    class Finds(Double):
        def find(self, message: Finding, /) -> Literal["sent", "delivered", "read", "played"]:
            assert (message.session, message.phone) == ("default", "+6281210000000")
            return found

    gateway = Finds(raises(OSError()))
    with made(database, gateway) as campaign:
        campaign.run()
        assert row(campaign).state == found
    assert len(gateway.asked) == 1


def test_absent_is_not_believed_without_proof(database: Path) -> None:
    class Forgets(Double):
        """Finds nothing at all, not even what it has sent."""

        def find(self, message: Finding, /) -> Literal["absent"]:
            return "absent"

        def observe(self, session: str, /) -> Observation:
            return Observation(ACCOUNT, up_since=None)

    def does(message: Sending) -> str:
        if message.phone.endswith("0"):
            raise OSError
        return message.message_id

    gateway = Forgets(does)
    with made(database, gateway, 3) as campaign:
        campaign.run()
        assert campaign.status().counts["unconfirmed"] == 1
    assert max(gateway.times.values()) == 1


class Barrier(Gateway):
    """Answers nobody before so many are under way at the same time."""

    def __init__(self, parties: int) -> None:
        self.barrier = threading.Barrier(parties, timeout=60)

    def observe(self, session: str, /) -> Observation:
        return Observation(f"+62812000000{session}")

    def send(self, message: Sending, /) -> str:
        self.barrier.wait()
        return message.message_id


class AsyncBarrier(Barrier):
    def __init__(self, parties: int) -> None:
        self.parties, self.has_come = parties, 0
        self.event: asyncio.Event | None = None

    async def send(self, message: Sending, /) -> str:  # type: ignore[override]
        self.event = self.event or asyncio.Event()
        self.has_come += 1
        if self.has_come == self.parties:
            self.event.set()
        await asyncio.wait_for(self.event.wait(), 60)
        return message.message_id


@pytest.mark.parametrize("kind", [Barrier, AsyncBarrier])
def test_two_hundred_slow_messages_are_under_way_at_once(kind: type[Barrier], database: Path) -> None:
    # An account has sixteen under way: thirteen accounts have more than two hundred.
    with made(database, kind(200), 200, session=[f"{it:02}" for it in range(13)]) as campaign:
        assert campaign.run().handed_over == 200


def test_a_method_that_is_stopped_in_time_is_not_called(database: Path) -> None:
    class Blocks(Gateway):
        """An event loop that is kept busy by the first message, so that the others wait for their turn."""

        account = ACCOUNT

        def __init__(self) -> None:
            self.asked: list[str] = []
            self.is_asked, self.may_go_on = threading.Event(), threading.Event()

        async def send(self, message: Sending, /) -> str:
            self.asked.append(message.phone)
            self.is_asked.set()
            assert self.may_go_on.wait(60)
            return message.message_id

        def observe(self, session: str, /) -> Observation:
            return Observation(ACCOUNT)

    gateway = Blocks()
    with made(database, gateway, 10) as campaign, running(campaign) as ended:
        assert gateway.is_asked.wait(60)
        paused = threading.Thread(target=campaign.pause)
        paused.start()
        # The gate is shut as soon as the campaign is paused; those under way are waited for.
        while campaign.status().state != "paused":
            pass
        gateway.may_go_on.set()
        paused.join()
        assert len(gateway.asked) == 1 and campaign.status().counts["scheduled"] == 9
        campaign.resume()
    assert ended[0].handed_over == 10 and len(set(gateway.asked)) == len(gateway.asked) == 10


@pytest.mark.parametrize("is_async", [False, True])
def test_a_gateway_that_hangs_is_given_up_and_what_it_says_later_counts(
    is_async: bool, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Hangs(Double):
        timeout = 1.0
        absence_horizon = 60.0

        def __init__(self) -> None:
            super().__init__()
            self.may_go_on, self.was_cancelled = threading.Event(), threading.Event()

    class HangsPlainly(Hangs):
        def send(self, message: Sending, /) -> str:
            self.asked.append(message)
            assert self.may_go_on.wait(60)
            return message.message_id

    class HangsAwaited(Hangs):
        async def send(self, message: Sending, /) -> str:
            self.asked.append(message)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.was_cancelled.set()
            return message.message_id

    gateway = HangsAwaited() if is_async else HangsPlainly()
    with made(database, gateway) as campaign, running(campaign):
        while campaign.status().counts["unconfirmed"] == 0 or "may have been sent" not in caplog.text:
            pass
        if is_async:
            assert gateway.was_cancelled.wait(60)
            campaign._owner.stop()
        else:
            gateway.may_go_on.set()
            while campaign.status().counts["accepted"] == 0:
                pass
    assert len(gateway.asked) == 1


def test_acks_are_in_the_report(database: Path) -> None:
    class Acknowledges(Double):
        has_acks = True

    def does(message: Sending) -> Any:
        # Another id than the one that was proposed, and told of before it is answered.
        number, own_id = int(message.phone[-1]), f"wamid.{message.phone}"
        for state in ("sent", "delivered", "read", "failed")[number : number + 1]:
            gateway.tell(own_id, state)  # type: ignore[arg-type]
            gateway.tell(own_id, "accepted")
        return own_id

    gateway = Acknowledges(does)
    gateway.tell("nobody listens yet", "read")
    with made(database, gateway, 4) as campaign:
        campaign.run()
        assert [it.state for it in campaign.report()] == ["sent", "delivered", "read", "failed"]
        with pytest.raises(ValueError, match="lost"):
            gateway.tell("x", "lost")  # type: ignore[arg-type]
    gateway.tell("nobody listens any more", "read")


def test_a_run_until_idle_waits_for_what_becomes_of_single_messages_as_of_campaigns(database: Path) -> None:
    class Acknowledges(Double):
        has_acks = True

    def does(message: Sending) -> str:
        # Longer than it takes to see that nothing is left to be sent.
        threading.Timer(1.0, gateway.tell, (message.message_id, "sent")).start()
        return message.message_id

    gateway = Acknowledges(does)
    with made(database, gateway) as campaign:
        owner = campaign._owner
        campaign.start()
        owner.run(until_idle=True)
        assert row(campaign).state == "sent"
        owner.enqueue("invoice-42", "0812-3456-7890", "Halo")
        owner.run(until_idle=True)
        assert owner.message("invoice-42").state == "sent"


def test_a_key_is_sent_once(database: Path) -> None:
    gateway = Double()
    with Campaigns(database, gateway=gateway) as campaigns:
        for _ in range(2):
            assert campaigns.send_once("invoice-42", "0812-3456-7890", "Halo").is_handed_over
        assert campaigns.enqueue("invoice-43", "0812-3456-7890", "Halo").state == "scheduled"
        campaigns.run(until_idle=True)
    assert len(gateway.asked) == 2


def test_numbers_are_checked_where_the_gateway_can(database: Path) -> None:
    class Checks(Double):
        def check(self, session: str, phone: str, /) -> bool:
            return not phone.endswith("0")

    gateway = Checks()
    with made(database, gateway, 2, check="new") as campaign:
        campaign.run()
        assert [it.reason for it in campaign.report()] == ["not_on_whatsapp", None]
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (SessionNotReady("it starts", status="SCAN_QR_CODE"), SessionNotReady),
        (UnknownSession("no such thing"), UnknownSession),
        (Unauthorized("no"), Unauthorized),
        (NotHandedOver("down"), NoAnswer),
        (ZeroDivisionError("a mistake"), NoAnswer),
    ],
)
def test_how_a_session_stands_is_told_at_once(
    error: Exception, raised: type[Exception], database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Observes(Double):
        def observe(self, session: str, /) -> Observation:
            raise error

    with made(database, Observes()) as campaign, pytest.raises(raised) as caught:
        campaign.run()
    assert ("ZeroDivisionError" in caplog.text) == isinstance(error, ZeroDivisionError)
    assert getattr(caught.value, "status", "SCAN_QR_CODE") == "SCAN_QR_CODE"


def test_what_makes_no_gateway_is_said_when_it_is_given(database: Path) -> None:
    class Nobody(Gateway):
        def send(self, message: Sending, /) -> str:
            return message.message_id

    class Hasty(Double):
        timeout = 0

    class Wrong(Double):
        account = "021"

    class Half(Gateway):
        account = ACCOUNT

    with pytest.raises(TypeError, match="gateway"):
        Campaigns(database, gateway=Double(), url="http://localhost:3000")
    with pytest.raises(TypeError, match="gateway"):
        Campaigns(database, gateway=Double(), api_key="secret")
    with pytest.raises(TypeError, match="waha_campaign.Gateway"):
        Campaigns(database, gateway=object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="account"):
        Campaigns(database, gateway=Nobody())
    with pytest.raises(ValueError, match="timeout"):
        Campaigns(database, gateway=Hasty())
    with pytest.raises(InvalidPhone):
        Campaigns(database, gateway=Wrong())
    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


SENDS = """
import sys, time
from pathlib import Path
from waha_campaign import Campaigns, Gateway
from sender import people

class Slow(Gateway):
    account = "+6281200000001"
    def send(self, message):
        print("asked", flush=True)
        {does}
        return message.message_id

with Campaigns(sys.argv[1], gateway=Slow()) as campaigns:
    campaigns.create("tagihan", "Halo {{{{ nama }}}}", people(100), gap=0.02, per_day=float("inf")).run()
"""


@contextmanager
def spawned(does: str, database: Path) -> Iterator[subprocess.Popen[str]]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, "-c", SENDS.format(does=does), str(database)]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(words, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
        assert sender.stdout is not None and sender.stdout.readline() == "asked\n"
        yield sender


@unix
def test_ctrl_c_leaves_nothing_in_doubt(database: Path) -> None:
    with spawned("time.sleep(0.01)", database) as sender:
        sender.send_signal(signal.SIGINT)
        said, error = sender.communicate(timeout=60)
    assert sender.returncode != 0 and error.rstrip().endswith("KeyboardInterrupt")
    with Campaigns(database, gateway=Double()) as campaigns:
        counts = campaigns.open("tagihan").status().counts
    assert counts["sending"] == counts["unconfirmed"] == 0 < counts["scheduled"]
    assert counts["accepted"] == 1 + said.count("asked")


@unix
def test_a_second_ctrl_c_leaves_a_gateway_that_hangs(database: Path) -> None:
    with spawned("time.sleep(600)", database) as sender:
        sender.send_signal(signal.SIGINT)
        while sender.poll() is None:
            # A handler that has been run once waits for what is under way; the next one leaves.
            sender.send_signal(signal.SIGINT)
            try:
                sender.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        error = sender.stderr.read() if sender.stderr else ""
    assert "KeyboardInterrupt" in error and "Fatal" not in error and sender.returncode in (1, 130, -signal.SIGINT)
    gateway = Double()
    with Campaigns(database, gateway=gateway) as campaigns, running(campaigns.open("tagihan")):
        while campaigns.open("tagihan").status().counts["unconfirmed"] == 0:
            pass
        campaigns.stop()
    with Campaigns(database, gateway=gateway) as campaigns:
        [doubt] = campaigns.open("tagihan").report("unconfirmed")
    assert doubt.phone not in gateway.times


ENDS = """
import sys, threading, time
from waha_campaign import Campaigns, Gateway
from sender import people

class Provider(Gateway):
    account = "+6281200000001"
    {form} send(self, message):
        is_asked.set()
        {does}
        return message.message_id

is_asked = threading.Event()
campaigns = Campaigns(sys.argv[1], gateway=Provider())
campaign = campaigns.create("tagihan", "Halo {{{{ nama }}}}", people(2_000), gap=0, per_day=float("inf"))
threading.Thread(target=campaign.run, daemon=True).start()
is_asked.wait()
sys.exit(3)
"""


@pytest.mark.parametrize("form", ["def", "async def"])
@pytest.mark.parametrize("does", ["time.sleep(600)", "time.sleep(0.001)", "pass"])
def test_a_program_may_end_while_messages_are_under_way(form: str, does: str, database: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, "-c", ENDS.format(form=form, does=does), str(database)]
    ended = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 3, ended.stderr
    assert "Fatal" not in ended.stderr and "panicked" not in ended.stderr


def in_child(campaign: Campaign, gateway: Double, told: Any) -> None:
    try:
        campaign.run()
    except RuntimeError as error:
        told.put((str(error), len(gateway.asked)))


@unix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_sends_nothing(database: Path) -> None:
    gateway = Double()
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    with made(database, gateway, 3) as campaign:
        campaign._owner._check(["default"])
        child = context.Process(target=in_child, args=(campaign, gateway, told))
        child.start()
        error, asked = told.get()
        child.join(10)
        assert "before a fork" in error and asked == 0
        assert campaign.run().handed_over == 3


def test_nothing_is_left_behind(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    before = set(threading.enumerate())
    for kind in (Double, AsyncDouble):
        with made(database.with_suffix(f".{kind.__name__}"), kind(), 50) as campaign:
            campaign.run()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert not set(threading.enumerate()) - before and not caplog.records
