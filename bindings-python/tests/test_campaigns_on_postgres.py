"""Campaigns on a PostgreSQL server."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from sender import people

from waha_campaign import Campaigns, NameTaken, StoreError
from waha_campaign.simulator import Simulator

SENDER = Path(__file__).with_name("sender.py")
PEOPLE = 300


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres.server(programs) as database:
        yield database


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=20.0) as simulator:
        yield simulator


def test_a_sender_that_is_stopped_is_followed_by_another(database: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAHA_URL", simulator.url)
    monkeypatch.setenv("WAHA_API_KEY", simulator.api_key)
    with subprocess.Popen([sys.executable, str(SENDER), database, str(PEOPLE)]) as sender:
        while len(simulator.ledger()) < PEOPLE // 3:
            assert sender.poll() is None
            time.sleep(0.01)
        sender.send_signal(signal.SIGINT)
    with Campaigns(database) as campaigns:
        campaign = campaigns.open("tagihan")
        # Without waiting for acknowledgements that came while nobody listened.
        campaign.run(progress=lambda status: campaigns.stop() if status.handed_over == PEOPLE else None)
        verdict = simulator.verdict()
        assert (verdict["handed"], verdict["duplicates"]) == (PEOPLE, 0)
        phones = [it.phone for it in campaign.report()]
        assert phones == [f"+{chat}" for chat in sorted(it["chat"] for it in simulator.ledger())]


def test_a_name_and_a_key_stand_for_one_thing(database: str, simulator: Simulator) -> None:
    with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as campaigns:
        campaigns.create("halo", "Halo {{ nama }}", people(2), gap=0, per_day=math.inf)
        with pytest.raises(NameTaken):
            campaigns.create("halo", "Hai {{ nama }}", people(2))
        first = campaigns.send_once("kuitansi-1", "0812-3456-7890", "Terima kasih.")
        again = campaigns.send_once("kuitansi-1", "0812-3456-7890", "Terima kasih.")
        assert (first.is_new, again.is_new, again.is_handed_over) == (True, False, True)
        assert len(simulator.ledger()) == 1
        assert campaigns.open("halo").pause() == 0


def test_a_password_is_never_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Campaigns("postgres://app:geheim@127.0.0.1:9/tagihan")
    assert "geheim" not in repr(caught.value) and "cannot be reached" in str(caught.value)


def test_neither_is_it_by_the_object_itself(database: str) -> None:
    with Campaigns(f"{database}&password=geheim") as campaigns:
        assert "geheim" not in repr(campaigns)
