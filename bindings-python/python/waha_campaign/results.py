"""What WAHA answers: frozen classes, which tests may make themselves.

>>> from waha_campaign import Sent
>>> Sent(id="true_6281234567890@c.us_3EB0AA").to_dict()["id"]
'true_6281234567890@c.us_3EB0AA'
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Account",
    "Chat",
    "ChatMessage",
    "Contact",
    "LidPair",
    "Media",
    "NumberStatus",
    "PairingStep",
    "Sent",
    "Server",
    "Session",
]


def _data() -> Any:
    # What else came is no part of what a thing is.
    return field(default_factory=dict, repr=False, compare=False)


class _Result:
    def to_dict(self) -> dict[str, Any]:
        """Its fields by name, and those of what it holds.

        >>> Contact(id="6281234567890@c.us", name="Budi").to_dict()["name"]
        'Budi'
        """
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Sent(_Result):
    """A message that WAHA accepted. Whether WhatsApp did, only acknowledgements tell.

    >>> Sent(id="true_6281234567890@c.us_3EB0AA", timestamp=1795420800)
    Sent(id='true_6281234567890@c.us_3EB0AA', timestamp=1795420800)
    """

    id: str | None
    """The message's id; ``None`` where the engine tells none."""
    timestamp: int | None = None
    """When, in seconds since 1970, where the engine says."""
    data: Any = _data()
    """The answer as it came."""


@dataclass(frozen=True)
class Account(_Result):
    """The WhatsApp account of a session.

    >>> Account(id="6281200000001@c.us", phone="+6281200000001", name="Toko Melati").phone
    '+6281200000001'
    """

    id: str
    """Its chat id."""
    phone: str | None
    """Its number as E.164."""
    name: str | None = None
    """The name that it shows to others."""
    lid: str | None = None
    """Its hidden id."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class Session(_Result):
    """A session of the server: one WhatsApp account, or the place for one.

    >>> Session(name="default", status="WORKING").is_working
    True
    """

    name: str
    """What it is called."""
    status: str
    """``STOPPED``, ``STARTING``, ``SCAN_QR_CODE``, ``WORKING``, ``FAILED``, or what a later server says."""
    account: Account | None = None
    """Its account. Right after a start it is not told even when there is one."""
    engine: str | None = None
    """``NOWEB``, ``GOWS``, ``WEBJS`` or ``WPP``; lists leave it out."""
    data: dict[str, Any] = _data()
    """Whatever else came."""

    @property
    def is_working(self) -> bool:
        """Whether it is connected.

        >>> Session(name="default", status="SCAN_QR_CODE").is_working
        False
        """
        return self.status == "WORKING"


@dataclass(frozen=True)
class PairingStep(_Result):
    """What happens while a session is paired with a phone. It shows no code by itself: whoever has it can pair.

    >>> PairingStep("code", code="ABCD-EFGH")
    PairingStep(kind='code', status=None, account=None, why=None)
    """

    kind: str
    """``status``; ``qr``, to be scanned; ``code``, to be typed on the phone; ``passkey``, a challenge to be signed (:meth:`Client.submit_passkey`);
    ``passkey_code``, to be compared with the phone's (:meth:`Client.confirm_passkey`); ``away``, the server cannot be asked for the moment;
    ``working``, the last one."""
    status: str | None = None
    """What the session is, whenever it is something else."""
    qr: str | None = field(default=None, repr=False)
    """The text of a QR code."""
    png: bytes | None = field(default=None, repr=False)
    """The QR code as a picture, where that was asked for."""
    code: str | None = field(default=None, repr=False)
    """The code to be typed, or compared."""
    challenge: dict[str, Any] | None = field(default=None, repr=False)
    """What a passkey has to sign: what a browser's ``navigator.credentials.get`` takes as ``publicKey``."""
    account: Account | None = None
    """The account, at the end."""
    why: str | None = None
    """Why the server cannot be asked."""


@dataclass(frozen=True)
class Server(_Result):
    """Which WAHA it is.

    >>> Server(version="2026.7.1", engine="NOWEB").engine
    'NOWEB'
    """

    version: str
    """Such as ``2026.7.1``."""
    engine: str
    """The engine of its sessions unless they say otherwise."""
    tier: str | None = None
    """``CORE`` or ``PLUS``."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class NumberStatus(_Result):
    """Whether a number is on WhatsApp.

    >>> NumberStatus(exists=False, chat=None).exists
    False
    """

    exists: bool
    """Whether it is."""
    chat: str | None
    """The chat to write to: in some countries it differs from the number."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class Contact(_Result):
    """A person as the account knows them.

    >>> Contact(id="6281234567890@c.us", push_name="Budi")
    Contact(id='6281234567890@c.us', name=None, push_name='Budi', is_blocked=None)
    """

    id: str
    """Their chat id."""
    name: str | None = None
    """The name in the account's address book."""
    push_name: str | None = None
    """The name that they show to others."""
    is_blocked: bool | None = None
    """Whether the account blocks them, where the engine says."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class LidPair(_Result):
    """A hidden id and whom it belongs to.

    >>> LidPair(lid="123456789012@lid", chat="6281234567890@c.us").chat
    '6281234567890@c.us'
    """

    lid: str | None
    """The hidden id."""
    chat: str | None
    """The chat with the number, where the session knows it."""


@dataclass(frozen=True)
class Chat(_Result):
    """A chat of the account.

    >>> Chat(id="6281234567890@c.us", name="Budi").name
    'Budi'
    """

    id: str
    """Its id."""
    name: str | None = None
    """Its name, where the engine tells it."""
    timestamp: int | None = None
    """Its last message, in seconds since 1970."""
    unread: int | None = None
    """How many messages are unread, where the engine tells."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class Media(_Result):
    """A file that came with a message; :meth:`Client.download` fetches it.

    >>> Media(url=None, mimetype="image/jpeg").mimetype
    'image/jpeg'
    """

    url: str | None
    """Where WAHA keeps it; ``None`` when it was not downloaded."""
    mimetype: str | None = None
    """What it is."""
    filename: str | None = None
    """Its name."""
    data: dict[str, Any] = _data()
    """Whatever else came."""


@dataclass(frozen=True)
class ChatMessage(_Result):
    """A message of a chat.

    >>> ChatMessage(id="false_6281234567890@c.us_3EB0AA", text="Sudah saya bayar").text
    'Sudah saya bayar'
    """

    id: str
    """Its id."""
    timestamp: int | None = None
    """When, in seconds since 1970."""
    sender: str | None = None
    """The chat that it came from."""
    recipient: str | None = None
    """The chat that it went to, where the engine tells."""
    participant: str | None = None
    """Who wrote it, in a group."""
    is_from_me: bool = False
    """Whether the account sent it."""
    text: str | None = None
    """Its text, or the caption of its file."""
    media: Media | None = None
    """Its file."""
    ack: int | None = None
    """How far it got: -1 refused, 0 with WAHA, 1 with WhatsApp, 2 delivered, 3 read, 4 played."""
    replies_to: str | None = None
    """The message that it answers."""
    data: dict[str, Any] = _data()
    """Whatever else came."""
