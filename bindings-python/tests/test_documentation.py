"""What an editor, `help()` and the examples say is complete, the same, and true."""

from __future__ import annotations

import ast
import doctest
import inspect
from pathlib import Path

import pytest

import waha_campaign
from waha_campaign import errors

STUB = Path(waha_campaign.__file__).with_name("_native.pyi")


def documented() -> dict[str, str]:
    """Every docstring of the package by the name of what it is about; of what has none, nothing."""
    found: dict[str, str] = {"waha_campaign": waha_campaign.__doc__ or "", "errors": errors.__doc__ or ""}
    for name in waha_campaign.__all__:
        item = getattr(waha_campaign, name)
        found[name] = inspect.getdoc(item) or ""
        if inspect.isclass(item) and not issubclass(item, Exception):
            for member in sorted(vars(item)):
                if not member.startswith("_"):
                    found[f"{name}.{member}"] = inspect.getdoc(getattr(item, member)) or ""
    return found


@pytest.mark.parametrize("name", documented())
def test_everything_public_is_documented_with_an_example_that_holds(name: str) -> None:
    text = documented()[name]
    example = doctest.DocTestParser().get_doctest(text, dict(vars(waha_campaign)), name, None, None)
    # An event's members are shown together.
    of_class = documented().get(name.partition(".")[0], "")
    assert example.examples or f"event.{name.partition('.')[2]}" in of_class, f"{name} has no example"
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


def test_the_stub_and_the_module_say_the_same() -> None:
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    runtime = documented()
    checked = 0
    for node in ast.walk(stub):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            continue
        text = ast.get_docstring(node)
        if text is None:
            continue
        owner = next(
            (f"{it.name}." for it in stub.body if isinstance(it, ast.ClassDef) and node in it.body), ""
        )
        assert runtime[f"{owner}{node.name}"].strip() == text.strip()
        checked += 1
    assert checked > 30


def test_signatures_can_be_asked_for() -> None:
    signature = inspect.signature(waha_campaign.normalize)
    assert str(signature) == "(text, /, *, region='ID', landlines=False)"
