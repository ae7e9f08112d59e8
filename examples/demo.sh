#!/bin/sh
# The quickstart, built, built again, edited and built once more, in a copy of its own. Run it with: make demo
set -u
cd "$(dirname "$0")/.."
rm -rf .demo
mkdir .demo
cp -R examples/quickstart/data examples/quickstart/stacbuild.toml .demo/
cd .demo || exit 1

say() { printf '\n# %s\n' "$*"; }

# Print a command, run it, and stop the demo if its exit status is not the one announced.
run() {
  expected=$1
  shift
  printf '$ %s\n' "$*"
  eval "$*"
  status=$?
  [ "$status" -eq 0 ] || printf '(exit status %s)\n' "$status"
  if [ "$status" -ne "$expected" ]; then
    printf 'The demo stops: exit status %s, not %s.\n' "$status" "$expected" >&2
    exit 1
  fi
}

say 'A table of 24 scenes and a recipe. Both were copied to .demo/.'
run 0 'head -n 3 data/scenes.csv | cut -c 1-100'

say 'Build: a static STAC catalog, and the same items as NDJSON.'
run 0 stacbuild build
run 0 'ls dist/site/harbour-scenes/2024 | head -n 3'

say 'Build again: nothing changed, nothing is done.'
run 0 stacbuild build

say 'Edit two records: one gets another cloud cover, the other a date that is none.'
run 0 "sed -e '/^LEITH_K1_20240402,/s/,41,/,39,/' -e '/^BODO_K2_20240407,/s/07.04.2024/yesterday/' data/scenes.csv > edited"
run 0 'diff data/scenes.csv edited | cut -c 1-70'
run 0 'mv edited data/scenes.csv'

say 'What is stale, and why?'
run 0 stacbuild status
run 0 stacbuild why item:LEITH_K1_20240402

say 'Build: two records are worked on, not 24. One fails: the exit status says so, and the rest is built.'
run 1 stacbuild build

say 'The failure as a line of JSON, for programs.'
run 0 'cat .stacbuild/failures.ndjson'

say 'Put the date right. That very record was built before: no stage runs, its item comes from the store.'
run 0 "sed -e '/^BODO_K2_20240407,/s/yesterday/07\\/04\\/2024/' data/scenes.csv > edited"
run 0 'mv edited data/scenes.csv'
run 0 stacbuild build

say 'That was all. Look around in .demo/, or take the tour in README.md.'
