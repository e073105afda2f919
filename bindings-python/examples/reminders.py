"""Reminds, by WhatsApp, whoever has an invoice that is due within three days: each invoice once.

For cron. A day that was missed is made up for, two that run at once share the work, and one that was killed is finished by the next.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from waha_campaign import CallError, Campaigns, InvalidPhone, Message, NameTaken, SentOnce, StoreError

MESSAGE = Message(
    "Halo {{ name | title }}, tagihan {{ number }} sebesar {{ amount | rupiah }} jatuh tempo {{ due | date }}. "
    "Abaikan pesan ini jika sudah dibayar."
)

EPILOG = """\
Example, for a crontab; cron mails what is printed:
  WAHA_URL=http://localhost:3000
  WAHA_API_KEY=secret
  0 9 * * 1-6  python reminders.py invoices.csv --database reminders.db

The file has the columns number, name, phone, amount and due, as in INV-1,Budi,0812-3456-7890,250000,2026-11-26.

Exit codes:
  0  everybody who is due has been reminded, now or before
  2  the command line is wrong
  3  the file, or some of its invoices, cannot be used: mend them, and run it again
  4  the database, the WAHA server or its session is not ready
  5  some messages failed
  6  some messages are unconfirmed: they may have arrived, and are not sent again
  7  not finished, by Ctrl-C, SIGTERM or --minutes: the next run goes on
"""


@dataclass(frozen=True)
class Invoice:
    """An invoice that is not paid yet."""

    number: str
    name: str
    phone: str
    amount: int
    due: date

    @property
    def key(self) -> str:
        """What its reminder is known by. An invoice that becomes due on another day is worth another reminder."""
        return f"reminder {self.number} {self.due}"


def unpaid(path: Path) -> Iterator[Invoice]:
    """Put the query of your own invoices here."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = {"number", "name", "phone", "amount", "due"}.difference(rows.fieldnames or ())
        if missing:
            raise ValueError(f"{path}: there is no column {', '.join(sorted(missing))}")
        for row in rows:
            try:
                invoice = Invoice(row["number"], row["name"], row["phone"], int(row["amount"]), date.fromisoformat(row["due"]))
            except ValueError as error:
                raise ValueError(f"{path}, line {rows.line_num}: {error}") from None
            yield invoice


def leave(campaigns: Campaigns, invoices: Iterable[Invoice]) -> tuple[dict[str, bool], dict[str, str]]:
    """Leaves a reminder for each: whether it is a new one, by invoice, and who cannot be written to.

    Its key is kept in the database with the message. That, and not what this program remembers, is why nobody is reminded twice.
    """
    is_new: dict[str, bool] = {}
    rejected: dict[str, str] = {}
    for it in invoices:
        text = MESSAGE.render(name=it.name, number=it.number, amount=it.amount, due=it.due)
        try:
            is_new[it.key] = campaigns.enqueue(it.key, it.phone, text, urgent=False).is_new
        except InvalidPhone as error:
            rejected[it.number] = str(error)
        except NameTaken:
            # Its amount or phone has changed since it was reminded of. Once is once.
            is_new[it.key] = False
    return is_new, rejected


def send(campaigns: Campaigns, minutes: float) -> None:
    """Sends, until nothing is left, the time is up, or somebody stops it."""
    timer = threading.Timer(minutes * 60, campaigns.stop)
    timer.daemon = True
    timer.start()
    # What is under way is waited for, and what is left is told below.
    with suppress(KeyboardInterrupt):
        campaigns.run(until_idle=True)
    timer.cancel()


def verdict(message: SentOnce, is_new: bool) -> str:
    """What became of one, in the words of the summary."""
    if message.is_handed_over:
        return "reminded now" if is_new else "reminded before"
    return {"scheduled": "waiting", "sending": "waiting"}.get(message.state, message.state)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("invoices", type=Path, metavar="INVOICES", help="a CSV file of those that are not paid")
    parser.add_argument("--database", default="reminders.db", metavar="FILE", help="remembers who was reminded: keep it [reminders.db]")
    parser.add_argument("--days", type=int, default=3, help="how long before an invoice is due [3]")
    parser.add_argument("--minutes", type=float, default=60, help="how long to go on sending [60]")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today(), metavar="YYYY-MM-DD", help="to try it out")
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    given = parser.parse_args()
    # A machine that shuts down, or `timeout`, ends it as safely as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(format="%(message)s")
    try:
        due = [it for it in unpaid(given.invoices) if given.today <= it.due <= given.today + timedelta(days=given.days)]
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    try:
        with Campaigns(given.database) as campaigns:
            is_new, rejected = leave(campaigns, due)
            send(campaigns, given.minutes)
            became = {it.number: (campaigns.message(it.key), is_new[it.key]) for it in due if it.key in is_new}
    except (CallError, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    verdicts = {number: verdict(*it) for number, it in became.items()}
    notes = {number: message.message or message.reason or "" for number, (message, _) in became.items()}
    return tell({**verdicts, **dict.fromkeys(rejected, "rejected")}, {**notes, **rejected}, given.json)


def tell(verdicts: dict[str, str], notes: dict[str, str], is_json: bool) -> int:
    """The summary, and the exit code."""
    counts = Counter(verdicts.values())
    open_ones = {number: it for number, it in verdicts.items() if not it.startswith("reminded")}
    if is_json:
        print(json.dumps({"due": len(verdicts), **counts, "open": {number: [it, notes[number]] for number, it in open_ones.items()}}))
    else:
        print(f"{len(verdicts)} due" + "".join(f", {count} {it}" for it, count in counts.items()))
        for number, it in open_ones.items():
            print(f"{number}: {it}{': ' * bool(notes[number])}{notes[number]}")
    codes = {"waiting": 7, "unconfirmed": 6, "failed": 5, "rejected": 3}
    return max((codes.get(it, 0) for it in counts), default=0)


if __name__ == "__main__":
    sys.exit(main())
