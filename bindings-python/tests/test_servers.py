"""What `docs/servers.md` says of threads, loops, forks, tasks and notebooks."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from waha_campaign import Campaign, Campaigns
from waha_campaign.simulator import Simulator

unix = pytest.mark.skipif(sys.platform == "win32", reason="forks are Unix's")
OPENED_BEFORE = "opened before a fork"

# What both kinds of server import: `Client` is used before the fork, `Campaigns` after it, unless that is told otherwise.
SHARED = """
import functools
import os

from waha_campaign import Campaigns, Client

waha = Client()
waha.session()

@functools.cache
def campaigns():
    return Campaigns(os.environ["DATABASE"])

if os.environ.get("TOO_EARLY"):
    campaigns()

def leave(key):
    try:
        return [os.getpid(), campaigns().enqueue(key, "0812-3456-7890", "Terima kasih.").is_new, waha.session().status]
    except RuntimeError as error:
        return str(error)
"""

WSGI = """
import json
from shared import leave

def app(environ, start):
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(leave(environ["PATH_INFO"])).encode()]
"""

TASKS = """
import os
from celery import Celery

folder = os.environ["FOLDER"]
places = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}
app = Celery("tasks", broker="filesystem://", backend=f"file://{folder}", broker_transport_options=places)

@app.task
def leave(key):
    import shared
    return shared.leave(key)

if os.environ.get("IS_WORKER"):
    import shared
"""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=20.0) as simulator:
        yield simulator


@pytest.fixture
def campaigns(simulator: Simulator, tmp_path: Path) -> Iterator[Campaigns]:
    with Campaigns(tmp_path / "tagihan.db", url=simulator.url, api_key=simulator.api_key) as campaigns:
        yield campaigns


def many(campaigns: Campaigns, count: int, gap: float = 0.05) -> Campaign:
    people = [{"nama": f"Orang {it}", "hp": f"0812{10_000_000 + it}"} for it in range(count)]
    return campaigns.create("tagihan", "Halo {{ nama }}", people, gap=gap, per_day=math.inf)


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it does not come to be so"
        time.sleep(0.02)


def test_threads_that_leave_the_same_key_leave_one_message(campaigns: Campaigns, simulator: Simulator) -> None:
    with ThreadPoolExecutor(16) as pool:
        left = list(pool.map(lambda key: campaigns.enqueue(key, "0812-3456-7890", "Halo"), ["a", "b"] * 16))
    assert sum(it.is_new for it in left) == 2 and simulator.ledger() == []


@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_a_loop_goes_on_while_a_campaign_runs_and_stop_ends_it(library: str, campaigns: Campaigns, simulator: Simulator) -> None:
    loop: asyncio.AbstractEventLoop = pytest.importorskip(library).new_event_loop()
    campaign = many(campaigns, 200)
    stopped = threading.Event()

    def run() -> None:
        campaign.run()
        stopped.set()

    async def serve() -> None:
        sending = asyncio.create_task(asyncio.to_thread(run))
        while len(simulator.ledger()) < 3:
            await asyncio.sleep(0.01)
        left = await asyncio.to_thread(campaigns.enqueue, "kuitansi-1", "0812-3456-7890", "Terima kasih.")
        assert left.is_new
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        before = len(simulator.ledger())
        while len(simulator.ledger()) < before + 3:
            await asyncio.sleep(0.01)
        assert not stopped.is_set(), "to cancel who waits does not end a thread"
        campaigns.stop()
        await asyncio.to_thread(stopped.wait, 30)

    try:
        loop.run_until_complete(serve())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    assert stopped.is_set() and campaign.status().counts["scheduled"] > 0 and campaign.status().counts["sending"] == 0


class Server:
    """A folder with the modules of a server, and its process."""

    def __init__(self, folder: Path, simulator: Simulator, is_early: bool) -> None:
        self.folder = folder
        for name, text in {"shared": SHARED, "wsgi": WSGI, "tasks": TASKS}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        self.environment = {**os.environ, "WAHA_URL": simulator.url, "WAHA_API_KEY": simulator.api_key, "PYTHONPATH": path}
        self.environment.update(DATABASE=str(folder / "tagihan.db"), FOLDER=str(folder), TOO_EARLY="1" * is_early, IS_WORKER="1")
        self.log = folder / "log"

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("w") as log:
            return subprocess.Popen([sys.executable, "-m", *words], env=self.environment, cwd=self.folder, stdout=log, stderr=log)


def judge(answers: list[Any], is_early: bool) -> None:
    if is_early:
        assert all(isinstance(it, str) and OPENED_BEFORE in it for it in answers), answers
    else:
        assert {status for _, _, status in answers} == {"WORKING"}, "a client that was used before the fork works"
        assert sum(is_new for _, is_new, _ in answers) == 2, answers


@unix
@pytest.mark.parametrize("is_early", [False, True])
def test_workers_of_gunicorn_that_were_preloaded(is_early: bool, simulator: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    server = Server(tmp_path, simulator, is_early)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with server.started("gunicorn", "--preload", "--workers", "2", "--bind", address, "wsgi:app") as process:
        try:
            until(lambda: process.poll() is not None or server.log.read_text().count("Booting worker") == 2)
            answers = []
            for key in ["a", "b"] * 5:
                with urllib.request.urlopen(f"http://{address}/{key}", timeout=30) as answer:
                    answers.append(json.load(answer))
        finally:
            process.terminate()
    judge(answers, is_early)


@unix
def test_tasks_of_celery(simulator: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("celery")
    server = Server(tmp_path, simulator, is_early=False)
    asks = "import json, tasks; print(json.dumps([it.get(timeout=60) for it in [tasks.leave.delay(key) for key in 'ababab']]))"
    with server.started("celery", "-A", "tasks", "worker", "--concurrency", "2") as process:
        try:
            environment = {**server.environment, "IS_WORKER": ""}
            said = subprocess.check_output([sys.executable, "-c", asks], env=environment, cwd=tmp_path, timeout=90)
        finally:
            process.terminate()
    judge(json.loads(said), is_early=False)


@unix
def test_a_notebook_awaits_runs_and_is_interrupted(
    campaigns: Campaigns, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ipykernel")
    manager: Any = pytest.importorskip("jupyter_client.manager")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("WAHA_URL", simulator.url)
    monkeypatch.setenv("WAHA_API_KEY", simulator.api_key)
    campaign = many(campaigns, 60)
    # Its limits, too, are left for whoever sends.
    campaign.start()
    kernel, client = manager.start_new_kernel()
    try:
        # What was acknowledged while the cell was being interrupted is waited for in vain by the next one: as fast as the simulator's clock goes.
        patience = "import waha_campaign._running as running; running._ACK_PATIENCE /= 20"
        assert client.execute_interactive(patience, timeout=60)["content"]["status"] == "ok"
        calls = "from waha_campaign import *\nClient().send_text('0812-3456-7890', 'a')\nawait AsyncClient().send_text('0812-3456-7890', 'b')"
        assert client.execute_interactive(calls, timeout=60)["content"]["status"] == "ok"
        assert len(simulator.ledger()) == 2
        run = f"Campaigns({str(tmp_path / 'tagihan.db')!r}).open('tagihan').run().handed_over"
        client.execute(run)
        until(lambda: len(simulator.ledger()) >= 12)
        os.kill(kernel.provisioner.pid, signal.SIGINT)
        assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
        status = campaign.status()
        assert status.counts["scheduled"] > 0 and status.counts["sending"] == status.counts["unconfirmed"] == 0
        assert client.execute_interactive(run, timeout=120)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert campaign.status().handed_over == 60 and len(simulator.ledger()) == 62


def test_installers_give_a_free_threaded_python_no_wheel_of_the_stable_abi() -> None:
    tags = pytest.importorskip("packaging.tags")

    def abis(build: str) -> set[str]:
        return {it.abi for it in tags.cpython_tags((3, 14), abis=[build], platforms=["manylinux_2_17_x86_64"])}

    assert "abi3" in abis("cp314") and "abi3" not in abis("cp314t")
