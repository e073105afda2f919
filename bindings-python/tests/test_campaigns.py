"""Campaigns: made of lists, sent once, followed, stopped and gone on with."""

from __future__ import annotations

import json
import logging
import math
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from waha_campaign import (
    AudienceError,
    Campaign,
    CampaignError,
    Campaigns,
    InvalidPhone,
    Message,
    NameTaken,
    NoAnswer,
    SessionNotReady,
    Status,
    StoreError,
    TemplateError,
    Unauthorized,
    UnknownCampaign,
    UnknownSession,
)
from waha_campaign.simulator import Simulator

MESSAGE = Message("Halo {{ nama }}, tagihan {{ jumlah | rupiah }}.")
PEOPLE: list[dict[str, Any]] = [
    {"nama": "Budi", "hp": "0812-3456-7890", "jumlah": 250_000},
    {"nama": "Siti", "hp": "0813 1111 2222", "jumlah": 175_000.0},
]
FAST: dict[str, Any] = {"gap": 0, "per_day": math.inf}
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks are Unix's")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=20.0) as simulator:
        yield simulator


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "tagihan.db"


@pytest.fixture
def campaigns(simulator: Simulator, database: Path) -> Iterator[Campaigns]:
    with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as campaigns:
        yield campaigns


def many(count: int) -> list[dict[str, Any]]:
    return [{"nama": f"Orang {it}", "hp": f"0812{10_000_000 + it}", "jumlah": it + 1} for it in range(count)]


def until(is_so: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it does not come to be so"
        time.sleep(0.02)


def test_everybody_on_a_list_gets_it_and_the_report_says_so(campaigns: Campaigns, simulator: Simulator) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, PEOPLE, phone="hp", **FAST)
    assert campaign.is_new and campaign.rejected == []
    assert campaign.status().state == "frozen" and campaign.status().total == 2
    status = campaign.run()
    assert (status.state, status.handed_over, status.is_over, status.runner) == ("completed", 2, True, None)
    report = list(campaign.report())
    assert [(it.row, it.phone, it.values["nama"]) for it in report] == [(1, "+6281234567890", "Budi"), (2, "+6281311112222", "Siti")]
    assert {it.state for it in report} <= {"sent", "delivered", "read"}
    assert report[0].account == "+6281200000001" and report[0].changed_at.tzinfo is timezone.utc
    assert sorted(it["chat"] for it in simulator.ledger()) == ["6281234567890", "6281311112222"]


def test_a_script_that_is_run_again_sends_nothing_twice(campaigns: Campaigns, simulator: Simulator) -> None:
    rows = [*PEOPLE, {"nama": "Kantor", "hp": "021 5550 1234", "jumlah": 1}]
    first = campaigns.create("tagihan", MESSAGE, rows, **FAST)
    first.run()
    again = campaigns.create("tagihan", MESSAGE, rows, **FAST)
    assert not again.is_new and again.rejected == first.rejected and len(again.rejected) == 1
    assert again.run().handed_over == 2
    assert len(simulator.ledger()) == 2


def test_a_name_that_stands_for_something_else_is_refused_with_what_differs(campaigns: Campaigns) -> None:
    campaigns.create("tagihan", MESSAGE, PEOPLE)
    with pytest.raises(NameTaken, match="file") as caught:
        campaigns.create("tagihan", MESSAGE, PEOPLE[:1])
    assert caught.value.name == "tagihan" and list(caught.value.differs) == ["file"]
    with pytest.raises(NameTaken) as caught:
        campaigns.create("tagihan", "Halo {{ nama }}", PEOPLE)
    assert list(caught.value.differs) == ["message"]


def test_rows_that_cannot_be_written_to_are_told_and_raise_nothing(campaigns: Campaigns) -> None:
    rows = [
        {"nama": "Budi", "hp": "0812-3456-7890", "jumlah": 1},
        {"nama": "Kantor", "hp": "021 5550 1234", "jumlah": 1},
        {"nama": "Budi lagi", "hp": "+62 812 3456 7890", "jumlah": 1},
        {"nama": "", "hp": "0813 1111 2222", "jumlah": 1},
        {"nama": "Ani", "hp": "0813 1111 2223", "jumlah": "banyak"},
        {"nama": "Eko", "hp": None, "jumlah": 1},
        {"nama": "Eko", "hp": ["x"], "jumlah": 1},
    ]
    campaign = campaigns.create("tagihan", MESSAGE, rows)
    told = [(it.row, it.column, it.reason) for it in campaign.rejected]
    assert told == [
        (2, "hp", "landline"),
        (3, "hp", "duplicate"),
        (4, "nama", "missing_value"),
        (5, "jumlah", "bad_value"),
        (6, "hp", "invalid_number"),
        (7, "hp", "invalid_number"),
    ]
    assert all(it.message and it.remedy for it in campaign.rejected)
    assert (campaign.status().total, campaign.status().rejected) == (1, 6)
    with pytest.raises(CampaignError, match="create"):
        assert campaigns.open("tagihan").rejected


def test_half_a_character_costs_its_row_only(campaigns: Campaigns) -> None:
    people = [*PEOPLE, {"nama": "Ani \ud83d", "hp": "0812-1111-2222", "jumlah": 1}]
    campaign = campaigns.create("tagihan", MESSAGE, people)
    assert [(it.row, it.reason) for it in campaign.rejected] == [(3, "unreadable_row")]
    assert campaign.status().total == 2


def test_who_came_on_an_earlier_page_is_a_duplicate_by_the_row_of_the_list(campaigns: Campaigns) -> None:
    rows = [*many(6_000), {"nama": "Lagi", "hp": "0812-10000006", "jumlah": 1}]
    first = campaigns.create("tagihan", MESSAGE, rows)
    assert [(it.row, it.reason) for it in first.rejected] == [(6_001, "duplicate")]
    assert "row 7" in first.rejected[0].message
    assert first.status().total == 6_000
    again = campaigns.create("tagihan", MESSAGE, rows)
    assert [it.row for it in again.rejected] == [6_001] and "row 7" in again.rejected[0].message
    assert [it.row for it in first.report()] == list(range(1, 6_001))


def test_a_key_tells_several_rows_of_one_phone_apart(campaigns: Campaigns, simulator: Simulator) -> None:
    rows = [{**PEOPLE[0], "no": "INV-1"}, {**PEOPLE[0], "no": "INV-2"}, {**PEOPLE[0], "no": "INV-1"}]
    campaign = campaigns.create("tagihan", "Halo {{ nama }}, {{ no }}", rows, key="no", **FAST)
    assert [it.row for it in campaign.rejected] == [3]
    campaign.run()
    assert [it.key for it in campaign.report()] == ["INV-1", "INV-2"] and len(simulator.ledger()) == 2


def list_of(form: str, folder: Path) -> Any:
    """The same two people in every form."""
    Person = namedtuple("Person", ["nama", "hp", "jumlah"])
    columns = {"nama": ["Budi", "Siti"], "hp": ["0812-3456-7890", "0813 1111 2222"], "jumlah": [250_000, 175_000]}
    if form == "dicts":
        return PEOPLE
    if form == "generator":
        return (it for it in PEOPLE)
    if form == "named tuples":
        return [Person(*it.values()) for it in PEOPLE]
    if form == "sqlite3":
        base = sqlite3.connect(":memory:")
        base.row_factory = sqlite3.Row
        base.execute("CREATE TABLE orang (nama, hp, jumlah)")
        base.executemany("INSERT INTO orang VALUES (?, ?, ?)", zip(*columns.values()))
        return base.execute("SELECT * FROM orang")
    if form == "pandas":
        return pytest.importorskip("pandas").DataFrame({**columns, "jumlah": [250_000.0, 175_000.0]})
    if form == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    if form == "arrow":
        return pytest.importorskip("pyarrow").table(columns)
    file = folder / "orang; ini, itu.csv"
    file.write_text("nama;hp;jumlah\nBudi;0812-3456-7890;250000\nSiti;0813 1111 2222;175000\n", encoding="utf-8")
    return file if form == "csv" else str(file)


@pytest.mark.parametrize("form", ["dicts", "generator", "named tuples", "sqlite3", "pandas", "polars", "arrow", "csv", "csv as text"])
def test_a_list_comes_in_any_form(form: str, campaigns: Campaigns, tmp_path: Path) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, list_of(form, tmp_path), phone="hp")
    rows = list(campaign.report())
    assert [(it.phone, it.values["nama"], it.values["jumlah"]) for it in rows] == [
        ("+6281234567890", "Budi", "250000"),
        ("+6281311112222", "Siti", "175000"),
    ]
    assert [it.row for it in rows] == ([2, 3] if form.startswith("csv") else [1, 2])


def test_what_is_in_the_cells_does_not_change_how_they_are_read(campaigns: Campaigns) -> None:
    rows = [
        {"nama": 'Budi "Si; Kecil", \n\tSantoso', "hp": "081234567890", "alamat; jalan": "a;b;c;d", "aktif": True, "daftar": [1, 2]},
        {"nama": "hp", "hp": "081234567891", "alamat; jalan": "x|y|z\tw", "aktif": None, "daftar": None},
    ]
    campaign = campaigns.create("tagihan", "Halo {{ nama }}", iter(rows))
    values = [it.values for it in campaign.report()]
    assert values[0] == {
        "nama": 'Budi "Si; Kecil", \n\tSantoso',
        "hp": "+6281234567890",
        "alamat; jalan": "a;b;c;d",
        "aktif": "True",
        "daftar": "[1, 2]",
    }
    assert values[1]["nama"] == "hp" and values[1]["alamat; jalan"] == "x|y|z\tw"
    with pytest.raises(TypeError, match="place 0 of the list, aktif"):
        campaigns.create("lain", "Halo {{ aktif }}", rows)


def test_a_list_that_gives_nobody_is_an_error(campaigns: Campaigns, tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match="nobody"):
        campaigns.create("a", "Halo", [])
    with pytest.raises(AudienceError) as caught:
        campaigns.create("b", "Halo", [{"hp": "021 5550 1234"}])
    assert [it.reason for it in caught.value.rejected] == ["landline"]
    with pytest.raises(AudienceError, match="no column holds phone numbers"):
        campaigns.create("c", "Halo", [{"nama": "Budi", "tipe": "x"}, {"nama": "hp", "tipe": "whatsapp"}])
    with pytest.raises(AudienceError, match="cannot read"):
        campaigns.create("d", "Halo", tmp_path / "tidak ada.csv")
    with pytest.raises(TemplateError, match="jumlah"):
        campaigns.create("e", MESSAGE, [{"nama": "Budi", "hp": "081234567890"}])
    for wrong in (3, b"x", {"hp": "0812"}):
        with pytest.raises(TypeError, match="audience"):
            campaigns.create("f", "Halo", wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="place 0"):
        campaigns.create("f", "Halo", ["0812"])
    with pytest.raises(ValueError, match="place 1 .*'x'"):
        campaigns.create("f", "Halo", iter([{"hp": "081234567890"}, {"hp": "081234567891", "x": 1}]))
    assert campaigns.list() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": "reckless"},
        {"gap": (4, 2)},
        {"gap": -1},
        {"per_day": 0},
        {"per_day": 2.5},
        {"zone": "+7"},
        {"hours": "all day"},
        {"category": "spam"},
        {"priority": "highest"},
        {"weight": 0},
        {"session": []},
        {"region": "XX1"},
        {"starts_at": datetime(2030, 1, 1)},
        {"expires_at": datetime(2020, 1, 1, tzinfo=timezone.utc)},
    ],
)
def test_arguments_that_make_no_sense_are_named(wrong: dict[str, Any], campaigns: Campaigns) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        campaigns.create("tagihan", MESSAGE, PEOPLE, **wrong).plan()


def test_names_and_databases_are_checked(campaigns: Campaigns, tmp_path: Path) -> None:
    for name in ("", " a", "a:b", "a/b", "x" * 101):
        with pytest.raises(ValueError, match="name"):
            campaigns.create(name, MESSAGE, PEOPLE)
    with pytest.raises(UnknownCampaign, match="there is none yet") as caught:
        campaigns.open("tagihan")
    assert caught.value.name == "tagihan" and isinstance(caught.value, LookupError)
    for wrong in ("", "sqlite::memory:", "mysql://x/y"):
        with pytest.raises(ValueError, match="database"):
            Campaigns(wrong)
    with pytest.raises(StoreError) as failed:
        Campaigns(tmp_path / "nowhere" / "tagihan.db")
    assert not failed.value.is_unknown and "os error" not in str(failed.value)
    with Campaigns(f"sqlite:{tmp_path}/a.db") as one, Campaigns(f"sqlite:///{tmp_path}/b.db") as two:
        assert one.list() == two.list() == []
    assert (tmp_path / "a.db").exists() and (tmp_path / "b.db").exists()


def test_a_plan_says_how_long_it_takes_and_what_is_said(campaigns: Campaigns) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, many(100), limits="careful", hours="08:00-20:00")
    plan = campaign.plan()
    assert (plan.to_send, plan.rejected, plan.too_late, plan.skipped) == (100, 0, 0, {})
    assert sum(plan.per_day.values()) == 100 and plan.bottleneck in ("gap", "rest", "hours")
    assert [it.text for it in plan.previews][:1] == ["Halo Orang 0, tagihan Rp1."]
    assert plan.ends_at is not None and plan.ends_at - datetime.now(timezone.utc) > timedelta(hours=1)
    assert 100 * 30 < plan.seconds and "100 to send" in str(plan) and "<table>" in plan._repr_html_()
    faster = campaigns.create("cepat", MESSAGE, many(100), gap=1)
    assert 99 <= faster.plan().seconds <= 160
    assert campaigns.open("cepat").plan().seconds > 200, "limits that nobody named are the usual ones"


def test_progress_is_told_to_a_function(campaigns: Campaigns) -> None:
    told: list[Status] = []
    campaign = campaigns.create("tagihan", MESSAGE, many(40), gap=0.02, per_day=math.inf)
    campaign.run(progress=told.append)
    assert [it.done for it in told] == sorted(it.done for it in told)
    assert told[-1].is_over and told[-1].done == 40 and len(told) > 2
    assert all(one != other for one, other in zip(told, told[1:]))


def test_progress_is_shown_on_standard_error(campaigns: Campaigns, capsys: pytest.CaptureFixture[str]) -> None:
    campaigns.create("tagihan", MESSAGE, PEOPLE, **FAST).run(progress=True)
    assert "2 of 2" in capsys.readouterr().err


def test_a_report_is_a_table(campaigns: Campaigns) -> None:
    rows = [{**it, "state": "Jawa <b>"} for it in many(30)]
    campaign = campaigns.create("tagihan", MESSAGE, rows)
    report = campaign.report()
    names = ["row", "phone", "nama", "hp", "jumlah", "state_", "state", "reason", "changed_at", "account", "message"]
    assert list(report.to_dicts()[0]) == names
    html = report._repr_html_()
    assert "Jawa &lt;b&gt;" in html and html.count("<tr>") == 21 and "and more" in html
    assert campaign.report("failed")._repr_html_() == "<p>nobody</p>"
    with pytest.raises(ValueError, match="no state"):
        list(campaign.report("lost"))
    assert "scheduled" in campaign._repr_html_()


def test_a_report_is_a_data_frame(campaigns: Campaigns) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    campaign = campaigns.create("tagihan", MESSAGE, many(30))
    names = list(campaign.report().to_dicts()[0])
    frame = campaign.report().to_pandas()
    assert list(frame.columns) == names and len(frame) == 30 and set(frame["state"]) == {"scheduled"}
    assert list(campaign.report("failed").to_pandas().columns) == names
    assert campaign.report().to_polars().columns == names


def test_pause_resume_and_cancel_when_nobody_sends(campaigns: Campaigns, simulator: Simulator) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, PEOPLE, **FAST)
    other = campaigns.create("lain", MESSAGE, PEOPLE, **FAST)
    other.start()
    assert campaign.pause() == 0 and campaign.status().state == "paused"
    with pytest.raises(CampaignError, match="resume"):
        campaign.run()
    campaign.resume()
    assert campaign.status().state == "running" and simulator.ledger() == []
    assert campaign.cancel() == 0
    status = campaign.status()
    assert (status.state, status.counts["cancelled"], status.is_over) == ("cancelled", 2, True)
    with pytest.raises(CampaignError, match="cancelled"):
        campaign.run()
    with pytest.raises(CampaignError):
        campaign.resume()
    assert simulator.ledger() == [], "a command sends nothing of other campaigns"


def test_threads_share_one_object_and_a_command_reaches_the_one_that_sends(campaigns: Campaigns, simulator: Simulator) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, many(60), gap=0.05, per_day=math.inf)
    done: list[Status] = []
    thread = threading.Thread(target=lambda: done.append(campaign.run()))
    thread.start()
    until(lambda: len(simulator.ledger()) >= 3)
    campaign.pause()
    before = len(simulator.ledger())
    time.sleep(0.5)
    assert len(simulator.ledger()) == before < 60 and campaign.status().state == "paused"
    campaign.resume()
    second = campaigns.create("lain", "Hai {{ nama }}", many(3), **FAST)
    assert second.run().handed_over == 3
    thread.join()
    assert done[0].handed_over == 60 and simulator.verdict()["duplicates"] == 0


def test_stop_ends_a_run_that_goes_on_later(campaigns: Campaigns, simulator: Simulator) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, many(100), gap=0.05, per_day=math.inf)
    done: list[Status] = []
    thread = threading.Thread(target=lambda: done.append(campaign.run()))
    thread.start()
    until(lambda: len(simulator.ledger()) >= 3)
    campaigns.stop()
    thread.join(10)
    assert done[0].counts["sending"] == done[0].counts["unconfirmed"] == 0 < done[0].counts["scheduled"]
    assert done[0].runner is None
    campaigns.create("tagihan", MESSAGE, many(100), **FAST).run()
    assert len(simulator.ledger()) == 100 and simulator.verdict()["duplicates"] == 0


def test_a_key_is_sent_once(campaigns: Campaigns, simulator: Simulator) -> None:
    first = campaigns.send_once("invoice-42", "0812-3456-7890", "Halo {{ bukan variabel }}")
    again = campaigns.send_once("invoice-42", "0812-3456-7890", "Halo {{ bukan variabel }}")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.is_handed_over and again.is_handed_over and first.phone == "+6281234567890"
    assert len(simulator.ledger()) == 1
    with pytest.raises(NameTaken, match="invoice-42") as caught:
        campaigns.send_once("invoice-42", "0812-3456-7890", "Lain")
    assert list(caught.value.differs) == ["values"]
    rendered = MESSAGE.render(nama="Budi", jumlah=1)
    assert campaigns.send_once("invoice-43", "0812-3456-7890", rendered).is_handed_over
    assert campaigns.send_once("invoice-44", "0812-3456-7890", Message("Halo")).is_handed_over
    with pytest.raises(InvalidPhone):
        campaigns.send_once("invoice-45", "12", "Halo")
    assert campaigns.list() == []


def test_a_message_is_left_for_whoever_sends(campaigns: Campaigns, simulator: Simulator) -> None:
    left = campaigns.enqueue("invoice-42", "0812-3456-7890", "Halo")
    assert (left.state, left.is_new, left.is_handed_over) == ("scheduled", True, False)
    campaign = campaigns.create("tagihan", MESSAGE, PEOPLE, **FAST)
    campaign.start()
    assert simulator.ledger() == []
    campaigns.run(until_idle=True)
    assert len(simulator.ledger()) == 3
    assert campaigns.send_once("invoice-42", "0812-3456-7890", "Halo").is_handed_over


def test_a_run_until_idle_sends_every_message_that_was_left(campaigns: Campaigns, database: Path, simulator: Simulator) -> None:
    campaigns.create("lain", "Hai {{ nama }}", many(1), **FAST)
    for number in range(3):
        campaigns.enqueue(f"invoice-{number}", f"0812-3456-789{number}", "Halo", urgent=number == 0)
    # Whoever goes on after a crash asks by the keys.
    with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as again:
        assert [again.message(f"invoice-{number}").state for number in range(3)] == ["scheduled"] * 3
        again.run(until_idle=True)
        assert all(again.message(f"invoice-{number}").is_handed_over for number in range(3))
        again.run(until_idle=True)
    assert len(simulator.ledger()) == 3 and simulator.verdict()["duplicates"] == 0


def test_what_became_of_a_message_is_told_by_its_key(campaigns: Campaigns) -> None:
    campaigns.send_once("invoice-42", "0812-3456-7890", "Halo")
    found = campaigns.message(" invoice-42 ")
    assert found.is_handed_over and not found.is_new and found.phone == "+6281234567890"
    with pytest.raises(UnknownCampaign, match="invoice-43") as caught:
        campaigns.message("invoice-43")
    assert caught.value.name == "invoice-43"


def closed() -> str:
    """Hours of the day after tomorrow, in UTC."""
    day = datetime.now(timezone.utc) + timedelta(days=2)
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]} 08:00-20:00"


def test_a_message_waits_for_its_hours_and_is_skipped_when_it_is_too_late(campaigns: Campaigns, simulator: Simulator) -> None:
    about: dict[str, Any] = {"hours": closed(), "zone": "UTC"}
    sent = campaigns.send_once("invoice-42", "0812-3456-7890", "Halo", **about, wait=1.0)
    assert sent.state == "scheduled"
    # It outlives the call, and not the run below.
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    assert campaigns.enqueue("invoice-43", "0812-3456-7891", "Halo", **about, expires_at=soon).state == "scheduled"
    runs = threading.Thread(target=campaigns.run, kwargs={"until_idle": True})
    runs.start()
    until(lambda: campaigns.message("invoice-43").state == "skipped")
    campaigns.stop()
    runs.join()
    assert campaigns.message("invoice-43").reason == "expired" and simulator.ledger() == []
    again = campaigns.enqueue("invoice-43", "0812-3456-7891", "Halo", **about, expires_at=soon)
    assert (again.state, again.is_new) == ("skipped", False), "what was left in time may be left again"
    with pytest.raises(NameTaken) as caught:
        campaigns.enqueue("invoice-42", "0812-3456-7890", "Halo", expires_at=soon)
    assert {"hours", "zone", "expiry"} <= set(caught.value.differs)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": "all day"},
        {"zone": "+7"},
        {"category": "spam"},
        {"expires_at": datetime(2030, 1, 1)},
        {"expires_at": datetime(2020, 1, 1, tzinfo=timezone.utc)},
    ],
)
def test_a_message_is_not_left_with_what_makes_no_sense(wrong: dict[str, Any], campaigns: Campaigns) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        campaigns.enqueue("invoice-42", "0812-3456-7890", "Halo", **wrong)
    with pytest.raises(UnknownCampaign):
        campaigns.message("invoice-42")


def test_a_message_to_a_landline_is_left_only_where_that_is_meant(campaigns: Campaigns) -> None:
    with pytest.raises(InvalidPhone) as caught:
        campaigns.enqueue("invoice-42", "021 5550 1234", "Halo")
    assert caught.value.reason == "landline"
    assert campaigns.enqueue("invoice-42", "021 5550 1234", "Halo", landlines=True).phone == "+622155501234"


def test_a_run_until_idle_that_could_send_nothing_says_so(database: Path, simulator: Simulator) -> None:
    def run(**given: Any) -> None:
        with Campaigns(database, **{"url": simulator.url, "api_key": simulator.api_key, **given}) as campaigns:
            campaigns.enqueue("invoice-42", "0812-3456-7890", "Halo")
            campaigns.enqueue("invoice-43", "0812-3456-7890", "Halo", session="nobody")
            campaigns.run(until_idle=True)

    with pytest.raises(NoAnswer, match="127.0.0.1:9"):
        run(url="http://127.0.0.1:9")
    with pytest.raises(Unauthorized):
        run(api_key="wrong")
    simulator.unlink("default")
    with pytest.raises((SessionNotReady, UnknownSession)):
        run()
    assert simulator.ledger() == []
    with Campaigns(database.with_name("other.db"), url="http://127.0.0.1:9", api_key="") as campaigns:
        campaigns.run(until_idle=True)


def test_what_keeps_everything_from_being_sent_is_told_at_once(database: Path, simulator: Simulator) -> None:
    def run(session: str = "default", url: str = simulator.url, api_key: str = simulator.api_key) -> None:
        with Campaigns(database, url=url, api_key=api_key) as campaigns:
            campaigns.create(f"tagihan {session}", MESSAGE, PEOPLE, session=session).run()

    with pytest.raises(NoAnswer, match="127.0.0.1:9"):
        run(url="http://127.0.0.1:9")
    with pytest.raises(Unauthorized):
        run(api_key="wrong")
    with pytest.raises(UnknownSession, match="kasir"):
        run("kasir")
    simulator.unlink("default")
    with pytest.raises(SessionNotReady) as caught:
        run()
    assert caught.value.status not in ("WORKING", "working")
    assert simulator.ledger() == []


SENDS = """
import sys, logging
from waha_campaign import Campaigns
from sender import people
logging.basicConfig(level="INFO")
with Campaigns(sys.argv[1]) as campaigns:
    campaign = campaigns.create("tagihan", "Halo {{ nama }}, tagihan {{ jumlah | rupiah }}.", people(int(sys.argv[2])), gap=0.02, per_day=float("inf"))
    print("runs", flush=True)
    print(campaign.run().handed_over, flush=True)
"""


def spawned(words: list[str], simulator: Simulator) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "WAHA_URL": simulator.url, "WAHA_API_KEY": simulator.api_key, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, *words], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_second_process_follows_the_one_that_sends(
    campaigns: Campaigns, database: Path, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    with spawned(["-c", SENDS, str(database), "80"], simulator) as sender:
        until(lambda: len(simulator.ledger()) >= 3)
        caplog.set_level(logging.INFO, "waha_campaign")
        campaign = campaigns.open("tagihan")
        runner = campaign.status().runner
        assert runner is not None and str(sender.pid) in runner
        assert campaign.run().handed_over == 80
        assert sender.stdout is not None and sender.stdout.read().split() == ["runs", "80"]
    assert any(str(sender.pid) in it.getMessage() and "follow" in it.getMessage() for it in caplog.records)
    assert simulator.verdict()["duplicates"] == 0


@unix
def test_whoever_follows_takes_over_when_the_sender_dies(
    campaigns: Campaigns, database: Path, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="waha_campaign")
    with spawned(["-c", SENDS, str(database), "60"], simulator) as sender:
        until(lambda: len(simulator.ledger()) >= 3)
        done: list[Status] = []
        thread = threading.Thread(target=lambda: done.append(campaigns.open("tagihan").run()))
        thread.start()
        until(lambda: "following it" in caplog.text)
        sender.send_signal(signal.SIGKILL)
        sender.communicate()
        # What the dead one had under way is in doubt for a while, and here nobody waits for that.
        until(lambda: campaigns.open("tagihan").status().handed_over >= 50, seconds=90)
        campaigns.stop()
        thread.join()
    assert done[0].total == 60 and simulator.verdict()["duplicates"] == 0


@unix
@pytest.mark.parametrize("stop", [signal.SIGINT])
def test_ctrl_c_leaves_nothing_in_doubt(stop: signal.Signals, campaigns: Campaigns, database: Path, simulator: Simulator) -> None:
    with spawned(["-c", SENDS, str(database), "200"], simulator) as sender:
        until(lambda: len(simulator.ledger()) >= 5)
        sender.send_signal(stop)
        said, error = sender.communicate(timeout=30)
    assert sender.returncode != 0 and error.rstrip().endswith("KeyboardInterrupt") and said.split() == ["runs"]
    status = campaigns.open("tagihan").status()
    assert status.counts["sending"] == status.counts["unconfirmed"] == 0 < status.counts["scheduled"]
    assert status.runner is None and status.handed_over == len(simulator.ledger())


@unix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_one_process_sends_what_others_start(
    stop: signal.Signals, campaigns: Campaigns, database: Path, simulator: Simulator
) -> None:
    with spawned(["-m", "waha_campaign", "run", str(database), "--json"], simulator) as runner:
        until(lambda: runner.poll() is None and campaigns._native.look()["runner"] is not None)
        campaign = campaigns.create("tagihan", MESSAGE, PEOPLE, **FAST)
        campaign.start()
        until(lambda: campaign.status().handed_over == 2)
        sent = campaigns.send_once("kuitansi-1", "0812-3456-7890", "Terima kasih.")
        assert sent.is_handed_over and sent.is_new
        runner.send_signal(stop)
        said, log = runner.communicate(timeout=30)
    assert runner.returncode == 0, log
    lines = [json.loads(it) for it in said.splitlines()]
    assert lines[-1]["name"] == "tagihan" and lines[-1]["counts"]["scheduled"] == 0
    assert "tagihan: completed, 2 " in log and "stopped" in log and "Traceback" not in log


def test_the_program_says_how_it_is_used(simulator: Simulator, tmp_path: Path) -> None:
    with spawned(["-m", "waha_campaign", "run", "--help"], simulator) as helped:
        said, _ = helped.communicate(timeout=30)
    assert helped.returncode == 0 and "Example:" in said and "DATABASE" in said
    with spawned(["-m", "waha_campaign", "run", str(tmp_path / "no" / "x.db")], simulator) as failed:
        _, log = failed.communicate(timeout=30)
    assert failed.returncode == 1 and "Traceback" not in log


def in_child(campaigns: Campaigns, campaign: Campaign, told: Any) -> None:
    found = []
    for call in (campaign.status, campaign.run, lambda: campaigns.list(), lambda: campaigns.send_once("k", "0812-3456-7890", "Halo")):
        try:
            call()
            found.append("went on")
        except RuntimeError as error:
            found.append(str(error))
    # To be given up there, too, harms nobody.
    campaigns.close()
    told.put(found)


@unix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_to_open_its_own(campaigns: Campaigns, simulator: Simulator) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, PEOPLE, **FAST)
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    child = context.Process(target=in_child, args=(campaigns, campaign, told))
    child.start()
    found = told.get()
    child.join(10)
    assert child.exitcode == 0 and len(found) == 4 and all("before a fork" in it for it in found)
    assert campaign.run().handed_over == 2 and len(simulator.ledger()) == 2


def test_closed_campaigns_say_so(campaigns: Campaigns) -> None:
    campaign = campaigns.create("tagihan", MESSAGE, PEOPLE)
    campaigns.close()
    campaigns.close()
    with pytest.raises(RuntimeError, match="closed"):
        campaign.status()
    assert repr(campaign) == "<Campaign 'tagihan'>" and "tagihan.db" in repr(campaigns)


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(campaigns: Campaigns, tmp_path: Path) -> None:
    (tmp_path / "1.pdf").write_bytes(b"%PDF")
    rows = [{"hp": "081234567890", "no": 1}, {"hp": "081234567891", "no": 2}]
    campaign = campaigns.create("tagihan", Message(file=f"{tmp_path}/{{{{ no }}}}.pdf"), rows)
    assert [(it.row, it.reason) for it in campaign.rejected] == [(2, "bad_file")]
