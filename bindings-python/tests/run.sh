#!/usr/bin/env bash
# Tests the Python module in the workspace's own build: its tests, its types, and whether its stub is true. `make test` calls this.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-$PWD/target}
venv=$target/python/venv
site=$target/python/site
needed=bindings-python/tests/requirements.txt

skip() {
    echo "skipped: the Python module: $1"
    exit 0
}

case $(uname -s) in
    Linux) library=libwaha_campaign.so ;;
    Darwin) library=libwaha_campaign.dylib ;;
    *) skip "its tests know the names of libraries of Linux and macOS alone" ;;
esac

if [ ! -e "$venv/ready" ] || [ "$needed" -nt "$venv/ready" ]; then
    mkdir -p "$target/python"
    python3 -m venv "$venv" > "$target/python/log" 2>&1 ||
        skip "python3 cannot make a venv (Debian: apt-get install python3-venv)"
    "$venv/bin/pip" install --quiet --requirement "$needed" >> "$target/python/log" 2>&1 ||
        skip "pip cannot install $needed ($target/python/log says why)"
    touch "$venv/ready"
fi

# With the features of the whole workspace, so that nothing is built twice.
"${CARGO:-cargo}" build --locked --workspace --all-features --lib
rm -rf "$site"
mkdir -p "$site"
cp -r bindings-python/python/waha_campaign "$site"
cp "$target/debug/$library" "$site/waha_campaign/_native.abi3.so"

cd bindings-python
export PYTHONPATH=$site MYPYPATH=$site PYTHONDONTWRITEBYTECODE=1
# Beside the others: these mostly wait until what a killed process has left in doubt is settled.
killed=(tests/test_campaigns_killed.py tests/test_gateway_killed.py)
"$venv/bin/python" -m pytest -p no:cacheprovider "${killed[@]}" > "$target/python/killed.log" 2>&1 &
killing=$!
trap 'kill "$killing" 2> /dev/null || true' EXIT
"$venv/bin/python" -m pytest -p no:cacheprovider "${killed[@]/#/--ignore=}" tests
"$venv/bin/mypy" --cache-dir "$target/python/mypy" tests "$site/waha_campaign"
# Apart from the tests: a project of Django imports from its own folder.
MYPYPATH=$site:examples/django_invoices "$venv/bin/mypy" --cache-dir "$target/python/mypy" examples/*.py examples/django_invoices
# The checker of many editors, which infers by other rules; its package brings the Node that it runs on.
"$venv/bin/basedpyright" --pythonpath "$venv/bin/python" --project pyrightconfig.json
"$venv/bin/basedpyright" --pythonpath "$venv/bin/python" --verifytypes waha_campaign --ignoreexternal > "$target/python/log" || { cat "$target/python/log"; exit 1; }
"$venv/bin/python" -m mypy.stubtest waha_campaign
is_well=yes
wait "$killing" || is_well=no
cat "$target/python/killed.log"
[ "$is_well" = yes ]
