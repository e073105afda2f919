#!/usr/bin/env bash
# Packs the Python module. In the folder that is named: the source distribution, and the wheel that pip builds from it, for any Linux where a linker
# for that can be had; in its folder `here`, the wheel for this machine alone, as `pip install ./bindings-python` builds it. Then tools other than those
# that packed them say whether the stable ABI, the names and the metadata are right. `make wheel` calls this.
set -euo pipefail
rm -rf "$1"
mkdir -p "$1/here"
out=$(realpath "$1")
cd "$(dirname "$0")/../.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} PIP_DISABLE_PIP_VERSION_CHECK=1 COLUMNS=250
tools=$CARGO_TARGET_DIR/python/packaging
unpacked=$CARGO_TARGET_DIR/python/sdist
log=$CARGO_TARGET_DIR/python/packaging.log
pins=bindings-python/tests/packaging.txt

# Its end is what matters when it fails, and nothing when it does not.
quietly() {
    "$@" > "$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
}

if [ ! -e "$tools/ready" ] || [ "$pins" -nt "$tools/ready" ]; then
    mkdir -p "$tools"
    quietly python3 -m venv "$tools"
    quietly "$tools/bin/pip" install --constraint "$pins" abi3audit auditwheel maturin twine
    touch "$tools/ready"
fi

flags=
if [ "$(uname -s)" != Linux ]; then
    why="this is not Linux"
elif ! "$tools/bin/pip" install --quiet --constraint "$pins" ziglang > "$log" 2>&1; then
    why="pip cannot install ziglang ($(tail -n 1 "$log"))"
else
    why=
    flags="--zig --compatibility manylinux2014"
fi

quietly python3 -m pip wheel --no-deps --wheel-dir "$out/here" ./bindings-python

quietly "$tools/bin/maturin" sdist --manifest-path bindings-python/Cargo.toml --out "$out"
# Where it was the last time, and as new: for cargo knows what it has built by its place and its time.
rm -rf "$unpacked"
mkdir "$unpacked"
tar -xzm --strip-components 1 -C "$unpacked" -f "$(ls "$out"/*.tar.gz)"
# Not isolated: the linker is among the tools.
PATH=$tools/bin:$PATH quietly "$tools/bin/pip" wheel --no-deps --no-build-isolation --config-settings "maturin.build-args=$flags" --wheel-dir "$out" "$unpacked"

if [ -n "$why" ]; then
    echo "skipped: manylinux: $why"
else
    wheel=$(ls "$out"/*.whl)
    quietly "$tools/bin/auditwheel" show "$wheel"
    grep -qF '"manylinux_2_17_' "$log" || { cat "$log" >&2; exit 1; }
    echo "$(basename "$wheel"): auditwheel finds no more needed than its name says"
fi
"$tools/bin/abi3audit" --strict --summary "$out"/*.whl "$out"/here/*.whl
"$tools/bin/twine" --no-color check --strict "$out"/*.tar.gz "$out"/*.whl "$out"/here/*.whl
