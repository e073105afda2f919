"""Phone numbers, one and many."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from waha_campaign import InvalidPhone, Rejected, WahaError, normalize, normalize_all


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        (6281234567890, "+6281234567890"),
        (6281234567890.0, "+6281234567890"),
        (Decimal("6281234567890"), "+6281234567890"),
        ("6281234567890@c.us", "+6281234567890"),
    ],
)
def test_what_people_and_spreadsheets_write_is_read(text: Any, phone: str) -> None:
    assert normalize(text) == phone


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("tidak ada", "no_digits"),
        ("021 5550 1234", "landline"),
        ("6.28E+12", "digits_lost"),
        ("0812 3456 7890 / 0813 1111 2222", "two_numbers"),
        ("123@g.us", "not_a_person"),
        ("0812", "too_short"),
        ("budi@example.com", "foreign_address"),
    ],
)
def test_what_is_none_is_refused_with_a_reason_and_a_remedy(text: str, reason: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalize(text)
    error = caught.value
    assert (error.reason, error.text) == (reason, text)
    assert error.remedy in str(error)
    assert isinstance(error, WahaError) and isinstance(error, ValueError)


def test_regions_and_lines_are_chosen() -> None:
    assert normalize("0176 12345678", region="DE") == "+4917612345678"
    assert normalize("021 5550 1234", landlines=True) == "+622155501234"
    with pytest.raises(ValueError, match="XX"):
        normalize("0812 3456 7890", region="XX")


@pytest.mark.parametrize("text", [True, b"0812", [], object(), float("inf")])
def test_what_is_no_text_is_said_to_be_none(text: Any) -> None:
    with pytest.raises(TypeError, match="not text, a number or a date"):
        normalize(text)


def test_an_error_keeps_its_attributes_between_processes() -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalize("12")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.__dict__) == (InvalidPhone, str(caught.value), caught.value.__dict__)


def test_a_column_loses_nothing() -> None:
    column = ["0812 3456 7890", None, 81311112222, "021 5550 1234", float("nan"), True, "0813 1111 2222"]
    numbers = normalize_all(column)
    assert numbers.phones == ["+6281234567890", None, "+6281311112222", None, None, None, "+6281311112222"]
    rejected = [(it.index, it.reason) for it in numbers.rejected]
    assert rejected == [(1, "empty"), (3, "landline"), (4, "empty"), (5, "not_text")]
    assert len(numbers) == 7
    assert repr(numbers) == "<Numbers: 3 read, 4 rejected>"
    assert numbers.rejected[1].text == "021 5550 1234"
    assert numbers.rejected[3].message.startswith("place 5: <class 'bool'> is not text")


def test_half_a_character_costs_its_own_place_only() -> None:
    numbers = normalize_all(["0812 3456 7890", "0813\ud83d", "0813 1111 2222"])
    assert numbers.phones == ["+6281234567890", None, "+6281311112222"]
    assert [(it.index, it.reason) for it in numbers.rejected] == [(1, "not_text")]
    assert numbers.rejected[0].message.startswith("place 1: half a character in it")
    with pytest.raises(ValueError, match="text: half a character"):
        normalize("0813\ud83d")


def test_a_long_column_keeps_its_order_and_its_places() -> None:
    column = [f"0812{it:07}" if it % 1_000 else f"x{it}" for it in range(50_000)]
    numbers = normalize_all(column)
    assert numbers.phones == [f"+62812{it:07}" if it % 1_000 else None for it in range(50_000)]
    assert [(it.index, it.text) for it in numbers.rejected] == [(it, f"x{it}") for it in range(0, 50_000, 1_000)]


def test_anything_that_can_be_gone_through_is_a_column() -> None:
    texts = ["081234567890", "081311112222"]
    columns: list[Iterable[str]] = [texts, tuple(texts), iter(texts), (it for it in texts), dict.fromkeys(texts)]
    for column in columns:
        assert normalize_all(column).phones == ["+6281234567890", "+6281311112222"]
    assert normalize_all([]).phones == []


def test_one_text_is_not_a_column() -> None:
    for text in ["081234567890", b"081234567890"]:
        with pytest.raises(TypeError, match="use normalize"):
            normalize_all(text)
    with pytest.raises(TypeError):
        normalize_all(12)  # type: ignore[arg-type]


@pytest.mark.parametrize("library", ["numpy", "pandas", "polars", "pyarrow"])
def test_columns_of_data_frames(library: str) -> None:
    module = pytest.importorskip(library)
    texts = ["0812 3456 7890", None, "021 5550 1234"]
    column = "Series" if library in ("pandas", "polars") else "array"
    numbers = normalize_all(getattr(module, column)(texts))
    assert numbers.phones == ["+6281234567890", None, None]
    assert [it.reason for it in numbers.rejected] == ["empty", "landline"]


def test_rejections_are_values() -> None:
    one, other = (normalize_all(["x"]).rejected[0] for _ in range(2))
    assert one == other and hash(one) == hash(other) and isinstance(one, Rejected)
    with pytest.raises(AttributeError):
        one.index = 3  # type: ignore[misc]


def test_other_threads_go_on_while_a_column_is_read() -> None:
    column = ["0812-3456-7890"] * 200_000
    beats = 0
    is_over = threading.Event()

    def beat() -> None:
        nonlocal beats
        while not is_over.wait(0.001):
            beats += 1

    thread = threading.Thread(target=beat)
    thread.start()
    for _ in range(3):
        normalize_all(column)
    is_over.set()
    thread.join()
    assert beats > 3
