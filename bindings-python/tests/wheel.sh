#!/usr/bin/env bash
# The packages as their users get them: what is in them, and for each wheel its tests in a fresh environment of each Python from 3.9 that this machine
# has, two at a time, for they mostly wait. `make wheel` calls this with the folder that `pack.sh` has filled.
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

# One wheel in one Python. Joined by &&, because `set -e` does not hold where somebody asks how it went.
tests_of() {
    local python=$1 wheel=$2 place=$3
    "$python" -m venv "$place/venv" &&
        "$place/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel" pytest &&
        # The tests, the examples and the page alone, away from the sources: what is tested is what was installed.
        cp -r tests examples README.md "$place" &&
        # Minutes of killing and stopping processes show nothing about a Python that the rest does not.
        "$place/venv/bin/python" -m pytest -q -p no:cacheprovider --basetemp "$place/files" -k "not killed and not stopped and not dies" "$place/tests"
}

# What it says comes whole when it has ended.
try_one() {
    local version=$1 python=$2 wheel=$3 place
    place=$(mktemp -d "$folder/XXXXXX")
    if tests_of "$python" "$wheel" "$place" > "$place.said" 2>&1; then
        echo "Python $version: $(tail -n 1 "$place.said")"
        rm -rf "$place"
    else
        echo "Python $version, $(basename "$wheel"):" | cat - "$place.said" >&2
        return 1
    fi
}

tries=()
for wheel in "$packed"/waha_campaign-*.whl "$packed"/here/waha_campaign-*.whl; do
    python3 tests/check_wheel.py "$wheel"
    versions=$(printf '%s\n' "${!pythons[@]}" | sort -V)
    # The one for this machine alone is the same code: it is tried in the newest.
    if [[ $wheel == */here/* ]]; then versions=$(tail -n 1 <<< "$versions"); fi
    for version in $versions; do tries+=("$version" "${pythons[$version]}" "$wheel"); done
done
export folder
export -f try_one tests_of
# Not by bash's own `&`, which takes Ctrl-C from whatever it begins: tests need it.
printf '%s\0' "${tries[@]}" | xargs -0 -n 3 -P 2 bash -c 'try_one "$@"' try_one
