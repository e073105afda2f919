"""A script as people write it: everybody on a list gets a message. It is killed, and run again, by `test_campaigns_killed.py`.

    python sender.py DATABASE PEOPLE
"""

from __future__ import annotations

import math
import sys
from typing import Any

import waha_campaign


def people(count: int) -> list[dict[str, object]]:
    """So many, with numbers of their own."""
    return [{"nama": f"Orang {it}", "hp": f"0812{10_000_000 + it}", "jumlah": 1_000 * it} for it in range(count)]


def data_frame(rows: list[dict[str, object]]) -> Any:
    """Of pandas where that is installed; otherwise the rows as they are."""
    try:
        import pandas  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return rows
    return pandas.DataFrame(rows)


def main() -> None:
    database, count = sys.argv[1], int(sys.argv[2])
    with waha_campaign.Campaigns(database) as campaigns:
        campaign = campaigns.create(
            "tagihan", "Halo {{ nama }}, tagihan {{ jumlah | rupiah }}.", data_frame(people(count)), gap=0, per_day=math.inf
        )
        print(campaign.run(), flush=True)


if __name__ == "__main__":
    main()
