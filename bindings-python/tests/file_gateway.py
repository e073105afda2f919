"""A provider that is a file: what it takes is appended to it, and on the disk before it answers. `test_gateway_killed.py` kills a script that sends
through it, and runs it again.

    python file_gateway.py DATABASE FILE PEOPLE
"""

from __future__ import annotations

import math
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from sender import people

from waha_campaign import Campaigns, Finding, Gateway, Observation, Sending

ACCOUNT = "+6281200000001"


class FileGateway(Gateway):
    """Knows every message that it took, since before the first."""

    account = ACCOUNT
    absence_horizon = 0.5

    def __init__(self, path: Path) -> None:
        self.path = path
        # Whole lines, each by one write.
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def send(self, message: Sending, /) -> str:
        os.write(self.file, f"{message.message_id} {message.phone}\n".encode())
        os.fsync(self.file)
        return message.message_id

    def find(self, message: Finding, /) -> Literal["sent", "absent"]:
        has_it = any(line.startswith(message.message_id) for line in self.path.read_text(encoding="utf-8").splitlines())
        return "sent" if has_it else "absent"

    def observe(self, session: str, /) -> Observation:
        return Observation(ACCOUNT, up_since=datetime(2020, 1, 1, tzinfo=timezone.utc))


def main() -> None:
    database, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    with Campaigns(database, gateway=FileGateway(path)) as campaigns:
        campaign = campaigns.create("tagihan", "Halo {{ nama }}", people(count), gap=0, per_day=math.inf)
        print(campaign.run(), flush=True)


if __name__ == "__main__":
    main()
