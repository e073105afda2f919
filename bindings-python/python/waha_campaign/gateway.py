"""A gateway of one's own: campaigns go out through a Python class, to another provider or to nobody at all in a test.

>>> class Printed(Gateway):
...     account = "+6281200000001"
...     def send(self, message):
...         print(f"{message.phone}: {message.text}")
...         return message.message_id
>>> with Campaigns(f"{database}-printed", gateway=Printed()) as printed:
...     printed.send_once("kuitansi-4711", "0812-3456-7890", "Terima kasih.").is_handed_over
+6281234567890: Terima kasih.
True
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Union

from .results import Sent

__all__ = ["Finding", "Gateway", "Observation", "Sending"]

_Found = Union[Literal["accepted", "sent", "delivered", "read", "played", "failed", "absent"], None]


@dataclass(frozen=True)
class Sending:
    """A message that is to be sent, to one person.

    >>> Sending("3EB0AA", "default", "+6281234567890", "text", "Halo Budi").text
    'Halo Budi'
    """

    message_id: str
    """The id that the message should have. It stays the same however often this message is tried: an idempotency key, where the provider takes one."""
    session: str
    """The session that the campaign names."""
    phone: str
    """To whom, as E.164."""
    kind: Literal["text", "image", "file"]
    """What is sent."""
    text: str
    """The text, or the caption of the image or file."""
    media: str | None = None
    """A path or an http(s) address of the image or file."""


@dataclass(frozen=True)
class Finding:
    """A message that is looked for: nobody knows whether it was sent, or how far it got.

    >>> Finding("3EB0AA", "default", "+6281234567890").phone
    '+6281234567890'
    """

    message_id: str
    """Its id: the one that :meth:`Gateway.send` answered, or was given."""
    session: str
    """The session that it was sent from."""
    phone: str
    """Whom it was to, as E.164."""


@dataclass(frozen=True)
class Observation:
    """How a session that can send stands.

    >>> Observation("+6281200000001").keeps_messages
    True
    """

    account: str
    """The phone number that messages come from, as E.164. Limits are counted by it."""
    keeps_messages: bool = True
    """Whether :meth:`Gateway.find` could find a message that was sent from it."""
    up_since: datetime | None = None
    """Since when the provider has kept every message that it took, with a time zone. What was in doubt before that is never believed absent."""


class Gateway(ABC):
    """The way to WhatsApp of :class:`Campaigns`, in place of a WAHA server.

    A gateway hands one message over, once, and repeats nothing: what is tried again, when, and whether at all is the engine's business. Each method
    may be a plain one, which is called in a thread of its own, or ``async def``, awaited on one event loop that all of them share. As many
    are under way at a time as the account's limits allow. One object is for one :class:`Campaigns` at a time.

    An exception says what became of the message. ``NotHandedOver`` (with ``retry_after=30`` when the provider asks to wait), ``SessionNotReady``,
    ``UnknownSession`` and ``Unauthorized``: it was not sent, for certain; the account waits, and it is tried again. ``Refused``: it was
    not sent, and will not be. ``MaybeSent``, any other exception, no return within ``timeout``, and a value that is none of the answers: it
    may have been sent. Nobody sends it again unseen; it is looked for by :meth:`find`, and otherwise ``unconfirmed`` in the report. What
    was not meant to happen is in the log ``waha_campaign``.

    >>> class Provider(Gateway):
    ...     account = "+6281200000001"
    ...     async def send(self, message):
    ...         if message.media is not None:
    ...             raise Refused("this provider sends text alone")
    ...         return Sent(id=message.message_id)
    >>> with Campaigns(f"{database}-provider", gateway=Provider()) as opened:
    ...     campaign = opened.create("tagihan", "Halo {{ nama }}", [{"nama": "Budi", "hp": "0812-3456-7890"}], gap=0)
    ...     campaign.run().handed_over
    1
    """

    account: str | None = None
    """The phone number that messages come from, unless :meth:`observe` tells it."""
    timeout: float = 120.0
    """How many seconds a message may take. What only asks has half a minute at most."""
    absence_horizon: float = 120.0
    """For how many seconds after an attempt the provider may still send it, five times as long with a file: before that, nothing is believed absent."""
    has_acks: bool = False
    """Whether :meth:`tell` will be called; a run then waits up to a minute for it."""

    _tell: Callable[[str, str, str], None] | None = None

    @abstractmethod
    def send(self, message: Sending, /) -> Sent | str | Awaitable[Sent | str]:
        """Hands a message over. Returns the id under which :meth:`tell` and :meth:`find` will know it, or a :class:`Sent` with it.

        It is called only if the campaign has not been stopped meanwhile. It raises what the class says.

        >>> class Nobody(Gateway):
        ...     account = "+6281200000001"
        ...     def send(self, message):
        ...         return Sent(id=message.message_id)
        >>> Nobody().send(Sending("3EB0AA", "default", "+6281234567890", "text", "Halo")).id
        '3EB0AA'
        """

    def find(self, message: Finding, /) -> _Found | Awaitable[_Found]:
        """Looks a message up: how far it got, ``"absent"`` when the provider does not have it, ``None`` when that cannot be told.

        A message that is ``"absent"`` is sent again, when there is nothing to say against it: ``absence_horizon`` is over, :attr:`Observation.up_since`
        is before the attempt, the ids that :meth:`send` answers are those it was given, and another message that was accepted is found.
        A gateway without a look-up leaves each doubt to a person.

        >>> class Remembers(Gateway):
        ...     account = "+6281200000001"
        ...     def __init__(self):
        ...         self.sent = {}
        ...     def send(self, message):
        ...         self.sent[message.message_id] = message
        ...         return message.message_id
        ...     def find(self, message):
        ...         return "sent" if message.message_id in self.sent else "absent"
        >>> Remembers().find(Finding("3EB0AA", "default", "+6281234567890"))
        'absent'
        """
        return None

    def check(self, session: str, phone: str, /) -> bool | None | Awaitable[bool | None]:
        """Whether a number is on WhatsApp; ``None`` when that cannot be told. Campaigns with ``check`` ask it.

        >>> class Nobody(Gateway):
        ...     def send(self, message):
        ...         return message.message_id
        >>> Nobody().check("default", "+6281234567890") is None
        True
        """
        return None

    def observe(self, session: str, /) -> Observation | Awaitable[Observation]:
        """How a session stands, asked every few seconds: an :class:`Observation` when it can send, otherwise ``SessionNotReady``, ``UnknownSession`` or
        ``Unauthorized``. Unless it is overridden, every session can, from :attr:`account`. Any other exception: it cannot be reached.

        >>> class Two(Gateway):
        ...     accounts = {"kasir": "+6281200000001", "sales": "+6281200000002"}
        ...     def send(self, message):
        ...         return message.message_id
        ...     def observe(self, session):
        ...         if session not in self.accounts:
        ...             raise UnknownSession(f"there is no session {session!r}")
        ...         return Observation(self.accounts[session])
        >>> Two().observe("sales").account
        '+6281200000002'
        """
        if self.account is None:
            raise ValueError("account: give the phone number that messages come from")
        return Observation(self.account)

    def tell(
        self,
        message_id: str,
        state: Literal["accepted", "sent", "delivered", "read", "played", "failed"],
        *,
        session: str = "default",
    ) -> None:
        """Tells how far a message got: from a webhook, a socket, or a look now and then; from any thread, in any order, any number of times.

        It may come before :meth:`send` has returned. While no campaign is sent from here nobody hears it.

        Raises:
            ValueError: for a state that is none.

        >>> class Acknowledges(Gateway):
        ...     account, has_acks = "+6281200000001", True
        ...     def send(self, message):
        ...         self.tell(message.message_id, "read")
        ...         return message.message_id
        >>> with Campaigns(f"{database}-acks", gateway=Acknowledges()) as opened:
        ...     opened.send_once("kuitansi-4711", "0812-3456-7890", "Terima kasih.").state
        'read'
        """
        if self._tell is not None:
            self._tell(session, message_id, state)


