"""The examples do what they say, run as their users run them: by the ledger, everybody once, however often they are run or killed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from waha_campaign import Campaigns, Client
from waha_campaign.simulator import Simulator

EXAMPLES = Path(__file__).parent.parent / "examples"
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
PHONES = [f"+628121000000{it}" for it in range(8)]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=20.0) as simulator:
        yield simulator


def spawned(simulator: Simulator | None, *words: str | Path, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}
    if simulator is not None:
        environment.update(WAHA_URL=simulator.url, WAHA_API_KEY=simulator.api_key)
    return subprocess.Popen(
        [sys.executable, *map(str, words)], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ran(simulator: Simulator | None, *words: str | Path, **more: str) -> tuple[int, str, str]:
    with spawned(simulator, *words, **more) as process:
        said, error = process.communicate(timeout=120)
    return process.returncode, said, error


def until(is_so: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it does not come to be so"
        time.sleep(0.02)


def hurry(database: Path, simulator: Simulator, gap: float = 0.0) -> None:
    """The account writes as fast as it can, or nearly so: limits stay until others are given."""
    with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as campaigns:
        campaigns.create(f"gap {gap}", "Halo", [{"hp": "0899-9999-9999"}], gap=gap, per_day=1_000_000).run()


def sent_to(simulator: Simulator) -> list[str]:
    """Whom messages were handed over for."""
    everybody = [f"+{it['chat']}" for it in simulator.ledger() if it["fate"] != "not-sent"]
    return sorted(it for it in everybody if it != "+6289999999999")


def in_the_middle(simulator: Simulator) -> None:
    until(lambda: len(sent_to(simulator)) >= 3)
    # Acknowledged by now, most likely: for what is not, the next run waits a minute.
    time.sleep(0.2)


def test_a_first_message_says_what_became_of_it() -> None:
    script = EXAMPLES / "first_message.py"
    with Simulator(speed=20.0) as simulator:
        code, said, _ = ran(simulator, script, "0812-3456-7890", "Halo!")
        assert code == 0 and said.startswith("WAHA has taken it: true_6281234567890@c.us_")
        for words, told in {("021", "Halo!"): "too short", ("0812-3456-7890",): "python first_message.py"}.items():
            code, said, error = ran(simulator, script, *words)
            assert code == 1 and not said and told in error
        assert len(simulator.ledger()) == 1
        simulator.unlink("default")
        code, _, error = ran(simulator, script, "0812-3456-7890", "Halo!")
        assert code == 1 and error.startswith("Not sent, WAHA says no: ")
    code, _, error = ran(None, script, "0812-3456-7890", "Halo!", WAHA_URL="http://127.0.0.1:9")
    assert code == 1 and error.startswith("Not sent, and it may be tried again: ")
    with Simulator(speed=20.0, faults={"answer-lost": 1.0}) as simulator:
        code, _, error = ran(simulator, script, "0812-3456-7890", "Halo!")
        assert code == 1 and error.startswith("It may have been sent.") and simulator.verdict()["handed"] == 1


class Reminders:
    """The script, with a list of people who are due."""

    script = EXAMPLES / "reminders.py"

    def __init__(self, folder: Path) -> None:
        self.database, self.list = folder / "reminders.db", folder / "invoices.csv"
        self.write([(f"INV-{it}", phone, "250000", 1 + it % 3) for it, phone in enumerate(PHONES)])

    def write(self, rows: list[tuple[str, str, str, int]]) -> None:
        lines = [f"{number},Budi,{phone},{amount},{date.today() + timedelta(days=days)}" for number, phone, amount, days in rows]
        self.list.write_text("\n".join(["number,name,phone,amount,due", *lines, ""]), encoding="utf-8")

    def words(self, *more: str) -> list[str | Path]:
        return [self.script, self.list, "--database", self.database, *more]


@pytest.fixture
def reminders(tmp_path: Path) -> Reminders:
    return Reminders(tmp_path)


def test_who_is_due_is_reminded_once_however_often_it_is_run(reminders: Reminders, simulator: Simulator) -> None:
    hurry(reminders.database, simulator)
    code, said, _ = ran(simulator, *reminders.words())
    assert (code, said) == (0, "8 due, 8 reminded now\n")
    assert ran(simulator, *reminders.words())[:2] == (0, "8 due, 8 reminded before\n")
    # Its amount has changed, it was mended, it is new, it is late, it is for later.
    more = [("INV-0", PHONES[0], "260000", 1), ("INV-X", "021 5550 1234", "1", 2), ("INV-9", "0812-1000-0009", "1", 3)]
    reminders.write([*more, ("INV-A", "0812-1000-0010", "1", -1), ("INV-B", "0812-1000-0011", "1", 4)])
    code, said, _ = ran(simulator, *reminders.words("--json"))
    told = json.loads(said)
    counts = {"due": 3, "reminded before": 1, "reminded now": 1, "rejected": 1}
    assert code == 3 and {it: told[it] for it in counts} == counts and "landline" in told["open"]["INV-X"][1]
    assert sent_to(simulator) == [*PHONES, "+6281210000009"]


@unix
def test_two_reminders_at_once_share_the_work(reminders: Reminders, simulator: Simulator) -> None:
    hurry(reminders.database, simulator, gap=0.1)
    with spawned(simulator, *reminders.words()) as one, spawned(simulator, *reminders.words()) as other:
        said = [it.communicate(timeout=120)[0] for it in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0)
    counts = [int(it) for it in re.findall(r"(\d+) reminded now", " ".join(said))]
    assert sum(counts) == 8 and sent_to(simulator) == PHONES


@unix
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_reminders_that_were_stopped_are_finished_by_the_next_run(
    stop: signal.Signals, reminders: Reminders, simulator: Simulator
) -> None:
    hurry(reminders.database, simulator, gap=0.5)
    with spawned(simulator, *reminders.words()) as process:
        in_the_middle(simulator)
        process.send_signal(stop)
        said, error = process.communicate(timeout=60)
    if stop != signal.SIGKILL:
        assert process.returncode == 7 and "waiting" in said and "Traceback" not in error
    assert len(sent_to(simulator)) < 8
    code, said, error = ran(simulator, *reminders.words())
    assert code == 0 and said.startswith("8 due, ") and "reminded before" in said, error
    assert sent_to(simulator) == PHONES


def test_reminders_end_with_a_code_for_each_trouble(reminders: Reminders, simulator: Simulator, tmp_path: Path) -> None:
    code, said, error = ran(None, *reminders.words(), WAHA_URL="http://127.0.0.1:9", WAHA_API_KEY="x")
    assert (code, said) == (4, "") and "no WAHA server answers" in error and "Traceback" not in error
    code, _, error = ran(simulator, *reminders.words("--minutes", "0.01"))
    assert code == 7
    reminders.list.write_text("number,name\n", encoding="utf-8")
    code, _, error = ran(simulator, *reminders.words())
    assert code == 3 and "there is no column amount, due, phone" in error
    reminders.write([("INV-1", "0812-3456-7890", "banyak", 1)])
    code, _, error = ran(simulator, *reminders.words())
    assert code == 3 and "line 2: " in error and "Traceback" not in error
    assert ran(simulator, reminders.script, tmp_path / "none.csv")[0] == 3
    assert ran(simulator, reminders.script)[0] == 2
    code, said, _ = ran(None, reminders.script, "--help")
    assert code == 0 and "Example" in said and "Exit codes" in said


def test_the_sample_of_invoices_fits_the_script(simulator: Simulator, tmp_path: Path) -> None:
    hurry(tmp_path / "reminders.db", simulator)
    words: list[str | Path] = [EXAMPLES / "invoices.csv", "--database", tmp_path / "reminders.db", "--today", "2026-11-23"]
    assert ran(simulator, Reminders.script, *words)[:2] == (
        3,
        '3 due, 2 reminded now, 1 rejected\nINV-2026-0103: rejected: "021 5550 1234" is a landline (+622155501234): '
        "give a mobile number, or allow landlines\n",
    )


class Project:
    """The Django project, with data of its own."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder, self.simulator = folder, simulator
        assert self.manage("migrate")[0] == 0

    def manage(self, *words: str) -> tuple[int, str, str]:
        return ran(self.simulator, EXAMPLES / "django_invoices" / "manage.py", *words, DATA_FOLDER=str(self.folder))

    def spawned(self, *words: str) -> subprocess.Popen[str]:
        return spawned(self.simulator, EXAMPLES / "django_invoices" / "manage.py", *words, DATA_FOLDER=str(self.folder))

    def issue(self, *invoices: tuple[str, str], days_ago: int = 0) -> None:
        day = {"issued_on": str(date.today() - timedelta(days=days_ago))} if days_ago else {}
        about = {"customer": "Budi", "amount": 250_000, "due_on": "2027-01-10", **day}
        rows = [{"model": "invoices.invoice", "fields": {"number": number, "phone": phone, **about}} for number, phone in invoices]
        fixture = self.folder / "issued.json"
        fixture.write_text(json.dumps(rows), encoding="utf-8")
        code, _, error = self.manage("loaddata", str(fixture))
        assert code == 0, error

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "invoices.db")) as base, base:
            return base.execute(query).fetchall()

    def states(self) -> set[str]:
        return {state for (state,) in self.ask("SELECT whatsapp_state FROM invoices_invoice")}


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    pytest.importorskip("django")
    return Project(tmp_path, simulator)


def test_django_sends_the_invoices_of_today_once(project: Project, simulator: Simulator) -> None:
    hurry(project.folder / "whatsapp.db", simulator)
    project.issue(*((f"INV-{it}", phone) for it, phone in enumerate(PHONES)), ("INV-X", "021 5550 1234"))
    project.issue(("INV-OLD", "0812-1000-0020"), days_ago=10)
    code, said, error = project.manage("send_invoices")
    assert code == 0 and said.startswith("9 invoices, ") and "1 rejected" in said and "INV-X: rejected: " in error
    assert sent_to(simulator) == PHONES
    assert project.states() <= {"", "rejected", "sent", "delivered", "read"}
    # One was mended, and one more was issued meanwhile.
    project.ask("UPDATE invoices_invoice SET phone = '0812-1000-0008' WHERE number = 'INV-X'")
    project.issue(("INV-9", "0812-1000-0009"))
    # Somebody changed what had been sent already.
    project.ask("UPDATE invoices_invoice SET amount = 1, whatsapp_state = '' WHERE number = 'INV-0'")
    code, said, error = project.manage("send_invoices")
    assert code == 0 and said.startswith("10 invoices, ") and "rejected" not in said, error
    assert sent_to(simulator) == [*PHONES, "+6281210000008", "+6281210000009"]
    assert project.states() <= {"", "sent", "delivered", "read"}


@unix
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_django_goes_on_after_it_was_stopped(stop: signal.Signals, project: Project, simulator: Simulator) -> None:
    hurry(project.folder / "whatsapp.db", simulator, gap=0.5)
    project.issue(*((f"INV-{it}", phone) for it, phone in enumerate(PHONES)))
    with project.spawned("send_invoices") as process:
        in_the_middle(simulator)
        process.send_signal(stop)
        process.communicate(timeout=60)
    assert len(sent_to(simulator)) < 8 and "scheduled" in project.states()
    code, said, error = project.manage("send_invoices")
    assert code == 0 and said.startswith("8 invoices, "), error
    # What was acknowledged after its sender had ended is found when it is looked up, which a run does not wait for.
    assert sent_to(simulator) == PHONES and project.states() <= {"accepted", "sent", "delivered", "read"}


def test_django_says_when_nothing_can_be_sent(project: Project, simulator: Simulator) -> None:
    project.issue(("INV-1", "0812-3456-7890"))
    simulator.unlink("default")
    code, _, error = project.manage("send_invoices")
    assert code == 1 and error.startswith("CommandError: session 'default' is ") and project.states() == {"scheduled"}


@contextmanager
def receiver(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """The address of the receiver of webhooks, and what it has said since it was asked last."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    more = {"WEBHOOK_KEY": "secret", "WEBHOOK_EVENTS": str(folder / "events.db")}
    log = folder / "log"
    words = ["-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_receiver:app", "--port", str(port), "--no-access-log"]
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, *words], stderr=file, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more})
        try:
            until(lambda: "Uvicorn running" in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{port}/waha", log.read_text
        finally:
            process.terminate()
            process.wait(30)


def post(url: str, body: bytes, key: str) -> int:
    request = urllib.request.Request(url, data=body, headers={"X-Webhook-Hmac": hmac.new(key.encode(), body, hashlib.sha512).hexdigest()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def happens(simulator: Simulator, what: str, about: dict[str, str]) -> None:
    """Something in a session, over HTTP: from within, a simulator can deliver no webhooks."""
    request = urllib.request.Request(f"{simulator.url}/simulator/sessions/{what}", data=json.dumps(about).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("X-Api-Key", simulator.api_key)
    urllib.request.urlopen(request, timeout=30).close()


def event(name: str) -> bytes:
    payload = {"from": "6281234567890@c.us", "body": f"halo {name}"}
    told = {"id": name, "timestamp": int(time.time() * 1_000), "event": "message", "session": "kasir", "payload": payload}
    return json.dumps(told).encode()


def test_fastapi_takes_what_waha_delivers(simulator: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    with receiver(tmp_path) as (url, log), Client(simulator.url, api_key=simulator.api_key) as client:
        config = {"webhooks": [{"url": url, "events": ["message"], "hmac": {"key": "secret"}}]}
        client.create_session("kasir", config=config)
        until(lambda: client.session("kasir").status == "SCAN_QR_CODE")
        happens(simulator, "kasir/pair", {"phone": "6281200000002"})
        until(lambda: client.session("kasir").status == "WORKING")
        happens(simulator, "kasir/inbound", {"from": "6281234567890", "text": "Sudah saya bayar"})
        until(lambda: "6281234567890@c.us wrote: Sudah saya bayar" in log())


def test_fastapi_refuses_what_is_forged_and_does_nothing_twice(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    with receiver(tmp_path) as (url, log):
        assert post(url, event("one"), "guessed") == 401
        assert [post(url, event("two"), "secret") for _ in range(3)] == [204, 204, 204]
        assert post(url, event("three"), "secret") == 204
        until(lambda: "halo three" in log())
        assert log().count("halo two") == 1 and "halo one" not in log() and "a webhook was refused" in log()
    # It ended between its answer and its work, and forgets nothing.
    with closing(sqlite3.connect(tmp_path / "events.db")) as base, base:
        assert base.execute("SELECT is_done FROM event").fetchall() == [(1,), (1,)]
        base.execute("UPDATE event SET is_done = 0 WHERE id = 'two'")
    with receiver(tmp_path) as (url, log):
        assert log().count("halo two") == 1
        assert post(url, event("three"), "secret") == 204
    assert "halo three" not in log()


def test_the_notebook_runs_and_is_kept_without_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("pandas", "matplotlib", "ipykernel", "nbclient"):
        pytest.importorskip(library)
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(EXAMPLES / "progress.ipynb", 4)
    cells = [it for it in notebook.cells if it.cell_type == "code"]
    assert all(it.outputs == [] and it.execution_count is None for it in cells)
    # Before the last one ends the simulator.
    judge = nbformat.v4.new_code_cell("print(len({it['chat'] for it in simulator.ledger()}), simulator.verdict()['duplicates'])")
    notebook.cells.insert(len(notebook.cells) - 1, judge)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for it in cells for output in it.outputs]
    assert not [it for it in outputs if it.output_type in ("error", "stream")], "it says nothing besides what it shows"
    assert sum("image/png" in it.get("data", {}) for it in outputs) == 1
    # 150 people, without a landline and a number that is not on WhatsApp.
    assert judge.outputs[0]["text"].split() == ["148", "0"]
