#!/usr/bin/env bash
# Builds the lab for a browser: eight nodes in a tab. 'toychain explorer' serves it if both files are
# beside the program, and puts it into a site that it exports.
#
#   explorer/lab.sh DIR        DIR is where the program is
set -euo pipefail
dir=$(cd "${1:?usage: explorer/lab.sh DIR}" && pwd)
cd "$(dirname "$0")/.."
GOOS=js GOARCH=wasm CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$dir/toychain-lab.wasm" ./cmd/tab
cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$dir/wasm_exec.js"
chmod 0644 "$dir/wasm_exec.js"
printf '%s: %s bytes, %s compressed\n' "$dir/toychain-lab.wasm" "$(wc -c <"$dir/toychain-lab.wasm")" "$(gzip -9c "$dir/toychain-lab.wasm" | wc -c)"
