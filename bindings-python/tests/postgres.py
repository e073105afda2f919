"""A throw-away PostgreSQL server for the tests: in a temporary folder, reached by a unix socket in it alone."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

USER = "campaign"
_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest of them, if there is one. ``PG_BIN`` names it."""
    named = os.environ.get("PG_BIN")
    found = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)), None)
    if named:
        return Path(named)
    return Path(found).parent if found else None


@contextmanager
def server(folder_of_programs: Path) -> Iterator[str]:
    """One that runs: the address of an empty database."""
    folder = Path(mkdtemp(prefix="waha-postgres-"))
    if _IS_ROOT:
        # The server refuses root.
        shutil.chown(folder, "postgres")
    data, control = folder / "data", str(folder_of_programs / "pg_ctl")
    try:
        initdb = str(folder_of_programs / "initdb")
        _as_server([initdb, "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale", "-U", USER, "-D", str(data)])
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _as_server([control, "-w", "-o", options, "-l", str(folder / "log"), "-D", str(data), "start"])
        try:
            yield f"postgres:///postgres?user={USER}&host={folder}"
        finally:
            _as_server([control, "-w", "-m", "immediate", "-D", str(data), "stop"])
    finally:
        shutil.rmtree(folder)


def _as_server(words: Sequence[str]) -> None:
    before = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if _IS_ROOT else []
    subprocess.run([*before, *words], check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
