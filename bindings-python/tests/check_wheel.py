"""Looks into a wheel: what is in it, for which Pythons it is, and how large it is.

    python3 check_wheel.py WHEEL

Ends with 1 and says why when it is not as it should be.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

SIZE_MAX = 8 * 1024 * 1024
FILES = {
    "waha_campaign/__init__.py",
    "waha_campaign/_native.abi3.so",
    "waha_campaign/_native.pyi",
    "waha_campaign/errors.py",
    "waha_campaign/py.typed",
}
ABOUT = {"METADATA", "RECORD", "WHEEL", "licenses/LICENSE"}


def faults(wheel: Path) -> list[str]:
    """What is wrong with it."""
    found = []
    if not re.search(r"-cp39-abi3-\w+\.whl$", wheel.name):
        found.append(f"{wheel.name} is not for all Pythons from 3.9 (cp39-abi3)")
    size = wheel.stat().st_size
    if size > SIZE_MAX:
        found.append(f"it has {size:,} bytes, at most {SIZE_MAX:,} are wanted")
    with zipfile.ZipFile(wheel) as archive:
        # Beside the package: what pip wants to know of it, and the parts list of what is linked.
        names = {re.sub(r"^waha_campaign-[^/]*\.dist-info/", "about/", it) for it in archive.namelist()}
    wanted = FILES | {f"about/{it}" for it in ABOUT}
    names = {it for it in names if not it.startswith("about/sboms/")}
    found += [f"{it} is missing" for it in sorted(wanted - names)]
    found += [f"{it} does not belong into it" for it in sorted(names - wanted)]
    return found


def main() -> int:
    wheel = Path(sys.argv[1])
    wrong = faults(wheel)
    for fault in wrong:
        print(f"{wheel.name}: {fault}", file=sys.stderr)
    if not wrong:
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, nothing missing and nothing besides")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
