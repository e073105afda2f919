"""Phone numbers, message templates and webhooks of WhatsApp messages sent through WAHA.

>>> from waha_campaign import Message, normalize
>>> normalize("0812-3456-7890")
'+6281234567890'
>>> message = Message("Halo {{ nama | title }}, tagihan Anda {{ jumlah | rupiah }}.")
>>> message.render(nama="budi", jumlah=250_000).text
'Halo Budi, tagihan Anda Rp250.000.'
"""

from ._native import (
    Button,
    Event,
    Message,
    Numbers,
    Preview,
    Rejected,
    Rendered,
    Template,
    normalize,
    normalize_all,
    verify_and_parse,
)
from .errors import (
    InvalidPhone,
    MessageError,
    RenderError,
    TemplateError,
    WahaError,
    WebhookError,
)

__all__ = [
    "Button",
    "Event",
    "InvalidPhone",
    "Message",
    "MessageError",
    "Numbers",
    "Preview",
    "Rejected",
    "RenderError",
    "Rendered",
    "Template",
    "TemplateError",
    "WahaError",
    "WebhookError",
    "normalize",
    "normalize_all",
    "verify_and_parse",
]
