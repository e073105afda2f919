"""`Client` and `AsyncClient`: what they call, what comes back, what goes wrong, and who leaves in the middle."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import gc
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import servers

from waha_campaign import (
    AsyncClient,
    CallError,
    Client,
    Gap,
    InvalidPhone,
    MaybeSent,
    Media,
    Message,
    NoAnswer,
    NotHandedOver,
    Refused,
    Sent,
    SessionNotReady,
    Unauthorized,
    UnknownSession,
    Unsupported,
    WahaError,
    WasDone,
)
from waha_campaign.simulator import FAULTS, Simulator

BUDI = "0812-3456-7890"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=50.0) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator.url, api_key=simulator.api_key) as client:
        yield client


def awaited(simulator: Simulator, work: Callable[[AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    """What a coroutine comes to that is given an AsyncClient."""

    async def run() -> Any:
        async with AsyncClient(simulator.url, api_key=simulator.api_key) as client:
            return await work(client)

    return asyncio.run(run())


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "server": ((), {}),
    "sessions": ((), {"stopped": True}),
    "session": (("default",), {}),
    "account": ((), {"session": "default"}),
    "create_session": (("new",), {"config": {"metadata": {"branch": "Bandung"}}}),
    "start_session": ((), {}),
    "stop_session": (("sales",), {}),
    "restart_session": (("sales",), {}),
    "log_out_session": (("sales",), {}),
    "delete_session": (("sales",), {}),
    "qr_png": ((), {"session": "unpaired"}),
    "qr_text": ((), {"session": "unpaired"}),
    "pairing_code": ((BUDI,), {"session": "unpaired"}),
    "wait_until_working": ((), {"timeout": 10}),
    "send_text": ((BUDI, "Halo!"), {"mentions": ["0812-3456-7891"], "link_preview": False, "message_id": "3EB0123456"}),
    "send": ((BUDI, Message("Halo {{ nama }}").render(nama="Budi")), {}),
    "send_image": ((BUDI, PICTURE), {"filename": "a.png", "caption": "Ini"}),
    "send_file": ((BUDI, b"%PDF-1.7"), {"filename": "tagihan.pdf"}),
    "send_voice": ((BUDI, b"OggS"), {"filename": "a.ogg", "convert": True}),
    "send_video": ((BUDI, b"....ftypmp42"), {"filename": "a.mp4"}),
    "send_location": ((BUDI,), {"latitude": -6.1754, "longitude": 106.8272}),
    "send_contact": ((BUDI,), {"name": "Kasir", "phone": "0812-0000-0002", "organization": "Toko"}),
    "send_poll": ((BUDI, "Kapan?", ["Hari ini", "Besok"]), {"multiple": True}),
    "mark_seen": ((BUDI,), {}),
    "start_typing": ((BUDI,), {}),
    "stop_typing": ((BUDI,), {}),
    "check_number": ((BUDI,), {}),
    "contacts": ((), {"limit": 5}),
    "contact": ((BUDI,), {}),
    "picture_url": ((BUDI,), {}),
    "lid_of": ((BUDI,), {}),
    "phone_of": (("123456789012@lid",), {}),
    "lids": ((), {}),
    "chats": ((), {}),
    "messages": ((BUDI,), {"since": 0, "until": 4e9, "from_me": True}),
}
# They need a message that was sent, and what NOWEB cannot do.
OF_A_MESSAGE = {"forward", "edit_message", "delete_message", "react", "message"}
OTHERS = {"block", "unblock", "download", "events", "pairing", "submit_passkey", "confirm_passkey", "url", "close"}


def test_every_call_is_in_the_table() -> None:
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == {*CALLS, *OF_A_MESSAGE, *OTHERS}
    assert {name for name in dir(AsyncClient) if not name.startswith("_")} == {*public - {"close"}, "aclose"}


def prepared(simulator: Simulator) -> None:
    with Client(simulator.url, api_key=simulator.api_key) as client:
        for name in ("unpaired", "sales"):
            client.create_session(name)
            while client.session(name).status != "SCAN_QR_CODE":
                pass


@pytest.mark.parametrize("name", CALLS)
def test_a_call_gives_the_same_waited_for_and_awaited(name: str) -> None:
    arguments, options = CALLS[name]
    results = []
    for is_async in (False, True):
        with Simulator(speed=50.0) as simulator:
            prepared(simulator)
            if is_async:
                result = awaited(simulator, lambda client: getattr(client, name)(*arguments, **options))
            else:
                with Client(simulator.url, api_key=simulator.api_key) as client:
                    result = getattr(client, name)(*arguments, **options)
            results.append(result)
    if isinstance(results[0], Sent):
        # Ids and times are of each send.
        results = [type(it) for it in results]
    assert type(results[0]) is type(results[1])
    if name not in ("qr_png", "qr_text", "pairing_code", "account", "sessions", "session", "start_session", "lids"):
        assert results[0] == results[1]


def test_what_is_done_to_a_message_that_was_sent(client: Client) -> None:
    sent = client.send_text(BUDI, "Tagihan Anda Rp250.000.")
    assert sent.id is not None
    assert client.message(BUDI, sent.id).text == "Tagihan Anda Rp250.000."
    assert client.edit_message(BUDI, sent.id, "Tagihan Anda Rp260.000.").data
    assert client.react(sent.id, "👍").id != sent.id
    assert client.forward("0812-3456-7891", sent.id).id != sent.id
    assert client.send_text(BUDI, "Mohon dibalas.", reply_to=sent.id).id
    client.delete_message(BUDI, sent.id)


def test_who_is_written_to_is_read_as_people_write_it(client: Client, simulator: Simulator) -> None:
    for to in (BUDI, "+62 812 3456 7890", "6281234567890", "6281234567890@c.us"):
        client.send_text(to, f"to {to}")
    assert {it["chat"] for it in simulator.ledger()} == {"6281234567890"}
    with pytest.raises(InvalidPhone) as caught:
        client.send_text("021 5550 1234", "Halo")
    assert caught.value.reason == "landline"
    with pytest.raises(ValueError, match="@"):
        client.send_text("nobody@", "Halo")


def test_a_file_may_be_a_path_an_address_or_bytes(client: Client, tmp_path: Path) -> None:
    picture = tmp_path / "kode.png"
    picture.write_bytes(PICTURE)
    for image in (picture, str(picture), "https://example.com/a.png"):
        assert client.send_image(BUDI, image, caption="Kode").id
    with pytest.raises(ValueError, match="filename"):
        client.send_image(BUDI, PICTURE)
    with pytest.raises(FileNotFoundError):
        client.send_file(BUDI, tmp_path / "nothing.pdf")
    with pytest.raises(OSError, match="not a file"):
        client.send_file(BUDI, tmp_path)
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(ValueError, match="empty"):
        client.send_file(BUDI, tmp_path / "empty.pdf")


def test_what_comes_back_is_frozen_and_can_be_compared_kept_and_sent_on(client: Client) -> None:
    session = client.session()
    assert session.is_working
    assert session.account is not None
    assert session == client.session()
    assert hash(session) == hash(client.session())
    assert pickle.loads(pickle.dumps(session)) == session
    assert session.to_dict()["account"]["phone"] == "+6281200000001"
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.name = "other"  # type: ignore[misc]


def test_what_comes_in_can_be_read_and_fetched(client: Client, simulator: Simulator) -> None:
    simulator.receive("+6281234567890", "Sudah saya bayar", name="Budi")
    messages = client.messages(BUDI, from_me=False)
    assert [it.text for it in messages] == ["Sudah saya bayar"]
    assert messages[0].sender == "6281234567890@c.us"
    with pytest.raises(ValueError, match="download_media"):
        client.download(Media(url=None))
    with pytest.raises(CallError):
        client.download(f"{simulator.url}/api/files/default/nothing.jpg")


# What goes wrong


def test_without_a_server_nothing_was_handed_over() -> None:
    client = Client("http://127.0.0.1:9")
    for call in (functools.partial(client.send_text, BUDI, "Halo"), client.sessions):
        with pytest.raises(NotHandedOver) as caught:
            call()
        assert caught.value.http_status is None
        assert "os error" not in str(caught.value)


def test_a_lost_answer_may_have_been_sent_and_a_lost_look_up_is_no_more_than_that(simulator: Simulator) -> None:
    client = Client(simulator.url, api_key=simulator.api_key)
    simulator.set_faults({"answer-lost": 1.0})
    with pytest.raises(MaybeSent):
        client.send_text(BUDI, "Halo")
    assert simulator.verdict()["handed"] == 1
    with servers.Slow() as slow:
        slow.answers.put(b"<html>a proxy</html>")
        with pytest.raises(NoAnswer):
            Client(slow.url).contact(BUDI)
        slow.answers.put(b"")
        slow.answers.put(None)


def test_what_the_server_refuses_says_why(client: Client, simulator: Simulator) -> None:
    with pytest.raises(SessionNotReady) as not_ready:
        client.qr_png()
    assert (not_ready.value.status, not_ready.value.http_status) == ("WORKING", 422)
    with pytest.raises(UnknownSession):
        client.session("nobody")
    with pytest.raises(UnknownSession):
        client.send_text(BUDI, "Halo", session="nobody")
    with pytest.raises(Unsupported):
        client.block(BUDI)
    with pytest.raises(Unauthorized) as unauthorized:
        Client(simulator.url, api_key="wrong-secret").sessions()
    assert "wrong-secret" not in str(unauthorized.value)
    with pytest.raises(Refused) as refused:
        client.forward(BUDI, "true_6281234567890@c.us_3EB0FFFFFFFF")
    assert isinstance(refused.value, WahaError)
    assert pickle.loads(pickle.dumps(not_ready.value)).status == "WORKING"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": "localhost:3000"}, "http://"),
        ({"url": "http://localhost", "api_key": "two\nlines"}, "API key"),
        ({"session": "no spaces"}, "session"),
        ({"region": "XX"}, "region"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"requests_per_second": 0}, "limit"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Client(**options)


def test_a_closed_client_says_so_and_no_repr_shows_the_key(simulator: Simulator) -> None:
    client = Client(simulator.url.replace("http://", "http://me:password@"), api_key="hidden-key")
    assert "hidden" not in repr(client)
    assert "password" not in repr(client)
    client.close()
    assert repr(client) == "<Client, closed>"
    with pytest.raises(RuntimeError, match="closed"):
        client.sessions()


def test_settings_come_from_the_environment(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAHA_URL", simulator.url)
    monkeypatch.setenv("WAHA_API_KEY", simulator.api_key)
    assert Client().session().is_working


def test_a_call_that_takes_too_long_may_have_been_sent() -> None:
    with servers.Slow() as slow, pytest.raises(MaybeSent):
        Client(slow.url, timeout=0.1).send_text(BUDI, "Halo")


# Pairing


def test_a_session_is_paired_step_by_step(simulator: Simulator, client: Client) -> None:
    client.create_session("kasir")
    kinds = []
    for step in client.pairing(session="kasir", timeout=30, png=True):
        kinds.append(step.kind)
        if step.png:
            assert step.png.startswith(b"\x89PNG") and "PNG" not in repr(step)
            assert simulator.pair("kasir", "+6281200000009")
    assert kinds[-1] == "working" and "qr" in kinds and "status" in kinds
    assert step.account is not None and step.account.phone == "+6281200000009"
    assert client.wait_until_working(session="kasir") == step.account


def test_a_code_is_typed_on_the_phone(simulator: Simulator) -> None:
    async def work(client: AsyncClient) -> list[str]:
        await client.create_session("kasir")
        kinds = []
        async for step in client.pairing("0812-0000-0009", session="kasir", timeout=30):
            kinds.append(step.kind)
            if step.code:
                assert len(step.code) == 9 and step.code not in repr(step)
                simulator.pair("kasir", "+6281200000009")
        return kinds

    kinds = awaited(simulator, work)
    assert kinds[-1] == "working" and kinds.count("code") == 1


def test_pairing_ends_with_what_is_wrong(client: Client) -> None:
    with pytest.raises(UnknownSession):
        client.wait_until_working(session="nobody")
    client.create_session("kasir")
    with pytest.raises(TimeoutError, match="time ran out"):
        client.wait_until_working(session="kasir", timeout=0.2)
    client.stop_session("kasir")
    with pytest.raises(SessionNotReady, match="restart it") as caught:
        list(client.pairing(session="kasir"))
    assert caught.value.status == "STOPPED"
    with pytest.raises(ValueError, match="timeout"):
        client.pairing(timeout=-1)


def test_a_passkey_is_handed_in_as_a_browser_makes_it() -> None:
    signature = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}
    assertion = {"id": "AA", "rawId": "AA", "type": "public-key", "response": signature}
    with servers.Slow() as slow:
        slow.answers.put(b"{}")
        Client(slow.url).submit_passkey(assertion)
        [request] = slow.requests
    assert json.loads(request) == assertion


# Who leaves in the middle


def test_who_is_cancelled_before_it_is_written_has_sent_nothing(simulator: Simulator) -> None:
    async def work() -> BaseException | None:
        async with AsyncClient(simulator.url, api_key=simulator.api_key, requests_per_second=1) as client:
            await client.send_text(BUDI, "first")
            # Its turn comes in a second.
            waiting = asyncio.create_task(client.send_text(BUDI, "second"))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await waiting
            return WahaError.behind(caught.value)

    assert isinstance(asyncio.run(work()), NotHandedOver)
    assert simulator.verdict()["requests"] == 1


def cancelled(answer: bytes | None, *, twice: bool = False) -> tuple[BaseException | None, int]:
    """The cause that somebody sees who is cancelled when the request has come, and how many requests came."""

    async def work() -> BaseException | None:
        async with AsyncClient(slow.url) as client:
            sending = asyncio.create_task(client.send_text(BUDI, "Halo"))
            await asyncio.to_thread(slow.has_come.wait)
            sending.cancel()
            await asyncio.sleep(0)
            if twice:
                await asyncio.sleep(0)
                sending.cancel()
            else:
                slow.answers.put(answer)
            with pytest.raises(asyncio.CancelledError) as caught:
                await sending
            return WahaError.behind(caught.value)

    with servers.Slow() as slow:
        return asyncio.run(work()), len(slow.requests)


def test_who_is_cancelled_after_it_was_written_is_told_what_became_of_it() -> None:
    cause, requests = cancelled(servers.ACCEPTED)
    assert isinstance(cause, WasDone)
    assert cause.result.id == "true_6281234567890@c.us_3EB0AA"
    assert requests == 1
    cause, _ = cancelled(None)
    assert isinstance(cause, MaybeSent)
    cause, _ = cancelled(None, twice=True)
    assert isinstance(cause, MaybeSent)


def test_wait_for_leaves_what_became_of_it_behind_its_timeout() -> None:
    async def work() -> None:
        async with AsyncClient(slow.url) as client:
            await asyncio.wait_for(client.send_text(BUDI, "Halo"), timeout=0.1)

    def answer() -> None:
        # Long after its caller was cancelled, and long before it stops waiting.
        slow.has_come.wait()
        time.sleep(0.3)
        slow.answers.put(servers.ACCEPTED)

    with servers.Slow() as slow:
        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(asyncio.TimeoutError) as caught:
            asyncio.run(work())
        answering.join()
    assert isinstance(WahaError.behind(caught.value), WasDone)


def test_a_coroutine_that_is_never_awaited_calls_nothing(simulator: Simulator) -> None:
    call = AsyncClient(simulator.url, api_key=simulator.api_key).send_text(BUDI, "Halo")
    call.close()
    assert simulator.verdict()["requests"] == 0


INTERRUPTED = """
import os, signal, sys, threading
sys.path.insert(0, sys.argv[1])
import servers
from waha_campaign import Client
from waha_campaign.simulator import Simulator

def interrupt(event, answer):
    event.wait()
    os.kill(os.getpid(), signal.SIGINT)
    if answer:
        slow.answers.put(answer)

what = sys.argv[2]
with servers.Slow() as slow:
    if what == "waiting":
        client = Client(slow.url, requests_per_second=1)
        slow.answers.put(servers.ACCEPTED)
        client.send_text("0812-3456-7890", "first")
        event = threading.Event()
        threading.Timer(0.1, event.set).start()
        answer = None
    else:
        client = Client(slow.url)
        event, answer = slow.has_come, servers.ACCEPTED
    threading.Thread(target=interrupt, args=(event, answer)).start()
    try:
        client.send_text("0812-3456-7890", "Halo")
    except KeyboardInterrupt as interrupted:
        print(type(interrupted.__cause__).__name__, len(slow.requests), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("when", "said"), [("waiting", "NotHandedOver 1"), ("written", "WasDone 1")])
def test_ctrl_c_leaves_nothing_uncertain_that_need_not_be(when: str, said: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(Path(__file__).parent), when]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == said, done.stderr


# Many at once, for long, in other threads and processes


def test_a_thousand_calls_are_awaited_together(simulator: Simulator) -> None:
    async def work(client: AsyncClient) -> list[Sent]:
        return await asyncio.gather(*(client.send_text(f"0812-3456-{it:04}", "Halo") for it in range(1_000)))

    sent = awaited(simulator, work)
    assert len({it.id for it in sent}) == 1_000
    verdict = simulator.verdict()
    assert (verdict["handed"], verdict["duplicates"]) == (1_000, 0)


def test_it_works_with_uvloop(simulator: Simulator) -> None:
    uvloop = pytest.importorskip("uvloop")
    client = AsyncClient(simulator.url, api_key=simulator.api_key)
    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(client.session()).is_working
    finally:
        loop.close()
    # Another loop, the same client.
    assert asyncio.run(client.session()).is_working


def test_threads_share_a_client_and_wait_side_by_side() -> None:
    with servers.Slow() as slow:
        client = Client(slow.url)
        sent: list[Sent] = []
        sending = threading.Thread(target=lambda: sent.append(client.send_text(BUDI, "Halo")))
        sending.start()
        # The server is a thread of this process: it could not go on if a call that waits kept the interpreter.
        assert slow.has_come.wait(30)
        slow.answers.put(servers.ACCEPTED)
        sending.join(30)
        assert len(sent) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_client_goes_on_in_a_child_that_was_forked_and_in_its_parent(client: Client, simulator: Simulator) -> None:
    assert client.send_text(BUDI, "parent, before").id
    with warnings.catch_warnings():
        # Python warns of any fork of a process that has threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            assert client.send_text(BUDI, "child").id
            assert asyncio.run(AsyncClient(client.url, api_key=simulator.api_key).session()).is_working
            with pytest.raises(RuntimeError, match="process that made it"):
                simulator.ledger()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert client.send_text(BUDI, "parent, after").id
    assert simulator.verdict()["handed"] == 3


def resident() -> int:
    """The memory of this process that is in use, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is asked of Linux's /proc")
def test_ten_thousand_calls_leave_nothing_behind() -> None:
    with servers.simulator() as (url, _), Client(url, api_key="simulator-key") as client:

        def calls(times: int) -> None:
            for _ in range(times):
                client.session()

        calls(1_000)
        gc.collect()
        objects, memory = len(gc.get_objects()), resident()
        calls(10_000)
        gc.collect()
        assert len(gc.get_objects()) - objects < 100
        assert resident() - memory < 4 * 1024 * 1024


ENDS = """
import asyncio, sys
from waha_campaign import AsyncClient
from waha_campaign.simulator import Simulator

async def work():
    client = AsyncClient(simulator.url, api_key=simulator.api_key)
    sending = [asyncio.create_task(client.send_text(f"0812-3456-{it:04}", "Halo")) for it in range(200)]
    # The others are still under way when everything ends.
    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    sys.stdout.write("one")
    sys.stdout.flush()
    raise SystemExit(0)

simulator = Simulator()
asyncio.run(work())
"""


def test_a_program_may_end_while_answers_come() -> None:
    for _ in range(10):
        done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, "one"), done.stderr


# Events, and the simulator


def test_events_come_one_after_another(client: Client, simulator: Simulator) -> None:
    heard = []
    is_over = threading.Event()

    def write() -> None:
        while not is_over.wait(0.02):
            simulator.receive("+6281234567890", "Sudah saya bayar")

    writing = threading.Thread(target=write)
    writing.start()
    for event in client.events("message"):
        heard.append(event)
        if len(heard) == 2:
            break
    is_over.set()
    writing.join()
    assert [it.kind for it in heard] == ["message", "message"]
    first = heard[0]
    assert not isinstance(first, Gap)
    assert first.payload["body"] == "Sudah saya bayar"
    assert first.id.startswith("evt_")


def test_events_are_awaited_and_say_where_some_are_missing(simulator: Simulator) -> None:
    async def work(client: AsyncClient) -> list[str]:
        kinds: list[str] = []
        async for event in client.events():
            kinds.append(event.kind)
            if event.kind == "gap":
                assert isinstance(event, Gap)
                assert event.reason
                break
            simulator.close()
        return kinds

    is_over = threading.Event()

    def write() -> None:
        while not is_over.wait(0.02):
            try:
                simulator.receive("+6281234567890", "Halo")
            except RuntimeError:
                return

    writing = threading.Thread(target=write)
    writing.start()
    kinds = awaited(simulator, work)
    is_over.set()
    writing.join()
    assert kinds[-1] == "gap"


def test_who_may_not_listen_is_told() -> None:
    with Simulator() as simulator, pytest.raises(Unauthorized):
        next(iter(Client(simulator.url, api_key="wrong").events()))


def test_the_simulator_is_a_program_too() -> None:
    with servers.simulator("--fault", "answer-lost=1") as (url, process):
        with pytest.raises(MaybeSent):
            Client(url, api_key="simulator-key").send_text(BUDI, "Halo")
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["handed"] == 1
        assert process.wait(30) == 0
    listed = subprocess.run([sys.executable, "-m", "waha_campaign.simulator", "--faults"], capture_output=True, text=True)
    assert set(FAULTS) <= set(listed.stdout.split())
    bad = subprocess.run([sys.executable, "-m", "waha_campaign.simulator", "--fault", "nothing=1"], capture_output=True, text=True)
    assert bad.returncode == 1
    assert "there is no fault" in bad.stderr


def test_a_simulator_cannot_be_what_it_is_not() -> None:
    with pytest.raises(ValueError, match="there is no fault"):
        Simulator(faults={"nothing": 0.5})
    with pytest.raises(ValueError, match="share"):
        Simulator(faults={"answer-lost": 2.0})
    with Simulator() as simulator:
        with pytest.raises(ValueError, match="nobody"):
            simulator.receive("+6281234567890", "Halo", session="nobody")
        with pytest.raises(OSError, match="port"):
            Simulator(port=int(simulator.url.rsplit(":", 1)[1]))
    with pytest.raises(RuntimeError, match="closed"):
        simulator.ledger()
