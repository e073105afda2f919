#!/usr/bin/env bash
# Follows the operators' page to the letter, as somebody who has nothing: a user who is new on this machine (where this runs as root), an
# empty home, an empty environment, the packed archive, and a simulator in the place of WAHA and of the phone. Ends well when the message
# stands in the simulator's ledger.
#   newcomer.sh DIST SIMULATOR PAGE
# Only the `sh` blocks of the page are followed; what needs root, containers or Windows stands in others.
set -euo pipefail

dist=$(realpath "$1")
simulator=$(realpath "$2")
page=$(realpath "$3")
home=$(mktemp -d)
server=
user=
as=()
cleanup() {
    if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; fi
    if [ -n "$user" ]; then userdel "$user"; fi
    rm -rf "$home"
}
trap cleanup EXIT
if [ "$(id -u)" -eq 0 ]; then
    user=newcomer$$
    useradd --home-dir "$home" --shell /bin/sh "$user"
    as=(runuser --user "$user" --)
    printf 'as the new user %s\n' "$user"
else
    printf 'as %s, with an empty home: a new user can be made by root only\n' "$(id -un)"
fi
began=$SECONDS

mkfifo "$home/.server"
WAHA_API_KEY=newcomers-key "$simulator" --listen 127.0.0.1:0 --json > "$home/.server" 2> /dev/null &
server=$!
read -r told < "$home/.server"
url=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["url"])' "$told")

# What a person does with the phone: scans the code as soon as the terminal shows one.
phone() {
    python3 - "$url" "$home/.scanning" << 'PHONE'
import os, sys, time, urllib.error, urllib.request

asked = urllib.request.Request(
    sys.argv[1] + "/simulator/sessions/default/pair", data=b'{"phone": "6281200000001"}', method="POST",
    headers={"X-Api-Key": "newcomers-key", "Content-Type": "application/json"})
for _ in range(3000):
    if not os.path.exists(sys.argv[2]):
        time.sleep(0.1)
        continue
    try:
        urllib.request.urlopen(asked)
        break
    except urllib.error.HTTPError:
        time.sleep(0.2)
PHONE
}

cp "$dist"/waha-campaign-*.tar.gz "$dist/SHA256SUMS" "$home/"
{
    echo 'set -eu'
    echo 'commands=0'
    cat << 'COUNTING'
counted() {
    commands=$((commands + 1))
    printf '\n$ %s\n' "$1"
    case $1 in *"session qr"*) : > ~/.scanning ;; esac
}
trap 'counted "$BASH_COMMAND"' DEBUG
COUNTING
    # The simulator takes a free port, so that nothing on this machine is in its way.
    awk '/^```/ { inside = ($0 == "```sh"); next } inside' "$page" | sed "s|http://localhost:3000|$url|"
    echo "trap - DEBUG"
    echo "printf '\n%s commands\n' \$((commands - 1))"
} > "$home/.page"

if [ -n "$user" ]; then chown -R "$user" "$home"; fi
phone &
(cd "$home" && "${as[@]}" env -i HOME="$home" PATH=/usr/bin:/bin LANG=C.UTF-8 bash "$home/.page" <<< newcomers-key)

python3 - "$url" << 'LEDGER'
import json, sys, urllib.request

asked = urllib.request.Request(sys.argv[1] + "/simulator/ledger", headers={"X-Api-Key": "newcomers-key"})
text = urllib.request.urlopen(asked).read().decode()
if "6281234567890" not in text:
    sys.exit("the message is not in the simulator's ledger: " + text)
print("the simulator's ledger has the message")
LEDGER
took=$((SECONDS - began))
printf '%d.%d minutes\n' $((took / 60)) $((took % 60 * 10 / 60))
