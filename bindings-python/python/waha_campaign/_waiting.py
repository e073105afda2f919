"""Waits for a call as asyncio does: any number at a time, and each may be cancelled."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Protocol

from .errors import MaybeSent, WasDone


class _Call(Protocol):
    """What the native half makes of a call."""

    GRACE: float

    def begin(self, told: Callable[[Any, BaseException | None], None], /) -> None: ...

    def give_up(self) -> BaseException | None: ...


def _tell(answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


async def waited(call: _Call) -> Any:
    """The result of a call.

    Who is cancelled has done nothing when the request was not written yet. When it was, its answer is waited for a little; ``__cause__`` of the
    ``CancelledError`` says what became of it.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def told(result: Any, error: BaseException | None) -> None:
        loop.call_soon_threadsafe(_tell, answer, result, error)

    call.begin(told)
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError as cancelled:
        cause = call.give_up()
        if cause is None:
            cause = await _outcome(answer, call.GRACE)
        raise cancelled from cause


async def _outcome(answer: asyncio.Future[Any], grace: float) -> BaseException:
    """What became of a request that was written. Whoever is cancelled again leaves at once."""
    try:
        done, _ = await asyncio.wait([answer], timeout=grace)
    except asyncio.CancelledError:
        done = set()
    if not done:
        return MaybeSent("its answer was not waited for: it goes on, and what becomes of it is not known here")
    error = answer.exception()
    return error if error is not None else WasDone("the call was done before its caller left", result=answer.result())
