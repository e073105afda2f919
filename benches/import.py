"""The import as a Python program would do it: csv, phonenumbers, sqlite3. Prints seconds and peak memory as JSON.

    python3 import.py LIST.csv DATABASE

Each number is read, checked to be a mobile one and written as E.164; the database keeps one row for each number, what is
refused goes to a file. Rows are added five thousand at a time, each batch durable (WAL, synchronous=FULL), as the other
side does it. Messages are not rendered here, which the other side does too.
"""

import csv
import json
import sqlite3
import sys
import time

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

BATCH = 5_000
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def e164(text):
    """The number as E.164, or None."""
    text = text.strip().removesuffix(".0")
    if text.startswith("62"):
        text = "+" + text
    try:
        number = phonenumbers.parse(text, "ID")
    except NumberParseException:
        return None
    # Of a number that is none the type is UNKNOWN, so this asks for validity too.
    if phonenumbers.number_type(number) not in MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def batches(rows, rejects):
    batch = []
    for number, row in enumerate(rows, start=2):
        phone = e164(row[1])
        if phone is None:
            rejects.writerow([number, "invalid_number", *row])
            continue
        batch.append((phone, number, json.dumps([row[0], *row[2:]])))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def peak_kib():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None


def main(source, database):
    began = time.perf_counter()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        'CREATE TABLE recipient (id INTEGER PRIMARY KEY, phone TEXT NOT NULL UNIQUE, row INTEGER NOT NULL, "values" TEXT NOT NULL)'
    )
    valid = 0
    with (
        open(source, encoding="utf-8", newline="") as file,
        open(database + ".rejects.csv", "w", encoding="utf-8", newline="") as left_out,
    ):
        rows = csv.reader(file)
        rejects = csv.writer(left_out)
        rejects.writerow(["row", "reason", *next(rows)])
        for batch in batches(rows, rejects):
            with connection:
                connection.executemany('INSERT OR IGNORE INTO recipient (phone, row, "values") VALUES (?, ?, ?)', batch)
            valid += len(batch)
    (kept,) = connection.execute("SELECT count(*) FROM recipient").fetchone()
    connection.close()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_kib": peak_kib(), "kept": kept, "duplicates": valid - kept}))


main(*sys.argv[1:])
