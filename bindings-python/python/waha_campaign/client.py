"""The calls of one WAHA server: :class:`Client` waits for each, :class:`AsyncClient` is awaited."""

from __future__ import annotations

import inspect
from types import TracebackType

from ._native import _Calls

__all__ = ["AsyncClient", "Client"]


def _signature() -> inspect.Signature | None:
    """As they are made, without the class that the native half is given."""
    try:
        parameters = inspect.signature(_Calls).parameters
    except ValueError:
        # Python 3.9 knows no signature of any native class.
        return None
    return inspect.Signature([it for name, it in parameters.items() if name != "cls"])


_SIGNATURE = _signature()


class Client(_Calls):
    """The calls of one WAHA server.

    ``url`` and ``api_key`` come from ``WAHA_URL`` and ``WAHA_API_KEY`` unless they are given; the address is ``http://localhost:3000`` otherwise.
    ``session`` is the account that calls are about unless they say so themselves. Whom a message goes to may be written as people write phone
    numbers, ``region`` says where those without a country code belong; or as WhatsApp's own id of a chat. ``timeout`` is how many seconds one
    call may take; unless it is given, two minutes for a message, five for a file, less for a look-up.

    Nothing is ever sent twice: what was not answered raises :class:`MaybeSent`, and it is for you to look. Other threads go on while a call
    is waited for, and one client may be shared by all of them. After a fork it connects anew.

    Ctrl-C leaves no message uncertain that need not be: the ``__cause__`` of the ``KeyboardInterrupt`` is :class:`NotHandedOver` when
    nothing was sent, :class:`WasDone` with the answer when it came within five seconds, :class:`MaybeSent` otherwise.

    >>> with Client(simulator.url, api_key=simulator.api_key) as client:
    ...     sent = client.send_text("0812-3456-7890", "Halo!")
    >>> sent.id.startswith("true_6281234567890@c.us_")
    True
    """

    __signature__ = _SIGNATURE
    _is_async = False

    def close(self) -> None:
        """Gives its connections up; nothing can be called after it.

        >>> Client("http://localhost:3000").close()
        """
        self._close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()


class AsyncClient(_Calls):
    """:class:`Client` for asyncio: the same calls, awaited, any number of them at a time.

    A task that is cancelled leaves no message uncertain that need not be: the ``__cause__`` of its ``CancelledError`` is
    :class:`NotHandedOver` when nothing was sent, :class:`WasDone` with the answer when it came within five seconds, :class:`MaybeSent`
    otherwise. Around it, asyncio may raise others: :meth:`WahaError.behind` finds it. It works with uvloop as well, and one client serves any number of loops.

    >>> import asyncio
    >>> async def remind(phones: list[str]) -> int:
    ...     async with AsyncClient(simulator.url, api_key=simulator.api_key) as client:
    ...         sent = await asyncio.gather(*(client.send_text(phone, "Halo!") for phone in phones))
    ...     return len(sent)
    >>> asyncio.run(remind(["0812-3456-7890", "0812-3456-7891"]))
    2
    """

    __signature__ = _SIGNATURE
    _is_async = True

    async def aclose(self) -> None:
        """Gives its connections up; nothing can be called after it.

        >>> import asyncio
        >>> asyncio.run(AsyncClient("http://localhost:3000").aclose())
        """
        self._close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
