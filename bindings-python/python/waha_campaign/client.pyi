import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from inspect import Signature
from types import TracebackType
from typing import Any, ClassVar, Union

from typing_extensions import Self, TypeAlias

from ._native import Event, Gap, Rendered
from .results import Account, Chat, ChatMessage, Contact, LidPair, Media, NumberStatus, PairingStep, Sent, Server, Session

__all__ = ["AsyncClient", "Client"]

# A path, an address that WAHA fetches it from, or bytes with a filename beside them.
_File: TypeAlias = Union[str, os.PathLike[str], bytes]

class Client:
    __signature__: ClassVar[Signature]
    def __new__(
        cls,
        url: str | None = None,
        *,
        api_key: str | None = None,
        session: str = "default",
        region: str = "ID",
        timeout: float | None = None,
        requests_per_second: int | None = None,
    ) -> Self: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    def close(self) -> None: ...
    @property
    def url(self) -> str:
        """The server's address, without a password.

        >>> Client("http://me:secret@localhost:3000").url
        'http://localhost:3000/'
        """

    def server(self) -> Server:
        """Which WAHA it is.

        >>> client.server().engine
        'NOWEB'
        """

    def sessions(self, *, stopped: bool = False) -> list[Session]:
        """The sessions that run; ``stopped`` adds the others.

        >>> "default" in [it.name for it in client.sessions()]
        True
        """

    def session(self, name: str | None = None, /) -> Session:
        """One session.

        Raises:
            UnknownSession: when there is none of this name.

        >>> client.session().status
        'WORKING'
        """

    def account(self, *, session: str | None = None) -> Account | None:
        """The account of a session; ``None`` when it has none yet.

        >>> client.account().phone
        '+6281200000001'
        """

    def create_session(
        self, name: str, /, *, start: bool = True, store: bool = True, config: Mapping[str, Any] | None = None
    ) -> Session | None:
        """Makes a session, to be paired with a phone.

        ``store`` keeps messages on the server: without it, the engine NOWEB can tell nothing about a message whose answer was lost. ``config`` is
        the session's configuration as WAHA has it, with its webhooks.

        >>> client.create_session("kasir").status
        'STARTING'
        """

    def start_session(self, name: str | None = None, /) -> Session:
        """Starts a session that is stopped.

        >>> client.start_session().name
        'default'
        """

    def stop_session(self, name: str | None = None, /) -> Session | None:
        """Stops a session. It keeps its account.

        >>> client.stop_session("sales").name
        'sales'
        """

    def restart_session(self, name: str | None = None, /) -> Session:
        """Stops and starts a session.

        >>> client.restart_session("sales").name
        'sales'
        """

    def log_out_session(self, name: str | None = None, /) -> Session:
        """Takes the account from a session: a phone has to be paired anew.

        >>> client.log_out_session("sales").name
        'sales'
        """

    def delete_session(self, name: str, /) -> None:
        """Removes a session with its account and all that it keeps.

        >>> client.delete_session("old")
        """

    def qr_png(self, *, session: str | None = None) -> bytes:
        """The QR code to pair a phone with, as a picture. It is another one every 20 s.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> client.qr_png(session="unpaired")[1:4]
        b'PNG'
        """

    def qr_text(self, *, session: str | None = None) -> str:
        """The text of the QR code, to be drawn by something else. Whoever sees it may pair.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> len(client.qr_text(session="unpaired")) > 20
        True
        """

    def pairing_code(self, phone: str, /, *, session: str | None = None) -> str:
        """A code to be typed on the phone with this number, instead of a QR code.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> len(client.pairing_code("0812-0000-0009", session="unpaired"))
        9
        """

    def pairing(
        self, phone: str | None = None, /, *, png: bool = False, session: str | None = None, timeout: float | None = None
    ) -> Iterator[PairingStep]:
        """Follows a session until it works, step by step: shows a QR code whenever it is another one, or, with a phone's number, a code to be typed
        there. ``png`` asks for QR codes as pictures.

        Raises:
            SessionNotReady: when nobody can pair it as it stands: start it, or restart it.
            UnknownSession: when there is none.
            TimeoutError: after ``timeout`` seconds; without, WAHA itself gives up after some minutes.

        >>> session = client.create_session("cabang")
        >>> for step in client.pairing(session="cabang"):
        ...     if step.qr:
        ...         is_paired = simulator.pair("cabang", "+6281200000009")  # or show it, and have it scanned
        ...     if step.account:
        ...         print("paired with", step.account.phone)
        paired with +6281200000009
        """

    def wait_until_working(self, *, session: str | None = None, timeout: float | None = None) -> Account:
        """Waits for a session that starts, or is paired elsewhere.

        Raises:
            SessionNotReady, UnknownSession, TimeoutError: as for :meth:`pairing`.

        >>> client.wait_until_working(timeout=10).phone
        '+6281200000001'
        """

    def submit_passkey(self, assertion: Mapping[str, Any], /, *, session: str | None = None) -> None:
        """Hands in what a passkey signed: ``assertion`` is what a browser's ``credential.toJSON()`` makes. Whether it was good, the next
        step of :meth:`pairing` tells.

        >>> try:
        ...     client.submit_passkey({"id": "..."})
        ... except ValueError as error:
        ...     print("assertion is not" in str(error))
        True
        """

    def confirm_passkey(self, *, session: str | None = None) -> None:
        """Confirms that the phone shows the same code.

        >>> try:
        ...     client.confirm_passkey()
        ... except Refused as error:
        ...     print("no passkey is waited for")
        no passkey is waited for
        """

    def send_text(
        self,
        to: str,
        text: str,
        /,
        *,
        reply_to: str | None = None,
        mentions: Sequence[str] | None = None,
        link_preview: bool | None = None,
        message_id: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a text.

        ``reply_to`` is the id of a message that it answers, ``mentions`` whom it mentions. ``link_preview`` is on unless it is switched off, which
        makes sending faster. ``message_id`` is the bare id that the message shall have, where the engine takes one.

        Raises:
            InvalidPhone: for a text that is no number and no chat.
            NotHandedOver: when nothing was sent.
            MaybeSent: when it may have been.
            Refused: when WAHA says no; :class:`SessionNotReady` when the session does not work.

        >>> client.send_text("0812-3456-7890", "Tagihan Anda Rp250.000.").id is not None
        True
        """

    def send(self, to: str, message: Rendered, /, *, reply_to: str | None = None, session: str | None = None) -> Sent:
        """Sends a message that was rendered: its text, its picture or its file.

        >>> bill = Message("Halo {{ nama }}, tagihan Anda {{ jumlah | rupiah }}.")
        >>> client.send("0812-3456-7890", bill.render(nama="Budi", jumlah=250_000)).id is not None
        True
        """

    def send_image(
        self,
        to: str,
        image: _File,
        /,
        *,
        caption: str | None = None,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a picture: a path, an address that WAHA fetches it from, or bytes with a filename.

        >>> client.send_image("0812-3456-7890", client.qr_png(session="unpaired"), filename="code.png").id is not None
        True
        """

    def send_file(
        self,
        to: str,
        file: _File,
        /,
        *,
        caption: str | None = None,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a file as a document: a path, an address that WAHA fetches it from, or bytes with a filename.

        >>> client.send_file("0812-3456-7890", b"%PDF-1.7 ...", filename="tagihan.pdf", caption="Tagihan November").id is not None
        True
        """

    def send_voice(
        self,
        to: str,
        voice: _File,
        /,
        *,
        convert: bool = False,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a voice message. WhatsApp takes OPUS in OGG; ``convert`` has WAHA make it of something else.

        >>> client.send_voice("0812-3456-7890", b"OggS...", filename="halo.ogg").id is not None
        True
        """

    def send_video(
        self,
        to: str,
        video: _File,
        /,
        *,
        caption: str | None = None,
        convert: bool = False,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a video. WhatsApp takes H.264 in MP4; ``convert`` has WAHA make it of something else.

        >>> client.send_video("0812-3456-7890", b"....ftypmp42", filename="cara-bayar.mp4").id is not None
        True
        """

    def send_location(
        self,
        to: str,
        /,
        *,
        latitude: float,
        longitude: float,
        title: str = "",
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a place, in degrees.

        >>> client.send_location("0812-3456-7890", latitude=-6.1754, longitude=106.8272, title="Kantor kami").id is not None
        True
        """

    def send_contact(
        self,
        to: str,
        /,
        *,
        name: str,
        phone: str,
        organization: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends somebody's card.

        >>> client.send_contact("0812-3456-7890", name="Kasir", phone="0812-0000-0002").id is not None
        True
        """

    def send_poll(
        self,
        to: str,
        question: str,
        options: Sequence[str],
        /,
        *,
        multiple: bool = False,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a poll; ``multiple`` lets people choose more than one option.

        >>> client.send_poll("0812-3456-7890", "Bayar kapan?", ["Hari ini", "Besok"]).id is not None
        True
        """

    def forward(self, to: str, message: str, /, *, session: str | None = None) -> Sent:
        """Sends a message on to another chat, by its id.

        >>> client.forward("0812-3456-7891", sent.id).id is not None
        True
        """

    def edit_message(self, chat: str, message: str, text: str, /, *, session: str | None = None) -> Sent:
        """Changes the text of a message of one's own. WhatsApp lets it be changed for 15 minutes.

        >>> edited = client.edit_message("0812-3456-7890", sent.id, "Tagihan Anda Rp260.000.")
        """

    def delete_message(self, chat: str, message: str, /, *, session: str | None = None) -> Sent:
        """Takes a message back, for everybody.

        >>> deleted = client.delete_message("0812-3456-7890", sent.id)
        """

    def react(self, message: str, emoji: str, /, *, session: str | None = None) -> Sent:
        """Reacts to a message; an empty text takes the reaction back.

        >>> reaction = client.react(sent.id, "👍")
        """

    def mark_seen(self, chat: str, /, *, session: str | None = None) -> list[str]:
        """Marks what came in a chat as read, and says which messages, where the engine tells.

        >>> client.mark_seen("0812-3456-7890")
        []
        """

    def start_typing(self, chat: str, /, *, session: str | None = None) -> bool:
        """Shows "typing..." in a chat; ``False`` when the server says that it did not.

        >>> client.start_typing("0812-3456-7890")
        True
        """

    def stop_typing(self, chat: str, /, *, session: str | None = None) -> bool:
        """Stops showing it.

        >>> client.stop_typing("0812-3456-7890")
        True
        """

    def check_number(self, phone: str, /, *, session: str | None = None) -> NumberStatus:
        """Whether a number is on WhatsApp. WhatsApp counts such questions: ask once for each number, slowly, and keep the answer.

        >>> client.check_number("0812-3456-7890").exists
        True
        """

    def contacts(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[Contact]:
        """The people that the account knows, page by page.

        >>> contacts = client.contacts(limit=20)
        """

    def contact(self, person: str, /, *, session: str | None = None) -> Contact | None:
        """What the account knows of a person; ``None`` for nobody it knows.

        >>> contact = client.contact("0812-3456-7890")
        """

    def picture_url(self, person: str, /, *, session: str | None = None) -> str | None:
        """Where a person's picture is; ``None`` when they show none.

        >>> picture = client.picture_url("0812-3456-7890")
        """

    def block(self, person: str, /, *, session: str | None = None) -> bool:
        """Blocks a person; ``False`` when the server says that it did not.

        >>> try:
        ...     client.block("0812-3456-7892")
        ... except Unsupported as error:
        ...     print(error.http_status)
        501
        """

    def unblock(self, person: str, /, *, session: str | None = None) -> bool:
        """Takes a block back.

        >>> try:
        ...     client.unblock("0812-3456-7892")
        ... except Unsupported as error:
        ...     print(error.http_status)
        501
        """

    def lid_of(self, phone: str, /, *, session: str | None = None) -> str | None:
        """The hidden id under which the person with this number may write; ``None`` when the session does not know it.

        >>> lid = client.lid_of("0812-3456-7890")
        """

    def phone_of(self, lid: str, /, *, session: str | None = None) -> str | None:
        """The phone number of somebody who writes under a hidden id, as E.164; ``None`` when the session does not know it.

        >>> client.phone_of("123456789012@lid") is None
        True
        """

    def lids(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[LidPair]:
        """The hidden ids that the session knows, with whom they belong to.

        >>> pairs = client.lids()
        """

    def chats(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[Chat]:
        """The account's chats, page by page.

        >>> chats = client.chats(limit=20)
        """

    def messages(
        self,
        chat: str,
        /,
        *,
        limit: int = 100,
        offset: int = 0,
        since: float | None = None,
        until: float | None = None,
        from_me: bool | None = None,
        download_media: bool = False,
        session: str | None = None,
    ) -> list[ChatMessage]:
        """The messages of a chat, newest first, page by page.

        ``since`` and ``until`` are moments in seconds since 1970, ``from_me`` asks for one's own messages or for the others. ``download_media`` has
        WAHA fetch the files, for :meth:`download`.

        >>> [it.is_from_me for it in client.messages("0812-3456-7890", limit=1)]
        [True]
        """

    def message(self, chat: str, message: str, /, *, session: str | None = None) -> ChatMessage:
        """One message of a chat, by its id.

        >>> client.message("0812-3456-7890", sent.id).is_from_me
        True
        """

    def download(self, media: Media | str, /, *, bytes_max: int = 104857600) -> bytes:
        """The file that came with a message, or what is at its address on the server. It is held in memory: WhatsApp's
        documents may have 2 GB. A connection that breaks is taken up where it broke.

        Raises:
            ValueError: when it has more than ``bytes_max`` bytes, or WAHA did not fetch it.

        >>> media = Media(url=None)
        >>> try:
        ...     client.download(media)
        ... except ValueError as error:
        ...     print(error)
        WAHA did not download this file: ask for the messages with download_media=True
        """

    def events(self, *names: str, session: str | None = None) -> Iterator[Event | Gap]:
        """What happens, as it happens: over a websocket, which needs no address of one's own.

        ``names`` are the events that are wanted, such as ``message`` and ``message.ack``; without any, all of them. The connection is made anew
        whenever it is lost. What happened meanwhile does not come, and a :class:`Gap` says so: look it up. Webhooks miss less, see
        :func:`verify_and_parse`.

        >>> for event in client.events("message"):
        ...     print(event.kind, event.payload["body"])
        ...     break
        message Sudah saya bayar
        """

class AsyncClient:
    __signature__: ClassVar[Signature]
    def __new__(
        cls,
        url: str | None = None,
        *,
        api_key: str | None = None,
        session: str = "default",
        region: str = "ID",
        timeout: float | None = None,
        requests_per_second: int | None = None,
    ) -> Self: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    async def aclose(self) -> None: ...
    @property
    def url(self) -> str:
        """The server's address, without a password.

        >>> Client("http://me:secret@localhost:3000").url
        'http://localhost:3000/'
        """

    async def server(self) -> Server:
        """Which WAHA it is.

        >>> client.server().engine
        'NOWEB'
        """

    async def sessions(self, *, stopped: bool = False) -> list[Session]:
        """The sessions that run; ``stopped`` adds the others.

        >>> "default" in [it.name for it in client.sessions()]
        True
        """

    async def session(self, name: str | None = None, /) -> Session:
        """One session.

        Raises:
            UnknownSession: when there is none of this name.

        >>> client.session().status
        'WORKING'
        """

    async def account(self, *, session: str | None = None) -> Account | None:
        """The account of a session; ``None`` when it has none yet.

        >>> client.account().phone
        '+6281200000001'
        """

    async def create_session(
        self, name: str, /, *, start: bool = True, store: bool = True, config: Mapping[str, Any] | None = None
    ) -> Session | None:
        """Makes a session, to be paired with a phone.

        ``store`` keeps messages on the server: without it, the engine NOWEB can tell nothing about a message whose answer was lost. ``config`` is
        the session's configuration as WAHA has it, with its webhooks.

        >>> client.create_session("kasir").status
        'STARTING'
        """

    async def start_session(self, name: str | None = None, /) -> Session:
        """Starts a session that is stopped.

        >>> client.start_session().name
        'default'
        """

    async def stop_session(self, name: str | None = None, /) -> Session | None:
        """Stops a session. It keeps its account.

        >>> client.stop_session("sales").name
        'sales'
        """

    async def restart_session(self, name: str | None = None, /) -> Session:
        """Stops and starts a session.

        >>> client.restart_session("sales").name
        'sales'
        """

    async def log_out_session(self, name: str | None = None, /) -> Session:
        """Takes the account from a session: a phone has to be paired anew.

        >>> client.log_out_session("sales").name
        'sales'
        """

    async def delete_session(self, name: str, /) -> None:
        """Removes a session with its account and all that it keeps.

        >>> client.delete_session("old")
        """

    async def qr_png(self, *, session: str | None = None) -> bytes:
        """The QR code to pair a phone with, as a picture. It is another one every 20 s.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> client.qr_png(session="unpaired")[1:4]
        b'PNG'
        """

    async def qr_text(self, *, session: str | None = None) -> str:
        """The text of the QR code, to be drawn by something else. Whoever sees it may pair.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> len(client.qr_text(session="unpaired")) > 20
        True
        """

    async def pairing_code(self, phone: str, /, *, session: str | None = None) -> str:
        """A code to be typed on the phone with this number, instead of a QR code.

        Raises:
            SessionNotReady: unless the session waits for it.

        >>> len(client.pairing_code("0812-0000-0009", session="unpaired"))
        9
        """

    def pairing(
        self, phone: str | None = None, /, *, png: bool = False, session: str | None = None, timeout: float | None = None
    ) -> AsyncIterator[PairingStep]:
        """Follows a session until it works, step by step: shows a QR code whenever it is another one, or, with a phone's number, a code to be typed
        there. ``png`` asks for QR codes as pictures.

        Raises:
            SessionNotReady: when nobody can pair it as it stands: start it, or restart it.
            UnknownSession: when there is none.
            TimeoutError: after ``timeout`` seconds; without, WAHA itself gives up after some minutes.

        >>> session = client.create_session("cabang")
        >>> for step in client.pairing(session="cabang"):
        ...     if step.qr:
        ...         is_paired = simulator.pair("cabang", "+6281200000009")  # or show it, and have it scanned
        ...     if step.account:
        ...         print("paired with", step.account.phone)
        paired with +6281200000009
        """

    async def wait_until_working(self, *, session: str | None = None, timeout: float | None = None) -> Account:
        """Waits for a session that starts, or is paired elsewhere.

        Raises:
            SessionNotReady, UnknownSession, TimeoutError: as for :meth:`pairing`.

        >>> client.wait_until_working(timeout=10).phone
        '+6281200000001'
        """

    async def submit_passkey(self, assertion: Mapping[str, Any], /, *, session: str | None = None) -> None:
        """Hands in what a passkey signed: ``assertion`` is what a browser's ``credential.toJSON()`` makes. Whether it was good, the next
        step of :meth:`pairing` tells.

        >>> try:
        ...     client.submit_passkey({"id": "..."})
        ... except ValueError as error:
        ...     print("assertion is not" in str(error))
        True
        """

    async def confirm_passkey(self, *, session: str | None = None) -> None:
        """Confirms that the phone shows the same code.

        >>> try:
        ...     client.confirm_passkey()
        ... except Refused as error:
        ...     print("no passkey is waited for")
        no passkey is waited for
        """

    async def send_text(
        self,
        to: str,
        text: str,
        /,
        *,
        reply_to: str | None = None,
        mentions: Sequence[str] | None = None,
        link_preview: bool | None = None,
        message_id: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a text.

        ``reply_to`` is the id of a message that it answers, ``mentions`` whom it mentions. ``link_preview`` is on unless it is switched off, which
        makes sending faster. ``message_id`` is the bare id that the message shall have, where the engine takes one.

        Raises:
            InvalidPhone: for a text that is no number and no chat.
            NotHandedOver: when nothing was sent.
            MaybeSent: when it may have been.
            Refused: when WAHA says no; :class:`SessionNotReady` when the session does not work.

        >>> client.send_text("0812-3456-7890", "Tagihan Anda Rp250.000.").id is not None
        True
        """

    async def send(self, to: str, message: Rendered, /, *, reply_to: str | None = None, session: str | None = None) -> Sent:
        """Sends a message that was rendered: its text, its picture or its file.

        >>> bill = Message("Halo {{ nama }}, tagihan Anda {{ jumlah | rupiah }}.")
        >>> client.send("0812-3456-7890", bill.render(nama="Budi", jumlah=250_000)).id is not None
        True
        """

    async def send_image(
        self,
        to: str,
        image: _File,
        /,
        *,
        caption: str | None = None,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a picture: a path, an address that WAHA fetches it from, or bytes with a filename.

        >>> client.send_image("0812-3456-7890", client.qr_png(session="unpaired"), filename="code.png").id is not None
        True
        """

    async def send_file(
        self,
        to: str,
        file: _File,
        /,
        *,
        caption: str | None = None,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a file as a document: a path, an address that WAHA fetches it from, or bytes with a filename.

        >>> client.send_file("0812-3456-7890", b"%PDF-1.7 ...", filename="tagihan.pdf", caption="Tagihan November").id is not None
        True
        """

    async def send_voice(
        self,
        to: str,
        voice: _File,
        /,
        *,
        convert: bool = False,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a voice message. WhatsApp takes OPUS in OGG; ``convert`` has WAHA make it of something else.

        >>> client.send_voice("0812-3456-7890", b"OggS...", filename="halo.ogg").id is not None
        True
        """

    async def send_video(
        self,
        to: str,
        video: _File,
        /,
        *,
        caption: str | None = None,
        convert: bool = False,
        filename: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a video. WhatsApp takes H.264 in MP4; ``convert`` has WAHA make it of something else.

        >>> client.send_video("0812-3456-7890", b"....ftypmp42", filename="cara-bayar.mp4").id is not None
        True
        """

    async def send_location(
        self,
        to: str,
        /,
        *,
        latitude: float,
        longitude: float,
        title: str = "",
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a place, in degrees.

        >>> client.send_location("0812-3456-7890", latitude=-6.1754, longitude=106.8272, title="Kantor kami").id is not None
        True
        """

    async def send_contact(
        self,
        to: str,
        /,
        *,
        name: str,
        phone: str,
        organization: str | None = None,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends somebody's card.

        >>> client.send_contact("0812-3456-7890", name="Kasir", phone="0812-0000-0002").id is not None
        True
        """

    async def send_poll(
        self,
        to: str,
        question: str,
        options: Sequence[str],
        /,
        *,
        multiple: bool = False,
        reply_to: str | None = None,
        session: str | None = None,
    ) -> Sent:
        """Sends a poll; ``multiple`` lets people choose more than one option.

        >>> client.send_poll("0812-3456-7890", "Bayar kapan?", ["Hari ini", "Besok"]).id is not None
        True
        """

    async def forward(self, to: str, message: str, /, *, session: str | None = None) -> Sent:
        """Sends a message on to another chat, by its id.

        >>> client.forward("0812-3456-7891", sent.id).id is not None
        True
        """

    async def edit_message(self, chat: str, message: str, text: str, /, *, session: str | None = None) -> Sent:
        """Changes the text of a message of one's own. WhatsApp lets it be changed for 15 minutes.

        >>> edited = client.edit_message("0812-3456-7890", sent.id, "Tagihan Anda Rp260.000.")
        """

    async def delete_message(self, chat: str, message: str, /, *, session: str | None = None) -> Sent:
        """Takes a message back, for everybody.

        >>> deleted = client.delete_message("0812-3456-7890", sent.id)
        """

    async def react(self, message: str, emoji: str, /, *, session: str | None = None) -> Sent:
        """Reacts to a message; an empty text takes the reaction back.

        >>> reaction = client.react(sent.id, "👍")
        """

    async def mark_seen(self, chat: str, /, *, session: str | None = None) -> list[str]:
        """Marks what came in a chat as read, and says which messages, where the engine tells.

        >>> client.mark_seen("0812-3456-7890")
        []
        """

    async def start_typing(self, chat: str, /, *, session: str | None = None) -> bool:
        """Shows "typing..." in a chat; ``False`` when the server says that it did not.

        >>> client.start_typing("0812-3456-7890")
        True
        """

    async def stop_typing(self, chat: str, /, *, session: str | None = None) -> bool:
        """Stops showing it.

        >>> client.stop_typing("0812-3456-7890")
        True
        """

    async def check_number(self, phone: str, /, *, session: str | None = None) -> NumberStatus:
        """Whether a number is on WhatsApp. WhatsApp counts such questions: ask once for each number, slowly, and keep the answer.

        >>> client.check_number("0812-3456-7890").exists
        True
        """

    async def contacts(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[Contact]:
        """The people that the account knows, page by page.

        >>> contacts = client.contacts(limit=20)
        """

    async def contact(self, person: str, /, *, session: str | None = None) -> Contact | None:
        """What the account knows of a person; ``None`` for nobody it knows.

        >>> contact = client.contact("0812-3456-7890")
        """

    async def picture_url(self, person: str, /, *, session: str | None = None) -> str | None:
        """Where a person's picture is; ``None`` when they show none.

        >>> picture = client.picture_url("0812-3456-7890")
        """

    async def block(self, person: str, /, *, session: str | None = None) -> bool:
        """Blocks a person; ``False`` when the server says that it did not.

        >>> try:
        ...     client.block("0812-3456-7892")
        ... except Unsupported as error:
        ...     print(error.http_status)
        501
        """

    async def unblock(self, person: str, /, *, session: str | None = None) -> bool:
        """Takes a block back.

        >>> try:
        ...     client.unblock("0812-3456-7892")
        ... except Unsupported as error:
        ...     print(error.http_status)
        501
        """

    async def lid_of(self, phone: str, /, *, session: str | None = None) -> str | None:
        """The hidden id under which the person with this number may write; ``None`` when the session does not know it.

        >>> lid = client.lid_of("0812-3456-7890")
        """

    async def phone_of(self, lid: str, /, *, session: str | None = None) -> str | None:
        """The phone number of somebody who writes under a hidden id, as E.164; ``None`` when the session does not know it.

        >>> client.phone_of("123456789012@lid") is None
        True
        """

    async def lids(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[LidPair]:
        """The hidden ids that the session knows, with whom they belong to.

        >>> pairs = client.lids()
        """

    async def chats(self, *, limit: int = 100, offset: int = 0, session: str | None = None) -> list[Chat]:
        """The account's chats, page by page.

        >>> chats = client.chats(limit=20)
        """

    async def messages(
        self,
        chat: str,
        /,
        *,
        limit: int = 100,
        offset: int = 0,
        since: float | None = None,
        until: float | None = None,
        from_me: bool | None = None,
        download_media: bool = False,
        session: str | None = None,
    ) -> list[ChatMessage]:
        """The messages of a chat, newest first, page by page.

        ``since`` and ``until`` are moments in seconds since 1970, ``from_me`` asks for one's own messages or for the others. ``download_media`` has
        WAHA fetch the files, for :meth:`download`.

        >>> [it.is_from_me for it in client.messages("0812-3456-7890", limit=1)]
        [True]
        """

    async def message(self, chat: str, message: str, /, *, session: str | None = None) -> ChatMessage:
        """One message of a chat, by its id.

        >>> client.message("0812-3456-7890", sent.id).is_from_me
        True
        """

    async def download(self, media: Media | str, /, *, bytes_max: int = 104857600) -> bytes:
        """The file that came with a message, or what is at its address on the server. It is held in memory: WhatsApp's
        documents may have 2 GB. A connection that breaks is taken up where it broke.

        Raises:
            ValueError: when it has more than ``bytes_max`` bytes, or WAHA did not fetch it.

        >>> media = Media(url=None)
        >>> try:
        ...     client.download(media)
        ... except ValueError as error:
        ...     print(error)
        WAHA did not download this file: ask for the messages with download_media=True
        """

    def events(self, *names: str, session: str | None = None) -> AsyncIterator[Event | Gap]:
        """What happens, as it happens: over a websocket, which needs no address of one's own.

        ``names`` are the events that are wanted, such as ``message`` and ``message.ack``; without any, all of them. The connection is made anew
        whenever it is lost. What happened meanwhile does not come, and a :class:`Gap` says so: look it up. Webhooks miss less, see
        :func:`verify_and_parse`.

        >>> for event in client.events("message"):
        ...     print(event.kind, event.payload["body"])
        ...     break
        message Sudah saya bayar
        """
