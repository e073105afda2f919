#!/usr/bin/env bash
# The packages as their users get them: what is in them, and for each wheel its tests in a fresh environment of each Python from 3.9 that this machine
# has. `make wheel` calls this with the folder that `pack.sh` has filled.
set -euo pipefail
packed=$(realpath "$1")
cd "$(dirname "$0")/.."

python3 tests/check_sdist.py "$packed"/waha_campaign-*.tar.gz

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
declare -A pythons
for python in "$HOME"/.pyenv/versions/*/bin/python3 /usr/bin/python3.[0-9]* /usr/local/bin/python3.[0-9]* "$(command -v python3)"; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 9) and sys.implementation.name == "cpython" else "")' 2> /dev/null) || continue
    if [ -n "$version" ]; then pythons[$version]=$python; fi
done
for wheel in "$packed"/waha_campaign-*.whl "$packed"/here/waha_campaign-*.whl; do
    python3 tests/check_wheel.py "$wheel"
    versions=$(printf '%s\n' "${!pythons[@]}" | sort -V)
    # The one for this machine alone is the same code: it is tried in the newest.
    if [[ $wheel == */here/* ]]; then versions=$(tail -n 1 <<< "$versions"); fi
    for version in $versions; do
        rm -rf "${folder:?}"/*
        "${pythons[$version]}" -m venv "$folder/venv"
        "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel" pytest
        # The tests, the examples and the page alone, away from the sources: what is tested is what was installed.
        cp -r tests examples README.md "$folder"
        # Minutes of killing and stopping processes show nothing about a Python that the rest does not.
        "$folder/venv/bin/python" -m pytest -q -p no:cacheprovider -k "not killed and not stopped and not dies" "$folder/tests" > "$folder/said" 2>&1 || { cat "$folder/said" >&2; exit 1; }
        echo "Python $version: $(tail -n 1 "$folder/said")"
    done
done
