"""Keeps the stub of `AsyncClient` the same as the one of `Client`, but for being awaited.

    python3 tests/twins.py --write

writes its part of `client.pyi` anew; a test looks whether that was forgotten.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

STUB = Path(__file__).parents[1] / "python" / "waha_campaign" / "client.pyi"
TWIN = "class AsyncClient:\n"

def twin(stub: str) -> str:
    """The part of `AsyncClient`."""
    client = stub[stub.index("class Client:\n") :].partition(TWIN)[0].rstrip() + "\n"
    body = client.partition("\n")[2]
    body = re.sub(r"^    def (?!__new__|events|pairing\(|url)", "    async def ", body, flags=re.MULTILINE)
    body = body.replace("__enter__", "__aenter__").replace("__exit__", "__aexit__").replace("def close", "def aclose")
    body = body.replace("-> Iterator[", "-> AsyncIterator[")
    return TWIN + body


def whole(stub: str) -> str:
    """The stub with its second part made anew."""
    return stub.partition(TWIN)[0].rstrip() + "\n\n" + twin(stub)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    STUB.write_text(whole(STUB.read_text(encoding="utf-8")), encoding="utf-8")
