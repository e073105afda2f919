import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, SupportsIndex, Union, final

from typing_extensions import Self, TypeAlias

__all__ = [
    "Button",
    "Event",
    "Gap",
    "Message",
    "Numbers",
    "Preview",
    "Rejected",
    "Rendered",
    "Template",
    "normalize",
    "normalize_all",
    "verify_and_parse",
]

# What a row may hold; None is a value that is missing.
_Value: TypeAlias = Union[str, int, float, Decimal, date, SupportsIndex, None]

def normalize(text: str | int | float, /, *, region: str = "ID", landlines: bool = False) -> str:
    """The phone number that a text stands for, as E.164.

    ``region`` is where a number without its country code belongs, as two letters. Brackets, dashes, labels, notes, a spreadsheet's apostrophe or ``.0``,
    ``00`` for ``+`` and WhatsApp's own ``@c.us`` are understood; what could mean two people is refused. ``landlines`` takes numbers of fixed lines,
    too: a business may have registered one.

    Raises:
        InvalidPhone: with the reason and what to do.
        ValueError: when there is no such region.

    >>> normalize("(0812) 3456-7890 WA")
    '+6281234567890'
    >>> normalize(81234567890)
    '+6281234567890'
    """

def normalize_all(texts: Iterable[Any], /, *, region: str = "ID", landlines: bool = False) -> Numbers:
    """Reads a whole column: a list, a column of pandas or polars, an Arrow array, or anything else that can be gone through.

    It never raises for what somebody typed: see :attr:`Numbers.rejected`. Other threads go on meanwhile.

    >>> numbers = normalize_all(["0812-3456-7890", "021 5550 1234", None])
    >>> numbers.phones
    ['+6281234567890', None, None]
    >>> [it.reason for it in numbers.rejected]
    ['landline', 'empty']
    """

@final
class Numbers:
    """What a column was read as.

    >>> numbers = normalize_all(["0812 3456 7890", "tidak ada"])
    >>> numbers
    <Numbers: 1 read, 1 rejected>
    """

    @property
    def phones(self) -> list[str | None]:
        """The numbers as E.164 in the order of the column; ``None`` where there is none.

        >>> normalize_all(["0812 3456 7890", ""]).phones
        ['+6281234567890', None]
        """

    @property
    def rejected(self) -> list[Rejected]:
        """What was not read.

        >>> normalize_all(["0812 3456 7890", ""]).rejected[0].index
        1
        """

    def __len__(self) -> int: ...

@final
class Rejected:
    """A text of a column that is no phone number to write to.

    >>> print(normalize_all(["021 5550 1234"]).rejected[0].message)
    "021 5550 1234" is a landline (+622155501234): give a mobile number, or allow landlines
    """

    @property
    def index(self) -> int:
        """Where it stands in the column, from 0.

        >>> normalize_all(["x"]).rejected[0].index
        0
        """

    @property
    def text(self) -> str:
        """What it says.

        >>> normalize_all(["x"]).rejected[0].text
        'x'
        """

    @property
    def reason(self) -> str:
        """As :attr:`InvalidPhone.reason`, or ``not_text`` for what is neither text nor a number, or has half a character in it.

        >>> normalize_all(["x"]).rejected[0].reason
        'no_digits'
        """

    @property
    def message(self) -> str:
        """For people: what is wrong with it, and what to do.

        >>> normalize_all(["x"]).rejected[0].message
        '"x" has no digits: give a phone number'
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Template:
    """A text with variables, filters and, where needed, logic.

    Names are matched whatever their case, spaces and punctuation. A value that is missing or blank is an error unless the template has a
    ``default``. Values are text, whole numbers, floats, decimals, dates, or ``None``.

    Raises:
        TemplateError: with line, column and remedy.

    >>> tagihan = Template("Halo {{ nama | title }}, tagihan Anda {{ jumlah | rupiah }}.")
    >>> tagihan.variables
    ['nama', 'jumlah']
    """

    def __new__(cls, source: str, /) -> Template: ...
    @property
    def source(self) -> str:
        """As it was written.

        >>> Template("Halo {{ nama }}").source
        'Halo {{ nama }}'
        """

    @property
    def variables(self) -> list[str]:
        """The names of its variables, in the order of their first use.

        >>> Template("{{ b }} {{ a }} {{ b }}").variables
        ['b', 'a']
        """

    def render(self, values: Mapping[str, _Value] | None = None, /, **more: _Value) -> str:
        """The text for one person: from a mapping or a row, from names, or from both; names win.

        Raises:
            RenderError: when a value is missing, or a filter cannot show it.
            TypeError: for a value that is neither text, number nor date.

        >>> Template("Halo {{ nama }}, {{ jumlah | rupiah }}").render({"Nama": "Budi"}, jumlah=175_000)
        'Halo Budi, Rp175.000'
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Button:
    """A button: with an address that it opens, with a number that it calls, or a quick reply.

    WhatsApp shows no buttons from a linked number: they arrive as lines of text, quick replies as numbered choices.

    >>> Button("Bayar", url="https://bayar.example/{{ no }}")
    Button('Bayar', url='https://bayar.example/{{ no }}')
    """

    def __new__(cls, label: str, /, *, url: str | None = None, phone: str | None = None) -> Button: ...
    @property
    def label(self) -> str:
        """What it says.

        >>> Button("Hadir").label
        'Hadir'
        """

    @property
    def url(self) -> str | None:
        """The https address that it opens; it may have variables.

        >>> Button("Bayar", url="https://bayar.example").url
        'https://bayar.example'
        """

    @property
    def phone(self) -> str | None:
        """The number that it calls, with its country code.

        >>> Button("Telepon", phone="+62 21 5550 1234").phone
        '+62 21 5550 1234'
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Message:
    """A whole message: a text, or an image or a file with a caption, and buttons.

    ``image`` and ``file`` are a path or an http(s) address, and may have variables. ``language`` is that of the line which tells how to answer
    quick replies: ``"id"`` or ``"en"``.

    Raises:
        TemplateError: when a part is no template; ``part`` names it.
        MessageError: when the parts make no message.

    >>> pesan = Message("Halo {{ nama }}, hadir?", buttons=[Button("Ya"), Button("Tidak")])
    >>> print(pesan.render(nama="Budi"))
    Halo Budi, hadir?
    <BLANKLINE>
    1. Ya
    2. Tidak
    Balas dengan nomor atau kata pilihan Anda.
    """

    def __new__(
        cls,
        text: str | None = None,
        /,
        *,
        image: str | None = None,
        file: str | None = None,
        buttons: list[Button] | tuple[Button, ...] = ...,
        language: Literal["id", "en"] = "id",
    ) -> Message: ...
    @property
    def kind(self) -> Literal["text", "image", "file"]:
        """What is sent.

        >>> Message(file="tagihan/{{ no }}.pdf").kind
        'file'
        """

    @property
    def variables(self) -> list[str]:
        """The names of the variables of all its parts.

        >>> Message("Halo {{ nama }}", file="tagihan/{{ no }}.pdf").variables
        ['nama', 'no']
        """

    @property
    def choices(self) -> list[str]:
        """The words of its quick replies.

        >>> Message("Hadir?", buttons=[Button("Ya"), Button("Tidak")]).choices
        ['Ya', 'Tidak']
        """

    def chosen(self, answer: str, /) -> str | None:
        """The quick reply that an answer means; ``None`` when it means none, or could mean two.

        >>> Message("Hadir?", buttons=[Button("Ya"), Button("Tidak")]).chosen("pilih no 2")
        'Tidak'
        """

    def render(self, values: Mapping[str, _Value] | None = None, /, **more: _Value) -> Rendered:
        """The message for one person; see :meth:`Template.render`.

        >>> Message("Halo {{ nama }}").render(nama="Budi")
        <Rendered text: 'Halo Budi'>
        """

    def preview(self, values: Mapping[str, _Value] | None = None, /, **more: _Value) -> Preview:
        """The message as WhatsApp will show it; a notebook draws it.

        >>> Message("*Halo* {{ nama }}").preview(nama="Budi & Siti").html
        '<div class="wa-message"><div class="wa-text"><b>Halo</b> Budi &amp; Siti</div></div>'
        """

    def to_json(self) -> str:
        """Its definition, to be stored; :meth:`from_json` reads it.

        >>> Message("Halo").to_json()
        '{"text":"Halo"}'
        """

    @staticmethod
    def from_json(json: str, /) -> Message:
        """Reads what :meth:`to_json` wrote.

        >>> Message.from_json('{"text": "Halo"}') == Message("Halo")
        True
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Rendered:
    """One person's message, as it is sent.

    >>> str(Message("Halo {{ nama }}").render(nama="Budi"))
    'Halo Budi'
    """

    @property
    def kind(self) -> Literal["text", "image", "file"]:
        """What is sent.

        >>> Message("Halo").render().kind
        'text'
        """

    @property
    def text(self) -> str:
        """The text or caption, with the lines of its buttons.

        >>> Message("Halo").render().text
        'Halo'
        """

    @property
    def media(self) -> str | None:
        """Where the image or file is.

        >>> Message(file="tagihan/{{ no }}.pdf").render(no=7).media
        'tagihan/7.pdf'
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Preview:
    """One person's message, to be looked at before it is sent.

    >>> Message("Halo").preview().text
    'Halo'
    """

    @property
    def text(self) -> str:
        """In plain text.

        >>> Message("Halo").preview().text
        'Halo'
        """

    @property
    def html(self) -> str:
        """As HTML, everything of the message escaped, for a page with its own style sheet.

        >>> Message("Halo").preview().html
        '<div class="wa-message"><div class="wa-text">Halo</div></div>'
        """

    def _repr_html_(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def verify_and_parse(
    body: bytes,
    headers: Mapping[str, str] | Iterable[tuple[str, str] | tuple[bytes, bytes]],
    key: str,
    /,
    *,
    tolerance: float = 300.0,
    now: float | None = None,
) -> Event:
    """Verifies the delivery of a webhook and reads it.

    ``body`` is the bytes as received (Django's ``request.body``, Flask's ``request.get_data()``, FastAPI's ``await request.body()``), ``headers`` the
    headers of any of them, ``key`` the session's ``hmac.key``. A delivery that is dated more than ``tolerance`` seconds from ``now`` is refused: somebody
    may repeat it. The same event may come more than once: its ``id`` tells.

    Raises:
        WebhookError: when it is not to be believed.

    >>> import hashlib, hmac
    >>> body = b'{"id":"evt_1","timestamp":1700000000000,"event":"message","session":"default","payload":{"body":"ya"}}'
    >>> headers = {"X-Webhook-Hmac": hmac.new(b"secret", body, hashlib.sha512).hexdigest()}
    >>> event = verify_and_parse(body, headers, "secret", now=1700000001)
    >>> event.kind, event.payload["body"]
    ('message', 'ya')
    """

@final
class Event:
    """Something that happened in a session. Two copies of one event are equal.

    >>> import hashlib, hmac
    >>> body = b'{"id":"evt_1","timestamp":1700000000500,"event":"message.ack","session":"kasir","payload":{"ackName":"READ"}}'
    >>> headers = [(b"x-webhook-hmac", hmac.new(b"secret", body, hashlib.sha512).hexdigest().encode())]
    >>> event = verify_and_parse(body, headers, "secret", now=1700000001)
    >>> event.id, event.kind, event.session, event.timestamp
    ('evt_1', 'message.ack', 'kasir', 1700000000.5)
    >>> event.payload
    {'ackName': 'READ'}
    >>> event.to_dict()["event"]
    'message.ack'
    """

    @property
    def id(self) -> str:
        """The same for every copy of the event: keep it, to do everything once."""

    @property
    def kind(self) -> str:
        """As WAHA names it: ``message``, ``message.ack``, ``session.status`` and others."""

    @property
    def session(self) -> str:
        """The session's name."""

    @property
    def timestamp(self) -> float:
        """When it was made, in seconds since 1970; 0 when the server does not say."""

    @property
    def payload(self) -> Any:
        """What happened, as WAHA describes it for this kind."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as it came."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Gap:
    """Events may be missing from here: the connection was lost, and what happened meanwhile is to be looked up.

    >>> def handle(event):
    ...     if event.kind == "gap":
    ...         print(event.reason)
    """

    @property
    def kind(self) -> Literal["gap"]:
        """To be told from an :class:`Event`."""

    @property
    def reason(self) -> str:
        """What happened, for people."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

# What the package's own modules need.
@final
class _Simulator:
    def __new__(
        cls,
        *,
        sessions: Sequence[tuple[str, str]],
        port: int,
        api_key: str,
        seed: int,
        speed: float,
        acks: bool,
        faults: Sequence[tuple[str, float]],
        not_on_whatsapp: Sequence[str],
    ) -> Self: ...
    @property
    def url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    def receive(self, phone: str, text: str, name: str, session: str) -> str: ...
    def pair(self, session: str, phone: str) -> bool: ...
    def unlink(self, session: str) -> None: ...
    def set_faults(self, faults: Sequence[tuple[str, float]]) -> None: ...
    def ledger(self) -> list[dict[str, Any]]: ...
    def verdict(self) -> Any: ...
    def close(self) -> None: ...

def _faults() -> list[tuple[str, str]]: ...

@final
class _Store:
    def __new__(cls, file: str | None, server: str | None, url: str | None, api_key: str | None, calling: Any) -> Self: ...
    @property
    def way(self) -> str: ...
    def tell(self, session: str, message_id: str, state: str) -> None: ...
    def close(self) -> None: ...
    def create(self, given: dict[str, Any], message: Message) -> tuple[int, bool, list[dict[str, Any]]]: ...
    def find(self, name: str) -> int: ...
    def look(self, campaigns: Sequence[int] | None = None, *, live: bool = False) -> dict[str, Any]: ...
    def sessions_of_singles(self) -> list[list[str]]: ...
    def sessions(self, sessions: Sequence[str]) -> list[str]: ...
    def begin(self, sessions: Sequence[str], limits: dict[str, Any]) -> str | None: ...
    def end(self) -> None: ...
    def goes_on(self) -> bool: ...
    def trouble(self) -> str | None: ...
    def leave_limits(self, sessions: Sequence[str], limits: dict[str, Any]) -> None: ...
    def leave_start(self, campaign: int) -> int: ...
    def is_answered(self, command: int) -> bool: ...
    def command(self, what: str, campaign: int) -> int: ...
    def plan(self, campaign: int, limits: dict[str, Any]) -> dict[str, Any]: ...
    def columns(self, campaign: int) -> list[str]: ...
    def page(
        self, campaign: int, after: int | None, states: Sequence[str], limit: int
    ) -> tuple[list[dict[str, Any]], int | None]: ...
    def leave_message(self, given: dict[str, Any], message: Rendered) -> tuple[int, bool]: ...
    def message_stands(self, campaign: int, key: str) -> tuple[str, str, str | None, str | None]: ...

@final
class _Asked:
    @property
    def number(self) -> int: ...
    @property
    def what(self) -> str: ...
    @property
    def about(self) -> str: ...
    def given(self) -> tuple[Any, ...]: ...
    def begin(self) -> bool: ...
    def answer(self, word: str, text: str | None = None, number: float | None = None, flag: bool | None = None) -> None: ...

def _write_rows(path: os.PathLike[str], columns: Sequence[str], needed: Sequence[str], rows: Iterable[Sequence[Any]]) -> str: ...
