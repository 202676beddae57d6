#!/usr/bin/env bash
# Checks that references in code, tests, scripts and documents resolve: pages and sections of the contract
# ("contract/api.md 5.2") and numbers of deviations ("deviation 19"). Scenario numbers are checked by tools/scenarios.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
known=$(mktemp)
trap 'rm "$known"' EXIT

# The existing targets: "page NAME.md", "section NAME.md NUMBER", "deviation NUMBER".
(
  cd docs/contract
  for page in *.md; do
    echo "page $page"
    sed -nE "s/^##+ ([0-9]+(\.[0-9]+)?)\.? .*/section $page \1/p" "$page"
  done
) >"$known"
sed -nE 's/^\| ([0-9]+) \|.*/deviation \1/p' docs/operators/deviations.md >>"$known"

# A reference can continue on the next line. Page names without "contract/" are references only on lines with "contract/"
# ("contract/tokens.md 5, storage.md 3") and in the pages of the contract ("[api.md](api.md) 5.2").
# shellcheck disable=SC2016
git grep -zlIE 'contract/[a-z-]+\.md|[Dd]eviations?( [0-9]|$)' -- ':!tools/references.sh' | xargs -0 awk -v list="$known" '
  function numbers(text, kind,   part, i, count) {
    count = split(text, part, /, | and | or | to /)
    for (i = 1; i <= count; i++)
      if (!((kind " " part[i]) in known)) { printf "%s:%d refers to %s %s, which does not exist\n", file, row, kind, part[i]; bad = 1 }
  }
  function check(text, next_text,   rest, taken, page, found, pages) {
    pages = file ~ /^docs\/contract\// || text ~ /contract\//
    sub(/^ *(\/\/+|[*#-])? */, "", next_text)
    rest = text " " next_text
    taken = 0
    while (match(rest, reference)) {
      taken += RSTART
      if (taken > length(text)) break
      taken += RLENGTH - 1
      found = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
      if (found ~ /^[Dd]eviation/) {
        sub(/^[Dd]eviations? /, "", found)
        numbers(found, "deviation")
        continue
      }
      page = found
      sub(/\.md.*/, ".md", page)
      if (page ~ /(^|\/)contract\/[a-z-]+\.md$/) {
        sub(/.*\//, "", page)
        if (!(("page " page) in known)) { print file ":" row " refers to contract/" page ", which does not exist"; bad = 1 }
      } else if (!pages) continue
      if (found !~ / / || !(("page " page) in known)) continue
      sub(/^[^ ]* /, "", found)
      numbers(found, "section " page)
    }
  }
  BEGIN {
    while ((getline line < list) > 0) known[line] = 1
    more = "(, | and | or | to )"
    reference = "[a-z/-]+\\.md\\)?( [0-9]+(\\.[0-9]+)?(" more "[0-9]+(\\.[0-9]+)?)*)?|[Dd]eviations? [0-9]+(" more "[0-9]+)*"
  }
  FNR == 1 { if (file != "") check(last, ""); file = FILENAME; last = $0; row = 1; next }
  { check(last, $0); last = $0; row = FNR }
  END { check(last, ""); exit bad }
' >&2
