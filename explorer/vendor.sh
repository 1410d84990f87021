#!/bin/bash
# vendor.sh brings the page's libraries from the npm registry into explorer/web/vendor, at these
# versions and with these checksums. With --check it compares instead: the files in the
# repository must be those of the packages.
set -euo pipefail
cd "$(dirname "$0")"
packages=(
  "preact 11.2.0 3c4456766bd32b6b534d52bf4e9c2a29b33e7eedf6e96ed479300ba1a7888ebf"
  "htm 3.1.1 2425b9bee11409177bcabc7f32e319926fc6690c1701c0b257c88bdff2d5ba90"
  "uplot 1.6.32 4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d"
)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/out"
for p in "${packages[@]}"; do
  read -r name version sum <<<"$p"
  (cd "$work" && npm pack --silent "$name@$version" >/dev/null)
  file="$work/$name-$version.tgz"
  echo "$sum  $file" | sha256sum --check --quiet
  mkdir "$work/$name"
  tar -xzf "$file" -C "$work/$name" --strip-components=1
  cp "$work/$name/LICENSE" "$work/out/$name.LICENSE"
done
plain() { sed '/^\/\/# sourceMappingURL=/d' "$1" >"$work/out/$2"; } # the maps are not in the binary
plain "$work/preact/dist/preact.mjs" preact.mjs
plain "$work/preact/hooks/dist/hooks.mjs" hooks.mjs
plain "$work/htm/dist/htm.mjs" htm.mjs
plain "$work/uplot/dist/uPlot.esm.js" uplot.mjs
plain "$work/uplot/dist/uPlot.min.css" uplot.css
if [ "${1:-}" = --check ]; then
  diff -r "$work/out" web/vendor && echo "web/vendor has what the packages have"
else
  rm -rf web/vendor && cp -r "$work/out" web/vendor && chmod 644 web/vendor/*
fi
