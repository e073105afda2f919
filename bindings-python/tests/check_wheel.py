"""Looks into a wheel: what is in it, for which Pythons it is, how large it is, and whether it has the licences of all that is linked into it.

    python3 check_wheel.py WHEEL

Ends with 1 and says why when it is not as it should be.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

# Two databases, TLS, readers of workbooks and a simulator are linked into it.
SIZE_MAX = 12 * 1024 * 1024
PYTHON = Path(__file__).parent.parent / "python"
FILES = {
    "waha_campaign/_native.abi3.so",
    "waha_campaign/py.typed",
    *(str(it.relative_to(PYTHON)) for it in PYTHON.rglob("*.py*") if it.suffix in {".py", ".pyi"}),
}
ABOUT = {"METADATA", "RECORD", "WHEEL", "licenses/LICENSE", "licenses/THIRD-PARTY-LICENSES.txt"}

# Where code panics, the module names the file it comes from: a part of the crates that are really in it.
SOURCE = re.compile(rb"/registry/src/[^/]+/([A-Za-z0-9_-]+)-(\d+\.\d+\.\d+[^/]*)/src/")
# A line of the list of licences, `name version: expression: texts`, and the mark above a text.
LISTED = re.compile(r"^([\w-]+) (\d+\.\d+\.\d+\S*): [^:]+: ([0-9a-f, ]+)", re.MULTILINE)
MARK = re.compile(r"^\[([0-9a-f]{8})\] ", re.MULTILINE)


def faults(wheel: Path) -> list[str]:
    """What is wrong with it."""
    found = []
    if not re.search(r"-cp39-abi3-[\w.]+\.whl$", wheel.name):
        found.append(f"{wheel.name} is not for all Pythons from 3.9 (cp39-abi3)")
    size = wheel.stat().st_size
    if size > SIZE_MAX:
        found.append(f"it has {size:,} bytes, at most {SIZE_MAX:,} are wanted")
    with zipfile.ZipFile(wheel) as archive:
        # Beside the package: what pip wants to know of it, licences, and maturin's parts list, of all platforms and of what only builds it.
        paths = {re.sub(r"^waha_campaign-[^/]*\.dist-info/", "about/", it): it for it in archive.namelist()}
        contents = {name: archive.read(path) for name, path in paths.items()}
    wanted = FILES | {f"about/{it}" for it in ABOUT}
    names = {it for it in contents if not it.startswith("about/sboms/")}
    found += [f"{it} is missing" for it in sorted(wanted - names)]
    found += [f"{it} does not belong into it" for it in sorted(names - wanted)]
    if not found:
        found += unlicensed(contents["waha_campaign/_native.abi3.so"], contents["about/licenses/THIRD-PARTY-LICENSES.txt"].decode())
    return found


def unlicensed(module: bytes, licences: str) -> list[str]:
    """What is linked without being listed, and what is listed without a text."""
    linked = {(name.decode(), version.decode()) for name, version in SOURCE.findall(module)}
    listed = {(name, version): set(re.findall(r"[0-9a-f]{8}", texts)) for name, version, texts in LISTED.findall(licences)}
    texts = set(MARK.findall(licences))
    found = [f"the licence of {name} {version} is missing" for name, version in sorted(linked - listed.keys())]
    found += [f"a text of {name} {version} is missing" for (name, version), it in listed.items() if not it or it - texts]
    if not linked:
        found.append("it does not tell which crates it is made of")
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
