"""Invoices, and what became of the message about each."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils import timezone


class Invoice(models.Model):
    """An invoice."""

    number: models.CharField[str, str] = models.CharField(max_length=40, unique=True)
    customer: models.CharField[str, str] = models.CharField(max_length=200)
    phone: models.CharField[str, str] = models.CharField(max_length=40)
    amount: models.PositiveBigIntegerField[int, int] = models.PositiveBigIntegerField()
    issued_on: models.DateField[date, date] = models.DateField(default=timezone.localdate)
    due_on: models.DateField[date, date] = models.DateField()

    # A copy for pages and queries, as of the last run. What is true is in the database of messages.
    whatsapp_state: models.CharField[str, str] = models.CharField(max_length=20, blank=True, editable=False)
    whatsapp_note: models.TextField[str, str] = models.TextField(blank=True, editable=False)

    def __str__(self) -> str:
        return self.number
