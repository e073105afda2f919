"""What examples about campaigns may use besides the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from waha_campaign import Campaigns, Message
from waha_campaign.simulator import Simulator

_PEOPLE = [
    {"nama": "Budi", "hp": "0812-3456-7890", "jumlah": 250_000},
    {"nama": "Siti", "hp": "0813 1111 2222", "jumlah": 175_000},
    {"nama": "Kantor", "hp": "021 5550 1234", "jumlah": 90_000},
]


@contextmanager
def of_campaigns(simulator: Simulator) -> Iterator[dict[str, Any]]:
    """A database, campaigns in it, and one of them, which has not begun."""
    with TemporaryDirectory() as folder:
        database = str(Path(folder, "tagihan.db"))
        with Campaigns(database, url=simulator.url, api_key=simulator.api_key) as campaigns:
            message = Message("Halo {{ nama }}, tagihan {{ jumlah | rupiah }}.")
            campaign = campaigns.create("tagihan", message, _PEOPLE, phone="hp")
            yield {"database": database, "campaigns": campaigns, "campaign": campaign}
