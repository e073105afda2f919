"""Servers for tests: one that answers when it is told to, and a simulator in a process of its own."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

ACCEPTED = json.dumps({"key": {"fromMe": True, "id": "3EB0AA", "remoteJid": "6281234567890@s.whatsapp.net"}}).encode()


class Slow:
    """Takes one request at a time, says that it has come, and answers when it is told to."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.has_come = threading.Event()
        self.answers: queue.Queue[bytes | None] = queue.Queue()
        self.requests: list[bytes] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65_536)
                head, _, body = request.partition(b"\r\n\r\n")
                length = next((int(it.split(b":")[1]) for it in head.split(b"\r\n") if it.lower().startswith(b"content-length")), 0)
                while len(body) < length:
                    body += connection.recv(65_536)
                self.requests.append(body)
                self.has_come.set()
                answer = self.answers.get()
                if answer is not None:
                    about = f"content-type: application/json\r\ncontent-length: {len(answer)}\r\nconnection: close"
                    connection.sendall(f"HTTP/1.1 201 Created\r\n{about}\r\n\r\n".encode() + answer)

    def __enter__(self) -> Slow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.answers.put(None)
        self.listener.close()


@contextmanager
def simulator(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a simulator that runs in a process of its own, and that process."""
    command = [sys.executable, "-m", "waha_campaign.simulator", "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told: dict[str, Any] = json.loads(process.stdout.readline())
            yield told["url"], process
        finally:
            process.terminate()
