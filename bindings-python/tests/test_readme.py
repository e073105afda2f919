"""What the package's page shows works as it is shown."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from waha_campaign import Campaigns
from waha_campaign.simulator import Simulator

PAGE = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
CLIENT, LIST, DJANGO, CAMPAIGN, WEB, GATEWAY = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


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


def test_a_campaign_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    (tmp_path / "pelanggan.csv").write_text("nama,hp,jumlah\nbudi,0812-3456-7890,250000\nKantor,021 5550 1234,9\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Simulator(speed=20.0) as simulator:
        monkeypatch.setenv("WAHA_URL", simulator.url)
        monkeypatch.setenv("WAHA_API_KEY", simulator.api_key)
        exec(CAMPAIGN, {})
        assert [it["chat"] for it in simulator.ledger()] == ["6281234567890"]
    said = capsys.readouterr().out
    assert said.startswith("row 3: ") and "1 to send" in said
    assert (tmp_path / "todo.csv").exists()


def test_a_web_server_leaves_what_is_to_be_sent(tmp_path: Path) -> None:
    with Simulator() as simulator, Campaigns(tmp_path / "tagihan.db", url=simulator.url, api_key=simulator.api_key) as campaigns:
        people = [{"nama": "Budi", "hp": "0812-3456-7890"}]
        exec(WEB, {"campaigns": campaigns, "message": "Halo {{ nama }}", "rows": people})
        campaigns.run(until_idle=True)
        assert len(simulator.ledger()) == 2 and simulator.verdict()["duplicates"] == 0


def test_a_campaign_goes_out_through_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    people = [f"Orang {it},0812{10_000_000 + it}" for it in range(4)]
    (tmp_path / "pelanggan.csv").write_text("\n".join(["nama,hp", *people]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    posted: list[str] = []

    async def post(path: str, *, to: str, text: str, key: str) -> SimpleNamespace:
        posted.append(to)
        # Too fast at first; the second number is refused.
        status = 429 if len(posted) == 1 else 400 if to.endswith("1") else 201
        return SimpleNamespace(status=status, id=key, reason="no such number")

    exec(GATEWAY.replace("retry_after=30", "retry_after=0").replace('.csv")', '.csv", gap=0)'), {"post": post})
    assert len(posted) == 5 and len(set(posted)) == 4
    assert "3 accepted" in capsys.readouterr().out


def test_the_rest_is_python() -> None:
    compile(DJANGO, "README.md", "exec")
