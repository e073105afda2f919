"""What the native half logs comes to `logging`: without anybody's number, and never late into an interpreter that ends."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from waha_campaign import Campaigns, Client, NotHandedOver


def until_told(caplog: pytest.LogCaptureFixture, words: str) -> logging.LogRecord:
    while True:
        for record in list(caplog.records):
            if words in record.getMessage():
                return record


def test_a_warning_comes_to_its_logger(caplog: pytest.LogCaptureFixture) -> None:
    Client("http://waha.example", api_key="secret").close()
    record = until_told(caplog, "plain http")
    assert record.name == "waha_campaign.waha_client.client" and record.levelno == logging.WARNING
    assert "waha.example" in record.getMessage() and "secret" not in caplog.text


def test_levels_are_those_of_logging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "waha_campaign")
    with pytest.raises(NotHandedOver):
        Client("http://127.0.0.1:9", api_key="secret").sessions()
    assert until_told(caplog, "asking the server again").levelno == logging.DEBUG
    assert {it.name.partition(".")[0] for it in caplog.records} == {"waha_campaign"}
    caplog.set_level(logging.INFO, "waha_campaign")
    caplog.clear()
    with pytest.raises(NotHandedOver):
        Client("http://127.0.0.1:9", api_key="secret").sessions()
    Client("http://waha.example", api_key="secret").close()
    until_told(caplog, "plain http")
    assert "asking the server again" not in caplog.text


class Quoting(BaseHTTPRequestHandler):
    """A session that works, on a server that fails at everything else, and quotes in its answer what it was asked."""

    def do_GET(self) -> None:
        is_session = self.path.startswith("/api/sessions/default")
        session = {"name": "default", "status": "WORKING", "me": {"id": "6281200000001@c.us"}}
        failed = {"statusCode": 500, "message": f"Halo Budi, {self.path}, 6281234567890@c.us"}
        body = json.dumps(session if is_session else failed).encode()
        self.send_response(200 if is_session else 500)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_nobody_can_be_recognised(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "waha_campaign")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quoting)
    threading.Thread(target=server.serve_forever).start()
    with Campaigns(tmp_path / "tagihan.db", url=f"http://127.0.0.1:{server.server_port}", api_key="secret-key") as campaigns:
        people = [{"nama": "Budi", "hp": "0812-3456-7890"}]
        campaign = campaigns.create("tagihan", "Halo {{ nama }}", people, check="new", gap=0)
        running = threading.Thread(target=campaign.run)
        running.start()
        record = until_told(caplog, "it could not be found out")
        assert record.name == "waha_campaign.waha_gateway" and "****" in record.getMessage()
        campaigns.stop()
        running.join()
    server.shutdown()
    server.server_close()
    assert "81234567890" not in caplog.text and "secret-key" not in caplog.text


SCRIPT = """
import logging, sys
logging.basicConfig(level="DEBUG", format="%(name)s %(message)s")
from waha_campaign import Client
for number in range(50):
    Client(f"http://waha-{number}.example")
sys.exit(3)
"""


def test_what_was_logged_before_a_program_ends_is_told() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 3 and ended.stderr.count("plain http") == 50, ended.stderr
    assert "waha-49.example" in ended.stderr
