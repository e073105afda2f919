"""A WAHA server without WhatsApp, for tests and for trying things out: nothing is really sent, and a ledger says who would have got what.

    python -m waha_campaign.simulator

runs one until Ctrl-C. In tests:

>>> from waha_campaign import Client
>>> from waha_campaign.simulator import Simulator
>>> with Simulator() as simulator, Client(simulator.url, api_key=simulator.api_key) as client:
...     sent = client.send_text("0812-3456-7890", "Halo!")
...     [it["chat"] for it in simulator.ledger()]
['6281234567890']
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any

from ._native import _faults, _Simulator

__all__ = ["FAULTS", "Simulator"]

FAULTS: Mapping[str, str] = MappingProxyType(dict(_faults()))
"""What can go wrong, and what happens then."""


class Simulator:
    """A WAHA server within this process, which behaves as a real one was recorded.

    ``sessions`` are the accounts that work, by name, with their phone numbers. ``faults`` are shares of calls that go wrong, by the names of
    :data:`FAULTS`, drawn by ``seed``. ``speed`` divides every wait of the server. ``port`` 0 is a free one. It is closed by ``with``, or by
    :meth:`close`.

    >>> with Simulator(faults={"answer-lost": 1.0}) as simulator, Client(simulator.url, api_key=simulator.api_key) as client:
    ...     try:
    ...         client.send_text("0812-3456-7890", "Halo!")
    ...     except MaybeSent:
    ...         print("sent:", simulator.verdict()["handed"])
    sent: 1
    """

    def __init__(
        self,
        *,
        sessions: Mapping[str, str] = MappingProxyType({"default": "+6281200000001"}),
        port: int = 0,
        api_key: str = "simulator-key",
        seed: int = 1,
        speed: float = 1.0,
        acks: bool = True,
        faults: Mapping[str, float] = MappingProxyType({}),
        not_on_whatsapp: Iterable[str] = (),
    ) -> None:
        self._native = _Simulator(
            sessions=list(sessions.items()),
            port=port,
            api_key=api_key,
            seed=seed,
            speed=speed,
            acks=acks,
            faults=list(faults.items()),
            not_on_whatsapp=list(not_on_whatsapp),
        )

    @property
    def url(self) -> str:
        """Its address.

        >>> simulator.url.startswith("http://127.0.0.1:")
        True
        """
        return self._native.url

    @property
    def api_key(self) -> str:
        """The key that calls need.

        >>> simulator.api_key
        'simulator-key'
        """
        return self._native.api_key

    def receive(self, phone: str, text: str, *, name: str = "", session: str = "default") -> str:
        """Somebody writes to an account. The id of their message is returned.

        >>> len(simulator.receive("+6281234567890", "Sudah saya bayar", name="Budi")) > 0
        True
        """
        return self._native.receive(phone, text, name, session)

    def pair(self, session: str, phone: str) -> bool:
        """Somebody scans the session's QR code with this phone; ``False`` when it does not wait for that.

        >>> simulator.pair("default", "+6281200000001")
        False
        """
        return self._native.pair(session, phone)

    def unlink(self, session: str) -> None:
        """Somebody unlinks the session on the phone.

        >>> with Simulator() as other:
        ...     other.unlink("default")
        """
        self._native.unlink(session)

    def set_faults(self, faults: Mapping[str, float]) -> None:
        """From now on this goes wrong, and nothing else.

        >>> simulator.set_faults({})
        """
        self._native.set_faults(list(faults.items()))

    def ledger(self) -> list[dict[str, Any]]:
        """Every request to send, with whom it was to, by which session, its message's id, and what became of it.

        >>> simulator.ledger()[0]["fate"]
        'received'
        """
        return self._native.ledger()

    def verdict(self) -> dict[str, Any]:
        """What the ledger proves: how many messages were handed to WhatsApp, who got one twice, the smallest gaps.

        >>> simulator.verdict()["requests"] > 0
        True
        """
        return self._native.verdict()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Ends it. A second time does nothing.

        >>> other = Simulator()
        >>> other.close()
        """
        self._native.close()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Simulator at {self.url}>"


def _pair(text: str) -> tuple[str, str]:
    name, is_pair, value = text.partition("=")
    if not is_pair:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="python -m waha_campaign.simulator",
        description="A WAHA server without WhatsApp: nothing is really sent, and a ledger says who would have got what.",
        epilog="Example: python -m waha_campaign.simulator --port 3000 --fault answer-lost=0.02",
    )
    parser.add_argument("--port", type=int, default=3000, help="0 takes a free one [3000]")
    parser.add_argument("--session", type=_pair, action="append", metavar="NAME=PHONE", help="an account [default=+6281200000001]")
    parser.add_argument("--fault", type=_pair, action="append", default=[], metavar="NAME=SHARE", help="what goes wrong, and how often")
    parser.add_argument("--faults", action="store_true", help="list what can go wrong")
    parser.add_argument("--seed", type=int, default=1, help="of everything left to chance [1]")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every wait of the server [1]")
    parser.add_argument("--json", action="store_true", help="address and verdict as JSON")
    given = parser.parse_args()
    if given.faults:
        for name, what in FAULTS.items():
            print(f"{name:20} {what}")
        return 0
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    try:
        simulator = Simulator(
            sessions=dict(given.session or [("default", "+6281200000001")]),
            port=given.port,
            api_key=os.environ.get("WAHA_API_KEY", "simulator-key"),
            seed=given.seed,
            speed=given.speed,
            faults={name: float(share) for name, share in given.fault},
        )
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with simulator:
        if given.json:
            print(json.dumps({"url": simulator.url}), flush=True)
        else:
            print(f"A WAHA server without WhatsApp at {simulator.url}, its key in WAHA_API_KEY or simulator-key. Ctrl-C ends it.", flush=True)
        # Looked after now and then: on Windows a wait hears no signals.
        while not is_over.wait(0.5):
            pass
        verdict = simulator.verdict()
    print(json.dumps(verdict) if given.json else f"{verdict['handed']} messages, {verdict['duplicates']} of them twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
