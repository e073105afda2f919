#!/usr/bin/env bash
# The wheel as its users get it: what is in it, and its tests in a fresh environment of each Python from 3.9 that this machine has. `make wheel` calls
# this with the folder that the wheel is in.
set -euo pipefail
wheel=$(ls "$1"/waha_campaign-*.whl)
wheel=$(realpath "$wheel")
cd "$(dirname "$0")/.."

python3 tests/check_wheel.py "$wheel"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
declare -A pythons
for python in "$HOME"/.pyenv/versions/*/bin/python3 /usr/bin/python3.[0-9]* /usr/local/bin/python3.[0-9]* "$(command -v python3)"; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 9) and sys.implementation.name == "cpython" else "")' 2> /dev/null) || continue
    if [ -n "$version" ]; then pythons[$version]=$python; fi
done
for version in $(printf '%s\n' "${!pythons[@]}" | sort -V); do
    "${pythons[$version]}" -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "$wheel" pytest
    # The tests alone, away from the sources: what is tested is what was installed.
    cp -r tests "$folder/tests"
    echo "Python $version: $("$folder/$version/bin/python" -m pytest -q -p no:cacheprovider "$folder/tests" 2>&1 | tail -n 1)"
    rm -rf "$folder/tests"
    "$folder/$version/bin/python" - < <(sed -n '/^```python$/,/^```$/p' README.md | sed '/^```$/q' | sed '/^```/d') > "$folder/said"
    grep -q '^+6281234567890 Halo Budi Santoso, tagihan Anda Rp250.000.$' "$folder/said"
done
