"""WhatsApp messages through WAHA: single ones, received ones, and campaigns in which everybody gets theirs once.

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
from .campaigns import (
    Campaign,
    Campaigns,
)
from .client import (
    AsyncClient,
    Client,
)
from .errors import (
    AudienceError,
    CallError,
    CampaignError,
    InvalidPhone,
    MaybeSent,
    MessageError,
    NameTaken,
    NoAnswer,
    NotHandedOver,
    Refused,
    RenderError,
    SessionNotReady,
    StoreError,
    TemplateError,
    Unauthorized,
    UnknownCampaign,
    UnknownSession,
    Unsupported,
    WahaError,
    WasDone,
    WebhookError,
)
from .gateway import (
    Finding,
    Gateway,
    Observation,
    Sending,
)
from .report import (
    Report,
    ReportRow,
)
from .results import (
    Account,
    Chat,
    ChatMessage,
    Contact,
    LidPair,
    Media,
    NumberStatus,
    PairingStep,
    Sent,
    Server,
    Session,
)
from .standing import (
    Plan,
    PlannedMessage,
    RejectedRow,
    SentOnce,
    Status,
)

__all__ = [
    "Account",
    "AsyncClient",
    "AudienceError",
    "Button",
    "CallError",
    "Campaign",
    "CampaignError",
    "Campaigns",
    "Chat",
    "ChatMessage",
    "Client",
    "Contact",
    "Event",
    "Finding",
    "Gap",
    "Gateway",
    "InvalidPhone",
    "LidPair",
    "MaybeSent",
    "Media",
    "Message",
    "MessageError",
    "NameTaken",
    "NoAnswer",
    "NotHandedOver",
    "NumberStatus",
    "Numbers",
    "Observation",
    "PairingStep",
    "Plan",
    "PlannedMessage",
    "Preview",
    "Refused",
    "Rejected",
    "RejectedRow",
    "RenderError",
    "Rendered",
    "Report",
    "ReportRow",
    "Sending",
    "Sent",
    "SentOnce",
    "Server",
    "Session",
    "SessionNotReady",
    "Status",
    "StoreError",
    "Template",
    "TemplateError",
    "Unauthorized",
    "UnknownCampaign",
    "UnknownSession",
    "Unsupported",
    "WahaError",
    "WasDone",
    "WebhookError",
    "normalize",
    "normalize_all",
    "verify_and_parse",
]


def __dir__() -> list[str]:
    return [name for name in globals() if not name.startswith("_") or name.startswith("__")]
