"""Templates, messages and what they are rendered from."""

from __future__ import annotations

import datetime as dt
import pickle
import sqlite3
from decimal import Decimal
from typing import Any

import pytest

from waha_campaign import (
    Button,
    Message,
    MessageError,
    Preview,
    RenderError,
    Template,
    TemplateError,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Budi", "Budi"),
        (7, "7"),
        (7.0, "7"),
        (7.25, "7.25"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.50"),
        (dt.date(2026, 11, 30), "2026-11-30"),
        (dt.datetime(2026, 11, 30), "2026-11-30"),
        (dt.datetime(2026, 11, 30, 8, 5), "2026-11-30T08:05:00"),
        (10**20, "100000000000000000000"),
    ],
)
def test_values_read_as_a_spreadsheet_would_show_them(value: Any, text: str) -> None:
    assert Template("{{ x }}").render(x=value) == text


@pytest.mark.parametrize("value", [None, "", " ", float("nan")])
def test_a_blank_value_is_missing(value: Any) -> None:
    with pytest.raises(RenderError) as caught:
        Template("Halo {{ nama }}").render(nama=value)
    assert (caught.value.variable, caught.value.is_missing) == ("nama", True)
    assert Template('Halo {{ nama | default("Bapak/Ibu") }}').render(nama=value) == "Halo Bapak/Ibu"


@pytest.mark.parametrize("value", [True, b"x", [1], object()])
def test_a_value_that_is_neither_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match="^lunas: "):
        Template("{{ lunas }}").render(lunas=value)


def test_numpy_and_pandas_values() -> None:
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    render = Template("{{ x }}").render
    assert render(x=numpy.int64(7)) == "7"
    assert render(x=numpy.float32(7)) == "7"
    assert render(x=pandas.Timestamp("2026-11-30")) == "2026-11-30"
    for absent in [pandas.NA, pandas.NaT]:
        with pytest.raises(RenderError):
            render(x=absent)
    frame = pandas.DataFrame({"Nama": ["Budi"], "jumlah": [250_000]})
    assert Template("{{ nama }} {{ jumlah | rupiah }}").render(frame.iloc[0]) == "Budi Rp250.000"


def test_values_come_from_mappings_rows_and_names() -> None:
    template = Template("{{ nama }} {{ jumlah }}")
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    row = database.execute("SELECT 'Budi' AS nama, 5 AS jumlah").fetchone()
    assert template.render(row) == "Budi 5"
    assert template.render({"NAMA": "Budi"}, jumlah=5) == "Budi 5"
    assert template.render({"nama": "Budi", "jumlah": 4}, jumlah=5) == "Budi 5", "names win"
    assert template.render({"nama": "a", "Nama": "b", "jumlah": 1}) == "a 1", "the exact name wins"
    assert Template("tetap").render() == "tetap"
    with pytest.raises(TypeError, match="values by name"):
        template.render(5)  # type: ignore[arg-type]


def test_a_broken_template_is_shown_where_it_breaks() -> None:
    with pytest.raises(TemplateError) as caught:
        Template("Tagihan {{ jumlah | rupia }}")
    error = caught.value
    assert (error.part, error.line, error.column) == (None, 1, 21)
    assert "^^^^^" in error.excerpt or "rupia" in error.excerpt
    assert "rupiah" in error.remedy
    with pytest.raises(TemplateError) as caught:
        Message("Halo", buttons=[Button("Bayar", url="https://bayar.example/{{ no")])
    assert caught.value.part == "button 1"
    assert str(caught.value).startswith("button 1: ")


def test_templates_and_messages_are_values() -> None:
    one, other = Template("Halo {{ nama }}"), Template("Halo {{ nama }}")
    assert one == other and hash(one) == hash(other) and one != Template("Halo")
    assert eval(repr(one)) == one
    assert pickle.loads(pickle.dumps(one)) == one
    message = Message("Halo", buttons=[Button("Ya"), Button("Telepon", phone="+6281234567890")])
    assert pickle.loads(pickle.dumps(message)) == message
    assert Message.from_json(message.to_json()) == message
    assert hash(Message.from_json(message.to_json())) == hash(message)
    assert message != Message("Halo")
    assert eval(repr(Button("Ya", url="https://a.example"))) == Button("Ya", url="https://a.example")
    with pytest.raises(ValueError, match="not a message in JSON"):
        Message.from_json("{")


def test_a_message_with_buttons_is_what_arrives() -> None:
    message = Message(
        "Tagihan {{ nama }}",
        file="tagihan/{{ no }}.pdf",
        buttons=[Button("Bayar", url="https://bayar.example/{{ no }}"), Button("Sudah"), Button("Nanti")],
        language="en",
    )
    assert (message.kind, message.variables, message.choices) == (
        "file",
        ["nama", "no"],
        ["Sudah", "Nanti"],
    )
    rendered = message.render(nama="Budi", no="INV 7")
    assert rendered.media == "tagihan/INV 7.pdf"
    assert rendered.text == (
        "Tagihan Budi\n\nBayar: https://bayar.example/INV%207\n\n1. Sudah\n2. Nanti\n"
        "Reply with the number or the words of your choice."
    )
    assert str(rendered) == rendered.text
    assert (message.chosen("2"), message.chosen("sudah"), message.chosen("besok")) == ("Nanti", "Sudah", None)


def test_a_preview_escapes_what_it_shows() -> None:
    preview = Message("*Halo* {{ nama }}").preview(nama="<script>")
    assert isinstance(preview, Preview)
    assert "<script>" not in preview.html and "<b>Halo</b>" in preview.html
    assert preview._repr_html_() == preview.html
    assert preview.text == str(preview) == "*Halo* <script>"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "empty"),
        ({"image": "a.png", "file": "b.pdf"}, "image and a file"),
        ({"text": "a", "buttons": [Button("")]}, "label"),
    ],
)
def test_parts_that_make_no_message_are_refused(arguments: dict[str, Any], told: str) -> None:
    text = arguments.pop("text", None)
    with pytest.raises(MessageError, match=told):
        Message(text, **arguments)


def test_languages_are_two() -> None:
    with pytest.raises(ValueError, match='"id" and "en"'):
        Message("Halo", language="fr")  # type: ignore[arg-type]


def test_rendering_and_errors_leave_no_memory_behind() -> None:
    import gc
    import resource

    template = Template("Halo {{ nama | title }}, {{ jumlah | rupiah }}")

    def work(times: int) -> None:
        for number in range(times):
            template.render(nama="budi", jumlah=number)
            try:
                template.render(nama="budi")
            except RenderError:
                pass

    work(2_000)
    gc.collect()
    before, objects = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(gc.get_objects())
    work(20_000)
    gc.collect()
    assert len(gc.get_objects()) - objects < 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4_096, "KiB"
