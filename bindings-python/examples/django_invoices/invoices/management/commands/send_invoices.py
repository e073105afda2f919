"""`manage.py send_invoices`, for cron or a systemd timer."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from invoices.models import Invoice
from waha_campaign import Campaigns, InvalidPhone, Message, NameTaken, WahaError

MESSAGE = Message(
    "Halo {{ customer | title }}, tagihan {{ number }} sebesar {{ amount | rupiah }} sudah terbit. Mohon dibayar sebelum {{ due_on | date }}."
)

NOT_LEFT = ["", "rejected"]
UNDER_WAY = ["scheduled", "sending", "unconfirmed", "accepted"]


class Command(BaseCommand):
    help = "Sends the invoices of today, and of the days before that were missed: each once, however often it is run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=3, help="how many days count, with today: an older invoice is not sent any more [3]")
        parser.add_argument("--minutes", type=float, default=60, help="how long to go on sending; the next run goes on [60]")

    def handle(self, *args: Any, days: int, minutes: float, **options: Any) -> None:
        # A machine that shuts down, or `timeout`, ends it as safely as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        recent = Invoice.objects.filter(issued_on__gt=timezone.localdate() - timedelta(days=days), issued_on__lte=timezone.localdate())
        try:
            with Campaigns(settings.WHATSAPP_DATABASE) as campaigns:
                for invoice in recent.filter(whatsapp_state__in=NOT_LEFT):
                    leave(campaigns, invoice)
                open_ones = Invoice.objects.filter(whatsapp_state__in=UNDER_WAY) | recent.exclude(whatsapp_state__in=NOT_LEFT)
                try:
                    send(campaigns, minutes)
                finally:
                    update(campaigns, open_ones)
        except WahaError as error:
            raise CommandError(str(error)) from error
        self.tell(recent | Invoice.objects.filter(whatsapp_state__in=UNDER_WAY))

    def tell(self, invoices: QuerySet[Invoice]) -> None:
        counts = Counter(invoices.values_list("whatsapp_state", flat=True))
        self.stdout.write(f"{sum(counts.values())} invoices" + "".join(f", {count} {state}" for state, count in sorted(counts.items())))
        for it in invoices.filter(whatsapp_state__in=["rejected", "failed", "unconfirmed"]):
            self.stderr.write(f"{it.number}: {it.whatsapp_state}: {it.whatsapp_note}")


def leave(campaigns: Campaigns, invoice: Invoice) -> None:
    """Leaves the message of one, under the invoice's number.

    Not a campaign for each day: a campaign is one list, so the second run of a day would be refused as soon as another invoice was issued in
    between; and a run that is repeated on the next day would be another campaign. A number is the invoice's for ever: it may be left twice,
    by two runs at once or after a crash between these two lines, and is sent once.
    """
    text = MESSAGE.render(customer=invoice.customer, number=invoice.number, amount=invoice.amount, due_on=invoice.due_on)
    try:
        left = campaigns.enqueue(f"invoice {invoice.number}", invoice.phone, text, urgent=False)
        invoice.whatsapp_state, invoice.whatsapp_note = left.state, ""
    except InvalidPhone as error:
        invoice.whatsapp_state, invoice.whatsapp_note = "rejected", str(error)
    except NameTaken:
        # It was changed since it was left, by a run that could not write that down any more. Once is once.
        invoice.whatsapp_state = campaigns.message(f"invoice {invoice.number}").state
    invoice.save(update_fields=["whatsapp_state", "whatsapp_note"])


def send(campaigns: Campaigns, minutes: float) -> None:
    """Sends, until nothing is left, the time is up, or somebody stops it. Where `python -m waha_campaign run` sends already, it follows that."""
    timer = threading.Timer(minutes * 60, campaigns.stop)
    timer.daemon = True
    timer.start()
    # What is under way is waited for, and what is left goes on with the next run.
    with suppress(KeyboardInterrupt):
        campaigns.run(until_idle=True)
    timer.cancel()


def update(campaigns: Campaigns, invoices: QuerySet[Invoice]) -> None:
    """Writes back what became of each."""
    for invoice in invoices.all():
        message = campaigns.message(f"invoice {invoice.number}")
        invoice.whatsapp_state, invoice.whatsapp_note = message.state, message.message or message.reason or ""
        invoice.save(update_fields=["whatsapp_state", "whatsapp_note"])
