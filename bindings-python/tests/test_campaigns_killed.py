"""A script that sends is killed at any moment and run again: by the ledger of a server that loses answers, nobody gets a message twice, and
nobody is forgotten.

``WAHA_CAMPAIGN_PEOPLE`` is the size of the list, ``WAHA_CAMPAIGN_TEST_SEED`` repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sender import people

from waha_campaign import Campaigns

KEY = "simulator-key"
PEOPLE = int(os.environ.get("WAHA_CAMPAIGN_PEOPLE", "1000"))
SENDER = Path(__file__).with_name("sender.py")
# What look-ups settle at once, and what makes the account pause for a while.
FAULTS = {"answer-lost": 0.01, "error-after": 0.005, "reset-after": 0.005, "reset-before": 0.001, "too-many-requests": 0.001}
HANDED_OVER = {"accepted", "sent", "delivered", "read", "played"}


class Server:
    """A simulator in a process of its own, asked over HTTP."""

    def __init__(self, seed: int) -> None:
        words = [sys.executable, "-m", "waha_campaign.simulator", "--port", "0", "--json", "--seed", str(seed), "--speed", "5"]
        for name, share in FAULTS.items():
            words += ["--fault", f"{name}={share}"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "WAHA_API_KEY": KEY})
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]

    def ask(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/simulator/{path}", headers={"X-Api-Key": KEY})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    def requests(self) -> int:
        """How many messages it was asked to send."""
        return int(self.ask("ledger?limit=0")["total"])

    def handed(self) -> Counter[str]:
        """How many messages were handed to WhatsApp for each number."""
        entries = self.ask("ledger?limit=1000000")["entries"]
        return Counter(f"+{it['chat']}" for it in entries if it["fate"] != "not-sent")

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed there without warning")
def test_killed_and_run_again_nobody_gets_it_twice_and_nobody_is_lost(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAHA_CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"WAHA_CAMPAIGN_TEST_SEED={seed} WAHA_CAMPAIGN_PEOPLE={PEOPLE}")
    draw, server = random.Random(seed), Server(seed)
    try:
        database = tmp_path / "tagihan.db"
        kills = 0
        while not ran(server, database, draw):
            kills += 1
        assert kills > PEOPLE // 5_000, f"seed {seed}: only {kills} kills"
        judge(server, database, kills, seed)
    finally:
        server.close()


def ran(server: Server, database: Path, draw: random.Random) -> bool:
    """Runs the script until it has ended by itself, or kills it at a drawn moment."""
    environment = {**os.environ, "WAHA_URL": server.url, "WAHA_API_KEY": KEY}
    target = server.requests() + 1 + draw.randrange(min(PEOPLE // 2, 2_000))
    with subprocess.Popen([sys.executable, str(SENDER), str(database), str(PEOPLE)], env=environment) as sender:
        while sender.poll() is None:
            if server.requests() >= target:
                time.sleep(draw.random() * 0.1)
                sender.send_signal(signal.SIGKILL)
                sender.wait()
            time.sleep(0.02)
    assert sender.returncode in (0, -signal.SIGKILL)
    return sender.returncode == 0


def judge(server: Server, database: Path, kills: int, seed: int) -> None:
    verdict, handed = server.ask("ledger/verdict"), server.handed()
    with Campaigns(database, url=server.url, api_key=KEY) as campaigns:
        rows = list(campaigns.open("tagihan").report())
    states = Counter(it.state for it in rows)
    doubts = [it.phone for it in rows if it.state == "unconfirmed"]
    print(f"seed {seed}: {kills} kills, {verdict['handed']} handed over, {verdict['duplicates']} twice; {dict(states)}; in doubt: {doubts}")
    assert verdict["duplicates"] == 0 and max(handed.values()) == 1, f"seed {seed}"
    assert len({it.phone for it in rows}) == len(rows) == len(people(PEOPLE))
    for row in rows:
        if row.state in HANDED_OVER:
            assert row.phone in handed, f"seed {seed}: {row}"
        elif row.state != "unconfirmed":
            assert row.state == "failed" and row.phone not in handed, f"seed {seed}: {row}"
