"""Puts each fault of mutants.toml into a copy of the sources: the simulation must fail for the promise that is named.

    python3 mutants.py [--check] [--seeds N] [WORDS...]

With WORDS, only the faults whose name holds one of them. `--check` only looks whether each fault still has its place in the sources.
Prints a table; ends with 1 when a fault was not found, or has no place.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CRATE = Path("campaign-core")
COPY = ROOT / "target" / "mutants"
BUILD = COPY / "target"
# All that fails within a build and a run of the simulation does so long before.
TIMEOUT_SECONDS = 1_800


def faults(words):
    with open(HERE / "mutants.toml", "rb") as file:
        all_of_them = tomllib.load(file)["mutant"]
    return [fault for fault in all_of_them if not words or any(word in fault["name"] for word in words)]


def source(root, fault):
    return root / CRATE / "src" / fault["file"]


def changes(fault):
    return [fault, *fault.get("also", [])]


def without_a_place(change):
    found = source(ROOT, change).read_text(encoding="utf-8").count(change["from"])
    return None if found == 1 else f"{change['file']}: {change['from']!r} stands there {found} times, must be once"


def copy_sources():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        original, copy = ROOT / name, COPY / "sources" / name
        if not original.exists():
            copy.unlink(missing_ok=True)
            continue
        content = original.read_bytes()
        # What has not changed keeps its time, so that it is not built again.
        if not copy.exists() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def play(fault, seeds):
    """What became of it, and what the simulation said. What an ordinary run does not find has many more mixed worlds to be found in."""
    became, said = play_once(fault, {})
    if became == "NOT FOUND":
        became, said = play_once(fault | {"only": "mixed_worlds"}, {"SIMULATION_SEEDS": str(seeds)})
    return became, said


def play_once(fault, settings):
    command = ["cargo", "test", "--locked", "-p", "campaign-core", "--all-features", "--test", "simulation", "--"]
    command += [fault["only"]] if "only" in fault else []
    environment = os.environ | settings | {"CARGO_TARGET_DIR": str(BUILD), "RUST_BACKTRACE": "0"}
    try:
        run = subprocess.run(
            command,
            cwd=COPY / "sources",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "timed out", ""
    if "error: could not compile" in run.stdout:
        return "does not compile", run.stdout
    failed = sorted(set(re.findall(r"\b(P\d+): ", run.stdout)))
    if run.returncode == 0:
        return "NOT FOUND", run.stdout
    if not set(failed) & set(fault["fails"].split("|")):
        return f"found by {', '.join(failed) or 'something else'}", run.stdout
    return "found", ", ".join(failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seeds", type=int, default=20_000, help="mixed worlds for what an ordinary run does not find (default 20,000)")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    chosen = faults(arguments.words)
    lost = [why for fault in chosen for why in map(without_a_place, changes(fault)) if why]
    for why in lost:
        print(why, file=sys.stderr)
    if lost or arguments.check:
        print(f"{len(chosen) - len(lost)} of {len(chosen)} faults have their place in the sources")
        return 1 if lost else 0
    missed = 0
    for number, fault in enumerate(chosen, start=1):
        copy_sources()
        for change in changes(fault):
            mutated = source(COPY / "sources", change)
            text = mutated.read_text(encoding="utf-8")
            mutated.write_text(text.replace(change["from"], change["to"]), encoding="utf-8")
        became, said = play(fault, arguments.seeds)
        is_found = became == "found"
        missed += not is_found
        print(f"{number:>2}/{len(chosen)} {fault['name']}: {became}{f' by {said}' if is_found else ''}", flush=True)
        if not is_found:
            print("\n".join(said.splitlines()[-20:]))
    print(f"{len(chosen) - missed} of {len(chosen)} faults were found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
