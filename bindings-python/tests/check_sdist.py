"""Looks into a source distribution: whether it has what must be in it, and nothing besides. That it builds is shown by building it.

    python3 check_sdist.py SDIST

Ends with 1 and says why when it is not as it should be.
"""

from __future__ import annotations

import re
import sys
import tarfile
from pathlib import Path

SIZE_MAX = 2 * 1024 * 1024
PYTHON = Path(__file__).parent.parent / "python"
FILES = {
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "THIRD-PARTY-LICENSES.txt",
    "bindings-python/build.rs",
    "pyproject.toml",
    "python/waha_campaign/py.typed",
    *(f"python/{it.relative_to(PYTHON)}" for it in PYTHON.rglob("*.py*") if it.suffix in {".py", ".pyi"}),
}
# Of a crate of the workspace: its manifest, its page, its lints, its sources and the SQL among them.
CRATE = re.compile(r"(adapters/)?[a-z-]+/(Cargo\.toml|README\.md|clippy\.toml|(src|migrations|queries)/[\w/.-]+\.(rs|sql|md))")


def faults(sdist: Path) -> list[str]:
    """What is wrong with it."""
    found = []
    size = sdist.stat().st_size
    if size > SIZE_MAX:
        found.append(f"it has {size:,} bytes, at most {SIZE_MAX:,} are wanted")
    with tarfile.open(sdist) as archive:
        names = {it.name.partition("/")[2] for it in archive if it.isfile()}
    found += [f"{it} is missing" for it in sorted(FILES - names)]
    found += [f"{it} does not belong into it" for it in sorted(names - FILES) if not CRATE.fullmatch(it)]
    return found


def main() -> int:
    sdist = Path(sys.argv[1])
    wrong = faults(sdist)
    for fault in wrong:
        print(f"{sdist.name}: {fault}", file=sys.stderr)
    if not wrong:
        print(f"{sdist.name}: {sdist.stat().st_size:,} bytes, nothing missing and nothing besides")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
