#!/usr/bin/env bash
# Packs what is built into one archive that is ready to install, with its checksum.
#   package.sh BINARY TARGET OUT      BINARY is built already, TARGET is named as rustc names it
set -euo pipefail

binary=$(realpath "$1")
target=$2
mkdir -p "$3"
out=$(realpath "$3")
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

version=$("$binary" --version | cut -d ' ' -f 2)
name=waha-campaign-$version-$target
work=$(mktemp -d "$out/.packing.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/$name
mkdir -p "$tree"/{man,completions,systemd,docs}

install -m 755 "$binary" "$tree/$(basename "$binary")"
strip "$tree/$(basename "$binary")"
"$binary" man --out "$tree/man" > /dev/null
for shell in bash zsh fish powershell; do
    "$binary" completions "$shell" > "$tree/completions/waha-campaign.$shell"
done
install -m 644 "$here"/systemd/* "$tree/systemd/"
install -m 644 "$here"/../docs/*.md "$tree/docs/"
install -m 644 "$root/LICENSE" "$tree/"
sed 's|](adapters/cli/docs/|](docs/|g' "$root/README.md" > "$tree/README.md"

# The same contents make the same archive, whenever and by whomever it is packed.
moment=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2> /dev/null || echo 0)}
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$moment" -C "$work" -cf - "$name" | gzip -9n > "$out/$name.tar.gz"
cd "$out"
sha256sum "$name.tar.gz" > SHA256SUMS
echo "$out/$name.tar.gz"
