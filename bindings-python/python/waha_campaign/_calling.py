"""Has the methods of a gateway called: the plain ones in threads, the others on an event loop. And what they answer, in the native half's words.

All threads are daemons: a method that never returns keeps no program from ending.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from ._native import _Asked, normalize
from .errors import CallError, MaybeSent, NotHandedOver, Refused, SessionNotReady, Unauthorized, UnknownSession
from .gateway import Finding, Gateway, Observation, Sending
from .results import Sent

LOGGER = logging.getLogger("waha_campaign.gateway")

_FOUND = ("accepted", "sent", "delivered", "read", "played", "failed", "absent")
# Whoever closes does not wait for a method that never ends.
_PATIENCE = 1.0

# A word, a text, a number, a flag.
_Answer = tuple[str, "str | None", "float | None", "bool | None"]


class Calling:
    """One gateway, asked by the native half."""

    def __init__(self, gateway: Gateway) -> None:
        if not isinstance(gateway, Gateway):
            raise TypeError(f"gateway: give an object of a class that is made from waha_campaign.Gateway, not {type(gateway)}")
        if not _is_own(gateway, "observe") and gateway.account is None:
            raise ValueError(f"gateway: {type(gateway).__name__} needs an account, the phone number that it sends from, or its own observe()")
        if gateway.account is not None:
            _account(gateway.account)
        self.gateway = gateway
        self.name = f"{type(gateway).__module__}.{type(gateway).__qualname__}"
        self.timeout = _wait("timeout", gateway.timeout)
        self.absence_horizon = _wait("absence_horizon", gateway.absence_horizon)
        self.has_find = _is_own(gateway, "find")
        self.has_check = _is_own(gateway, "check")
        self._threads = _Threads()
        self._loop = _Loop()
        self._under_way: dict[int, tuple[_Asked, Future[None] | None]] = {}

    def begin(self, asked: _Asked) -> None:
        """Has something called, and returns at once."""
        try:
            # First of all: it may be over before this returns.
            self._under_way[asked.number] = (asked, None)
            if inspect.iscoroutinefunction(getattr(self.gateway, asked.what)):
                future = self._loop.run(self._awaited(asked))
                self._under_way[asked.number] = (asked, future)
                future.add_done_callback(lambda _: self._under_way.pop(asked.number, None))
            else:
                self._threads.run(lambda: self._called(asked))
        except _Closed:
            # Nobody is left who would want to know.
            self._under_way.pop(asked.number, None)
        except BaseException:
            self._under_way.pop(asked.number, None)
            LOGGER.exception("%s() of %s could not be called for %s", asked.what, self.name, asked.about)
            raise

    def give_up(self, number: int) -> None:
        """Nobody waits for this any more."""
        asked, future = self._under_way.get(number, (None, None))
        if asked is not None:
            meaning = ": the message may have been sent" if asked.what == "send" else ""
            LOGGER.error("%s() of %s has not returned in time for %s%s", asked.what, self.name, asked.about, meaning)
        if future is not None:
            future.cancel()

    def close(self) -> None:
        """Has nothing called any more."""
        self._threads.close()
        self._loop.close()

    def _called(self, asked: _Asked) -> None:
        try:
            if asked.begin():
                self._answer(asked, *_outcome(lambda: self._result(asked)))
        finally:
            self._under_way.pop(asked.number, None)

    def _result(self, asked: _Asked) -> Any:
        result = getattr(self.gateway, asked.what)(*_given(asked))
        if not inspect.isawaitable(result):
            return result
        # A plain method that hands on what another one is to be awaited for.
        return self._loop.run(_awaited(result)).result()

    async def _awaited(self, asked: _Asked) -> None:
        if not asked.begin():
            return
        try:
            result = await getattr(self.gateway, asked.what)(*_given(asked))
        except BaseException as error:
            self._answer(asked, None, error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._answer(asked, result, None)

    def _answer(self, asked: _Asked, result: Any, error: BaseException | None) -> None:
        try:
            if error is not None:
                answer = self._raised(asked, error)
            else:
                answer = self._returned(asked, result)
        except BaseException:
            # A text of an exception, say, that cannot be had. Nothing is known then.
            LOGGER.exception("what %s() of %s answered for %s cannot be read", asked.what, self.name, asked.about)
            answer = ("unknown", None, None, None)
        asked.answer(*answer)

    def _raised(self, asked: _Asked, error: BaseException) -> _Answer:
        word = _WORDS[asked.what](error)
        if word is None:
            self._log(asked, f"raised {type(error).__name__}", error)
            word = "unknown"
        text = _text(error)
        if asked.what == "observe":
            text = _plain(getattr(error, "status", text))
        return word, text, _seconds(getattr(error, "retry_after", None)), None

    def _returned(self, asked: _Asked, result: Any) -> _Answer:
        answer = _READ[asked.what](result)
        if answer is None:
            # Not the value: it may hold numbers of people.
            self._log(asked, f"returned no answer, but {type(result).__name__},", None)
            return "unknown", f"{asked.what}() returned no answer, but {type(result).__name__}", None, None
        return answer

    def _log(self, asked: _Asked, what: str, error: BaseException | None) -> None:
        meaning = ": the message may have been sent" if asked.what == "send" else ""
        LOGGER.error("%s() of %s %s for %s%s", asked.what, self.name, what, asked.about, meaning, exc_info=error)


def _is_own(gateway: Gateway, what: str) -> bool:
    return getattr(getattr(gateway, what), "__func__", None) is not getattr(Gateway, what)


def _wait(name: str, seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ValueError(f"gateway: {name} is a number of seconds, more than 0, not {seconds!r}")
    return float(seconds)


def _account(account: str) -> str:
    return normalize(account, landlines=True)


def _given(asked: _Asked) -> tuple[Any, ...]:
    given = asked.given()
    if asked.what == "send":
        return (Sending(*given),)
    if asked.what == "find":
        return (Finding(*given),)
    return given


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except BaseException as error:
        return None, error


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _sending(error: BaseException) -> str | None:
    """What an exception of ``send`` says; ``None`` when it says nothing, so that the message may have been sent."""
    if isinstance(error, (SessionNotReady, UnknownSession)):
        return "not_ready"
    if isinstance(error, Unauthorized):
        return "unauthorized"
    if isinstance(error, (NotHandedOver, Refused)) and _seconds(error.retry_after) is not None:
        return "rate_limited"
    if isinstance(error, NotHandedOver):
        return "unreachable"
    if isinstance(error, Refused):
        return "refused"
    return "maybe" if isinstance(error, MaybeSent) else None


def _looking(error: BaseException) -> str | None:
    return "unknown" if isinstance(error, CallError) else None


def _observing(error: BaseException) -> str | None:
    if isinstance(error, SessionNotReady):
        return "not_ready"
    if isinstance(error, UnknownSession):
        return "missing"
    if isinstance(error, Unauthorized):
        return "unauthorized"
    return "unreachable" if isinstance(error, CallError) else None


_WORDS: dict[str, Callable[[BaseException], str | None]] = {
    "send": _sending,
    "find": _looking,
    "check": _looking,
    "observe": _observing,
}


def _sent(result: Any) -> _Answer | None:
    if isinstance(result, Sent):
        return "accepted", _plain(result.id) if isinstance(result.id, str) and result.id else None, None, None
    return ("accepted", _plain(result), None, None) if isinstance(result, str) and result else None


def _found(result: Any) -> _Answer | None:
    if result is None:
        return "unknown", "the gateway cannot tell", None, None
    return (result, None, None, None) if isinstance(result, str) and result in _FOUND else None


def _checked(result: Any) -> _Answer | None:
    return ("checked", None, None, result) if result is None or isinstance(result, bool) else None


def _observed(result: Any) -> _Answer | None:
    if not isinstance(result, Observation):
        return None
    since = result.up_since
    if since is not None and since.tzinfo is None:
        raise ValueError("up_since: say of which time zone it is, as by tzinfo=timezone.utc")
    seconds = None if since is None else since.timestamp()
    return "working", _account(result.account), seconds, bool(result.keeps_messages)


_READ: dict[str, Callable[[Any], _Answer | None]] = {
    "send": _sent,
    "find": _found,
    "check": _checked,
    "observe": _observed,
}


def _text(error: BaseException) -> str:
    text = _plain(str(error))
    if isinstance(error, CallError):
        return text
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _plain(text: Any) -> str:
    """What has half a character in it can be no text of the native half."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _seconds(given: Any) -> float | None:
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    return float(given) if is_number and 0 <= given < math.inf else None


class _Closed(RuntimeError):
    pass


class _Threads:
    """As many as are needed at a time; each is used again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = 0
        self._is_closed = False

    def run(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._is_closed:
                raise _Closed("these campaigns are closed")
            is_waited_for = self._idle > 0
            if is_waited_for:
                self._idle -= 1
                self._work.put(work)
        if not is_waited_for:
            threading.Thread(target=self._serve, args=(work,), name="waha-campaign-gateway", daemon=True).start()

    def _serve(self, work: Callable[[], None] | None) -> None:
        while work is not None:
            try:
                work()
            except BaseException:
                LOGGER.exception("a call of the gateway ended without an answer")
            # Nothing of it is held while the next one is waited for.
            work = None
            with self._lock:
                if self._is_closed:
                    return
                self._idle += 1
            work = self._work.get()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            for _ in range(self._idle):
                self._work.put(None)
            self._idle = 0


class _Loop:
    """One event loop in a thread of its own, from when it is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None
        self._is_closed = False

    def run(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop())
        except BaseException:
            work.close()
            raise

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._is_closed:
                raise _Closed("these campaigns are closed")
            if self._running is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop,), name="waha-campaign-gateway-loop", daemon=True)
                thread.start()
                self._running = (loop, thread)
            return self._running[0]

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            running, self._running = self._running, None
        if running is not None:
            loop, thread = running
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_PATIENCE)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
