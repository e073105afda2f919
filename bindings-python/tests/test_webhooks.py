"""Deliveries of webhooks: believed when they are signed, and only then."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from waha_campaign import Event, WebhookError, verify_and_parse

KEY = "secret"
NOW = 1_700_000_000.0


def body(**changes: Any) -> bytes:
    event = {
        "id": "evt_1",
        "timestamp": int(NOW * 1_000),
        "event": "message",
        "session": "default",
        "payload": {"id": "false_6281234567890@c.us_A", "body": "ya"},
    }
    return json.dumps({**event, **changes}).encode()


def signed(raw: bytes, key: str = KEY) -> dict[str, str]:
    return {"X-Webhook-Hmac": hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()}


def test_a_signed_delivery_is_read() -> None:
    raw = body()
    event = verify_and_parse(raw, signed(raw), KEY, now=NOW + 10)
    assert (event.id, event.kind, event.session, event.timestamp) == ("evt_1", "message", "default", NOW)
    assert event.payload["body"] == "ya"
    assert event.to_dict() == json.loads(raw)
    assert repr(event) == "<Event message of default: evt_1>"


def test_headers_come_in_the_forms_of_all_frameworks() -> None:
    raw = body()
    value = signed(raw)["X-Webhook-Hmac"]

    class Headers:
        def items(self) -> list[tuple[str, str]]:
            return [("content-type", "application/json"), ("x-webhook-hmac", value)]

    forms: list[Any] = [
        {"x-webhook-hmac": value},
        {"X-WEBHOOK-HMAC": value},
        [(b"x-webhook-hmac", value.encode())],
        [("X-Webhook-Hmac", value), ("strange header", "\r\n")],
        Headers(),
    ]
    for headers in forms:
        assert verify_and_parse(raw, headers, KEY, now=NOW).id == "evt_1"
    with pytest.raises(TypeError, match="mapping"):
        verify_and_parse(raw, ["x"], KEY, now=NOW)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("headers", "key", "now", "is_signed"),
    [
        ({}, KEY, NOW, False),
        ({"X-Webhook-Hmac": "zz"}, KEY, NOW, False),
        (signed(body(), "other"), KEY, NOW, False),
        (signed(body()), "", NOW, False),
        (signed(body()), KEY, NOW + 301, True),
        (signed(body()), KEY, NOW - 301, True),
    ],
)
def test_what_is_not_to_be_believed_is_refused(
    headers: dict[str, str], key: str, now: float, is_signed: bool
) -> None:
    with pytest.raises(WebhookError) as caught:
        verify_and_parse(body(), headers, key, now=now)
    assert caught.value.is_signed is is_signed
    assert KEY not in str(caught.value)


def test_a_changed_body_is_refused() -> None:
    raw = body()
    with pytest.raises(WebhookError):
        verify_and_parse(raw.replace(b"ya", b"no"), signed(raw), KEY, now=NOW)


def test_what_is_signed_and_no_event_is_refused() -> None:
    for raw in [b"{}", b"[]", b"no json", b""]:
        with pytest.raises(WebhookError) as caught:
            verify_and_parse(raw, signed(raw), KEY, now=NOW)
        assert caught.value.is_signed


def test_the_usual_clock_is_the_machine_s() -> None:
    raw = body(timestamp=int(time.time() * 1_000))
    assert verify_and_parse(raw, signed(raw), KEY).id == "evt_1"


def test_tolerance_and_now_are_checked() -> None:
    raw = body()
    assert verify_and_parse(raw, signed(raw), KEY, now=NOW + 301, tolerance=400).id == "evt_1"
    for wrong in [{"tolerance": -1.0}, {"now": -1.0}, {"now": float("nan")}]:
        with pytest.raises(ValueError):
            verify_and_parse(raw, signed(raw), KEY, **wrong)


def test_copies_of_an_event_are_equal() -> None:
    raw = body()
    one, other = (verify_and_parse(raw, signed(raw), KEY, now=NOW) for _ in range(2))
    assert one == other and len({one, other}) == 1 and isinstance(one, Event)
    raw = body(id="evt_2")
    assert verify_and_parse(raw, signed(raw), KEY, now=NOW) != one
