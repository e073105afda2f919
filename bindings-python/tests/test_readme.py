"""What the package's page shows works as it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from waha_campaign.simulator import Simulator

PAGE = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
CLIENT, LIST, *REST = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_a_message_can_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator() as simulator:
        assert f'api_key="{simulator.api_key}"' in CLIENT
        exec(CLIENT.replace("http://localhost:3000", simulator.url), {})
        [sent] = simulator.ledger()
    assert sent["chat"] == "6281234567890"
    assert capsys.readouterr().out.startswith("true_6281234567890@c.us_")


def test_a_list_is_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    exec(LIST, {})
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("row 2: ")
    assert said[1] == "+6281234567890 Halo Budi Santoso, tagihan Anda Rp250.000."


def test_the_rest_is_python() -> None:
    assert REST
    for block in REST:
        compile(block, "README.md", "exec")
