"""What an editor, `help()` and the examples say is complete, the same, and true."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import examples
import pytest
import twins

import waha_campaign
from waha_campaign import AsyncClient, Client, campaigns, errors, gateway, report, results, simulator, standing
from waha_campaign.simulator import Simulator

FOLDER = Path(waha_campaign.__file__).parent
MODULES = {
    "campaigns": campaigns,
    "errors": errors,
    "gateway": gateway,
    "report": report,
    "results": results,
    "simulator": simulator,
    "standing": standing,
}


def documented() -> dict[str, str]:
    """Every docstring of the package by the name of what it is about; of what has none, nothing."""
    found = {"waha_campaign": waha_campaign.__doc__ or ""}
    found.update({name: module.__doc__ or "" for name, module in MODULES.items()})
    items = {name: getattr(waha_campaign, name) for name in waha_campaign.__all__}
    for name, item in {**items, "Simulator": Simulator}.items():
        found[name] = inspect.getdoc(item) or ""
        if inspect.isclass(item) and not issubclass(item, Exception):
            # What `AsyncClient` has from the class that it shares with `Client` is documented there.
            for member in sorted(vars(item) if item is AsyncClient else dir(item)):
                if not member.startswith("_") and not member[0].isupper():
                    found[f"{name}.{member}"] = inspect.getdoc(getattr(item, member)) or ""
    return found


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    """What examples may use besides the package: a server, a client of it, and a message that was sent."""
    with Simulator(speed=20.0) as server, Client(server.url, api_key=server.api_key) as client:
        for session in ("unpaired", "sales", "old"):
            client.create_session(session)
        sent = client.send_text("0812-3456-7890", "Halo!")
        is_over = threading.Event()
        writing = threading.Thread(target=write, args=(server, is_over))
        writing.start()
        yield {**vars(waha_campaign), "Simulator": Simulator, "simulator": server, "client": client, "sent": sent}
        is_over.set()
        writing.join()


def unpaired(client: Client) -> None:
    """A session that waits for a phone: WAHA gives one up for which none came."""
    if client.session("unpaired").status == "FAILED":
        client.restart_session("unpaired")
    while client.session("unpaired").status != "SCAN_QR_CODE":
        pass


def write(server: Simulator, is_over: threading.Event) -> None:
    """Somebody who writes all the time."""
    while not is_over.wait(0.05):
        server.receive("+6281234567899", "Sudah saya bayar")


@pytest.mark.parametrize("name", documented())
def test_everything_public_is_documented_with_an_example_that_holds(name: str, names: dict[str, Any]) -> None:
    text = documented()[name]
    example = doctest.DocTestParser().get_doctest(text, dict(names), name, None, None)
    owner, _, member = name.partition(".")
    # An event's members are shown together, and a field is shown where its class is.
    of_class = documented().get(owner, "")
    is_shown = f"event.{member}" in of_class or member in getattr(getattr(waha_campaign, owner, None), "__annotations__", {})
    assert example.examples or is_shown, f"{name} has no example"
    said: list[str] = []
    if '"unpaired"' in text:
        unpaired(names["client"])
    with ExitStack() as stack:
        if any(word in text for word in ("campaign", "database")):
            example.globs.update(stack.enter_context(examples.of_campaigns(names["simulator"])))
        for library in ("pandas", "polars"):
            if f"to_{library}" in text:
                pytest.importorskip(library)
        doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("stub", ["_native", "client"])
def test_the_stub_and_the_module_say_the_same(stub: str) -> None:
    tree = ast.parse((FOLDER / f"{stub}.pyi").read_text(encoding="utf-8"))
    module = importlib.import_module(f"waha_campaign.{stub}")
    checked = 0
    for node in ast.walk(tree):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        text = ast.get_docstring(node)
        if text is None:
            continue
        owner = next((it for it in tree.body if isinstance(it, ast.ClassDef) and node in it.body), None)
        item = getattr(getattr(module, owner.name), node.name) if owner else getattr(module, node.name)
        assert (inspect.getdoc(item) or "").strip() == text.strip(), node.name
        checked += 1
    assert checked > 30


def test_both_clients_have_the_same_calls() -> None:
    stub = (FOLDER / "client.pyi").read_text(encoding="utf-8")
    assert stub == twins.whole(stub), "python3 tests/twins.py --write makes AsyncClient like Client"


def test_signatures_can_be_asked_for() -> None:
    signature = inspect.signature(waha_campaign.normalize)
    assert str(signature) == "(text, /, *, region='ID', landlines=False)"
