"""What somebody sees who asks: `help()`, `dir()`, a value at the prompt, a value in a notebook."""

from __future__ import annotations

import inspect
import pydoc
import sys
from collections.abc import Iterator
from typing import Any

import examples
import pytest

import waha_campaign
from waha_campaign import AsyncClient, Client, Message, Numbers, Status, normalize_all
from waha_campaign.simulator import Simulator

MODULES = {"campaigns", "client", "errors", "gateway", "report", "results", "simulator", "standing"}
# What only the package makes has nothing to be called with.
MADE = {"Campaign", "Event", "Gap", "Numbers", "Preview", "Rejected", "Rendered", "Report"}


def test_dir_shows_what_is_public_alone() -> None:
    shown = {it for it in dir(waha_campaign) if not it.startswith("__")}
    assert set(waha_campaign.__all__) <= shown <= set(waha_campaign.__all__) | MODULES
    for it in (waha_campaign.Client, waha_campaign.Campaigns, waha_campaign.Message, waha_campaign.Status):
        assert not [name for name in vars(it) if name.startswith("__") and not name.endswith("__")]


def test_help_of_the_package_begins_with_what_it_is_for() -> None:
    said = pydoc.plain(pydoc.render_doc(waha_campaign))
    assert "waha_campaign - WhatsApp messages through WAHA: single ones, received ones, and campaigns" in said
    assert "class Campaigns(" in said and "class Client(" in said and "_audience(" not in said


def is_unknown(item: Any) -> bool:
    """Python 3.9 knows no signature of what is native."""
    is_native = item.__module__ in ("waha_campaign", "waha_campaign._native") or item in (Client, AsyncClient)
    return sys.version_info < (3, 10) and inspect.isclass(item) and is_native


@pytest.mark.parametrize("name", waha_campaign.__all__)
def test_help_says_first_what_it_is(name: str) -> None:
    item = getattr(waha_campaign, name)
    said = pydoc.plain(pydoc.render_doc(item))
    first = (inspect.getdoc(item) or "").splitlines()[0]
    # A sentence that ends, or goes on in the next line; and not the one that dataclasses make up.
    assert len(first) > 15 and first[first.startswith(":class:`") * 8].isupper() and not first.startswith(f"{name}(")
    assert first in said
    if name not in MADE and not is_unknown(item):
        signature = str(inspect.signature(item))
        assert "cls" not in signature and "self" not in signature and "args" not in signature
        assert f"{name}(" in said or "WahaError" in said


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 knows no signature of what is native")
def test_both_clients_show_how_they_are_made() -> None:
    assert str(inspect.signature(Client)) == str(inspect.signature(AsyncClient))
    assert str(inspect.signature(Client)).startswith("(url=None, *, api_key=None, session='default'")


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    with Simulator() as simulator, examples.of_campaigns(simulator) as names:
        yield {**names, "simulator": simulator}


def test_a_value_at_the_prompt_says_what_it_is(names: dict[str, Any]) -> None:
    campaign, simulator = names["campaign"], names["simulator"]
    client = Client("http://me:secret@localhost:3000", api_key="simulator-key")
    sent = names["campaigns"].enqueue("kuitansi-1", "0812-3456-7890", "Terima kasih.")
    shown = {repr(it) for it in (campaign, campaign.report(), campaign.report("failed", "skipped"), simulator)}
    assert shown == {"<Campaign 'tagihan'>", "<Report of everybody>", "<Report of failed, skipped>", f"<Simulator at {simulator.url}>"}
    assert repr(sent) == (
        "SentOnce(key='kuitansi-1', phone='+6281234567890', state='scheduled', reason=None, is_new=True, message=None)"
    )
    everything = [client, names["campaigns"], campaign.status(), campaign.plan(), campaign.rejected[0], next(iter(campaign.report()))]
    everything += [Message("Halo"), Message("Halo").render(), Message("Halo").preview(), normalize_all(["x"]), normalize_all(["x"]).rejected[0]]
    for it in everything:
        assert " object at 0x" not in repr(it) and "secret" not in repr(it) and "simulator-key" not in repr(it)
    assert repr(normalize_all(["x"])).startswith("<Numbers") and isinstance(normalize_all([]), Numbers)


def test_a_value_in_a_notebook_is_drawn_and_nothing_in_it_is_read_as_html(names: dict[str, Any]) -> None:
    people = [{"nama": "<script>", "hp": "0812-3456-7890"}]
    campaign = names["campaigns"].create("tagihan & lain", "Halo {{ nama }}", people)
    for it in (campaign, campaign.status(), campaign.plan(), campaign.report(), Message("<script>").preview()):
        html = it._repr_html_()
        assert html.startswith(("<table>", "<p>", "<div")) and "<script>" not in html and "& lain" not in html
    assert "scheduled" in Status("tagihan", "frozen", {"scheduled": 3})._repr_html_()
