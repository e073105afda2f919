"""A script that sends through a gateway of its own is killed at any moment and run again: nobody gets a message twice, and nobody is forgotten.

``WAHA_CAMPAIGN_TEST_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from file_gateway import FileGateway
from sender import people

from waha_campaign import Campaigns

PEOPLE = 600
SCRIPT = Path(__file__).with_name("file_gateway.py")


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed there without warning")
def test_killed_and_run_again_nobody_gets_it_twice_and_nobody_is_lost(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAHA_CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"WAHA_CAMPAIGN_TEST_SEED={seed}")
    draw, file, database = random.Random(seed), tmp_path / "sent.txt", tmp_path / "tagihan.db"
    file.touch()
    kills = 0
    while not ran(file, database, draw):
        kills += 1
    sent = Counter(line.split()[1] for line in file.read_text(encoding="utf-8").splitlines())
    with Campaigns(database, gateway=FileGateway(file)) as campaigns:
        states = Counter(it.state for it in campaigns.open("tagihan").report())
    print(f"seed {seed}: {kills} kills, {dict(states)}")
    assert kills > 2, f"seed {seed}"
    assert len(sent) == PEOPLE == len(people(PEOPLE)) and max(sent.values()) == 1, f"seed {seed}"
    assert sum(states[it] for it in ("accepted", "sent")) == PEOPLE, f"seed {seed}: {states}"


def ran(file: Path, database: Path, draw: random.Random) -> bool:
    """Runs the script until it has ended by itself, or kills it at a drawn moment."""
    target = count(file) + 1 + draw.randrange(PEOPLE // 3)
    with subprocess.Popen([sys.executable, str(SCRIPT), str(database), str(file), str(PEOPLE)]) as sender:
        while sender.poll() is None:
            if count(file) >= target:
                sender.send_signal(signal.SIGKILL)
                sender.wait()
            time.sleep(0.002)
    assert sender.returncode in (0, -signal.SIGKILL)
    return sender.returncode == 0


def count(file: Path) -> int:
    return file.read_bytes().count(b"\n")
