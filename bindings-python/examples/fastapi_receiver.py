"""Receives what happens in WhatsApp, as webhooks: believes what is signed, takes each event once, answers at once and works afterwards.

    pip install fastapi uvicorn
    WEBHOOK_KEY=secret uvicorn fastapi_receiver:app --port 8000

The session has to know where to, and the key:

    config = {"webhooks": [{"url": "http://localhost:8000/waha", "events": ["message"], "hmac": {"key": "secret"}}]}
    Client().create_session("kasir", config=config)

It is started with as many workers as wanted; they share the file of events, which WEBHOOK_EVENTS names.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from waha_campaign import Event, WebhookError, verify_and_parse

KEY = os.environ["WEBHOOK_KEY"]
EVENTS = os.environ.get("WEBHOOK_EVENTS", "events.db")
LOGGER = logging.getLogger("uvicorn.error")


def handle(kind: str, payload: Any) -> None:
    """Your own work. It may be slow; and it may be done twice, when the server dies in the middle of it.

    What should be sent only once is left under the event's id: `campaigns.enqueue(f"reply {event.id}", phone, text)`.
    """
    if kind == "message":
        LOGGER.info("%s wrote: %s", payload["from"], payload["body"])


@contextmanager
def events() -> Generator[sqlite3.Connection, None, None]:
    """The events that came: WAHA delivers one again until it is answered, and a server may die between its answer and its work."""
    base = sqlite3.connect(EVENTS, timeout=30)
    try:
        with base:
            base.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, kind TEXT, payload TEXT, is_done INTEGER DEFAULT 0)")
            yield base
    finally:
        base.close()


def keep(event: Event) -> bool:
    """Whether it is a new one."""
    with events() as base:
        row = (event.id, event.kind, json.dumps(event.payload))
        return base.execute("INSERT OR IGNORE INTO event (id, kind, payload) VALUES (?, ?, ?)", row).rowcount == 1


def work(event_id: str) -> None:
    with events() as base:
        kind, payload = base.execute("SELECT kind, payload FROM event WHERE id = ?", [event_id]).fetchone()
    handle(kind, json.loads(payload))
    with events() as base:
        base.execute("UPDATE event SET is_done = 1 WHERE id = ?", [event_id])


def work_off() -> None:
    """What was left undone when the server ended."""
    with events() as base:
        left = base.execute("SELECT id FROM event WHERE NOT is_done ORDER BY rowid").fetchall()
    for (event_id,) in left:
        work(event_id)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    await run_in_threadpool(work_off)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/waha")
async def waha(request: Request, background: BackgroundTasks) -> Response:
    try:
        event = verify_and_parse(await request.body(), request.headers, KEY)
    except WebhookError as error:
        LOGGER.warning("a webhook was refused: %s", error)
        return Response(status_code=401)
    if await run_in_threadpool(keep, event):
        # Done after the answer: WAHA repeats what is not answered within seconds.
        background.add_task(work, event.id)
    return Response(status_code=204)
