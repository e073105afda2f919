"""The one process that sends: ``python -m waha_campaign run DATABASE``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import Campaigns, Status, WahaError
from ._running import LOGGER, Stand, look

_EXAMPLE = """Example:
  WAHA_API_KEY=secret python -m waha_campaign run tagihan.db --url http://localhost:3000

Other processes make campaigns in the same database and start() them; this one sends them, until Ctrl-C or SIGTERM."""


def main(words: Sequence[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="python -m waha_campaign",
        description="Sends what Python programs leave in a database.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run", help="send whatever is started in a database", epilog=_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    run.add_argument("database", metavar="DATABASE", help="a file, or postgres://user@host/name")
    run.add_argument("--url", help="the WAHA server [env WAHA_URL; http://localhost:3000]; its key is in WAHA_API_KEY")
    run.add_argument("--key-file", type=Path, metavar="FILE", help="a file that holds the key")
    run.add_argument("--until-idle", action="store_true", help="end when nothing is left to be sent")
    run.add_argument("--json", action="store_true", help="where campaigns stand, as lines of JSON on standard output")
    given = parser.parse_args(words)
    logging.basicConfig(level=os.environ.get("LOGLEVEL", "INFO").upper(), format="%(asctime)s %(levelname)s %(message)s")
    try:
        key = given.key_file.read_text(encoding="utf-8").strip() if given.key_file else None
        with Campaigns(given.database, url=given.url, api_key=key) as campaigns:
            return _run(campaigns, _Teller(campaigns, given.json), given.until_idle)
    except (WahaError, OSError, ValueError) as error:
        LOGGER.error("%s", error)
        return 1


def _run(campaigns: Campaigns, teller: _Teller, until_idle: bool) -> int:
    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        campaigns._run(until_idle, teller)
    except KeyboardInterrupt:
        LOGGER.info("stopped: nothing is under way, and what is left goes on with the next run")
    return 0


class _Teller:
    """Tells what has changed: campaigns that begin, wait, end, and every few seconds how far they are."""

    EVERY = 5.0

    def __init__(self, campaigns: Campaigns, is_json: bool) -> None:
        self.store = campaigns._native
        self.is_json = is_json
        self.told: dict[str, tuple[Any, ...]] = {}
        self.counted: dict[str, int] = {}
        self.last = 0.0

    def __call__(self, stand: Stand) -> None:
        is_time = time.monotonic() - self.last >= self.EVERY
        for status in [*stand.campaigns, *self._ended(stand.campaigns)]:
            news = (status.state, status.waits_for, status.waits_because)
            has_moved = is_time and self.counted.get(status.name) != status.done
            if has_moved or self.told.get(status.name) != news:
                self.told[status.name], self.counted[status.name] = news, status.done
                self._say(status)
        if is_time:
            self.last = time.monotonic()

    def _ended(self, live: Sequence[Status]) -> list[Status]:
        """Those that were told of, and are settled by now."""
        gone = {name for name, news in self.told.items() if news[0] != "settled"} - {it.name for it in live}
        return [it for it in look(self.store, None).campaigns if it.name in gone] if gone else []

    def _say(self, status: Status) -> None:
        LOGGER.info("%s", status)
        if self.is_json:
            print(json.dumps(status.to_dict(), default=str), flush=True)


if __name__ == "__main__":
    sys.exit(main())
