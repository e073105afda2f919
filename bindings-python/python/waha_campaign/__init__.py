"""Messages sent through WAHA, the WhatsApp HTTP API: sent one by one, received, and made of templates.

>>> from waha_campaign import Client, Message, normalize
>>> normalize("0812-3456-7890")
'+6281234567890'
>>> message = Message("Halo {{ nama | title }}, tagihan Anda {{ jumlah | rupiah }}.")
>>> message.render(nama="budi", jumlah=250_000).text
'Halo Budi, tagihan Anda Rp250.000.'
>>> with Client(simulator.url, api_key=simulator.api_key) as client:
...     sent = client.send("0812-3456-7890", message.render(nama="budi", jumlah=250_000))
"""

from ._native import (
    Button,
    Event,
    Gap,
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
from .client import (
    AsyncClient,
    Client,
)
from .errors import (
    CallError,
    InvalidPhone,
    MaybeSent,
    MessageError,
    NoAnswer,
    NotHandedOver,
    Refused,
    RenderError,
    SessionNotReady,
    TemplateError,
    Unauthorized,
    UnknownSession,
    Unsupported,
    WahaError,
    WasDone,
    WebhookError,
)
from .results import (
    Account,
    Chat,
    ChatMessage,
    Contact,
    LidPair,
    Media,
    NumberStatus,
    Sent,
    Server,
    Session,
)

__all__ = [
    "Account",
    "AsyncClient",
    "Button",
    "CallError",
    "Chat",
    "ChatMessage",
    "Client",
    "Contact",
    "Event",
    "Gap",
    "InvalidPhone",
    "LidPair",
    "MaybeSent",
    "Media",
    "Message",
    "MessageError",
    "NoAnswer",
    "NotHandedOver",
    "NumberStatus",
    "Numbers",
    "Preview",
    "Refused",
    "Rejected",
    "RenderError",
    "Rendered",
    "Sent",
    "Server",
    "Session",
    "SessionNotReady",
    "Template",
    "TemplateError",
    "Unauthorized",
    "UnknownSession",
    "Unsupported",
    "WahaError",
    "WasDone",
    "WebhookError",
    "normalize",
    "normalize_all",
    "verify_and_parse",
]
