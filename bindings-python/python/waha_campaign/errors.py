"""What can go wrong: each exception has a message that says what to do, and attributes for programs.

>>> from waha_campaign import InvalidPhone, normalize
>>> try:
...     normalize("021 5550 1234")
... except InvalidPhone as error:
...     print(error.reason, "-", error.remedy)
landline - give a mobile number, or allow landlines
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AudienceError",
    "CallError",
    "CampaignError",
    "InvalidPhone",
    "MaybeSent",
    "MessageError",
    "NameTaken",
    "NoAnswer",
    "NotHandedOver",
    "Refused",
    "RenderError",
    "SessionNotReady",
    "StoreError",
    "TemplateError",
    "Unauthorized",
    "UnknownCampaign",
    "UnknownSession",
    "Unsupported",
    "WahaError",
    "WasDone",
    "WebhookError",
]


class WahaError(Exception):
    """Whatever this package raises on its own account.

    >>> import waha_campaign
    >>> try:
    ...     waha_campaign.normalize("12")
    ... except waha_campaign.WahaError as error:
    ...     print(type(error).__name__)
    InvalidPhone
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.__dict__.update(facts)

    @classmethod
    def behind(cls, error: BaseException | None) -> Self | None:
        """The one of this kind that is behind another exception: what became of a call whose caller was cancelled, timed out or interrupted.

        >>> from waha_campaign import MaybeSent, WahaError
        >>> try:
        ...     raise TimeoutError from MaybeSent("it was not answered")
        ... except TimeoutError as error:
        ...     WahaError.behind(error)
        MaybeSent('it was not answered')
        """
        while error is not None and not isinstance(error, cls):
            error = error.__cause__ or error.__context__
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        # Across processes, too, an exception has its attributes.
        return type(self), self.args, self.__dict__


class InvalidPhone(WahaError, ValueError):
    """A text that is no phone number to write to.

    >>> from waha_campaign import InvalidPhone, normalize
    >>> try:
    ...     normalize("6.28E+12")
    ... except InvalidPhone as error:
    ...     print(error.reason)
    digits_lost
    """

    text: str
    """What was given, at most 60 characters of it."""
    reason: str
    """One of ``empty``, ``no_digits``, ``stray_character``, ``foreign_address``, ``fraction``, ``unknown_country_code``, ``too_short``,
    ``too_long``, ``unassigned``, ``landline``, ``ambiguous``, ``two_numbers``, ``extension``, ``not_a_person``, ``digits_lost``."""
    remedy: str
    """What to do."""


class TemplateError(WahaError, ValueError):
    """A template that cannot be used, with the place of the fault.

    >>> from waha_campaign import Template, TemplateError
    >>> try:
    ...     Template("Tagihan {{ jumlah | rupia }}")
    ... except TemplateError as error:
    ...     print(error.line, error.column, error.remedy)
    1 21 Did you mean `rupiah`?
    """

    part: str | None
    """Which part of a message: ``text``, ``image``, ``file``, ``button 1``; ``None`` for a template alone."""
    line: int
    """From 1."""
    column: int
    """In characters, from 1."""
    excerpt: str
    """The line with a mark under the fault."""
    remedy: str
    """What to write instead."""


class MessageError(WahaError, ValueError):
    """Parts that make no message together, or a button that cannot be one.

    >>> from waha_campaign import Message, MessageError
    >>> try:
    ...     Message()
    ... except MessageError as error:
    ...     print(error)
    the message is empty: give it a text, an image or a file
    """


class RenderError(WahaError, ValueError):
    """A message that cannot be made of these values.

    >>> from waha_campaign import RenderError, Template
    >>> try:
    ...     Template("Halo {{ nama }}").render(alamat="Jalan Melati")
    ... except RenderError as error:
    ...     print(error.variable, error.is_missing)
    nama True
    """

    variable: str | None
    """Whose value it is, where that is known."""
    is_missing: bool
    """Whether the value is merely missing."""


class WebhookError(WahaError):
    """A delivery that is not to be believed: answer 401, and do nothing.

    >>> from waha_campaign import WebhookError, verify_and_parse
    >>> try:
    ...     verify_and_parse(b"{}", {}, "secret")
    ... except WebhookError as error:
    ...     print(error.is_signed)
    False
    """

    is_signed: bool
    """Whether whoever sent it has the key: then it is too old, or no event."""


class CallError(WahaError):
    """A call of WAHA that has no result. What is caught tells how far it got:

    >>> from waha_campaign import Client, MaybeSent, NotHandedOver, Refused
    >>> nobody = Client("http://127.0.0.1:9", api_key="secret")
    >>> try:
    ...     nobody.send_text("0812 3456 7890", "Halo")
    ... except NotHandedOver as error:
    ...     print("nothing was sent, and it may be tried again")
    ... except MaybeSent as error:
    ...     print("find out first: it may have arrived")
    ... except Refused as error:
    ...     print(f"WAHA says no: {error}")
    nothing was sent, and it may be tried again
    """

    http_status: int | None = None
    """The status of the answer; ``None`` when none came."""
    server_message: str | None = None
    """The server's own sentence. It may hold numbers of people: not for logs."""
    retry_after: float | None = None
    """How many seconds the server asks to wait."""


class NotHandedOver(CallError):
    """The server cannot have done it, for certain: the request was not written. It may be tried again.

    >>> from waha_campaign import Client, NotHandedOver
    >>> try:
    ...     Client("http://127.0.0.1:9").sessions()
    ... except NotHandedOver as error:
    ...     print(error.http_status)
    None
    """


class MaybeSent(CallError):
    """The request was written, and there is no answer that says what became of it: it may have been done. Look before you try again, or let a
    campaign find out.

    >>> issubclass(MaybeSent, CallError)
    True
    """


class NoAnswer(CallError):
    """A question without an answer. It changes nothing, and may be asked again.

    >>> issubclass(NoAnswer, CallError)
    True
    """


class Refused(CallError):
    """The server says no: nothing was done.

    >>> issubclass(SessionNotReady, Refused)
    True
    """


class SessionNotReady(Refused):
    """The session cannot do it as it stands.

    >>> issubclass(SessionNotReady, Refused)
    True
    """

    status: str
    """What the session is doing, such as ``SCAN_QR_CODE``."""


class UnknownSession(Refused):
    """The server has no such session.

    >>> issubclass(UnknownSession, Refused)
    True
    """


class Unauthorized(Refused):
    """The API key is missing, wrong, or may not do this.

    >>> issubclass(Unauthorized, Refused)
    True
    """


class Unsupported(Refused):
    """The engine of the session cannot do it.

    >>> issubclass(Unsupported, Refused)
    True
    """


class WasDone(WahaError):
    """The cause of a ``KeyboardInterrupt`` or an ``asyncio.CancelledError`` that came when the call was done already.

    >>> WasDone("it was done before its caller left", result=None).result is None
    True
    """

    result: Any
    """What the call answered."""


class CampaignError(WahaError):
    """What was asked of a campaign cannot be done as it stands.

    >>> try:
    ...     campaigns.open("tagihan").rejected
    ... except CampaignError as error:
    ...     print(error)
    which rows 'tagihan' leaves out is told by create() with its inputs
    """


class NameTaken(CampaignError):
    """The name of a campaign, or the key of a message, stands for something else already.

    >>> try:
    ...     campaigns.create("tagihan", "Halo {{ nama }}", [{"nama": "Ani", "hp": "0812-1111-2222"}])
    ... except NameTaken as error:
    ...     print(error.name, list(error.differs))
    tagihan ['message', 'file', 'import options']
    """

    name: str
    """The name, or the key."""
    differs: dict[str, tuple[str, str]]
    """What differs: as it was, and as it was given now."""


class UnknownCampaign(CampaignError, LookupError):
    """There is no campaign of this name.

    >>> try:
    ...     campaigns.open("tagihn")
    ... except UnknownCampaign as error:
    ...     print(error.name)
    tagihn
    """

    name: str
    """The name."""


class AudienceError(WahaError, ValueError):
    """A list that gives nobody to write to.

    >>> try:
    ...     campaigns.create("kosong", "Halo", [{"hp": "021 5550 1234"}])
    ... except AudienceError as error:
    ...     print(error.rejected[0].reason)
    landline
    """

    rejected: list[Any]
    """The rows that cannot be written to, as :attr:`Campaign.rejected`; empty when the list itself cannot be read."""


class StoreError(WahaError):
    """The database fails: the message says what to do. Nothing was sent that it does not know of.

    >>> try:
    ...     Campaigns("/nowhere/at/all/tagihan.db")
    ... except StoreError as error:
    ...     print(error.is_unknown)
    False
    """

    is_unknown: bool
    """Whether it is not known if the last changes were saved. Run again: what is in doubt is looked up first."""
